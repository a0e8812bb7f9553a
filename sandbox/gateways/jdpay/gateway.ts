/**
 * JD Pay in the sandbox city: the XML and the form interface of the classic API V2.0, the cashier,
 * and the buyer's side (scan, pay, payment codes). All of its state is in the journal.
 */

import { sumFen } from '../../../src/kernel/money.ts';
import { PAYMENT_STATUS, REFUND_STATUS } from '../../../src/wires/jdpay/trade.ts';
import type { CityKit, ControlOrder, Gateway, Handled, WireRequest } from '../../kit/kit.ts';
import { RETRY_DELAYS_MS, registerCallbacks } from './callbacks.ts';
import { CASHIER_PATH, cashier } from './cashier-page.ts';
import type { Context } from './context.ts';
import { ENDPOINT, FORM_PATHS, SERVICE_PREFIX } from './endpoint.ts';
import { handleForm } from './endpoint-form.ts';
import { handleXml } from './endpoint-xml.ts';
import { openOrderStore } from './order-store.ts';
import { openJdpayCodes } from './payment-codes.ts';
import { pay, scan } from './phone.ts';
import type { OrderRecord } from './records.ts';
import { settleRefund } from './refunds.ts';

export interface JdpayGatewayOptions {
  /**
   * JD's schedule of notifications is not public: delays after the first delivery, which is
   * immediate.
   */
  readonly notifyRetryDelaysMs?: readonly number[];
}

export function openJdpayGateway(kit: CityKit, options: JdpayGatewayOptions = {}): Gateway {
  const codes = openJdpayCodes(kit);
  const store = openOrderStore(kit, (refund) => settleRefund(context, refund));
  const context: Context = { kit, store, codes };
  registerCallbacks(context, options.notifyRetryDelaysMs ?? RETRY_DELAYS_MS);
  return Object.freeze({
    wallet: 'jdpay',
    endpoint: ENDPOINT,
    owns: ({ path }) =>
      path.startsWith(SERVICE_PREFIX) || path === CASHIER_PATH || FORM_PATHS.has(path),
    handle: (request) => handle(context, request),
    scan: async (code) => scan(context, code),
    pay: async (request) => pay(context, request),
    showCode: codes.show,
    orders: () => [...store.orders.values()].map((order) => controlRow(context, order)),
    nextDueMs: store.due.nextDueMs,
    runDue: async (nowMs) => store.due.run(nowMs),
  } satisfies Gateway);
}

async function handle(context: Context, request: WireRequest): Promise<Handled> {
  if (request.path === CASHIER_PATH) return cashier(context, request);
  return FORM_PATHS.has(request.path) ? handleForm(context, request) : handleXml(context, request);
}

function controlRow(context: Context, order: OrderRecord): ControlOrder {
  const { payment, amountFen } = order;
  const refundedFen = refundDoneFen(context, order);
  const paidState = refundedFen === amountFen ? 'refunded' : 'paid';
  const isOver = order.status === PAYMENT_STATUS.closed || order.status === PAYMENT_STATUS.failed;
  return {
    wallet: 'jdpay',
    orderNo: order.tradeNum,
    combineOrderNo: null,
    // A payment is identified by the merchant's number; only uniorder's answer has JD's own.
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

function refundDoneFen(context: Context, order: OrderRecord): bigint {
  const done = context.store.refunds
    .list('order', order.key)
    .filter(({ status }) => status === REFUND_STATUS.succeeded);
  return sumFen(done.map(({ movedFen }) => movedFen));
}
