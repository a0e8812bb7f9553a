/**
 * Refunds, domestic and e-commerce. 200 means accepted: PROCESSING first, SUCCESS a little later in
 * city time, with a callback. The same out_refund_no with the same content is the same refund, for
 * ever. Limits: 365 days, 50 per payment, a minute apart, and never more than was paid.
 */
import { must } from '../../../src/kernel/assert.ts';
import type { Fen } from '../../../src/kernel/money.ts';
import { ok, type Result } from '../../../src/kernel/result.ts';
import { fenOf, type JsonRecord, recordOf, textOf } from '../../../src/wires/wechatpay/json.ts';
import type { Answer, Call, Context } from './context.ts';
import {
  brokenQuery,
  checkFields,
  choice,
  type Fields,
  integer,
  list,
  needed,
  object,
  required,
  text,
} from './field-rules.ts';
import { refundId } from './numbers.ts';
import { checkBound, checkNotifyUrl, MINUTE_MS } from './order-rules.ts';
import type { FoundLine } from './order-store.ts';
import { fingerprint } from './orders.ts';
import { refundAppliedBody, refundBody } from './present.ts';
import type { OrderRecord, RefundRecord } from './records.ts';
import { type Refusal, refuse } from './refusal.ts';

const SETTLE_DELAY_MS = 3_000;
/** A stuck refund stays PROCESSING this long, then turns ABNORMAL. */
const STUCK_MS = 30 * MINUTE_MS;
const WINDOW_MS = 365 * 24 * 60 * MINUTE_MS;
const SPACING_MS = MINUTE_MS;
const COUNT_MAX = 50;

export type RefundFamily = RefundRecord['family'];

const FROM = object('退款出资账户', {
  account: choice('出资账户类型', 'AVAILABLE', 'UNAVAILABLE'),
  amount: integer('出资金额', 1),
});

const FIELDS: Fields = {
  transaction_id: text('微信支付订单号', 32),
  out_trade_no: text('商户订单号', 32),
  out_refund_no: {
    kind: 'text',
    label: '商户退款单号',
    charsMax: 64,
    pattern: /^[0-9A-Za-z_\-|*@]+$/,
    isRequired: true,
  },
  reason: text('退款原因', 80),
  notify_url: text('退款结果回调url', 256),
  funds_account: choice('退款资金来源', 'AVAILABLE', 'UNSETTLED'),
  amount: required(
    object('金额信息', {
      refund: required(integer('退款金额', 1)),
      total: required(integer('原订单金额', 1)),
      currency: choice('退款币种', 'CNY'),
      from: list('退款出资账户及金额', FROM, 0, 10),
    }),
  ),
};

const PAYERS = ['REFUND_SOURCE_SUB_MERCHANT', 'REFUND_SOURCE_PARTNER_ADVANCE'];
const FIELDS_BY_FAMILY: Readonly<Record<RefundFamily, Fields>> = {
  domestic: { sub_mchid: text('子商户号', 32), ...FIELDS },
  ecommerce: {
    sub_mchid: needed('二级商户号', 32),
    sp_appid: needed('电商平台APPID', 32),
    ...FIELDS,
    refund_account: choice('退款出资商户', ...PAYERS),
  },
};

export function applyRefund(call: Call, family: RefundFamily): Answer {
  const { account, body, context } = call;
  const fields = checkFields(body, FIELDS_BY_FAMILY[family]);
  if (!fields.ok) return fields;
  const parties = checkRefundParties(call, family);
  if (!parties.ok) return parties;
  const found = findRefunded(call);
  if (!found.ok) return found;
  const outRefundNo = must(textOf(body, 'out_refund_no'), 'an out_refund_no');
  const print = fingerprint(family, body);
  const existing = context.store.refundByNo(account.mchid, outRefundNo);
  if (existing !== undefined) {
    if (existing.fingerprint === print) return ok(applied(existing));
    return refuse(400, 'INVALID_REQUEST', '退款单号已存在，且与之前的请求参数不一致');
  }
  const { amount, isAvailable } = readAmounts(body, found.value);
  const made = makeRefund(context, found.value, {
    ...{ family, outRefundNo, fingerprint: print, isAvailable },
    refundFen: must(fenOf(amount, 'refund'), 'a refund amount'),
    totalFen: fenOf(amount, 'total') ?? 0n,
    notifyUrl: textOf(body, 'notify_url') ?? null,
    signWith: call.serial,
  });
  return made.ok ? ok(applied(made.value)) : made;
}

function readAmounts(body: JsonRecord, { line }: FoundLine) {
  const isAvailable = !line.profitSharing || textOf(body, 'funds_account') === 'AVAILABLE';
  return { amount: recordOf(body, 'amount'), isAvailable };
}

