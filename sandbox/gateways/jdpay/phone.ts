/**
 * The buyer's side: what the JD app reads from a code, a cashier URL or a form, and what paying
 * does. Paying is one synchronous change.
 */
import { must } from '../../../src/kernel/assert.ts';
import type { FormFields } from '../../../src/wires/jdpay/form.ts';
import { PATHS, PAYMENT_STATUS } from '../../../src/wires/jdpay/trade.ts';
import { payOrder, readScanRef, scanRef } from '../../kit/buyer.ts';
import type { PayAnswer, PayRequest, Scanned } from '../../kit/kit.ts';
import { CASHIER_PATH, cashierOrder } from './cashier-page.ts';
import type { Context } from './context.ts';
import { createPosted, openPosted } from './endpoint-form.ts';
import { isOpen } from './order-store.ts';
import { bookPayment, move } from './orders.ts';
import type { OrderRecord } from './records.ts';

export function scan(
  context: Context,
  code: string | Readonly<Record<string, unknown>>,
): Scanned | undefined {
  if (typeof code !== 'string') return scanForm(context, code);
  const text = code.trim();
  const token = /^https:\/\/h5pay\.jd\.com\/code\?c=([0-9a-z]{14})$/.exec(text)?.[1];
  if (token !== undefined) return scanned(context, context.store.orders.find('code', token), null);
  if (/^18\d{16}$/.test(text)) return scanCharge(context, text);
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.pathname !== CASHIER_PATH) return undefined;
  return scanned(context, cashierOrder(context, url.search.slice(1)), text);
}

/** The app's own code is scanned again once a merchant has charged it. */
function scanCharge(context: Context, token: string): Scanned | undefined {
  const orderKey = context.codes.orderOf(token);
  return scanned(context, context.store.orders.get(orderKey ?? ''), null);
}

/** `{action, fields}`: what the browser would post, verified as at the endpoint. */
function scanForm(context: Context, form: Readonly<Record<string, unknown>>): Scanned | undefined {
  const { action, fields } = form;
  if (typeof action !== 'string' || !URL.canParse(action)) return undefined;
  const path = new URL(action).pathname;
  if (path !== PATHS.saveOrder && path !== PATHS.customerPay) return undefined;
  if (typeof fields !== 'object' || fields === null) return undefined;
  const posted: FormFields = Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => {
      return typeof field[1] === 'string';
    }),
  );
  const opened = openPosted(context, 'the form', posted);
  if (!opened.ok) return undefined;
  const order = createPosted(opened.value);
  return order.ok ? scanned(context, order.value, null) : undefined;
}

function scanned(
  context: Context,
  order: OrderRecord | undefined,
  cashierUrl: string | null,
): Scanned | undefined {
  if (order === undefined) return undefined;
  return {
    wallet: 'jdpay',
    ref: scanRef(order.key, cashierUrl),
    payee: must(context.store.merchants.get(order.merchant), 'the merchant').name,
    amountFen: order.amountFen,
    currency: 'CNY',
    state: stateOf(context, order),
  };
}

function stateOf(context: Context, order: OrderRecord): Scanned['state'] {
  if (order.status === PAYMENT_STATUS.succeeded) return 'paid';
  if (isOpen(order)) return 'payable';
  return context.kit.clock.nowMs() >= order.expiresMs ? 'expired' : 'closed';
}

export function pay(context: Context, request: PayRequest): PayAnswer {
  // The cashier page redirects the browser by a form that it posts.
  const { key, ...back } = readScanRef(request.ref);
  const order = context.store.orders.get(key);
  if (order === undefined) return { status: 'not_found' };
  const { payerWallet, coupon } = request;
  const couponFen = coupon.platformFen + coupon.merchantFen;
  const status = payOrder(request, {
    isPaid: order.status === PAYMENT_STATUS.succeeded,
    isOpen: isOpen(order),
    book: () =>
      bookPayment(context, order, { paidMs: context.kit.clock.nowMs(), payerWallet, couponFen }),
    refuse: () => refuseCharge(context, order),
  });
  return { status, ...back };
}

/** A code or a page allows another try; an unconfirmed charge is over. */
function refuseCharge(context: Context, order: OrderRecord): void {
  if (order.service === 'payment_code') move(context, order, PAYMENT_STATUS.failed);
}
