/**
 * Alipay in the sandbox city: both protocols, the cashier, the authorize page, and the buyer's side
 * (scan, pay). One object over the kit; all of its state is in the journal.
 */

import { GATEWAY_ERRORS } from '../../../src/wires/alipay/gateway-errors.ts';
import type {
  CityKit,
  ControlOrder,
  Gateway,
  Handled,
  WireRequest,
  WireResponse,
} from '../../kit/kit.ts';
import { CASHIER_PATH, cashierPage, errorPage } from './cashier-page.ts';
import { type Context, openContext } from './context.ts';
import { ENDPOINT, GATEWAY_PATH, V3_PREFIX } from './endpoint.ts';
import { handleV2 } from './endpoint-v2.ts';
import { handleV3 } from './endpoint-v3.ts';
import { authorize } from './oauth.ts';
import { pay, returnLocation, scan } from './phone.ts';
import { buyerPayFen, refundDoneFen, type TradeRecord } from './records.ts';

const AUTHORIZE_PATH = '/oauth2/publicAppAuthorize.htm';

export function openAlipayGateway(kit: CityKit): Gateway {
  const context = openContext(kit);
  return {
    wallet: 'alipay',
    endpoint: ENDPOINT,
    owns: ({ path }) =>
      path === GATEWAY_PATH ||
      path === AUTHORIZE_PATH ||
      path === CASHIER_PATH ||
      path.startsWith(V3_PREFIX),
    handle: (request) => handle(context, request),
    scan: (code) => scan(context, code),
    pay: (request) => pay(context, request),
    showCode: context.paymentCodes.show,
    orders: () => [...context.store.trades.values()].map(controlRow),
    nextDueMs: context.store.due.nextDueMs,
    runDue: async (nowMs) => context.store.due.run(nowMs),
  };
}

async function handle(context: Context, request: WireRequest): Promise<Handled> {
  if (request.path === GATEWAY_PATH) return handleV2(context, request);
  if (request.path === AUTHORIZE_PATH) return authorize(context, request);
  if (request.path === CASHIER_PATH) return cashier(context, request);
  return handleV3(context, request);
}

/** The open cashier, reloaded: still to pay, or back to the merchant. */
async function cashier(context: Context, request: WireRequest): Promise<WireResponse> {
  const id = new URLSearchParams(request.queryText).get('id') ?? '';
  const checkout = context.checkouts.find(id);
  if (checkout === undefined) return errorPage(GATEWAY_ERRORS.invalidParameter);
  const location = await returnLocation(context, checkout);
  return location === undefined
    ? cashierPage(context, checkout)
    : { status: 302, headers: { location, 'cache-control': 'no-store' }, body: '' };
}

function controlRow(trade: TradeRecord): ControlOrder {
  const { order, payment } = trade;
  const refundedFen = refundDoneFen(trade);
  const paidState = refundedFen === order.totalFen ? 'refunded' : 'paid';
  const openState = trade.status === 'TRADE_CLOSED' ? 'closed' : 'created';
  return {
    wallet: 'alipay',
    orderNo: order.outTradeNo,
    combineOrderNo: order.outMergeNo,
    transactionId: trade.tradeNo,
    merchant: order.smid ?? order.pid,
    amountFen: order.totalFen,
    payerAmountFen: payment === null ? null : buyerPayFen(trade),
    refundedFen,
    state: payment === null ? openState : paidState,
    payerWallet: payment?.payerWallet ?? null,
    paidAtMs: payment?.paidAtMs ?? null,
  };
}
