/** Parameters of the calls on webhook endpoints and events. */
import { Type } from 'typebox';
import { closed } from '../../core/shape.ts';
import { EVENT_PATTERNS } from '../../kernel/event-types.ts';
import { paged, text } from '../fields.ts';

const EventPattern = Type.Enum([...EVENT_PATTERNS], {
  description: '`*`, a family (`refund.*`) or one type.',
});
const EnabledEvents = Type.Array(EventPattern, { minItems: 1, maxItems: 50 });
const Url = text(2048, 'https; resolved and checked against private addresses.');

export const WebhookEndpointCreate = closed(
  { url: Url, enabled_events: EnabledEvents },
  { examples: [{ url: 'https://shop.example/hooks/hutong', enabled_events: ['*'] }] },
);
export const WebhookEndpointUpdate = closed({
  url: Type.Optional(Url),
  enabled_events: Type.Optional(EnabledEvents),
  status: Type.Optional(Type.Enum(['enabled', 'disabled'])),
});
export const WebhookSecretRotate = closed({
  end_previous: Type.Optional(
    Type.Boolean({ description: 'The old secret signs nothing more: it was disclosed.' }),
  ),
});
export const WebhookEndpointList = paged('webhook_endpoint', {});

export const EventList = paged('event', {
  type: Type.Optional(text(64, 'Only events of this type.', 'payment_intent.succeeded')),
});
