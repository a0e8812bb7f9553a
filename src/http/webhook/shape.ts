/** The webhook endpoint object that the API shows. */
import { type Static, Type } from 'typebox';
import { idField, listOf, page, shape, time } from '../../core/shape.ts';

export const WebhookEndpointShape = shape('webhook_endpoint', {
  id: idField('webhook_endpoint', ''),
  object: Type.Literal('webhook_endpoint'),
  url: Type.String(),
  enabled_events: listOf(Type.String()),
  status: Type.Enum(['enabled', 'disabled']),
  created_at: time,
  secret: Type.Optional(Type.String({ description: '`whsec_…`, shown once.' })),
});

export const WebhookEndpointListShape = page(WebhookEndpointShape);

export const DeletedShape = shape('deleted', {
  id: Type.String(),
  object: Type.String(),
  deleted: Type.Literal(true),
});

export type ShownWebhookEndpoint = Static<typeof WebhookEndpointShape>;
