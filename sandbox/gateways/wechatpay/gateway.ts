/**
 * The WeChat Pay gateway of the sandbox city: it implements the v3 wire as the wallet does, for
 * official and community SDKs alike. Order of checks: path, method, headers, Authorization, window,
 * serial, signature, JSON, fields, permissions, business. There is no bypass: every API call is
 * verified.
 */

import { ok, type Result } from '../../../src/kernel/result.ts';
import {
  type JsonRecord,
  parseRecord,
  recordsOf,
  textOf,
} from '../../../src/wires/wechatpay/json.ts';
import { gated, PROXY_502 } from '../../kit/gate.ts';
import type {
  CityKit,
  ControlOrder,
  FaultName,
  FaultPoint,
  Gateway,
  Handled,
  WireRequest,
  WireResponse,
} from '../../kit/kit.ts';
import { refusedAnswer, signedAnswer } from './answers.ts';
import { authenticate } from './authenticate.ts';
import { notifyRefunded, registerCallbacks, takeDistortion } from './callbacks.ts';
import { h5Page } from './cashier-page.ts';
import type { Answer, Call, Context } from './context.ts';
import { ENDPOINT } from './endpoint.ts';
import { handleV2, isV2Path } from './endpoint-v2.ts';
import { explainCharacter } from './field-rules.ts';
import { openKeys, rotatePlatformKey } from './identity.ts';
import { AUTHORIZE_PATH, authorize, exchangeCode, TOKEN_PATH } from './oauth.ts';
import { openOrderStore } from './order-store.ts';
import { pay, scan } from './phone.ts';
import { type Draft, distort } from './present.ts';
import type { OrderRecord } from './records.ts';
import { settleRefund } from './refunds.ts';
import { NOT_FOUND, paramError, type Refusal, WRONG_METHOD } from './refusal.ts';
import { ROUTES, type Route } from './routes.ts';

const H5_PATH = '/cgi-bin/mmpayweb-bin/checkmweb';
const OPEN_PATHS: ReadonlySet<string> = new Set([AUTHORIZE_PATH, TOKEN_PATH, H5_PATH]);
/** Alipay's v3 shares the prefix. */
const FOREIGN_PATHS = /^\/v3\/(alipay|ant)\//;

export function openWechatpayGateway(kit: CityKit): Gateway {
  const store = openOrderStore(kit, (refund) =>
    notifyRefunded(context, settleRefund(context, refund)),
  );
  const context: Context = { kit, store, keys: openKeys(kit) };
  registerCallbacks(context);
  return Object.freeze({
    wallet: 'wechatpay',
    endpoint: ENDPOINT,
    owns: ({ path }) =>
      OPEN_PATHS.has(path) ||
      isV2Path(path) ||
      (path.startsWith('/v3/') && !FOREIGN_PATHS.test(path)),
    handle: (request) => handle(context, request),
    scan: (code) => scan(context, code),
    pay: (request) => Promise.resolve(pay(context, request)),
    showCode: store.paymentCodes.show,
    orders: () => [...store.orders.values()].flatMap(controlRows),
    nextDueMs: store.due.nextDueMs,
    runDue: async (nowMs) => store.due.run(nowMs),
  } satisfies Gateway);
}

async function handle(context: Context, request: WireRequest): Promise<Handled> {
  if (OPEN_PATHS.has(request.path)) return handleOpen(context, request);
  if (isV2Path(request.path)) return handleV2(context, request, request.path);
  const found = findRoute(request);
  if (!found.ok) return refusedAnswer(context, found.error);
  const caller = await authenticate(request, context);
  if (!caller.ok) return refusedAnswer(context, caller.error);
  const body = parseBody(request);
  if (!body.ok) return refusedAnswer(context, body.error);
  const { route, params } = found.value;
  const call: Call = {
    context,
    account: caller.value,
    request,
    body: body.value,
    query: new URLSearchParams(request.queryText),
    params,
    serial: request.headers['wechatpay-serial'] ?? null,
  };
  return answerCall(call, route);
}

function handleOpen(context: Context, request: WireRequest): Handled {
  if (request.method !== 'GET') return refusedAnswer(context, { status: 405, body: null });
  if (request.path === AUTHORIZE_PATH) return authorize(context, request);
  if (request.path === H5_PATH) return h5Page(context.kit, request.target);
  const point = { wallet: 'wechatpay', operation: 'oauth' } as const;
  const fault = context.kit.faults.take(point, ['html_502']);
  return fault === undefined ? exchangeCode(context, request) : PROXY_502;
}

function findRoute(
  request: WireRequest,
): Result<{ readonly route: Route; readonly params: string[] }, Refusal> {
  let isKnown = false;
  for (const route of ROUTES) {
    const match = route.pattern.exec(request.path);
    if (match === null) continue;
    isKnown = true;
    if (route.method !== request.method) continue;
    const params = decodeParams(match.slice(1));
    return params === undefined ? NOT_FOUND : ok({ route, params });
  }
  return isKnown ? WRONG_METHOD : NOT_FOUND;
}

/** Decoded only after routing; the signature is checked over the raw target. */
function decodeParams(params: readonly string[]): string[] | undefined {
  try {
    return params.map((param) => decodeURIComponent(param));
  } catch {
    return undefined;
  }
}

