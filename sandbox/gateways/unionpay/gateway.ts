/**
 * The UnionPay gateway of the sandbox city: ACP 5.1.0 as the wallet speaks it. Order of checks:
 * path, method, form, version, merchant, certId, signature, fields, permissions, business. It has
 * no bypass: a call of a server and a form of a browser are verified alike.
 */

import { parseForm } from '../../../src/wires/unionpay/form.ts';
import { PATHS, PURCHASES, TXN } from '../../../src/wires/unionpay/trade.ts';
import type {
  CityKit,
  ControlOrder,
  FaultName,
  Gateway,
  Operation,
  WireRequest,
  WireResponse,
} from '../../kit/kit.ts';
import { openPaymentCodes } from '../../kit/payment-codes.ts';
import { BROKEN_500, PROXY_502, replyTo } from './answers.ts';
import { authenticate } from './authenticate.ts';
import {
  distort,
  merchantsIn,
  registerCallbacks,
  takeDistortion,
  tellReturned,
} from './callbacks.ts';
import { CASHIER_PATH, cashierPage, cashierUrl, errorPage } from './cashier-page.ts';
import { type Answer, type Call, type Desk, type Handler, refusal } from './context.ts';
import { API_PREFIX, DOOR } from './endpoint.ts';
import { randomDigits } from './identity.ts';
import { keyUpdate } from './key-update.ts';
import { openBooks } from './order-store.ts';
import { applyCode, applyTn, openFront } from './orders.ts';
import { chargeCode, consumerCode } from './payment-codes.ts';
import { pay, payeeName, scan } from './phone.ts';
import { openQueryMeter, type QueryMeter, query } from './queries.ts';
import { transactionKey } from './records.ts';
import { refund, reverse, undo } from './refunds.ts';
import { chargeTap, tap } from './taps.ts';

type Handled = WireResponse | { readonly lost: true };
const LOST: Handled = { lost: true };
const NOT_FOUND: WireResponse = { status: 404, headers: {}, body: '' };
const WRONG_METHOD: WireResponse = { status: 405, headers: { allow: 'POST' }, body: '' };

interface Door {
  readonly desk: Desk;
  readonly meter: QueryMeter;
}

export function openUnionpayGateway(kit: CityKit): Gateway {
  const codes = openPaymentCodes(kit, {
    collection: 'unionpay.payment_codes',
    draw: () => randomDigits(kit, 17, '62'),
  });
  const desk: Desk = { kit, books: openBooks(kit), codes };
  const door: Door = { desk, meter: openQueryMeter(desk) };
  registerCallbacks(desk);
  return Object.freeze({
    wallet: 'unionpay',
    door: DOOR,
    owns: ({ path }) => path.startsWith(API_PREFIX) || path === CASHIER_PATH,
    handle: (request) => handle(door, request),
    scan: (code) => scan(desk, code),
    pay: async (request) => pay(desk, request),
    showCode: desk.codes.show,
    showConsumerCode: consumerCode,
    tap: (request) => tap(desk, request),
    orders: () => controlRows(desk),
    nextDueMs: () => desk.books.nextDueMs(),
    runDue: async (nowMs) => runDue(desk, nowMs),
  } satisfies Gateway);
}

function runDue(desk: Desk, nowMs: number): void {
  for (let due = desk.books.takeDue(nowMs); due !== undefined; due = desk.books.takeDue(nowMs)) {
    if (due !== 'expired') tellReturned(desk, due);
  }
}

const API_PATHS: ReadonlySet<string> = new Set(Object.values(PATHS));

async function handle(door: Door, request: WireRequest): Promise<Handled> {
  const { desk } = door;
  if (request.path === CASHIER_PATH) return showCashier(desk, request);
  if (!API_PATHS.has(request.path)) return NOT_FOUND;
  if (request.method !== 'POST') return WRONG_METHOD;
  const isFront = request.path === PATHS.front;
  const form = parseForm(request.body);
  if (!form.ok) {
    const answer = refusal('10', `form ${form.error.kind}`);
    const stranger = {
      merchant: undefined,
      manner: { encoding: 'UTF-8', signMethod: '01' as const },
      fields: new Map<string, string>(),
    };
    return isFront ? errorPage(answer) : replyTo(desk, stranger, answer);
  }
  const what = `${request.path.split('/').at(-1) ?? ''} of order ${form.value.fields.get('orderId') ?? ''}`;
  const call = await authenticate(desk, { ...form.value, what });
  if (!call.ok) {
    const { stranger, answer } = call.error;
    return isFront ? errorPage(answer) : replyTo(desk, stranger, answer);
  }
  return isFront ? front(call.value) : answerCall(door, call.value, request.path);
}

