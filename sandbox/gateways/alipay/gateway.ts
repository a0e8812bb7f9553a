/**
 * Alipay in the sandbox city: both protocols, the cashier, the authorize page, and the buyer's side
 * (scan, pay). One object over the kit; everything it knows lies in the journal.
 */

import { GATEWAY_ERRORS } from '../../../src/wires/alipay/gateway-errors.ts';
import type { CityKit, ControlOrder, Gateway, WireRequest, WireResponse } from '../../kit/kit.ts';
import { pay, returnLocation } from './buyer.ts';
import { CASHIER_PATH, cashierPage, errorPage } from './cashier-page.ts';
import { type AlipayCity, openCity } from './context.ts';
import { DOOR, GATEWAY_PATH, V3_PREFIX } from './endpoint.ts';
import { handleV2, type Outcome } from './endpoint-v2.ts';
import { handleV3 } from './endpoint-v3.ts';
import { authorize } from './oauth.ts';
import { scan } from './phone.ts';
import { buyerPayFen, refundDoneFen, type TradeRecord } from './records.ts';

const AUTHORIZE_PATH = '/oauth2/publicAppAuthorize.htm';

export function openAlipayGateway(kit: CityKit): Gateway {
  const city = openCity(kit);
  return {
    wallet: 'alipay',
    door: DOOR,
    owns: ({ path }) =>
      path === GATEWAY_PATH ||
      path === AUTHORIZE_PATH ||
      path === CASHIER_PATH ||
      path.startsWith(V3_PREFIX),
    handle: (request) => handle(city, request),
    scan: (code) => scan(city, code),
    pay: (request) => pay(city, request),
    showCode: () => city.paymentCodes.show(),
    orders: () => controlOrders(city),
    nextDueMs: () => city.book.nextDueMs(),
    runDue: async (nowMs) => {
      for (const event of city.book.runDue(nowMs)) {
        if (event.kind === 'refunded') city.callbacks.tell('refund', event.trade, event.refund);
        else city.callbacks.tell('payment', event.trade);
      }
    },
  };
}

async function handle(city: AlipayCity, request: WireRequest): Promise<Outcome> {
  if (request.path === GATEWAY_PATH) return handleV2(city, request);
  if (request.path === AUTHORIZE_PATH) return authorize(city, request);
  if (request.path === CASHIER_PATH) return cashier(city, request);
  return handleV3(city, request);
}

/** The open cashier, reloaded: still to pay, or back to the merchant. */
async function cashier(city: AlipayCity, request: WireRequest): Promise<WireResponse> {
  const id = new URLSearchParams(request.queryText).get('id') ?? '';
  const checkout = city.checkouts.find(id);
  if (checkout === undefined) return errorPage(GATEWAY_ERRORS.invalidParameter);
  const location = await returnLocation(city, checkout);
  if (location !== undefined) {
    return { status: 302, headers: { location, 'cache-control': 'no-store' }, body: '' };
  }
  const headers = { 'content-type': 'text/html;charset=utf-8', 'cache-control': 'no-store' };
  return { status: 200, headers, body: cashierPage(city, checkout) };
}

function controlOrders(city: AlipayCity): ControlOrder[] {
  return [...city.book.all()].map((trade) => {
    const { order, payment } = trade;
    return {
      wallet: 'alipay',
      orderNo: order.outTradeNo,
      combineOrderNo: order.outMergeNo,
      transactionId: trade.tradeNo,
      merchant: order.smid ?? order.pid,
      amountFen: order.totalFen,
      payerAmountFen: payment === null ? null : buyerPayFen(trade),
      refundedFen: refundDoneFen(trade),
      state: controlState(city, trade),
      payerWallet: payment?.payerWallet ?? null,
      paidAtMs: payment?.paidAtMs ?? null,
    };
  });
}

function controlState(city: AlipayCity, trade: TradeRecord): ControlOrder['state'] {
  if (trade.payment !== null) {
    return refundDoneFen(trade) === trade.order.totalFen ? 'refunded' : 'paid';
  }
  const isOver = city.kit.clock.nowMs() >= trade.order.expiresAtMs;
  return trade.status === 'TRADE_CLOSED' || isOver ? 'closed' : 'created';
}
