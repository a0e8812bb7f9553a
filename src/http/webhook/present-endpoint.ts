/**
 * The webhook_endpoint as the API shows it: never with its secret, which is only in the answer of
 * the call that created it.
 */

import type { WebhookEndpoint } from '../../flows/webhook/endpoints.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import type { ShownWebhookEndpoint } from './shape.ts';

export function presentWebhookEndpoint(endpoint: WebhookEndpoint): ShownWebhookEndpoint {
  return {
    id: endpoint.id,
    object: 'webhook_endpoint',
    url: endpoint.url,
    enabled_events: endpoint.enabledEvents,
    status: endpoint.status,
    created_at: rfc3339(endpoint.createdAtMs),
  };
}
