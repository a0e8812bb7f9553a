/** `GET /pay/{pay_token}`: the page for the payment's current status. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Offers } from '../core/offer/offer.ts';
import type { CashierView } from '../flows/payment/open-cashier.ts';
import type { UseCases } from '../flows/verbs.ts';
import type { Clock } from '../runtime/clock.ts';
import { deviceOf } from './device.ts';
import { contentSecurityPolicy } from './headers.ts';
import { canChoose, cashierModel, NOTICES, openAttempt } from './model.ts';
import { cashierPage } from './pages/cashier.ts';
import type { Site } from './site.ts';

/** All use cases that a cashier needs. */
export type CashierUseCases = Pick<
  UseCases,
  | 'openCashier'
  | 'listOffers'
  | 'startAttempt'
  | 'newId'
  | 'payTokenOf'
  | 'payerAuthorizeUrl'
  | 'exchangePayerCode'
  | 'waitForChange'
  | 'counters'
  | 'openCode'
  | 'handOut'
>;

export interface CashierDeps {
  readonly useCases: CashierUseCases;
  readonly config: { readonly publicUrl: string };
  readonly clock: Clock;
}

export interface PayRoute {
  Params: { pay_token: string };
  Querystring: Record<string, unknown>;
  Body: Record<string, unknown> | null | undefined;
}
export type PayRequest = FastifyRequest<PayRoute>;

/** A request whose token opened a payment. */
export interface Visit {
  readonly deps: CashierDeps;
  readonly site: Site;
  readonly view: CashierView;
  /** `/pay/{token}` */
  readonly path: string;
  readonly request: PayRequest;
  readonly reply: FastifyReply;
}

/** The attempt that this browser started: only then may a page open the wallet automatically. */
export const ATTEMPT_COOKIE = 'hutong_attempt';

export async function showPage(visit: Visit): Promise<FastifyReply> {
  const { deps, site, view, path, request, reply } = visit;
  const { useCases, clock, config } = deps;
  const { payment } = view;
  const { marketplace, id, shard } = payment.intent;
  const nowMs = clock.nowMs();
  const device = deviceOf(request.headers['user-agent']);
  const isOpen = canChoose(payment, nowMs);
  const offers = isOpen ? await useCases.listOffers(marketplace, id, device) : null;
  if (offers !== null && !offers.ok) return site.busy(request, reply);
  const way = offers === null ? null : onlyWay(visit, offers.value);
  if (way !== null) return reply.headers(site.headers).redirect(way, 303);
  const startedHere = site.cookie(request, ATTEMPT_COOKIE);
  const model = cashierModel({
    view,
    device,
    nowMs,
    offers: offers?.value ?? null,
    attemptIds: (offers?.value.offered ?? []).map(() => useCases.newId('payment_attempt', shard)),
    startedHere,
    friendUrl: isOpen ? `${config.publicUrl}/pay/${useCases.payTokenOf(payment, 'friend')}` : null,
    notice: NOTICES.find((notice) => notice === request.query.notice) ?? null,
  });
  const attempt = openAttempt({ view, startedHere });
  return site.send(request, reply, {
    status: 200,
    page: cashierPage({ ...site.context(request), path, model, attempt }),
    policy: contentSecurityPolicy(device, attempt?.action ?? null),
  });
}

/**
 * A buyer who opens a new payment inside the only wallet that can pay there has no choice to make:
 * the wallet is asked to identify the payer at once. Not if an attempt exists, since a choice would
 * close it, nor for a friend, who must first read who asks.
 */
function onlyWay(visit: Visit, offers: Offers): string | null {
  const { view, path, request } = visit;
  const [only, ...others] = offers.offered;
  const isFresh = view.kind === 'buyer' && view.payment.attempts.length === 0;
  if (only === undefined || others.length > 0 || !only.needsPayer || !isFresh) return null;
  // Redirected here with a notice: the buyer reads it, instead of being redirected in a circle.
  if (Object.keys(request.query).length > 0) return null;
  return `${path}/payer?wallet=${only.wallet}&product=${only.product}`;
}