/** A refund request, by either API. */
export type AskedRefund = Pick<
  RefundRecord,
  | 'family'
  | 'outRefundNo'
  | 'fingerprint'
  | 'refundFen'
  | 'totalFen'
  | 'notifyUrl'
  | 'signWith'
  | 'isV2'
> & { readonly isAvailable: boolean };

/** Accepted and booked, or why not. */
export function makeRefund(
  context: Context,
  found: FoundLine,
  asked: AskedRefund,
): Result<RefundRecord, Refusal> {
  const draft = draftRefund(context, found, asked);
  const allowed = checkRefundable(context, found, draft);
  if (!allowed.ok) return allowed;
  const refund = maybeStuck(context, draft);
  bookRefund(context, found, refund);
  return ok(refund);
}

function maybeStuck(context: Context, refund: RefundRecord): RefundRecord {
  const merchant = refund.subMchid ?? refund.mchid;
  const orderNo = [refund.outTradeNo, refund.outRefundNo];
  const point = { wallet: 'wechatpay', operation: 'refund', orderNo, merchant } as const;
  if (context.kit.faults.take(point, ['refund_stuck']) === undefined) return refund;
  return { ...refund, dueMs: refund.createdMs + STUCK_MS, becomes: 'ABNORMAL' };
}

function applied(refund: RefundRecord): Record<string, unknown> {
  return refund.family === 'domestic' ? refundBody(refund) : refundAppliedBody(refund);
}

function checkRefundParties(call: Call, family: RefundFamily): Result<void, Refusal> {
  const { account, body } = call;
  const subMchid = textOf(body, 'sub_mchid');
  if (family === 'ecommerce' && textOf(body, 'sp_appid') !== account.appid) {
    return refuse(400, 'APPID_MCHID_NOT_MATCH', 'appid和mchid不匹配，请检查后再试');
  }
  if (family === 'ecommerce' || subMchid !== undefined) {
    const bound = checkBound(call, subMchid);
    if (!bound.ok) return bound;
  }
  return checkNotifyUrl(call, textOf(body, 'notify_url'));
}

function findRefunded(call: Call): Result<FoundLine, Refusal> {
  const { account, body, context } = call;
  const transactionId = textOf(body, 'transaction_id');
  const outTradeNo = textOf(body, 'out_trade_no');
  if (transactionId === undefined && outTradeNo === undefined) {
    return refuse(400, 'PARAM_ERROR', 'transaction_id与out_trade_no须二选一', {
      field: '/transaction_id',
      value: '',
      issue: 'one of transaction_id and out_trade_no is required',
      location: 'body',
    });
  }
  const found =
    transactionId === undefined
      ? context.store.lineByNo(account.mchid, outTradeNo ?? '')
      : context.store.lineByTransaction(transactionId);
  const subMchid = textOf(body, 'sub_mchid') ?? null;
  const isTheirs = found?.order.mchid === account.mchid && found.line.subMchid === subMchid;
  if (found === undefined || !isTheirs || found.line.paid === null) {
    return refuse(404, 'RESOURCE_NOT_EXISTS', '订单不存在');
  }
  return ok(found);
}

function draftRefund(
  context: Context,
  { order, line }: FoundLine,
  asked: AskedRefund,
): RefundRecord {
  const { isAvailable, ...rest } = asked;
  const paid = must(line.paid, 'a paid line');
  const { kit } = context;
  const nowMs = kit.clock.nowMs();
  const receiptFen = line.totalFen - paid.merchantCouponFen;
  const portion = (wholeFen: Fen): Fen => partOf(line, asked.refundFen, wholeFen);
  return {
    ...rest,
    refundId: refundId(kit.random, nowMs),
    mchid: order.mchid,
    subMchid: line.subMchid,
    orderKey: order.key,
    outTradeNo: line.outTradeNo,
    transactionId: paid.transactionId,
    payerTotalFen: paid.payerFen,
    payerRefundFen: portion(paid.payerFen),
    settlementTotalFen: receiptFen,
    settlementRefundFen: portion(receiptFen),
    fundsAccount: isAvailable ? 'AVAILABLE' : 'UNSETTLED',
    status: 'PROCESSING',
    createdMs: nowMs,
    successMs: null,
    dueMs: nowMs + SETTLE_DELAY_MS,
    becomes: 'SUCCESS',
  };
}

/** This refund's share of a part of the price; cumulative, so that all shares sum to the part. */
function partOf(line: FoundLine['line'], refundFen: Fen, wholeFen: Fen): Fen {
  const upTo = (fen: Fen): Fen => (wholeFen * fen) / line.totalFen;
  return upTo(line.refundedFen + refundFen) - upTo(line.refundedFen);
}

