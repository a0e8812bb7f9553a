/**
 * `/c/{token}`: a merchant's printed code. The buyer types an amount and continues to the cashier
 * of an ordinary payment. A GET starts nothing, and a form is accepted only from our own page.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { COUNTER_VISIT, typedAmount } from '../core/merchant/counter.ts';
import type { CounterView } from '../flows/merchant/counters.ts';
import { deviceOf } from './device.ts';
import { readable } from './model.ts';
import { type CounterPage, counterClosedPage, counterPage } from './pages/counter.ts';
import type { CashierDeps } from './show.ts';
import { pagePath, type Site, textOf } from './site.ts';

export interface CounterRoute {
  Params: { counter: string };
  Querystring: Record<string, unknown>;
  Body: Record<string, unknown> | null | undefined;
}
type CounterRequest = FastifyRequest<CounterRoute>;

/** A request whose token belongs to a counter. */
export interface CounterVisit {
  readonly deps: CashierDeps;
  readonly site: Site;
  readonly view: CounterView;
  readonly request: CounterRequest;
  readonly reply: FastifyReply;
}

export function atCounter(
  deps: CashierDeps,
  site: Site,
  use: (visit: CounterVisit) => Promise<FastifyReply>,
): (request: CounterRequest, reply: FastifyReply) => Promise<FastifyReply> {
  return async (request, reply) => {
    const view = await deps.useCases.counters.open(request.params.counter);
    if (view.ok) return use({ deps, site, view: view.value, request, reply });
    return site.unopened(view.error)(request, reply);
  };
}

export async function showCounter(visit: CounterVisit): Promise<FastifyReply> {
  const { site, request, reply } = visit;
  if (visit.view.counter.status === 'disabled') return closed(visit, 200);
  const page = pageOf(visit, { typed: '', problem: null, visit: null });
  return site.send(request, reply, { status: 200, page: counterPage(page) });
}

/** Creates the order of this visit and amount, then redirects to its cashier. */
export async function payAtCounter(visit: CounterVisit): Promise<FastifyReply> {
  const { deps, site, view, request, reply } = visit;
  if (view.counter.status === 'disabled') return closed(visit, 409);
  const fields = request.body ?? {};
  const typed = textOf(fields.amount) ?? '';
  const given = textOf(fields.visit) ?? '';
  const isOwnVisit = COUNTER_VISIT.test(given);
  const amountFen = typedAmount(typed.slice(0, 40));
  if (!amountFen.ok || !isOwnVisit) {
    const problem = amountFen.ok ? 'order_changed' : amountFen.error;
    return again(visit, { typed, problem, visit: isOwnVisit ? given : null });
  }
  const made = await deps.useCases.counters.pay(view, {
    amountFen: amountFen.value,
    visit: given,
    device: deviceOf(request.headers['user-agent']),
    buyerIp: request.ip,
  });
  if (made.ok) {
    const payToken = deps.useCases.payTokenOf(made.value, 'buyer');
    // With a query the cashier never redirects to a wallet's host, which the CSP forbids after a
    // form post.
    return reply.headers(site.headers).redirect(`/pay/${payToken}?from=counter`, 303);
  }
  switch (made.error.code) {
    case 'merchant_order_no_conflict':
      // The shop was renamed between two submissions of one page: a new visit makes a new order.
      return again(visit, { typed, problem: 'order_changed', visit: null });
    case 'not_found':
      return closed(visit, 409);
    default:
      return site.busy(request, reply);
  }
}

type Filled = Pick<CounterPage, 'typed' | 'problem'> & { readonly visit: string | null };

function again(visit: CounterVisit, filled: Filled): FastifyReply {
  const { site, request, reply } = visit;
  return site.send(request, reply, { status: 422, page: counterPage(pageOf(visit, filled)) });
}

function closed({ site, view, request, reply }: CounterVisit, status: 200 | 409): FastifyReply {
  const page = counterClosedPage(site.context(request), namesOf(view));
  return site.send(request, reply, { status, page });
}

function pageOf({ deps, site, view, request }: CounterVisit, filled: Filled): CounterPage {
  const context = site.context(request);
  return {
    ...context,
    assets: {
      ...context.assets,
      script: site.assets.counterScript.path,
      moreStyle: site.assets.counterStyle.path,
    },
    path: pagePath(request) ?? '',
    ...namesOf(view),
    counterName: readable(view.counter.name),
    typed: readable(filled.typed).slice(0, 16),
    problem: filled.problem,
    visit: filled.visit ?? deps.useCases.counters.newVisit(),
  };
}

function namesOf({ marketplace, merchant }: CounterView): {
  readonly marketplaceName: string;
  readonly merchantName: string;
} {
  return {
    marketplaceName: readable(marketplace.displayName),
    merchantName: readable(merchant.name),
  };
}
