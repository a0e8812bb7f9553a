/**
 * The HTTP layer: one fastify, the route table of `/v1`, the wallets' callbacks, operators' routes,
 * the reference, and the plugins that the composition adds. It parses, authenticates and presents;
 * it decides nothing and knows no wallet.
 *
 * Never: a body, a query or a token in the log; a stack trace in an answer; a refusal without a
 * code; CORS (browsers have no business with secret keys).
 */
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { hutongError } from '../kernel/errors.ts';
import { systemRandom } from '../runtime/random.ts';
import { apiError } from './api-error.ts';
import { isFirstHop, meetCaller, securityHeaders } from './caller.ts';
import type { ServerDeps } from './deps.ts';
import { sendError, toHutongError } from './errors.ts';
import { addJsonParser, BODY_BYTES_MAX } from './json-body.ts';
import { limitRate } from './limits.ts';
import { openApiText } from './openapi.ts';
import { registerFigures, registerHealth } from './operator-routes.ts';
import { registerNotify } from './payment/notify-routes.ts';
import { parseQuery } from './query-string.ts';
import { registerDocs, registerErrorReference } from './reference-routes.ts';
import { fastifyPath, registerRoute } from './register.ts';
import { ROUTES } from './routes.ts';

const CONNECTIONS_DEFAULT = { max: 10_000, headersTimeoutMs: 10_000, requestTimeoutMs: 30_000 };
/** How late a slow request may be detected. */
const SLOW_CHECK_MS = 1_000;

export async function buildServer(deps: ServerDeps): Promise<FastifyInstance> {
  const docsUrl = docsUrlOf(deps);
  const app = openEdge(deps, docsUrl);
  const limits = await limitRate(app, deps);
  await app.register(async (scope) => {
    scope.addHook('onRequest', (_request, reply, done) => {
      reply.header('cache-control', 'no-store');
      done();
    });
    addJsonParser(scope);
    for (const route of ROUTES) registerRoute(scope, deps, route, { docsUrl, limits });
    registerOtherMethods(scope);
  });
  await app.register(async (scope) => registerNotify(scope, deps, docsUrl));
  await app.register(async (scope) => registerHealth(scope, deps, docsUrl));
  await app.register(async (scope) => registerErrorReference(scope, hasOwnPort(deps)));
  if (!hasOwnPort(deps)) await registerInside(app, deps);
  for (const plugin of deps.plugins ?? []) await app.register(plugin);
  return app;
}

/** The operators' server, on a port of its own: metrics and the reference; no API and no pages. */
export async function buildPrivateServer(deps: ServerDeps): Promise<FastifyInstance> {
  const docsUrl = docsUrlOf(deps);
  const app = openEdge(deps, docsUrl);
  await app.register(async (scope) => registerHealth(scope, deps, docsUrl));
  await app.register(async (scope) => registerErrorReference(scope, false));
  await registerInside(app, deps);
  return app;
}

function docsUrlOf({ config }: ServerDeps): string {
  return `${config.publicUrl}/docs/errors`;
}

function hasOwnPort({ config }: ServerDeps): boolean {
  return config.hasPrivateServer === true;
}

/** What the public port serves only if there is no private one. */
async function registerInside(app: FastifyInstance, deps: ServerDeps): Promise<void> {
  const openApi = openApiText();
  await app.register(async (scope) => registerFigures(scope, deps, openApi));
  if (deps.config.docs !== false) await app.register((scope) => registerDocs(scope, openApi));
}

function openEdge(deps: ServerDeps, docsUrl: string): FastifyInstance {
  const app = createFastify(deps, docsUrl);
  app.server.maxConnections = deps.config.connections?.max ?? CONNECTIONS_DEFAULT.max;
  app.decorateRequest('principal', null);
  meetCaller(app, deps.config);
  observe(app, deps);
  refuse(app, docsUrl);
  return app;
}

function createFastify(deps: ServerDeps, docsUrl: string): FastifyInstance {
  const prefix = (deps.random ?? systemRandom).bytes(6).toString('hex');
  const connections = { ...CONNECTIONS_DEFAULT, ...deps.config.connections };
  const clientErrorAnswer = clientErrorText(deps.config.publicUrl);
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
    requestTimeout: connections.requestTimeoutMs,
    http: {
      headersTimeout: connections.headersTimeoutMs,
      connectionsCheckingInterval: SLOW_CHECK_MS,
    },
    trustProxy: isFirstHop,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { querystringParser: parseQuery, ignoreTrailingSlash: false },
    frameworkErrors: (error, request, reply) => {
      // Before any hook.
      reply.headers(securityHeaders(deps.config.publicUrl));
      sendError(request, reply, toHutongError(error), docsUrl);
    },
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return;
      socket.end(clientErrorAnswer);
    },
  }) as unknown as FastifyInstance;
}

/** Bytes that are not HTTP never become a request; this is all that can be logged about them. */
const CLIENT_ERROR_BODY = JSON.stringify({
  error: {
    type: 'invalid_request_error',
    code: 'parameter_invalid',
    message: 'the request is not valid HTTP, or its headers are too large or too slow',
    retryable: false,
  },
});

function clientErrorText(publicUrl: string): string {
  return [
    'HTTP/1.1 400 Bad Request',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(CLIENT_ERROR_BODY)}`,
    'connection: close',
    ...Object.entries(securityHeaders(publicUrl)).map(([name, value]) => `${name}: ${value}`),
    '',
    CLIENT_ERROR_BODY,
  ].join('\r\n');
}

/** One log line and one sample per request; a request id on every answer. */
function observe(app: FastifyInstance, deps: ServerDeps): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('request-id', request.id);
    if (!isClosing) return done();
    reply.header('connection', 'close');
    done(apiError('shutting_down', 'this process is shutting down'));
  });
  app.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    const { method } = request;
    const status = reply.statusCode;
    const ms = reply.elapsedTime;
    // The route template, never the target: a path may hold a token, in several spellings.
    const route = request.routeOptions.url ?? 'unknown';
    deps.metrics.httpRequest({ route, method, status, ms });
    const { principal } = request;
    const line = {
      request_id: request.id,
      method,
      route,
      status,
      ms,
      address: request.ip,
      key_id: principal?.keyId ?? null,
      marketplace: principal?.marketplace ?? null,
    };
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

/** Other methods of an existing path: 405 with `Allow`, not 404. */
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
      // After the limit, before the body is read.
      preParsing: (_request, reply, _payload, done) => {
        reply.header('allow', methods.join(', '));
        done(apiError('method_not_allowed', `this path takes ${methods.join(' and ')}`));
      },
      handler: async () => undefined,
    });
  }
}
