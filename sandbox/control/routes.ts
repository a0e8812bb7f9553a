/**
 * `/control`: how a test or a developer controls the city: faults, time, and the wallets' own
 * records. Nothing here changes what a wallet answers on its wire.
 */
import { fenToJson } from '../../src/kernel/money.ts';
import { ok, type Result } from '../../src/kernel/result.ts';
import { WALLET_NAMES } from '../../src/kernel/wallet-names.ts';
import {
  type InputError,
  inputErrorAnswer,
  invalid,
  type JsonObject,
  jsonAnswer,
  jsonError,
  methodNotAllowed,
  oneOf,
  readObject,
} from '../http/json.ts';
import type { CityRequest } from '../http/server.ts';
import type { ControlOrder, Gateway, WireResponse } from '../kit/kit.ts';
import type { OpenedKit } from '../kit/open-kit.ts';
import { replaceTable, showClearing, showTable } from '../switch/routes.ts';
import type { Switch } from '../switch/switch.ts';
import type { Advancer } from './advance.ts';
import { presentFault, readFaultOrder } from './fault-input.ts';
import type { Followers, FollowReport } from './followers.ts';

const ADVANCE_SECONDS_MAX = 366 * 86_400;
const FOLLOWER_CHARS_MAX = 64;

export interface ControlParts {
  readonly opened: OpenedKit;
  readonly gateways: readonly Gateway[];
  readonly followers: Followers;
  readonly advancer: Advancer;
  readonly switch: Switch;
}

type Handler = (parts: ControlParts, request: CityRequest) => Promise<WireResponse> | WireResponse;

const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/control/faults': { GET: listFaults, POST: armFault, DELETE: clearFaults },
  '/control/clock': { GET: showClock, POST: advanceClock },
  '/control/clock/follow': { POST: followClock },
  '/control/orders': { GET: listOrders },
  '/control/interconnect': {
    GET: (parts) => showTable(parts.switch),
    PUT: (parts, request) => replaceTable(parts.switch, request),
  },
  '/control/clearing': {
    GET: (parts, request) => showClearing(parts.switch, parts.opened.clock, request),
  },
  '/control/explanations': { GET: listExplanations },
  '/control/deliveries': { GET: listDeliveries },
};

export async function control(parts: ControlParts, request: CityRequest): Promise<WireResponse> {
  const methods = Object.hasOwn(ROUTES, request.path) ? ROUTES[request.path] : undefined;
  if (methods === undefined) {
    const known = Object.keys(ROUTES).join(' ');
    return jsonError(404, 'not_found', `the control has: ${known}`);
  }
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (handler === undefined) return methodNotAllowed(Object.keys(methods));
  return handler(parts, request);
}

function armFault({ opened }: ControlParts, request: CityRequest): WireResponse {
  const body = readObject(request, ['wallet', 'match', 'fault', 'times']);
  const order = body.ok ? readFaultOrder(body.value) : body;
  if (!order.ok) return inputErrorAnswer(order.error);
  return jsonAnswer(201, presentFault(opened.faults.arm(order.value)));
}

function listFaults({ opened }: ControlParts): WireResponse {
  return jsonAnswer(200, { object: 'list', data: opened.faults.list().map(presentFault) });
}

function clearFaults({ opened }: ControlParts): WireResponse {
  return jsonAnswer(200, { deleted: opened.faults.clear() });
}

function showClock(parts: ControlParts): WireResponse {
  const { clock } = parts.opened;
  const nowMs = clock.nowMs();
  return jsonAnswer(200, {
    now: timeText(nowMs),
    now_ms: nowMs,
    offset_ms: clock.offsetMs(),
    followers: parts.followers.names(),
  });
}

async function advanceClock(parts: ControlParts, request: CityRequest): Promise<WireResponse> {
  const body = readObject(request, ['advance_seconds']);
  const seconds = body.ok ? readAdvanceSeconds(body.value) : body;
  if (!seconds.ok) return inputErrorAnswer(seconds.error);
  await parts.advancer.advance(seconds.value * 1_000);
  return showClock(parts);
}

function readAdvanceSeconds(body: JsonObject): Result<number, InputError> {
  const seconds = body.advance_seconds;
  if (isInteger(seconds) && seconds >= 0 && seconds <= ADVANCE_SECONDS_MAX) return ok(seconds);
  const message = `advance_seconds is an integer from 0 to ${ADVANCE_SECONDS_MAX}`;
  return invalid('advance_seconds', message);
}

