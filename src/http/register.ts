/**
 * Registers the route table with fastify: authentication before the body is read, then path, body
 * and query, then the use case, with or without the idempotency protocol around it. Whatever can be
 * prepared once is done here, before the first request.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../flows/key/authenticate.ts';
import { type HutongError, hutongError } from '../kernel/errors.ts';
import { type Id, parseId } from '../kernel/id.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { ApiError } from './api-error.ts';
import { authenticate, clientSecretOf, permit } from './auth.ts';
import type { ServerDeps } from './deps.ts';
import { JSON_TYPE, sendError } from './errors.ts';
import { NoBody, NoQuery } from './fields.ts';
import { runIdempotent } from './idempotency.ts';
import { type Limits, marketplaceLimit } from './limits.ts';
import type { Answer, AnyRoute, PathIds } from './route.ts';
import { type Check, compileBody, compileQuery } from './validate.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication of `/v1`; null if a buyer calls with a client_secret. */
    principal: Principal | null;
  }
}

interface Prepared {
  readonly deps: ServerDeps;
  readonly route: AnyRoute;
  readonly docsUrl: string;
  readonly checkQuery: Check;
  readonly checkBody: Check;
}

export function registerRoute(
  app: FastifyInstance,
  deps: ServerDeps,
  route: AnyRoute,
  edge: { readonly docsUrl: string; readonly limits: Limits },
): void {
  const { limits } = edge;
  const prepared: Prepared = {
    deps,
    route,
    docsUrl: edge.docsUrl,
    checkQuery: compileQuery(route.query ?? NoQuery),
    checkBody: compileBody(route.body ?? NoBody),
  };
  app.route({
    method: route.method,
    url: fastifyPath(route.path),
    ...(route.limit === undefined ? {} : { config: { rateLimit: marketplaceLimit(route.limit) } }),
    // Before the body is read: an unauthenticated caller's bytes are not parsed.
    onRequest: async (request, reply) => {
      if (route.asBuyer !== undefined && clientSecretOf(request) !== undefined) return;
      const principal = await authenticate(deps, request, () => limits.isSuspect(request));
      if (!principal.ok) throw limits.refusal(request, reply, principal.error);
      request.principal = principal.value;
    },
    // After the limit, so that calls beyond a key's scopes count, too.
    preParsing: (request, _reply, payload, done) => {
      if (request.principal === null) return done(null, payload);
      const permitted = permit(request, request.principal, route.scope);
      if (!permitted.ok) return done(new ApiError(permitted.error));
      request.principal = permitted.value;
      done(null, payload);
    },
    handler: (request, reply) => answer(prepared, request, reply),
  });
}

/** `/v1/refunds/{id}` -> `/v1/refunds/:id`. */
export function fastifyPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

async function answer(
  prepared: Prepared,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { deps, route, docsUrl } = prepared;
  const parsed = parseCall(prepared, request);
  if (!parsed.ok) return sendError(request, reply, parsed.error, docsUrl);
  const { path, query, body } = parsed.value;
  const { principal } = request;
  if (principal === null) {
    const secret = clientSecretOf(request) ?? '';
    const seen = await route.asBuyer?.(deps, { path, query }, secret);
    return send(prepared, request, reply, seen ?? err(hutongError('api_key_missing', 'no key')));
  }
  const call = { path, query, body, principal, callerIp: request.ip };
  reply.header('hutong-version', principal.version);
  if (route.idempotency === undefined) {
    const answered = await route.handle(deps, { ...call, targetId: '' });
    return send(prepared, request, reply, answered);
  }
  const final = await runIdempotent(deps, route, route.idempotency, { request, call }, docsUrl);
  if (!final.ok) return sendError(request, reply, final.error, docsUrl);
  if (final.value.replayed) reply.header('idempotent-replayed', 'true');
  return reply.code(final.value.status).header('content-type', JSON_TYPE).send(final.value.body);
}

function send(
  { route, docsUrl }: Prepared,
  request: FastifyRequest,
  reply: FastifyReply,
  answered: Result<Answer, HutongError>,
): FastifyReply {
  if (!answered.ok) return sendError(request, reply, answered.error, docsUrl);
  const { status, body, file } = answered.value;
  if (file !== undefined && route.produces !== undefined) {
    reply.header('content-disposition', `inline; filename="${file.name}"`);
    return reply.code(status).header('content-type', route.produces).send(file.bytes);
  }
  return reply.code(status).header('content-type', JSON_TYPE).send(JSON.stringify(body));
}

interface Parsed {
  readonly path: Readonly<Record<string, Id>>;
  readonly query: unknown;
  readonly body: unknown;
}

function parseCall(prepared: Prepared, request: FastifyRequest): Result<Parsed, HutongError> {
  const path = parsePath(prepared.route.pathIds ?? {}, request.params);
  if (!path.ok) return path;
  const query = prepared.checkQuery(request.query);
  if (!query.ok) return query;
  const body = prepared.checkBody(request.body ?? {});
  if (!body.ok) return body;
  return ok({ path: path.value, query: query.value, body: body.value });
}

function parsePath(pathIds: PathIds, params: unknown): Result<Parsed['path'], HutongError> {
  const path: Record<string, Id> = {};
  const given = new Map(Object.entries(params ?? {}));
  for (const [name, kind] of Object.entries(pathIds)) {
    const id = parseId(kind, String(given.get(name)));
    if (id === undefined) return err(hutongError('not_found', `no such ${kind}`, { param: name }));
    path[name] = id;
  }
  return ok(path);
}