async function showCashier(desk: Desk, request: WireRequest): Promise<WireResponse> {
  const number = new URLSearchParams(request.queryText).get('transNumber') ?? '';
  const purchase = desk.books.purchaseByCode(number);
  if (purchase === undefined) return errorPage({ respCode: '34' });
  return cashierPage(desk, purchase, payeeName(desk, purchase));
}

function front(call: Call): Handled {
  const early = takeFault(call, 'create', ['html_502', 'rate_limited']);
  if (early === 'html_502') return PROXY_502;
  if (early === 'rate_limited') return errorPage({ respCode: '06' });
  if (call.fields.get('txnType') !== TXN.purchase) return errorPage(refusal('32', 'txnType'));
  const opened = openFront(call);
  if ('respCode' in opened) return errorPage(opened);
  const late = takeFault(call, 'create', ['answer_lost', 'server_error']);
  if (late === 'answer_lost') return LOST;
  if (late === 'server_error') return BROKEN_500;
  const location = cashierUrl(call.desk.kit, opened.purchase);
  return { status: 302, headers: { location }, body: '' };
}

interface Route {
  readonly operation: Operation;
  readonly run: (call: Call) => Answer;
}

function routeOf(door: Door, call: Call, path: string): Route | Answer {
  const txnType = call.fields.get('txnType') ?? '';
  const isReturn = call.desk.books.returned(keyOf(call)) !== undefined;
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
        run: (each) => query(each, door.meter),
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

/** Of the three that share a path: by sub type, and a tap by the card data that it carries. */
function purchaseHandler({ fields }: Call): Handler {
  if (fields.has('cardTransData')) return chargeTap;
  if (fields.get('txnSubType') !== PURCHASES.bar.sub) return applyCode;
  return (call) => chargeCode(call, takeFault(call, 'create', ['userpaying']) !== undefined);
}

async function answerCall(door: Door, call: Call, path: string): Promise<Handled> {
  const { desk } = door;
  const route = routeOf(door, call, path);
  if ('respCode' in route) return replyTo(desk, call, route);
  const { operation } = route;
  const early = takeFault(call, operation, earlyFaults(operation));
  if (early === 'close_lost') return LOST;
  if (early === 'html_502') return PROXY_502;
  if (early === 'rate_limited') {
    const isQuery = operation === 'query' || operation === 'query_refund';
    return replyTo(desk, call, { respCode: isQuery ? '37' : '06' });
  }
  const answer = route.run(call);
  const late = takeFault(call, operation, [
    'answer_lost',
    'server_error',
    'signtest',
    'key_rotated',
  ]);
  if (late === 'answer_lost') return LOST;
  if (late === 'server_error') return BROKEN_500;
  const flaw = late === 'signtest' || late === 'key_rotated' ? late : undefined;
  return replyTo(desk, call, operation === 'query' ? distorted(call, answer) : answer, flaw);
}

function earlyFaults(operation: Operation): FaultName[] {
  const everywhere: FaultName[] = ['html_502', 'rate_limited'];
  return operation === 'close' ? ['close_lost', ...everywhere] : everywhere;
}

function distorted(call: Call, answer: Answer): Answer {
  const purchase = call.desk.books.purchase(keyOf(call));
  if (purchase?.state !== 'paid' || answer.fields === undefined) return answer;
  const fault = takeDistortion(call.desk, purchase, 'query');
  return { ...answer, fields: distort(call.desk, answer.fields, fault) };
}

function keyOf({ merchant, fields }: Call): string {
  return transactionKey(merchant.merId, fields.get('orderId') ?? '', fields.get('txnTime') ?? '');
}

/** By any order number and merchant that this call is about: a refund's, and its purchase's. */
function takeFault(
  call: Call,
  operation: Operation,
  kinds: readonly FaultName[],
): FaultName | undefined {
  const { desk, fields, merchant } = call;
  const { books } = desk;
  const returned = books.returned(keyOf(call));
  const purchase =
    books.purchase(returned?.purchaseKey ?? keyOf(call)) ??
    books.purchaseByQueryId(fields.get('origQryId') ?? '');
  const orderNos = new Set([fields.get('orderId'), purchase?.orderId, fields.get('origOrderId')]);
  orderNos.delete(undefined);
  if (orderNos.size === 0) orderNos.add(undefined);
  const merchants = purchase === undefined ? [merchant.merId] : merchantsIn(purchase);
  for (const orderNo of orderNos) {
    for (const name of merchants) {
      const point = { wallet: 'unionpay', operation, orderNo, merchant: name } as const;
      const fault = desk.kit.faults.take(point, kinds);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

function controlRows(desk: Desk): ControlOrder[] {
  return [...desk.books.purchases()].map(({ key }): ControlOrder => {
    const order = desk.books.purchase(key);
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
