/**
 * The cashier (收银台): the buyer's page, server-rendered, usable without script.
 *
 * - A pay_token can read payee, amount and status and start attempts; nothing else leaves this
 *   folder.
 * - The token is in the address of these pages only: not in logs, assets or Referer headers.
 * - What a browser or a wallet's bridge says about the outcome is never trusted; pages show the
 *   payment's own status.
 */
import formbody from '@fastify/formbody';
import rateLimit from '@fastify/rate-limit';
import type {
  FastifyError,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
} from 'fastify';
import { CASHIER_STARTS, recentStarts } from '../core/payment/start.ts';
import { addressKey } from '../http/address.ts';
import { type Budget, createBudget } from '../http/budget.ts';
import { must } from '../kernel/assert.ts';
import { wallClock } from '../runtime/clock.ts';
import type { Asset } from './assets.ts';
import { askPayer, payerCameBack, startFromForm } from './attempts.ts';
import { cameBack, postedBack } from './back.ts';
import { atCounter, type CounterRoute, payAtCounter, showCounter } from './counter.ts';
import { type EventStreams, eventStreams } from './events.ts';
import { type HandOutRoute, showHandOut } from './hand-out.ts';
import { isSameOrigin } from './same-origin.ts';
import { type CashierDeps, type PayRequest, type PayRoute, showPage, type Visit } from './show.ts';
import { pagePath, type Site, siteOf, textOf } from './site.ts';

const HAND_OUTS_PER_MINUTE = 30;
/** Far more than the payments of a minute; only tokens that opened a payment are counted. */
const TOKENS_MAX = 100_000;
const ORDERS_PER_MINUTE = 30;
const LOOKS_PER_MINUTE = 120;
const MINUTE_MS = 60_000;
const BODY_BYTES_MAX = 4_096;
/** A wallet's signed fields, which include its certificate. */
const BACK_BYTES_MAX = 65_536;
const ASSET_CACHE = 'public, max-age=31536000, immutable';
const EVENT_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'x-accel-buffering': 'no',
};

export function cashierPlugin(deps: CashierDeps): FastifyPluginAsync {
  return async (app) => {
    await app.register((scope) => addRoutes(scope, deps), { logSerializers: { req: pageOnly } });
  };
}

