/**
 * `hutong.webhookEndpoints`: where events are delivered. A secret is in the answer of `create` and
 * of `rotateSecret` and never again.
 */
import { type PageList, pageList } from '../pages.ts';
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type {
  Deleted,
  PageParams,
  WebhookEndpoint,
  WebhookEndpointCreateParams,
  WebhookEndpointUpdateParams,
} from '../types.ts';

export interface WebhookEndpoints {
  readonly create: (
    params: WebhookEndpointCreateParams,
    options?: CallOptions,
  ) => Promise<WithResponse<WebhookEndpoint>>;
  readonly list: (params?: PageParams, options?: CallOptions) => PageList<WebhookEndpoint>;
  readonly retrieve: (id: string, options?: CallOptions) => Promise<WithResponse<WebhookEndpoint>>;
  readonly update: (
    id: string,
    params: WebhookEndpointUpdateParams,
    options?: CallOptions,
  ) => Promise<WithResponse<WebhookEndpoint>>;
  readonly delete: (id: string, options?: CallOptions) => Promise<WithResponse<Deleted>>;
  /** The old secret signs beside the new one for a day: verify with both. */
  readonly rotateSecret: (
    id: string,
    options?: CallOptions,
  ) => Promise<WithResponse<WebhookEndpoint>>;
}

const PATH = '/v1/webhook_endpoints/{id}';

export function webhookEndpoints({ client, send }: Transport): WebhookEndpoints {
  return {
    create: (body, options) =>
      send('write', (init) => client.POST('/v1/webhook_endpoints', { ...init, body }), options),
    list: (params, options) =>
      pageList(params ?? {}, (query) =>
        send(
          'read',
          (init) => client.GET('/v1/webhook_endpoints', { ...init, params: { query } }),
          options,
        ),
      ),
    retrieve: (id, options) =>
      send('read', (init) => client.GET(PATH, { ...init, params: { path: { id } } }), options),
    update: (id, body, options) =>
      send(
        'write',
        (init) => client.POST(PATH, { ...init, params: { path: { id } }, body }),
        options,
      ),
    delete: (id, options) =>
      send('write', (init) => client.DELETE(PATH, { ...init, params: { path: { id } } }), options),
    rotateSecret: (id, options) =>
      send(
        'write',
        (init) =>
          client.POST('/v1/webhook_endpoints/{id}/rotate_secret', {
            ...init,
            params: { path: { id } },
            body: {},
          }),
        options,
      ),
  };
}
