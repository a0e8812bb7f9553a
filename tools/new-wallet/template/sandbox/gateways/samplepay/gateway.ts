/**
 * Sample Pay in the sandbox city: its signed calls, its cashier, and the buyer's side. Order of
 * checks: path, merchant, signature, fields, business. There is no bypass: every call is verified.
 */
import { sumFen } from '../../../src/kernel/money.ts';
import { err, ok, type Result } from '../../../src/kernel/result.ts';
import { whatOfCall } from '../../../src/wires/samplepay/canonical.ts';
import { HEADERS, openMessage } from '../../../src/wires/samplepay/message.ts';
import {
  API_PREFIX,
  CODES,
  ORDER_STATUS,
  PATHS,
  REFUND_STATUS,
  WALLET,
} from '../../../src/wires/samplepay/trade.ts';
import { gated } from '../../kit/gate.ts';
import { keysOf } from '../../kit/keys.ts';
import type {
  CityKit,
  ControlOrder,
  Gateway,
  Handled,
  Operation,
  WireRequest,
  WireResponse,
} from '../../kit/kit.ts';
import { answer, SERVER_ERROR } from './answers.ts';
import { registerCallbacks } from './callbacks.ts';
import { cashier } from './cashier-page.ts';
import { type Call, type Context, type Handler, type Refusal, takeFault } from './context.ts';
import { ENDPOINT } from './endpoint.ts';
import { explainRefusal } from './explain.ts';
import { isOpen, openOrderStore } from './order-store.ts';
import { CASHIER_PATH, close, create, query, reverse } from './orders.ts';
import { charge, openSamplepayCodes } from './payment-codes.ts';
import { pay, scan } from './phone.ts';
import type { OrderRecord } from './records.ts';
import { queryRefund, refund, settleRefund } from './refunds.ts';

interface Service {
  readonly operation: Operation;
  readonly handler: Handler;
}

const SERVICES: ReadonlyMap<string, Service> = new Map<string, Service>([
  [PATHS.order, { operation: 'create', handler: create }],
  [PATHS.charge, { operation: 'create', handler: charge }],
  [PATHS.query, { operation: 'query', handler: query }],
  [PATHS.close, { operation: 'close', handler: close }],
  [PATHS.reverse, { operation: 'close', handler: reverse }],
  [PATHS.refund, { operation: 'refund', handler: refund }],
  [PATHS.queryRefund, { operation: 'query_refund', handler: queryRefund }],
]);

export function openSamplepayGateway(kit: CityKit): Gateway {
  const codes = openSamplepayCodes(kit);
  const store = openOrderStore(kit, (refund) => settleRefund(context, refund));
  const context: Context = { kit, store, codes };
  registerCallbacks(context);
  return Object.freeze({
    wallet: WALLET,
    endpoint: ENDPOINT,
    owns: ({ path }) => path.startsWith(API_PREFIX) || path === CASHIER_PATH,
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
  if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' }, body: '' };
  const number = request.headers[HEADERS.merchant] ?? '';
  const service = SERVICES.get(request.path);
  if (service === undefined)
    return refusal(context, number, { code: CODES.pathUnknown, message: request.path }, 404);
  const call = openCall(context, request, number);
  if (!call.ok) return refusal(context, number, call.error, 401);
  return run(call.value, service);
}

function openCall(context: Context, request: WireRequest, number: string): Result<Call, Refusal> {
  const { kit, store } = context;
  const merchant = store.merchants.get(number);
  if (merchant === undefined)
    return err({ code: CODES.merchantUnknown, message: 'no such merchant' });
  const key = keysOf(kit).publicKey(merchant.publicKeyPem);
  const { headers, body, path } = request;
  const opened = openMessage(key, {
    what: whatOfCall(path),
    headers,
    body,
    nowMs: kit.wall.nowMs(),
  });
  if (opened.ok) return ok({ context, merchant, fields: opened.value });
  const flaw = opened.error;
  if (flaw === 'bad_signature') kit.explanations.add(explainRefusal(key, request));
  const isForm = flaw === 'not_fields' || flaw === 'too_long';
  const code = isForm ? CODES.fieldInvalid : CODES.signatureRefused;
  return err({ code, message: `the message is refused: ${flaw}` });
}

function run(call: Call, { operation, handler }: Service): Promise<Handled> {
  const { context, merchant } = call;
  return gated({
    operation,
    take: (kinds) => takeFault(call, operation, kinds),
    limited: () =>
      refusal(context, merchant.merchant, { code: CODES.rateLimited, message: 'too often' }, 429),
    run: () => handler(call),
    broken: () => SERVER_ERROR,
    seal: (answered, late) => {
      if (!answered.ok) return refusal(context, merchant.merchant, answered.error, 200);
      const fields = { ...answered.value, code: CODES.ok };
      return answer(context, {
        merchant: merchant.merchant,
        fields,
        isForged: late === 'signtest',
      });
    },
  });
}

function refusal(
  context: Context,
  merchant: string,
  { code, message }: Refusal,
  status: number,
): WireResponse {
  return answer(context, { merchant, fields: { code, message }, isForged: false, status });
}

function controlRow({ store }: Context, order: OrderRecord): ControlOrder {
  const { payment, amountFen } = order;
  const isReversed = order.status === ORDER_STATUS.reversed;
  const refunds = store.refunds
    .list('order', order.key)
    .filter(({ status }) => status === REFUND_STATUS.succeeded);
  const refundedFen = isReversed ? amountFen : sumFen(refunds.map((refund) => refund.amountFen));
  const paidState = refundedFen === amountFen ? 'refunded' : 'paid';
  const openState = isOpen(order) ? 'created' : 'closed';
  return {
    wallet: WALLET,
    orderNo: order.orderNo,
    combineOrderNo: null,
    transactionId: payment?.transactionId ?? null,
    merchant: order.subMerchant,
    amountFen,
    payerAmountFen: payment === null ? null : amountFen - payment.couponFen,
    refundedFen,
    state: payment === null ? openState : paidState,
    payerWallet: payment?.payerWallet ?? null,
    paidAtMs: payment?.paidMs ?? null,
  };
}
