/**
 * The buyer's side: what the app reads from a code or a page, and what paying does. Paying is one
 * synchronous change.
 */
import { present } from '../../../src/kernel/assert.ts';
import { ORDER_STATUS, WALLET } from '../../../src/wires/samplepay/trade.ts';
import type { PayRequest, Scanned } from '../../kit/kit.ts';
import type { Context } from './context.ts';
import { isOpen } from './order-store.ts';
import { bookPayment, CASHIER_PATH, CODE_ORIGIN, freshOrder, move } from './orders.ts';
import { PAYMENT_CODE } from './payment-codes.ts';
import type { OrderRecord } from './records.ts';

export function scan(
  context: Context,
  code: string | Readonly<Record<string, unknown>>,
): Scanned | undefined {
  if (typeof code !== 'string') return undefined;
  const text = code.trim();
  if (PAYMENT_CODE.test(text)) {
    // The app's own code is scanned again once a merchant has charged it.
    return scanned(context, context.store.order(context.codes.orderOf(text) ?? ''));
  }
  const token = tokenOf(text);
  return token === undefined ? undefined : scanned(context, context.store.orderByToken(token));
}

function tokenOf(text: string): string | undefined {
  if (text.startsWith(CODE_ORIGIN)) return text.slice(CODE_ORIGIN.length);
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.pathname === CASHIER_PATH ? (url.searchParams.get('token') ?? undefined) : undefined;
}

function scanned(context: Context, known: OrderRecord | undefined): Scanned | undefined {
  const order = known === undefined ? undefined : freshOrder(context, known.key);
  if (order === undefined) return undefined;
  return {
    wallet: WALLET,
    ref: order.key,
    payee: present(context.store.merchants.get(order.merchant), 'the merchant').name,
    amountFen: order.amountFen,
    currency: 'CNY',
    state: stateOf(context, order),
  };
}

function stateOf(context: Context, order: OrderRecord): Scanned['state'] {
  if (order.status === ORDER_STATUS.paid) return 'paid';
  if (isOpen(order)) return 'payable';
  return context.kit.clock.nowMs() >= order.expiresMs ? 'expired' : 'closed';
}

export function pay(
  context: Context,
  request: PayRequest,
): { readonly status: string; readonly returnUrl?: string } {
  const order = freshOrder(context, request.ref);
  if (order === undefined) return { status: 'not_found' };
  const back = order.returnUrl === null ? {} : { returnUrl: order.returnUrl };
  if (!isOpen(order)) {
    const isPaid = order.status === ORDER_STATUS.paid;
    return { status: isPaid ? 'already_paid' : 'closed', ...back };
  }
  switch (request.outcome) {
    case 'cancel':
      refuseCharge(context, order);
      return { status: 'canceled', ...back };
    case 'insufficient_funds':
      refuseCharge(context, order);
      return { status: 'insufficient_funds', ...back };
    case 'success': {
      const { payerWallet, coupon } = request;
      const couponFen = coupon.platformFen + coupon.merchantFen;
      bookPayment(context, order, { payerWallet, couponFen });
      return { status: 'paid', ...back };
    }
  }
}

/** A code or a page allows another try; an unconfirmed charge is over. */
function refuseCharge(context: Context, order: OrderRecord): void {
  if (order.isCharge) move(context, order, ORDER_STATUS.failed);
}
