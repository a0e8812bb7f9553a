/**
 * JD Pay in the sandbox city: the XML and the form interface of the classic API V2.0, the cashier,
 * and the buyer's side (scan, pay, payment codes). Everything it knows lies in the journal.
 */

import { PAYMENT_STATUS, REFUND_STATUS } from '../../../src/wires/jdpay/trade.ts';
import type { CityKit, ControlOrder, Gateway, WireRequest } from '../../kit/kit.ts';
import { openPaymentCodes } from '../../kit/payment-codes.ts';
import { RETRY_DELAYS_MS, registerCallbacks } from './callbacks.ts';
import { CASHIER_PATH, cashier } from './cashier-page.ts';
import type { Desk } from './context.ts';
import { DOOR, FORM_PATHS, SERVICE_PREFIX } from './endpoint.ts';
import { handleForm } from './endpoint-form.ts';
import { type Handled, handleXml } from './endpoint-xml.ts';
import { openKeyCabinet } from './identity.ts';
import { paymentCode } from './numbers.ts';
import { openBooks } from './order-store.ts';
import { freshOrder, runOut } from './orders.ts';
import { pay, scan } from './phone.ts';
import type { OrderRecord } from './records.ts';
import { settleRefund } from './refunds.ts';

export interface JdpayGatewayOptions {
  /** JD's schedule of notifications is not public: delays after the first, which is at once. */
  readonly notifyRetryDelaysMs?: readonly number[];
}

export function openJdpayGateway(kit: CityKit, options: JdpayGatewayOptions = {}): Gateway {
  const codes = openPaymentCodes(kit, {
    collection: 'jdpay.payment_codes',
    draw: () => paymentCode(kit.random),
  });
  const desk: Desk = { kit, books: openBooks(kit), codes, keys: openKeyCabinet(kit) };
  registerCallbacks(desk, options.notifyRetryDelaysMs ?? RETRY_DELAYS_MS);
  return Object.freeze({
    wallet: 'jdpay',
    door: DOOR,
    owns: ({ path }) =>
      path.startsWith(SERVICE_PREFIX) || path === CASHIER_PATH || FORM_PATHS.has(path),
    handle: (request) => handle(desk, request),
    scan: async (code) => scan(desk, code),
    pay: async (request) => pay(desk, request),
    showCode: codes.show,
    orders: () => [...desk.books.orders()].map((order) => controlRow(desk, order)),
    nextDueMs: () => desk.books.nextDueMs(),
    runDue: async (nowMs) => runDue(desk, nowMs),
  } satisfies Gateway);
}

async function handle(desk: Desk, request: WireRequest): Promise<Handled> {
  if (request.path === CASHIER_PATH) return cashier(desk, request);
  return FORM_PATHS.has(request.path) ? handleForm(desk, request) : handleXml(desk, request);
}

function runDue(desk: Desk, nowMs: number): void {
  for (let due = desk.books.takeDue(nowMs); due !== undefined; due = desk.books.takeDue(nowMs)) {
    if ('order' in due) runOut(desk, due.order);
    else settleRefund(desk, due.refund);
  }
}

function controlRow(desk: Desk, stored: OrderRecord): ControlOrder {
  const order = freshOrder(desk, stored.key) ?? stored;
  const { payment, amountFen } = order;
  const refundedFen = refundDoneFen(desk, order);
  const paidState = refundedFen === amountFen ? 'refunded' : 'paid';
  const isOver = order.status === PAYMENT_STATUS.closed || order.status === PAYMENT_STATUS.failed;
  return {
    wallet: 'jdpay',
    orderNo: order.tradeNum,
    combineOrderNo: null,
    // A payment is known by the merchant's number; JD's own stands in the answer to uniorder only.
    transactionId: payment === null ? null : order.tradeNum,
    merchant: order.merchant,
    amountFen,
    payerAmountFen: payment === null ? null : amountFen - payment.couponFen,
    refundedFen,
    state: payment !== null ? paidState : isOver ? 'closed' : 'created',
    payerWallet: payment?.payerWallet ?? null,
    paidAtMs: payment?.paidMs ?? null,
  };
}

function refundDoneFen(desk: Desk, order: OrderRecord): bigint {
  let fen = 0n;
  for (const refund of desk.books.refundsOf(order)) {
    if (refund.status === REFUND_STATUS.succeeded) fen += refund.movedFen;
  }
  return fen;
}