async function followClock(parts: ControlParts, request: CityRequest): Promise<WireResponse> {
  const known = ['follower', 'adopted_ms', 'next_due_ms', 'public_url'];
  const body = readObject(request, known);
  const report = body.ok ? readFollowReport(body.value) : body;
  if (!report.ok) return inputErrorAnswer(report.error);
  const state = await parts.followers.poll(report.value, request.onGone);
  return jsonAnswer(200, { now_ms: state.nowMs, offset_ms: state.offsetMs });
}

function readFollowReport(body: JsonObject): Result<FollowReport, InputError> {
  const { follower, adopted_ms: adopted, next_due_ms: nextDue, public_url: publicUrl } = body;
  if (typeof follower !== 'string' || !follower || follower.length > FOLLOWER_CHARS_MAX) {
    return invalid('follower', `follower is a name of 1 to ${FOLLOWER_CHARS_MAX} characters`);
  }
  if (!isInteger(adopted)) {
    const message = 'adopted_ms is the offset_ms that was adopted last; 0 at first';
    return invalid('adopted_ms', message);
  }
  if (nextDue !== null && !isInteger(nextDue)) {
    const message = 'next_due_ms is a time in Unix milliseconds, or null when nothing is due';
    return invalid('next_due_ms', message);
  }
  if (publicUrl !== undefined && !isWebUrl(publicUrl)) {
    const message = 'public_url is where buyers reach the follower: an http or https address';
    return invalid('public_url', message);
  }
  const report = { follower, adoptedOffsetMs: adopted, nextDueMs: nextDue };
  return ok(publicUrl === undefined ? report : { ...report, publicUrl });
}

function listOrders(parts: ControlParts, request: CityRequest): WireResponse {
  const query = new URLSearchParams(request.queryText);
  const walletText = query.get('wallet');
  const wallet = walletText === null ? ok(null) : oneOf('wallet', walletText, WALLET_NAMES);
  if (!wallet.ok) return inputErrorAnswer(wallet.error);
  const orderNo = query.get('order_no');
  const data = parts.gateways
    .filter((gateway) => wallet.value === null || gateway.wallet === wallet.value)
    .flatMap((gateway) => gateway.orders())
    .filter((order) => orderNo === null || order.orderNo === orderNo)
    .map(presentOrder);
  return jsonAnswer(200, { object: 'list', data });
}

function presentOrder(order: ControlOrder): Record<string, unknown> {
  return {
    wallet: order.wallet,
    order_no: order.orderNo,
    combine_order_no: order.combineOrderNo,
    transaction_id: order.transactionId,
    merchant: order.merchant,
    amount: fenToJson(order.amountFen),
    payer_amount: order.payerAmountFen === null ? null : fenToJson(order.payerAmountFen),
    refunded: fenToJson(order.refundedFen),
    state: order.state,
    payer_wallet: order.payerWallet,
    paid_at: order.paidAtMs === null ? null : timeText(order.paidAtMs),
  };
}

function listExplanations({ opened }: ControlParts): WireResponse {
  const data = opened.explanations.recent().map((entry) => ({
    at: timeText(entry.atMs),
    wallet: entry.wallet,
    what: entry.what,
    expected: entry.expected,
    received: entry.received,
    first_difference_byte: entry.firstDifferenceByte,
    hint: entry.hint,
  }));
  return jsonAnswer(200, { object: 'list', data });
}

function listDeliveries({ opened }: ControlParts): WireResponse {
  const data = opened.deliveries.recent().map((delivery) => ({
    at: timeText(delivery.atMs),
    wallet: delivery.wallet,
    kind: delivery.kind,
    order_no: delivery.orderNo,
    url: delivery.url,
    try: delivery.tryNo,
    outcome: delivery.outcome,
    answer: delivery.answer,
    fault: delivery.fault,
    took_ms: delivery.tookMs,
  }));
  return jsonAnswer(200, { object: 'list', data });
}

function isWebUrl(value: unknown): value is string {
  return typeof value === 'string' && /^https?:/i.test(value) && URL.canParse(value);
}

function isInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
