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
import { type Answer, type Call, type Context, type Handler, refusal } from './context.ts';
import { API_PREFIX, ENDPOINT } from './endpoint.ts';
import { keyUpdate } from './key-update.ts';
import { openOrderStore } from './order-store.ts';
import { applyCode, applyTn, openFront } from './orders.ts';
import { chargeCode, consumerCode } from './payment-codes.ts';
import { pay, payeeName, scan } from './phone.ts';
import { openQueryMeter, query } from './queries.ts';
import { transactionKey } from './records.ts';
import { refund, reverse, undo } from './refunds.ts';
import { chargeTap, tap } from './taps.ts';

const NOT_FOUND: WireResponse = { status: 404, headers: {}, body: '' };
const WRONG_METHOD: WireResponse = { status: 405, headers: { allow: 'POST' }, body: '' };

export function openUnionpayGateway(kit: CityKit): Gateway {
  const codes = openPaymentCodes(kit, {
    collection: 'unionpay.payment_codes',
    draw: () => randomDigits(kit.random, 17, '62'),
  });
  const context: Context = { kit, store: openOrderStore(kit), codes, meter: openQueryMeter(kit) };
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
    orders: () => controlRows(context),
    nextDueMs: () => context.store.nextDueMs(),
    runDue: async (nowMs) => runDue(context, nowMs),
  } satisfies Gateway);
}

function runDue(context: Context, nowMs: number): void {
  for (
    let due = context.store.takeDue(nowMs);
    due !== undefined;
    due = context.store.takeDue(nowMs)
  ) {
    if (due !== 'expired') notifyReturned(context, due);
  }
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
  const purchase = context.store.purchaseByCode(number);
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
  readonly run: (call: Call) => Answer;
}

function routeOf(call: Call, path: string): Route | Answer {
  const txnType = call.fields.get('txnType') ?? '';
  const isReturn = call.context.store.returned(keyOf(call)) !== undefined;
  switch (`${path} ${txnType}`) {
    case `${PATHS.app} ${TXN.purchase}`:
      return { operation: 'create', run: applyTn };
    case `${PATHS.back} ${TXN.purchase}`:
      return { operation: 'create', run: purchaseHandler(call) };
    case `${PATHS.back} ${TXN.keyUpdate}`:
      return { operation: 'certificates', run: keyUpdate };
    case `${PATHS.query} ${TXN.query}`:
      return {
        operation: isReturn ? 'query_refund' : 'query',
        run: query,
      };
    case `${PATHS.back} ${TXN.refund}`:
      return {
        operation: 'refund',
        run: (each) => refund(each, takeFault(each, 'refund', ['refund_stuck']) !== undefined),
      };
    case `${PATHS.back} ${TXN.undo}`:
      return {
        operation: 'close',
        run: (each) => undo(each, takeFault(each, 'close', ['refund_stuck']) !== undefined),
      };
    case `${PATHS.back} ${TXN.reversal}`:
      return {
        operation: 'close',
        run: (each) => reverse(each, takeFault(each, 'close', ['refund_stuck']) !== undefined),
      };
    default:
      return refusal(txnType === '' ? '13' : '32', `txnType ${txnType} 不在此地址受理`);
  }
}

/** Chooses among the three that share a path: by sub type, and a tap by its card data. */
function purchaseHandler({ fields }: Call): Handler {
  if (fields.has('cardTransData')) return chargeTap;
  if (fields.get('txnSubType') !== PURCHASES.bar.sub) return applyCode;
  return (call) => chargeCode(call, takeFault(call, 'create', ['userpaying']) !== undefined);
}

async function answerCall(call: Call, path: string): Promise<Handled> {
  const { context } = call;
  const route = routeOf(call, path);
  if ('respCode' in route) return replyTo(context, call, route);
  const { operation, run } = route;
  const isQuery = operation === 'query' || operation === 'query_refund';
  return gated({
    operation,
    take: (kinds) => takeFault(call, operation, kinds),
    limited: () => replyTo(context, call, { respCode: isQuery ? '37' : '06' }),
    run: () => run(call),
    late: () => ['answer_lost', 'server_error', 'signtest', 'key_rotated'],
    broken: () => BROKEN_500,
    seal: (answer, late) => {
      const flaw = late === 'signtest' || late === 'key_rotated' ? late : undefined;
      return replyTo(context, call, operation === 'query' ? distorted(call, answer) : answer, flaw);
    },
  });
}

function distorted(call: Call, answer: Answer): Answer {
  const purchase = call.context.store.purchase(keyOf(call));
  if (purchase?.state !== 'paid' || answer.fields === undefined) return answer;
  const fault = takeDistortion(call.context, purchase, 'query');
  return { ...answer, fields: distort(call.context, answer.fields, fault) };
}

function keyOf({ merchant, fields }: Call): string {
  return transactionKey(merchant.merId, fields.get('orderId') ?? '', fields.get('txnTime') ?? '');
}

/** Every order number and merchant that this call is about: a refund's, and its purchase's. */
function takeFault(
  call: Call,
  operation: Operation,
  kinds: readonly FaultName[],
): FaultName | undefined {
  const { context, fields, merchant } = call;
  const { store } = context;
  const returned = store.returned(keyOf(call));
  const purchase =
    store.purchase(returned?.purchaseKey ?? keyOf(call)) ??
    store.purchaseByQueryId(fields.get('origQryId') ?? '');
  const orderNos = new Set([fields.get('orderId'), purchase?.orderId, fields.get('origOrderId')]);
  orderNos.delete(undefined);
  if (orderNos.size === 0) orderNos.add(undefined);
  const merchants = purchase === undefined ? [merchant.merId] : merchantsIn(purchase);
  for (const orderNo of orderNos) {
    for (const name of merchants) {
      const point = { wallet: 'unionpay', operation, orderNo, merchant: name } as const;
      const fault = context.kit.faults.take(point, kinds);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

function controlRows(context: Context): ControlOrder[] {
  return [...context.store.purchases()].map(({ key }): ControlOrder => {
    const order = context.store.purchase(key);
    if (order === undefined) throw new Error('a listed order is there');
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
  });
}
