/** The webhook endpoint object that the API shows. */
import { type Static, Type } from 'typebox';
import { closed, idField, listOf, time } from '../../core/shape.ts';

export const WebhookEndpointShape = closed({
  id: idField('webhook_endpoint', ''),
  object: Type.Literal('webhook_endpoint'),
  url: Type.String(),
  enabled_events: listOf(Type.String()),
  status: Type.Enum(['enabled', 'disabled']),
  created_at: time,
  secret: Type.Optional(Type.String({ description: '`whsec_…`, shown once.' })),
});

export const DeletedShape = closed({
  id: Type.String(),
  object: Type.String(),
  deleted: Type.Literal(true),
});

export type ShownWebhookEndpoint = Static<typeof WebhookEndpointShape>;
