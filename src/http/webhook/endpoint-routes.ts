/** /v1/webhook_endpoints: where events are sent. A secret is returned once and never again. */
import { ok } from '../../kernel/result.ts';
import { answerOf, pageAnswerOf } from '../answers.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import { presentWebhookEndpoint } from './present-endpoint.ts';
import {
  WebhookEndpointCreate,
  WebhookEndpointList,
  WebhookEndpointUpdate,
  WebhookSecretRotate,
} from './schema.ts';
import { DeletedShape, WebhookEndpointListShape, WebhookEndpointShape } from './shape.ts';

const TAG = 'Webhook endpoints';
/** Each resolves a host name that the caller chose. */
const CHANGES = { max: 30, windowMs: 60_000 };
const BY_ID = { id: 'webhook_endpoint' } as const;

const create = defineRoute({
  method: 'POST',
  path: '/v1/webhook_endpoints',
  operationId: 'createWebhookEndpoint',
  tag: TAG,
  summary: 'Add an endpoint; the answer has its secret, once',
  scope: 'webhook_endpoints:write',
  body: WebhookEndpointCreate,
  answers: { 201: WebhookEndpointShape },
  limit: CHANGES,
  errors: ['webhook_url_refused', 'webhook_endpoint_exists', 'webhook_endpoints_full'],
  handle: async (deps, { body, principal }) => {
    const made = await deps.useCases.createWebhookEndpoint(principal.marketplace, {
      url: body.url,
      enabledEvents: body.enabled_events,
      by: principal.keyId,
    });
    if (!made.ok) return made;
    const { endpoint, secret } = made.value;
    return ok({ status: 201, body: { ...presentWebhookEndpoint(endpoint), secret } });
  },
});

const list = defineRoute({
  method: 'GET',
  path: '/v1/webhook_endpoints',
  operationId: 'listWebhookEndpoints',
  tag: TAG,
  summary: 'List endpoints',
  scope: 'webhook_endpoints:read',
  query: WebhookEndpointList,
  answers: { 200: WebhookEndpointListShape },
  handle: async ({ useCases }, { query, principal: { marketplace } }) =>
    pageAnswerOf(query, presentWebhookEndpoint, (page) =>
      useCases.listWebhookEndpoints(marketplace, page),
    ),
});

const read = defineRoute({
  method: 'GET',
  path: '/v1/webhook_endpoints/{id}',
  operationId: 'getWebhookEndpoint',
  tag: TAG,
  summary: 'Read an endpoint',
  scope: 'webhook_endpoints:read',
  pathIds: BY_ID,
  answers: { 200: WebhookEndpointShape },
  errors: ['not_found'],
  handle: async ({ useCases }, { path, principal: { marketplace } }) =>
    answerOf(await useCases.getWebhookEndpoint(marketplace, path.id), presentWebhookEndpoint),
});

const update = defineRoute({
  method: 'POST',
  path: '/v1/webhook_endpoints/{id}',
  operationId: 'updateWebhookEndpoint',
  tag: TAG,
  summary: 'Change where or what, or pause it',
  description: 'What is not named stays as it was: `{}` changes nothing and answers the endpoint.',
  scope: 'webhook_endpoints:write',
  pathIds: BY_ID,
  body: WebhookEndpointUpdate,
  answers: { 200: WebhookEndpointShape },
  limit: CHANGES,
  errors: ['not_found', 'webhook_url_refused', 'webhook_endpoint_exists'],
  handle: async (deps, { path, body, principal }) => {
    const changed = await deps.useCases.updateWebhookEndpoint(principal.marketplace, path.id, {
      ...(body.url === undefined ? {} : { url: body.url }),
      ...(body.enabled_events === undefined ? {} : { enabledEvents: body.enabled_events }),
      ...(body.status === undefined ? {} : { status: body.status }),
      by: principal.keyId,
    });
    return answerOf(changed, presentWebhookEndpoint);
  },
});

const remove = defineRoute({
  method: 'DELETE',
  path: '/v1/webhook_endpoints/{id}',
  operationId: 'deleteWebhookEndpoint',
  tag: TAG,
  summary: 'Remove an endpoint',
  scope: 'webhook_endpoints:write',
  pathIds: BY_ID,
  answers: { 200: DeletedShape },
  errors: ['not_found'],
  handle: async (deps, { path, principal }) => {
    const { marketplace, keyId } = principal;
    const gone = await deps.useCases.deleteWebhookEndpoint(marketplace, path.id, keyId);
    return answerOf(gone, () => ({ id: path.id, object: 'webhook_endpoint', deleted: true }));
  },
});

const rotate = defineRoute({
  method: 'POST',
  path: '/v1/webhook_endpoints/{id}/rotate_secret',
  operationId: 'rotateWebhookSecret',
  tag: TAG,
  summary: 'A new secret; the old one signs beside it for 24 hours, or ends at once',
  scope: 'webhook_endpoints:write',
  pathIds: BY_ID,
  body: WebhookSecretRotate,
  answers: { 200: WebhookEndpointShape },
  errors: ['not_found'],
  handle: async (deps, { path, body, principal }) => {
    const input = { endsPrevious: body.end_previous === true, by: principal.keyId };
    const rotated = await deps.useCases.rotateWebhookSecret(principal.marketplace, path.id, input);
    if (!rotated.ok) return rotated;
    const { secret } = rotated.value;
    const found = await deps.useCases.getWebhookEndpoint(principal.marketplace, path.id);
    return answerOf(found, (endpoint) => ({ ...presentWebhookEndpoint(endpoint), secret }));
  },
});

export const WEBHOOK_ENDPOINT_ROUTES: readonly AnyRoute[] = [
  create,
  list,
  read,
  update,
  remove,
  rotate,
];
