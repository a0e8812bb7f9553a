/**
 * The UnionPay gateway of the sandbox city: ACP 5.1.0 as the wallet implements it. Order of checks:
 * path, method, form, version, merchant, certId, signature, fields, permissions, business. There is
 * no bypass: a server's call and a browser's form are verified alike.
 */

import { parseForm } from '../../../src/wires/unionpay/form.ts';
import { PATHS, PURCHASES, TXN } from '../../../src/wires/unionpay/trade.ts';
import { randomDigits } from '../../kit/digits.ts';
import { gated } from '../../kit/gate.ts';
import type {
  CityKit,
  ControlOrder,
  FaultName,
  FaultPoint,
  Gateway,
  Handled,
  Operation,
  WireRequest,
  WireResponse,
} from '../../kit/kit.ts';
import { openPaymentCodes } from '../../kit/payment-codes.ts';
import { BROKEN_500, replyTo } from './answers.ts';
import { authenticate } from './authenticate.ts';
import {
  distort,
  merchantsIn,
  notifyReturned,
  registerCallbacks,
  takeDistortion,
} from './callbacks.ts';
import { CASHIER_PATH, cashierPage, cashierUrl, errorPage } from './cashier-page.ts';
import { type Answer, type Call, type Context, type Handler, keyOf, refusal } from './context.ts';
import { API_PREFIX, ENDPOINT } from './endpoint.ts';
import { keyUpdate } from './key-update.ts';
import { openOrderStore } from './order-store.ts';
import { applyCode, applyTn, openFront } from './orders.ts';
import { chargeCode, consumerCode } from './payment-codes.ts';
import { pay, payeeName, scan } from './phone.ts';
import { openQueryMeter, query } from './queries.ts';
import type { PurchaseRecord } from './records.ts';
import { refund, reverse, undo } from './refunds.ts';
import { chargeTap, tap } from './taps.ts';

const NOT_FOUND: WireResponse = { status: 404, headers: {}, body: '' };
const WRONG_METHOD: WireResponse = { status: 405, headers: { allow: 'POST' }, body: '' };

export function openUnionpayGateway(kit: CityKit): Gateway {
  const codes = openPaymentCodes(kit, {
    collection: 'unionpay.payment_codes',
    draw: () => randomDigits(kit.random, 17, '62'),
  });
  const store = openOrderStore(kit, (returned) =>
    notifyReturned(context, store.returns.put({ ...returned, dueMs: null })),
  );
  const context: Context = { kit, store, codes, meter: openQueryMeter(kit) };
  registerCallbacks(context);
  return Object.freeze({
    wallet: 'unionpay',
    endpoint: ENDPOINT,
    owns: ({ path }) => path.startsWith(API_PREFIX) || path === CASHIER_PATH,
    handle: (request) => handle(context, request),
    scan: (code) => scan(context, code),
    pay: async (request) => pay(context, request),
    showCode: context.codes.show,
    showConsumerCode: consumerCode,
    tap: (request) => tap(context, request),
    orders: () => [...store.purchases.values()].map(controlRow),
    nextDueMs: store.due.nextDueMs,
    runDue: async (nowMs) => store.due.run(nowMs),
  } satisfies Gateway);
}

const API_PATHS: ReadonlySet<string> = new Set(Object.values(PATHS));

async function handle(context: Context, request: WireRequest): Promise<Handled> {
  if (request.path === CASHIER_PATH) return showCashier(context, request);
  if (!API_PATHS.has(request.path)) return NOT_FOUND;
  if (request.method !== 'POST') return WRONG_METHOD;
  const isFront = request.path === PATHS.front;
  const form = parseForm(request.body);
  if (!form.ok) {
    const answer = refusal('10', `form ${form.error.kind}`);
    const unverified = {
      merchant: undefined,
      format: { encoding: 'UTF-8', signMethod: '01' as const },
      fields: new Map<string, string>(),
    };
    return isFront ? errorPage(answer) : replyTo(context, unverified, answer);
  }
  const what = `${request.path.split('/').at(-1) ?? ''} of order ${form.value.fields.get('orderId') ?? ''}`;
  const call = await authenticate(context, { ...form.value, what });
  if (!call.ok) {
    const { unverified, answer } = call.error;
    return isFront ? errorPage(answer) : replyTo(context, unverified, answer);
  }
  return isFront ? front(call.value) : answerCall(call.value, request.path);
}

async function showCashier(context: Context, request: WireRequest): Promise<WireResponse> {
  const number = new URLSearchParams(request.queryText).get('transNumber') ?? '';
  const purchase = context.store.purchases.find('code', number);
  if (purchase === undefined) return errorPage({ respCode: '34' });
  return cashierPage(context, purchase, payeeName(context, purchase));
}

