/**
 * The shop over HTTP: reads the request into plain values, calls the shop, answers a page or a 303.
 *
 * Every answer carries the security headers; only Hosts that are ours are answered; a form is taken
 * only from our own pages; webhooks are judged by their signature and nothing else.
 */
import { readFileSync } from 'node:fs';
import { HutongError, HutongWebhookVerificationError } from '@hutong/sdk';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { CATALOGUES, MARKETPLACES } from './catalogue/catalogue.ts';
import { counterRoutes } from './counter-routes.ts';
import type { Live } from './live.ts';
import { messagePage } from './pages/message.ts';
import { type RequestContext, readContext } from './request.ts';
import { cookie, forgery, LOCALE_COOKIE, localPath } from './session.ts';
import { acceptWebhook, type Shop } from './shop.ts';
import { shopRoutes } from './shop-routes.ts';

export interface ServerOptions {
  readonly shops: Readonly<Record<(typeof MARKETPLACES)[number], Shop>>;
  readonly live: Live;
  /** The origins that this shop is reached at, the canonical one first. */
  readonly origins: readonly string[];
  /** Where checkout forms may lead to. */
  readonly cashierOrigins: readonly string[];
  readonly log: (line: string) => void;
}

const BODY_BYTES_MAX = 16_384;
const WEBHOOK_BYTES_MAX = 1_048_576;

export function createServer(options: ServerOptions): FastifyInstance {
  const app = Fastify({ bodyLimit: BODY_BYTES_MAX, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  secure(app, options);
  app.register(async (scope) => webhookRoutes(scope, options));
  app.register(async (scope) => pageRoutes(scope, options));
  return app;
}

function secure(app: FastifyInstance, options: ServerOptions): void {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    `form-action 'self' ${options.cashierOrigins.join(' ')}`.trim(),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      // `no-referrer` would make browsers send `Origin: null` with our own forms.
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(), microphone=(), geolocation=()',
      'cache-control': 'private, no-store',
    });
    // Another name that resolves to this machine must not reach a buyer's cookies.
    if (originOf(request, options) === undefined) {
      return reply.code(421).type('text/plain').send('This shop is not served under that name.\n');
    }
  });
}

function originOf(request: FastifyRequest, options: ServerOptions): string | undefined {
  return options.origins.find((origin) => new URL(origin).host === request.headers.host);
}

function webhookRoutes(app: FastifyInstance, { shops, live, log }: ServerOptions): void {
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  for (const name of MARKETPLACES) {
    app.post(`/webhooks/${name}`, { bodyLimit: WEBHOOK_BYTES_MAX }, async (request, reply) => {
      const payload = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      try {
        const order = await acceptWebhook(shops[name], { payload, headers: request.headers });
        if (order !== undefined) live.notify(order.no, order.revision);
        return reply.code(204).send();
      } catch (error) {
        if (!(error instanceof HutongWebhookVerificationError)) throw error;
        log(`webhook of ${name} refused: ${error.code}`);
        return reply.code(400).send({ error: { code: error.code, message: error.message } });
      }
    });
  }
}

function pageRoutes(app: FastifyInstance, options: ServerOptions): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );
  const contextOf = (request: FastifyRequest): RequestContext =>
    readContext(request, originOf(request, options) ?? '');
  app.addHook('preHandler', async (request, reply) => {
    if (request.method !== 'POST') return;
    const reason = forgery(request.headers, originOf(request, options) ?? '');
    if (reason === undefined) return;
    options.log(`form refused: ${reason}`);
    return sayMessage(reply.code(403), contextOf(request), 'forbidden', 'forbiddenMore');
  });
  app.setErrorHandler((error: FastifyError | HutongError, request, reply) => {
    const status = error instanceof HutongError ? 502 : (error.statusCode ?? 500);
    if (status < 500) {
      return sayMessage(reply.code(status), contextOf(request), 'badForm', 'badFormMore');
    }
    const about = error instanceof HutongError ? ` (${error.code}, ${error.requestId})` : '';
    options.log(`${request.method} ${request.url}: ${error.name}: ${error.message}${about}`);
    return sayMessage(reply.code(status), contextOf(request), 'oops', 'oopsMore');
  });
  app.setNotFoundHandler((request, reply) =>
    sayMessage(reply.code(404), contextOf(request), 'notFound', 'notFoundMore'),
  );
  assetRoutes(app);
  app.get('/', async (_request, reply) => reply.redirect('/taobao', 302));
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get<{ Querystring: { to?: string; back?: string } }>('/language', async (request, reply) => {
    const { to, back } = request.query;
    const { isSecure } = contextOf(request);
    if (to === 'zh' || to === 'en') reply.header('set-cookie', cookie(LOCALE_COOKIE, to, isSecure));
    return reply.redirect(localPath(back, '/taobao'), 303);
  });
  for (const name of MARKETPLACES) {
    const shop = { shop: options.shops[name], live: options.live, contextOf, log: options.log };
    shopRoutes(app, shop);
    counterRoutes(app, shop);
  }
}

function sayMessage(
  reply: FastifyReply,
  context: RequestContext,
  title: Parameters<typeof messagePage>[1],
  more: Parameters<typeof messagePage>[2],
): FastifyReply {
  const view = context.view(CATALOGUES[context.marketplace]);
  return reply.type('text/html; charset=utf-8').send(messagePage(view, title, more));
}

const ASSETS: Readonly<Record<string, string>> = {
  'bazaar.js': 'text/javascript; charset=utf-8',
  'taobao.svg': 'image/svg+xml',
  'tmall.svg': 'image/svg+xml',
};

/** One sheet to the browser, in this order: a later one may say more about what an earlier laid. */
const STYLES = ['base', 'bars', 'front', 'product', 'cart', 'order', 'counter'];

function styleSheet(): string {
  const read = (name: string) =>
    readFileSync(new URL(`./assets/styles/${name}.css`, import.meta.url), 'utf8');
  return STYLES.map(read).join('');
}

function assetRoutes(app: FastifyInstance): void {
  const style = styleSheet();
  app.get('/assets/bazaar.css', async (_request, reply) =>
    reply
      .type('text/css; charset=utf-8')
      .header('cache-control', 'public, max-age=300')
      .send(style),
  );
  for (const [name, type] of Object.entries(ASSETS)) {
    const bytes = readFileSync(new URL(`./assets/${name}`, import.meta.url));
    app.get(`/assets/${name}`, async (_request, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=300').send(bytes),
    );
  }
  app.get<{ Params: { id: string } }>('/assets/p/:id.svg', async (request, reply) => {
    const { id } = request.params;
    const drawn = MARKETPLACES.map((name) => CATALOGUES[name].pictureOf(id)).find(Boolean);
    if (drawn === undefined) return reply.callNotFound();
    return reply.type('image/svg+xml').header('cache-control', 'public, max-age=3600').send(drawn);
  });
}
