/**
 * The HTTP edge: one fastify, the route table of `/v1`, the wallets' callbacks, operators' routes,
 * the reference, and whatever plugins the composition adds. It parses, authenticates and presents;
 * it decides nothing and knows no wallet.
 *
 * Never: a body, a query or a token in the log; a stack trace in an answer; a refusal without a
 * code; CORS (browsers have no business with secret keys).
 */
import rateLimit from '@fastify/rate-limit';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { hutongError } from '../core/errors.ts';
import { safeUrl } from '../runtime/log.ts';
import { systemRandom } from '../runtime/random.ts';
import { addressKey } from './address.ts';
import { apiError } from './api-error.ts';
import type { ServerDeps } from './deps.ts';
import { sendError, toHutongError } from './errors.ts';
import { addJsonParser, BODY_BYTES_MAX } from './json-body.ts';
import { openApiText } from './openapi.ts';
import { parseQuery } from './query-string.ts';
import { fastifyPath, registerRoute } from './register.ts';
import { ROUTES } from './routes/all.ts';
import { registerDocs } from './routes/docs.ts';
import { registerNotify } from './routes/notify.ts';
import { registerOperations } from './routes/operations.ts';

const RATE_DEFAULT = { max: 1_000, windowMs: 10_000 };
const REQUEST_TIMEOUT_MS = 30_000;

/** On every answer of the API; pages set their own. */
const API_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

export async function buildServer(deps: ServerDeps): Promise<FastifyInstance> {
  const docsUrl = `${deps.config.publicUrl}/docs/errors`;
  const app = createFastify(deps, docsUrl);
  const openApi = openApiText();
  app.decorateRequest('principal', null);
  observe(app, deps);
  refuse(app, docsUrl);
  await limitRate(app, deps);
  await app.register(async (scope) => {
    scope.addHook('onRequest', async (_request, reply) => {
      reply.headers(API_HEADERS);
    });
    addJsonParser(scope);
    for (const route of ROUTES) registerRoute(scope, deps, route, docsUrl);
    registerOtherMethods(scope);
  });
  await app.register(async (scope) => registerNotify(scope, deps, docsUrl));
  await app.register(async (scope) => registerOperations(scope, deps, { docsUrl, openApi }));
  if (deps.config.docs !== false) await app.register((scope) => registerDocs(scope, openApi));
  for (const plugin of deps.plugins ?? []) await app.register(plugin);
  return app;
}

function createFastify(deps: ServerDeps, docsUrl: string): FastifyInstance {
  const prefix = (deps.random ?? systemRandom).bytes(6).toString('hex');
  let counter = 0;
  return Fastify({
    loggerInstance: deps.log,
    // Our own line per request, without headers, query or body; no child logger per request.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (log) => log,
    genReqId: () => {
      counter += 1;
      return `req_${prefix}${counter.toString(36)}`;
    },
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy: deps.config.trustProxy === true,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { querystringParser: parseQuery, ignoreTrailingSlash: false },
    frameworkErrors: (error, request, reply) => {
      sendError(request, reply, toHutongError(error), docsUrl);
    },
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return;
      socket.end(CLIENT_ERROR_ANSWER);
    },
  }) as unknown as FastifyInstance;
}

/** Bytes that are no HTTP never become a request; this is all that can be said about them. */
const CLIENT_ERROR_BODY = JSON.stringify({
  error: {
    type: 'invalid_request_error',
    code: 'parameter_invalid',
    message: 'the request is not valid HTTP, or its headers are too large or too slow',
    retryable: false,
  },
});
const CLIENT_ERROR_ANSWER = [
  'HTTP/1.1 400 Bad Request',
  'content-type: application/json; charset=utf-8',
  `content-length: ${Buffer.byteLength(CLIENT_ERROR_BODY)}`,
  'connection: close',
  '',
  CLIENT_ERROR_BODY,
].join('\r\n');

/** One line and one sample per request; a request id on every answer. */
function observe(app: FastifyInstance, deps: ServerDeps): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('request-id', request.id);
    if (!isClosing) return;
    reply.header('connection', 'close');
    throw apiError('shutting_down', 'this process is shutting down');
  });
  app.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    const { method } = request;
    const status = reply.statusCode;
    const ms = reply.elapsedTime;
    const route = request.routeOptions.url ?? 'unknown';
    deps.metrics.httpRequest({ route, method, status, ms });
    const line = { request_id: request.id, method, path: safeUrl(request.url), status, ms };
    if (status >= 500) deps.log.error(line, 'request');
    else deps.log.info(line, 'request');
    done();
  });
}

function refuse(app: FastifyInstance, docsUrl: string): void {
  app.setErrorHandler((error, request, reply) => {
    const refusal = toHutongError(error);
    if (refusal.code === 'internal') {
      app.log.error({ err: error, request_id: request.id }, 'a defect');
    }
    return sendError(request, reply, refusal, docsUrl);
  });
  app.setNotFoundHandler((request, reply) =>
    sendError(request, reply, hutongError('route_unknown', 'no such path'), docsUrl),
  );
}

async function limitRate(app: FastifyInstance, deps: ServerDeps): Promise<void> {
  const limit = deps.config.rateLimit === undefined ? RATE_DEFAULT : deps.config.rateLimit;
  if (limit === null) return;
  await app.register(rateLimit, {
    max: limit.max,
    timeWindow: limit.windowMs,
    // After authentication, so that it counts by key; strangers count by address.
    hook: 'preHandler',
    keyGenerator: (request) => request.principal?.keyId ?? addressKey(request.ip),
    errorResponseBuilder: () => apiError('rate_limited', 'too many requests with this key'),
  });
}

/** The other methods of a path that exists: 405 with `Allow`, not 404. */
function registerOtherMethods(app: FastifyInstance): void {
  const byPath = new Map<string, string[]>();
  for (const { path, method } of ROUTES) {
    byPath.set(path, [...(byPath.get(path) ?? []), method]);
  }
  for (const [path, methods] of byPath) {
    const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((m) => !methods.includes(m));
    app.route({
      method: others,
      url: fastifyPath(path),
      onRequest: async (_request, reply) => {
        reply.header('allow', methods.join(', '));
        throw apiError('method_not_allowed', `this path takes ${methods.join(' and ')}`);
      },
      handler: async () => undefined,
    });
  }
}
