/**
 * `hutong.webhookEndpoints`: where events are delivered. A secret is in the answer of `create` and
 * of `rotateSecret` and never again.
 */
import type { PageList } from '../pages.ts';
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type {
  Deleted,
  PageParams,
  WebhookEndpoint,
  WebhookEndpointCreateParams,
  WebhookEndpointUpdateParams,
  WebhookSecretRotateParams,
} from '../types.ts';

const ALL = '/v1/webhook_endpoints';
const ONE = `${ALL}/{id}` as const;

export function webhookEndpoints({ read, write, pages }: Transport) {
  return {
    create: (
      body: WebhookEndpointCreateParams,
      options?: CallOptions,
    ): Promise<WithResponse<WebhookEndpoint>> => write(`POST ${ALL}`, { body }, options),

    list: (query: PageParams = {}, options?: CallOptions): PageList<WebhookEndpoint> =>
      pages(`GET ${ALL}`, { query }, options),

    retrieve: (id: string, options?: CallOptions): Promise<WithResponse<WebhookEndpoint>> =>
      read(`GET ${ONE}`, { path: { id } }, options),

    update: (
      id: string,
      body: WebhookEndpointUpdateParams,
      options?: CallOptions,
    ): Promise<WithResponse<WebhookEndpoint>> =>
      write(`POST ${ONE}`, { path: { id }, body }, options),

    delete: (id: string, options?: CallOptions): Promise<WithResponse<Deleted>> =>
      write(`DELETE ${ONE}`, { path: { id } }, options),

    /**
     * The old secret signs beside the new one for a day: verify with both. With `end_previous` it
     * stops signing at once.
     */
    rotateSecret: (
      id: string,
      params: WebhookSecretRotateParams & CallOptions = {},
    ): Promise<WithResponse<WebhookEndpoint>> => {
      const { end_previous, ...options } = params;
      const body = end_previous === undefined ? {} : { end_previous };
      return write(`POST ${ONE}/rotate_secret`, { path: { id }, body }, options);
    },
  };
}

export type WebhookEndpoints = ReturnType<typeof webhookEndpoints>;