function checkRefundable(
  context: Context,
  found: FoundLine,
  refund: RefundRecord,
): Result<void, Refusal> {
  const { order, line } = found;
  const nowMs = context.kit.clock.nowMs();
  if (refund.totalFen !== line.totalFen) {
    return refuse(400, 'INVALID_REQUEST', '订单金额与原订单金额不一致');
  }
  if (line.refundedFen + refund.refundFen > line.totalFen) {
    return refuse(400, 'INVALID_REQUEST', '申请退款金额超过可退金额');
  }
  if (nowMs > must(order.successMs, 'a success time') + WINDOW_MS) {
    return refuse(400, 'INVALID_REQUEST', '订单已超过可退款的最大期限');
  }
  if (line.refundCount >= COUNT_MAX) {
    return refuse(400, 'INVALID_REQUEST', '订单部分退款次数已达上限');
  }
  if (line.lastRefundMs !== null && nowMs < line.lastRefundMs + SPACING_MS) {
    return refuse(429, 'FREQUENCY_LIMITED', '同一笔订单的退款间隔应不少于1分钟');
  }
  const balance = context.store.balance(payeeOf(order, refund));
  const fundsFen = refund.fundsAccount === 'AVAILABLE' ? balance.availableFen : balance.frozenFen;
  if (fundsFen < refund.settlementRefundFen) {
    return refuse(403, 'NOT_ENOUGH', '账户余额不足，请充值后重新发起');
  }
  return ok(undefined);
}

function payeeOf(order: OrderRecord, refund: RefundRecord): string {
  return refund.subMchid ?? order.mchid;
}

function bookRefund(context: Context, found: FoundLine, refund: RefundRecord): void {
  const { order, line } = found;
  const lines = order.lines.map((item) =>
    item.outTradeNo === line.outTradeNo
      ? {
          ...item,
          refundedFen: item.refundedFen + refund.refundFen,
          refundCount: item.refundCount + 1,
          lastRefundMs: refund.createdMs,
        }
      : item,
  );
  const funds = refund.fundsAccount === 'AVAILABLE' ? 'availableFen' : 'frozenFen';
  context.store.refunds.put(refund);
  context.store.orders.put({ ...order, lines });
  context.store.moveBalance(payeeOf(order, refund), funds, -refund.settlementRefundFen);
}

const NOT_EXISTS = refuse(404, 'RESOURCE_NOT_EXISTS', '退款单不存在');

export function queryRefund(call: Call, family: RefundFamily, by: 'number' | 'id'): Answer {
  const found = findRefund(call, family, by);
  return found.ok ? ok(refundBody(found.value)) : found;
}

function findRefund(
  call: Call,
  family: RefundFamily,
  by: 'number' | 'id',
): Result<RefundRecord, Refusal> {
  const { account, query, context, params } = call;
  const name = params[0] ?? '';
  const subMchid = query.get('sub_mchid');
  if (family === 'ecommerce' && !subMchid) return brokenQuery('sub_mchid', '二级商户号');
  const refund =
    by === 'id' ? context.store.refunds.get(name) : context.store.refundByNo(account.mchid, name);
  if (refund?.mchid !== account.mchid || refund.subMchid !== subMchid) return NOT_EXISTS;
  return ok(refund);
}

const ABNORMAL_FIELDS: Fields = {
  out_refund_no: needed('商户退款单号', 64),
  type: required(choice('异常退款处理方式', 'USER_BANK_CARD', 'MERCHANT_BANK_CARD')),
};

/** ABNORMAL -> PROCESSING -> SUCCESS, into a bank card of the user or the merchant. */
export function applyAbnormalRefund(call: Call, family: RefundFamily): Answer {
  const { account, body, context, params } = call;
  const fields = checkFields(body, ABNORMAL_FIELDS);
  if (!fields.ok) return fields;
  const refund = context.store.refunds.get(params[0] ?? '');
  const isTheirs =
    refund?.mchid === account.mchid &&
    refund.outRefundNo === textOf(body, 'out_refund_no') &&
    (family === 'domestic' || refund.subMchid === textOf(body, 'sub_mchid'));
  if (refund === undefined || !isTheirs) return NOT_EXISTS;
  if (refund.status !== 'ABNORMAL') return refuse(400, 'INVALID_REQUEST', '退款单状态不是退款异常');
  const again: RefundRecord = {
    ...refund,
    status: 'PROCESSING',
    becomes: 'SUCCESS',
    dueMs: context.kit.clock.nowMs() + SETTLE_DELAY_MS,
  };
  context.store.refunds.put(again);
  return ok(refundBody(again));
}

/** Settles a due refund and returns its new state. */
export function settleRefund(context: Context, refund: RefundRecord): RefundRecord {
  const nowMs = must(refund.dueMs, 'a due time');
  return context.store.refunds.put({
    ...refund,
    status: refund.becomes,
    successMs: refund.becomes === 'SUCCESS' ? nowMs : null,
    dueMs: null,
  });
}