function front(call: Call): Promise<Handled> {
  return gated({
    operation: 'create',
    take: (kinds) => takeFault(call, 'create', kinds),
    limited: () => errorPage({ respCode: '06' }),
    run: () =>
      call.fields.get('txnType') === TXN.purchase ? openFront(call) : refusal('32', 'txnType'),
    late: (opened) => ('respCode' in opened ? [] : ['answer_lost', 'server_error']),
    broken: () => BROKEN_500,
    seal: (opened) => {
      if ('respCode' in opened) return errorPage(opened);
      const location = cashierUrl(call.context.kit, opened.purchase);
      return { status: 302, headers: { location }, body: '' };
    },
  });
}

interface Route {
  readonly operation: Operation;
  readonly run: Handler;
}

const isStuck = (call: Call, operation: Operation): boolean =>
  takeFault(call, operation, ['refund_stuck']) !== undefined;

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  [`${PATHS.app} ${TXN.purchase}`, { operation: 'create', run: applyTn }],
  [`${PATHS.back} ${TXN.purchase}`, { operation: 'create', run: purchase }],
  [`${PATHS.back} ${TXN.keyUpdate}`, { operation: 'certificates', run: keyUpdate }],
  [`${PATHS.query} ${TXN.query}`, { operation: 'query', run: query }],
  [
    `${PATHS.back} ${TXN.refund}`,
    { operation: 'refund', run: (call) => refund(call, isStuck(call, 'refund')) },
  ],
  [
    `${PATHS.back} ${TXN.undo}`,
    { operation: 'close', run: (call) => undo(call, isStuck(call, 'close')) },
  ],
  [
    `${PATHS.back} ${TXN.reversal}`,
    { operation: 'close', run: (call) => reverse(call, isStuck(call, 'close')) },
  ],
]);

/** Chooses among the three that share a path: by sub type, and a tap by its card data. */
function purchase(call: Call): Answer {
  if (call.fields.has('cardTransData')) return chargeTap(call);
  if (call.fields.get('txnSubType') !== PURCHASES.bar.sub) return applyCode(call);
  return chargeCode(call, takeFault(call, 'create', ['userpaying']) !== undefined);
}

async function answerCall(call: Call, path: string): Promise<Handled> {
  const { context } = call;
  const txnType = call.fields.get('txnType') ?? '';
  const route = ROUTES.get(`${path} ${txnType}`);
  if (route === undefined) {
    const why = `txnType ${txnType} 不在此地址受理`;
    return replyTo(context, call, refusal(txnType === '' ? '13' : '32', why));
  }
  const isQuery = route.operation === 'query';
  const isOfRefund = isQuery && context.store.returns.get(keyOf(call)) !== undefined;
  const operation = isOfRefund ? 'query_refund' : route.operation;
  return gated({
    operation,
    take: (kinds) => takeFault(call, operation, kinds),
    limited: () => replyTo(context, call, { respCode: isQuery ? '37' : '06' }),
    run: () => route.run(call),
    late: () => ['answer_lost', 'server_error', 'signtest', 'key_rotated'],
    broken: () => BROKEN_500,
    seal: (answer, late) => {
      const flaw = late === 'signtest' || late === 'key_rotated' ? late : undefined;
      return replyTo(context, call, operation === 'query' ? distorted(call, answer) : answer, flaw);
    },
  });
}

function distorted(call: Call, answer: Answer): Answer {
  const purchase = call.context.store.purchases.get(keyOf(call));
  if (purchase?.state !== 'paid' || answer.fields === undefined) return answer;
  const fault = takeDistortion(call.context, purchase, 'query');
  return { ...answer, fields: distort(call.context, answer.fields, fault) };
}

/** Every order number and merchant that this call is about: a refund's, and its purchase's. */
function takeFault(
  call: Call,
  operation: Operation,
  kinds: readonly FaultName[],
): FaultName | undefined {
  const { context, fields, merchant } = call;
  const { store } = context;
  const returned = store.returns.get(keyOf(call));
  const purchase =
    store.purchases.get(returned?.purchaseKey ?? keyOf(call)) ??
    store.purchases.find('queryId', fields.get('origQryId') ?? '');
  const point: FaultPoint = {
    ...{ wallet: 'unionpay', operation },
    orderNo: [fields.get('orderId'), purchase?.orderId, fields.get('origOrderId')],
    merchant: purchase === undefined ? merchant.merId : merchantsIn(purchase),
  };
  return context.kit.faults.take(point, kinds);
}

function controlRow(order: PurchaseRecord): ControlOrder {
  const { paid, state, amountFen, refundedFen } = order;
  const isRefunded = refundedFen > 0n && refundedFen === amountFen;
  const paidState = isRefunded ? 'refunded' : 'paid';
  const openState = state === 'open' ? 'created' : 'closed';
  const [only, ...others] = order.split ?? [];
  return {
    wallet: 'unionpay',
    orderNo: order.orderId,
    combineOrderNo: null,
    transactionId: paid === null ? null : order.queryId,
    merchant: others.length === 0 ? (only?.merId ?? order.merId) : order.merId,
    amountFen,
    payerAmountFen: paid?.payerFen ?? null,
    refundedFen,
    state: paid === null ? openState : paidState,
    payerWallet: paid?.payerWallet ?? null,
    paidAtMs: paid?.atMs ?? null,
  };
}
