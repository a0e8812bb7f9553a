/**
 * `/pay/go/{token}`: the wallet's form of one attempt, created at the click. The token is part of
 * `next_action`, so whoever pays may hold it: the page shows payee and amount and nothing else of
 * the payment. If no form is available any more, it says why (410), and links back to the cashier
 * only in the browser that came from there.
 */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HandOut } from '../flows/payment/hand-out.ts';
import type { Budget } from '../http/budget.ts';
import { deviceOf } from './device.ts';
import { contentSecurityPolicy } from './headers.ts';
import { readable } from './model.ts';
import { handOutOverPage, handOutPage } from './pages/hand-out.ts';
import type { CashierDeps } from './show.ts';
import type { Site } from './site.ts';

export interface HandOutRoute {
  Params: { hand_out: string };
}

export function showHandOut(
  deps: CashierDeps,
  site: Site,
  budget: Budget,
): (request: FastifyRequest<HandOutRoute>, reply: FastifyReply) => Promise<FastifyReply> {
  return async (request, reply) => {
    const spent = budget.secondsLeft(request.params.hand_out);
    if (spent > 0) return site.limited(request, reply.header('retry-after', spent));
    const handed = await deps.useCases.handOut(request.params.hand_out, request.ip);
    if (!handed.ok) return site.unopened(handed.error)(request, reply);
    const { value } = handed;
    // Counted only once the token is valid: invented tokens take up no memory.
    budget.spend(request.params.hand_out);
    const context = site.context(request);
    const facts = {
      marketplaceName: readable(value.marketplace.displayName),
      wallet: value.wallet,
      amountFen: value.amountFen,
    };
    if (value.form === null) {
      const backPath = `/pay/back/${bodyOf(value)}`;
      const page = handOutOverPage(context, { ...facts, refusal: value.refusal, backPath });
      return site.send(request, reply, { status: 410, page });
    }
    return site.send(request, reply, {
      status: 200,
      page: handOutPage(context, { ...facts, form: value.form }),
      policy: contentSecurityPolicy(deviceOf(request.headers['user-agent']), value.form),
    });
  };
}

function bodyOf({ intent }: HandOut): string {
  return intent.slice(intent.indexOf('_') + 1);
}