function parseBody(request: WireRequest): Result<JsonRecord, Refusal> {
  if (request.method === 'GET') return ok({});
  const text = request.body.toString('utf8');
  const isUtf8 = Buffer.from(text).equals(request.body);
  const body = isUtf8 ? parseRecord(text) : undefined;
  if (body !== undefined) return ok(body);
  const issue = isUtf8 ? 'is not a JSON object' : 'is not UTF-8';
  return paramError('无法将输入源“/body”解析为JSON对象', {
    field: '/',
    value: '',
    issue,
    location: 'body',
  });
}

async function answerCall(call: Call, route: Route): Promise<Handled> {
  const { context, account } = call;
  const { operation } = route;
  const point = { wallet: 'wechatpay', operation, ...namesOf(call) } as const;
  const take = (kinds: readonly FaultName[]) => context.kit.faults.take(point, kinds);
  return gated({
    operation,
    take,
    limited: () => refusedAnswer(context, RATE_LIMITED),
    run: async () => {
      const isRotated = take(['key_rotated']) !== undefined;
      const signedFor = isRotated ? await rotatePlatformKey(context.kit, account.mchid) : account;
      return { signedFor, answer: route.handler({ ...call, account: signedFor }) };
    },
    late: ({ answer }) => (answer.ok ? ['answer_lost', 'server_error', 'signtest'] : []),
    broken: () => refusedAnswer(context, SYSTEM_ERROR),
    seal: ({ signedFor, answer }, late) => {
      if (!answer.ok) return explainedRefusal(call, answer.error);
      const body = operation === 'query' ? distortedQuery(call, answer) : answer.value;
      const signer = context.keys.signer(signedFor, call.serial);
      return signedAnswer(context, signer, { body, isProbe: late === 'signtest' });
    },
  });
}

function explainedRefusal({ context, request }: Call, refusal: Refusal): WireResponse {
  const explanation = explainCharacter(`${request.method} ${request.path}`, refusal);
  if (explanation !== undefined) context.kit.explanations.add(explanation);
  return refusedAnswer(context, refusal);
}

const RATE_LIMITED: Refusal = {
  status: 429,
  body: { code: 'FREQUENCY_LIMITED', message: '频率超限，请降低请求频率' },
};
/** After the operation was accepted: the client must query the same numbers. */
const SYSTEM_ERROR: Refusal = {
  status: 500,
  body: { code: 'SYSTEM_ERROR', message: '系统异常，请使用相同参数稍后重新调用' },
};

function distortedQuery(call: Call, answer: Extract<Answer, { ok: true }>): Draft | null {
  const body = answer.value;
  const number = textOf(body ?? {}, 'combine_out_trade_no') ?? textOf(body ?? {}, 'out_trade_no');
  if (body === null || number === undefined) return body;
  const scope = 'combine_out_trade_no' in body ? 'combine' : 'single';
  const order = call.context.store.orders.get(`${scope}/${call.account.mchid}/${number}`);
  if (order?.state !== 'SUCCESS') return body;
  return distort(body, takeDistortion(call.context, order, 'query'));
}

/** Every order number and merchant by which a fault may refer to this call. */
function namesOf(call: Call): Pick<FaultPoint, 'orderNo' | 'merchant'> {
  const { account, body, context, query, params } = call;
  const { store } = context;
  const subs = recordsOf(body, 'sub_orders');
  const paidBy = (id: string | undefined) =>
    id === undefined ? undefined : store.lineByTransaction(id)?.line.outTradeNo;
  const orderNo = [
    textOf(body, 'combine_out_trade_no'),
    textOf(body, 'out_trade_no'),
    textOf(body, 'out_refund_no'),
    ...subs.map((sub) => textOf(sub, 'out_trade_no')),
    ...params,
    // Calls may name an order by its transaction, or by a refund of it.
    paidBy(textOf(body, 'transaction_id')),
    ...params.map((name) => paidBy(name) ?? store.refundByNo(account.mchid, name)?.outTradeNo),
  ];
  const merchant = [
    textOf(body, 'sub_mchid'),
    query.get('sub_mchid') ?? undefined,
    ...subs.map((sub) => textOf(sub, 'sub_mchid')),
    account.mchid,
  ];
  return { orderNo, merchant };
}

function controlRows(order: OrderRecord): ControlOrder[] {
  return order.lines.map((line): ControlOrder => {
    const isRefunded = line.refundCount > 0 && line.refundedFen === line.totalFen;
    return {
      wallet: 'wechatpay',
      orderNo: line.outTradeNo,
      combineOrderNo: order.family === 'combine' ? order.orderNo : null,
      transactionId: line.paid?.transactionId ?? null,
      merchant: line.subMchid ?? order.mchid,
      amountFen: line.totalFen,
      payerAmountFen: line.paid?.payerFen ?? null,
      refundedFen: line.refundedFen,
      state: controlState(order, isRefunded),
      payerWallet: order.payerWallet,
      paidAtMs: order.successMs,
    };
  });
}

function controlState(order: OrderRecord, isRefunded: boolean): ControlOrder['state'] {
  switch (order.state) {
    case 'NOTPAY':
    case 'USERPAYING':
      return 'created';
    case 'SUCCESS':
      return isRefunded ? 'refunded' : 'paid';
    case 'REVOKED':
      return order.successMs === null ? 'closed' : 'refunded';
    case 'CLOSED':
    case 'PAYERROR':
      return 'closed';
  }
}
