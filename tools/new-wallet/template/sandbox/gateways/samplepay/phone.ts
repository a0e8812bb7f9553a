/**
 * The buyer's side: what the app reads from a code or a page, and what paying does. Paying is one
 * synchronous change.
 */
import { must } from '../../../src/kernel/assert.ts';
import { ORDER_STATUS, WALLET } from '../../../src/wires/samplepay/trade.ts';
import { payOrder } from '../../kit/buyer.ts';
import type { PayAnswer, PayRequest, Scanned } from '../../kit/kit.ts';
import type { Context } from './context.ts';
import { isOpen } from './order-store.ts';
import { bookPayment, CASHIER_PATH, CODE_ORIGIN, move } from './orders.ts';
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
    return scanned(context, context.store.orders.get(context.codes.orderOf(text) ?? ''));
  }
  const token = tokenOf(text);
  return token === undefined
    ? undefined
    : scanned(context, context.store.orders.find('token', token));
}

function tokenOf(text: string): string | undefined {
  if (text.startsWith(CODE_ORIGIN)) return text.slice(CODE_ORIGIN.length);
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.pathname === CASHIER_PATH ? (url.searchParams.get('token') ?? undefined) : undefined;
}

function scanned(context: Context, order: OrderRecord | undefined): Scanned | undefined {
  if (order === undefined) return undefined;
  return {
    wallet: WALLET,
    ref: order.key,
    payee: must(context.store.merchants.get(order.merchant), 'the merchant').name,
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

export function pay(context: Context, request: PayRequest): PayAnswer {
  const order = context.store.orders.get(request.ref);
  if (order === undefined) return { status: 'not_found' };
  const { payerWallet, coupon } = request;
  const couponFen = coupon.platformFen + coupon.merchantFen;
  const status = payOrder(request, {
    isPaid: order.status === ORDER_STATUS.paid,
    isOpen: isOpen(order),
    book: () => bookPayment(context, order, { payerWallet, couponFen }),
    refuse: () => refuseCharge(context, order),
  });
  return order.returnUrl === null ? { status } : { status, returnUrl: order.returnUrl };
}

/** A code or a page allows another try; an unconfirmed charge is over. */
function refuseCharge(context: Context, order: OrderRecord): void {
  if (order.isCharge) move(context, order, ORDER_STATUS.failed);
}
