/** `hutong.webhookEndpoints`: where events are delivered. The secret is in the first answer only. */
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { WebhookEndpoint, WebhookEndpointCreateParams } from '../types.ts';

export interface WebhookEndpoints {
  readonly create: (
    params: WebhookEndpointCreateParams,
    options?: CallOptions,
  ) => Promise<WithResponse<WebhookEndpoint>>;
}

export function webhookEndpoints({ client, send }: Transport): WebhookEndpoints {
  return {
    create: (body, options) =>
      send('write', (init) => client.POST('/v1/webhook_endpoints', { ...init, body }), options),
  };
}