/** An address may hold the token or a payer's code: the log has only the route. */
function pageOnly(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions?.url ?? 'cashier'}`;
}

async function addRoutes(scope: FastifyInstance, deps: CashierDeps): Promise<void> {
  const site = siteOf(deps.config.publicUrl);
  const streams = eventStreams(deps.useCases);
  scope.removeAllContentTypeParsers();
  await scope.register(formbody, { bodyLimit: BODY_BYTES_MAX });
  await scope.register(rateLimit, { global: false });
  scope.setErrorHandler<FastifyError>(site.failed);
  scope.addHook('preClose', async () => streams.endAll());

  const starts = minuteBudget(CASHIER_STARTS.max);
  const asks = minuteBudget(CASHIER_STARTS.max);
  const on = (use: Use): Handler => opened(deps, site, use);
  for (const asset of Object.values(site.assets)) addAsset(scope, asset);
  scope.get('/pay/back/:intent', (request, reply) => cameBack(site, request, reply));
  scope.post('/pay/back/:intent', { bodyLimit: BACK_BYTES_MAX }, (request, reply) =>
    postedBack(request, reply.headers(site.headers)),
  );
  scope.get<PayRoute>('/pay/:pay_token', on(showPage));
  scope.get<PayRoute>(
    '/pay/:pay_token/events',
    on((visit) => streamEvents(visit, streams)),
  );
  scope.post<PayRoute>('/pay/:pay_token/attempts', async (request, reply) =>
    isOwnForm(request, deps.config.publicUrl)
      ? on(within(starts, startFromForm))(request, reply)
      : site.refused(request, reply),
  );
  scope.get<PayRoute>('/pay/:pay_token/payer', on(within(asks, askPayer)));
  // A redirect through a wallet does not bypass the limit.
  scope.get<PayRoute>('/pay/:pay_token/return', on(within(starts, payerCameBack)));
  const handOuts = minuteBudget(HAND_OUTS_PER_MINUTE);
  scope.get<HandOutRoute>('/pay/go/:hand_out', showHandOut(deps, site, handOuts));
  scope.all('/pay/*', site.notFound);
  addCodes(scope, deps, site);
}

/** Scanned addresses: the short one of a payment, and the printed one of a counter. */
function addCodes(scope: FastifyInstance, deps: CashierDeps, site: Site): void {
  const looks = { onRequest: scope.rateLimit({ max: LOOKS_PER_MINUTE, timeWindow: MINUTE_MS }) };
  // Buyers in a shop share its address: a limit for one person would block the queue.
  const orders = {
    onRequest: scope.rateLimit({
      max: ORDERS_PER_MINUTE,
      timeWindow: MINUTE_MS,
      keyGenerator: (request) => `${addressKey(request.ip)} ${pagePath(request)}`,
    }),
  };
  scope.get<{ Params: { code: string } }>('/q/:code', looks, async (request, reply) => {
    const payToken = await deps.useCases.openCode(request.params.code);
    if (payToken.ok) return reply.headers(site.headers).redirect(`/pay/${payToken.value}`, 303);
    return site.unopened(payToken.error)(request, reply);
  });
  const pay = atCounter(deps, site, payAtCounter);
  scope.get<CounterRoute>('/c/:counter', looks, atCounter(deps, site, showCounter));
  scope.post<CounterRoute>('/c/:counter', orders, async (request, reply) =>
    isOwnForm(request, deps.config.publicUrl) ? pay(request, reply) : site.refused(request, reply),
  );
  scope.all('/q/*', site.notFound);
  scope.all('/c/*', site.notFound);
}

function minuteBudget(max: number): Budget {
  return createBudget({ max, windowMs: MINUTE_MS, wall: wallClock, keysMax: TOKENS_MAX });
}

/**
 * Counted only once the token has opened its payment: invented tokens take up no memory, so they
 * cannot evict real ones. Attempts of the last minute recorded on the payment itself count as well,
 * in whichever process they were started; the start decides that once more, under its lock.
 */
function within(budget: Budget, use: Use): Use {
  return async (visit) => {
    const { site, request, reply, view, deps } = visit;
    const recent = recentStarts(view.payment, deps.clock.nowMs());
    const waitSeconds = budget.spend(request.params.pay_token);
    if (waitSeconds === 0 && recent < CASHIER_STARTS.max) return use(visit);
    reply.header('retry-after', waitSeconds === 0 ? MINUTE_MS / 1_000 : waitSeconds);
    return site.limited(request, reply);
  };
}

function addAsset(scope: FastifyInstance, asset: Asset): void {
  scope.get(asset.path, async (_, reply) =>
    reply
      .header('cache-control', ASSET_CACHE)
      .header('x-content-type-options', 'nosniff')
      .header('cross-origin-resource-policy', 'same-origin')
      .type(asset.contentType)
      .send(asset.body),
  );
}

type Handler = (request: PayRequest, reply: FastifyReply) => Promise<FastifyReply>;
type Use = (visit: Visit) => Promise<FastifyReply>;

function opened(deps: CashierDeps, site: Site, use: Use): Handler {
  return async (request, reply) => {
    const view = await deps.useCases.openCashier(request.params.pay_token);
    if (view.ok) {
      const path = must(pagePath(request), 'the route has a token');
      return use({ deps, site, view: view.value, path, request, reply });
    }
    return site.unopened(view.error)(request, reply);
  };
}

function isOwnForm(request: Pick<FastifyRequest, 'headers'>, publicUrl: string): boolean {
  const { origin, host } = request.headers;
  const secFetchSite = textOf(request.headers['sec-fetch-site']) ?? undefined;
  return isSameOrigin({ secFetchSite, origin, host, publicUrl });
}

async function streamEvents(visit: Visit, streams: EventStreams): Promise<FastifyReply> {
  const { site, request, reply } = visit;
  const payToken = request.params.pay_token;
  if (!streams.admits(payToken)) return site.limited(request, reply);
  reply.hijack();
  reply.raw.writeHead(200, { ...site.headers, ...EVENT_HEADERS });
  await streams.run({
    payToken,
    seenVersion: seenVersion(request),
    sink: {
      write: (text) => reply.raw.write(text),
      end: () => reply.raw.end(),
      // A browser that left while the payment was read is gone: no further event reports it.
      onClose: (listener) => (reply.raw.destroyed ? listener() : reply.raw.on('close', listener)),
    },
  });
  return reply;
}

/** The version the page was rendered from, or the last one that a reconnecting browser has seen. */
function seenVersion(request: PayRequest): number {
  const text = textOf(request.headers['last-event-id']) ?? textOf(request.query.v) ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : -1;
}
