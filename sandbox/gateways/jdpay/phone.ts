/**
 * The buyer's side: what the JD app reads from a code, a cashier URL or a form, and what paying
 * does. Paying is one synchronous change.
 */
import { present } from '../../../src/kernel/assert.ts';
import type { FormFields } from '../../../src/wires/jdpay/form.ts';
import { PATHS, PAYMENT_STATUS } from '../../../src/wires/jdpay/trade.ts';
import type { PayRequest, Scanned } from '../../kit/kit.ts';
import { CASHIER_PATH, cashierOrder } from './cashier-page.ts';
import type { Context } from './context.ts';
import { openPosted } from './endpoint-form.ts';
import { isOpen } from './order-store.ts';
import { bookPayment, createOnline, freshOrder, move } from './orders.ts';
import type { OrderRecord } from './records.ts';

export function scan(
  context: Context,
  code: string | Readonly<Record<string, unknown>>,
): Scanned | undefined {
  if (typeof code !== 'string') return scanForm(context, code);
  const text = code.trim();
  const token = /^https:\/\/h5pay\.jd\.com\/code\?c=([0-9a-z]{14})$/.exec(text)?.[1];
  if (token !== undefined) return scanned(context, context.store.orderByCode(token), null);
  if (/^18\d{16}$/.test(text)) return scanCharge(context, text);
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.pathname !== CASHIER_PATH) return undefined;
  return scanned(context, cashierOrder(context, url.search.slice(1)), text);
}

/** The app's own code is scanned again once a merchant has charged it. */
function scanCharge(context: Context, token: string): Scanned | undefined {
  const orderKey = context.codes.orderOf(token);
  return orderKey === undefined
    ? undefined
    : scanned(context, context.store.orderByKey(orderKey), null);
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
  const order = createOnline(opened.value, 'saveOrder');
  return order.ok ? scanned(context, order.value, null) : undefined;
}

/** Between an order's key and the page to return to; neither contains a blank. */
const RETURN_MARK = ' ';

function scanned(
  context: Context,
  known: OrderRecord | undefined,
  cashierUrl: string | null,
): Scanned | undefined {
  const order = known === undefined ? undefined : freshOrder(context, known.key);
  if (order === undefined) return undefined;
  return {
    wallet: 'jdpay',
    ref: cashierUrl === null ? order.key : `${order.key}${RETURN_MARK}${cashierUrl}`,
    payee: present(context.store.merchants.get(order.merchant), 'the merchant').name,
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

export function pay(
  context: Context,
  request: PayRequest,
): { readonly status: string; readonly returnUrl?: string } {
  const [key = '', returnUrl] = request.ref.split(RETURN_MARK);
  // The cashier page redirects the browser by a form that it posts.
  const back = returnUrl === undefined ? {} : { returnUrl };
  const order = freshOrder(context, key);
  if (order === undefined) return { status: 'not_found' };
  if (!isOpen(order)) {
    const isPaid = order.status === PAYMENT_STATUS.succeeded;
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
      const { platformFen, merchantFen } = request.coupon;
      const paidMs = context.kit.clock.nowMs();
      const couponFen = platformFen + merchantFen;
      bookPayment(context, order, { paidMs, payerWallet: request.payerWallet, couponFen });
      return { status: 'paid', ...back };
    }
  }
}

/** A code or a page allows another try; an unconfirmed charge is over. */
function refuseCharge(context: Context, order: OrderRecord): void {
  if (order.service === 'payment_code') move(context, order, PAYMENT_STATUS.failed);
}
