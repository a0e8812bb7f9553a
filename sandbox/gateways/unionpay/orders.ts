/**
 * Purchases (01): the page that a browser is sent to, the app's tn, the applied code. Each becomes
 * an open order under (merId, orderId, txnTime); the same key again is 12, whatever its content. It
 * stays open until it is paid or payTimeout passes: nothing else closes it.
 */

import { sumFen } from '../../../src/kernel/money.ts';
import { compactTime } from '../../../src/wires/beijing-time.ts';
import { readSplit, type SplitPart } from '../../../src/wires/unionpay/split.ts';
import type { UnionpayProduct } from '../../../src/wires/unionpay/trade.ts';
import { NO_NOTIFICATION_URL, PURCHASES } from '../../../src/wires/unionpay/trade.ts';
import { randomDigits } from '../../kit/digits.ts';
import { type Answer, type Call, keyOf, refusal } from './context.ts';
import { checkFields, checkTxnTime, readTimeout } from './field-rules.ts';
import type { PurchaseRecord } from './records.ts';

const NEEDED = [
  ...['txnType', 'txnSubType', 'bizType', 'channelType', 'accessType', 'merId', 'orderId'],
  ...['txnTime', 'txnAmt', 'currencyCode', 'backUrl'],
];
const QR_PREFIX = 'https://qr.95516.com/00010000/62';

export interface Opened {
  readonly purchase: PurchaseRecord;
}

/** A new order, not yet stored; or why it is refused. */
export function draftPurchase(
  call: Call,
  product: UnionpayProduct,
  code: string,
  more: readonly string[],
): Opened | Answer {
  const { context, fields, format, merchant } = call;
  const problem = checkFields(fields, [...NEEDED, ...more]) ?? checkTxnTime(call);
  if (problem !== undefined) return problem;
  const { sub, biz } = PURCHASES[product];
  if (fields.get('txnSubType') !== sub || fields.get('bizType') !== biz) {
    return refusal('32', 'txnSubType 或 bizType 与产品不符');
  }
  if (fields.get('accessType') !== '0') return refusal('32', '沙箱商户为普通商户接入');
  const expiresMs = readTimeout(call);
  if (typeof expiresMs !== 'number') return expiresMs;
  const split = readParts(call);
  if (split !== null && 'respCode' in split) return split;
  const [orderId, txnTime] = [fields.get('orderId') ?? '', fields.get('txnTime') ?? ''];
  const key = keyOf(call);
  if (context.store.transaction(key) !== undefined) {
    return refusal('12', 'merId orderId txnTime 已使用');
  }
  const backUrl = fields.get('backUrl') ?? NO_NOTIFICATION_URL;
  const nowMs = context.kit.clock.nowMs();
  const purchase: PurchaseRecord = {
    ...{ key, merId: merchant.merId, orderId, txnTime, ...format },
    ...newNumbers(context.kit, nowMs),
    product,
    txnSubType: sub,
    bizType: biz,
    accessType: '0',
    amountFen: BigInt(fields.get('txnAmt') ?? '0'),
    frontUrl: fields.get('frontUrl') ?? null,
    backUrl: backUrl === NO_NOTIFICATION_URL ? null : backUrl,
    reqReserved: fields.get('reqReserved') ?? null,
    split: split?.parts ?? null,
    code,
    createdMs: nowMs,
    expiresMs,
    state: 'open',
    failCode: null,
    paid: null,
    refundedFen: 0n,
  };
  return { purchase };
}

/** 21 digits: the time, a running part; and the six-digit trace number inside the day. */
export function newNumbers(
  kit: Call['context']['kit'],
  nowMs: number,
): { readonly queryId: string; readonly traceNo: string } {
  const traceNo = randomDigits(kit.random, 6);
  return {
    queryId: `${compactTime(nowMs).slice(2)}${randomDigits(kit.random, 3)}${traceNo}`,
    traceNo,
  };
}

/** The parts may leave a rest, which is the merchant's own; they may not exceed the order. */
function readParts(call: Call): { readonly parts: readonly SplitPart[] } | Answer | null {
  const text = call.fields.get('accSplitData');
  if (text === undefined) return null;
  const parts = readSplit(text);
  if (parts === undefined) return refusal('10', 'accSplitData 格式错误或超过五方');
  const known = new Set(call.merchant.splitMerchants.map(({ merId }) => merId));
  known.add(call.merchant.merId);
  const outsider = parts.find(({ merId }) => !known.has(merId));
  if (outsider !== undefined) return refusal('32', `分账方 ${outsider.merId} 无权限`);
  const amountFen = BigInt(call.fields.get('txnAmt') ?? '0');
  return sumFen(parts.map((part) => part.amountFen)) > amountFen
    ? refusal('36', '分账金额之和大于交易金额')
    : { parts };
}

/** 申请二维码. */
export function applyCode(call: Call): Answer {
  const digits = randomDigits(call.context.kit.random, 30);
  const drafted = draftPurchase(call, 'qr', `${QR_PREFIX}${digits}`, []);
  if ('respCode' in drafted) return drafted;
  const { purchase } = drafted;
  call.context.store.purchases.put(purchase);
  return { respCode: '00', fields: { ...amountFields(purchase), qrCode: purchase.code } };
}

export function applyTn(call: Call): Answer {
  // 21 digits, as the app's control takes them.
  const tn = randomDigits(call.context.kit.random, 21);
  const drafted = draftPurchase(call, 'app', tn, []);
  if ('respCode' in drafted) return drafted;
  call.context.store.purchases.put(drafted.purchase);
  return { respCode: '00', fields: { ...amountFields(drafted.purchase), tn } };
}

/** Opened by a browser: the same order again (a reload, back and forth) finds the same cashier. */
export function openFront(call: Call): Opened | Answer {
  const { context, fields } = call;
  const known = context.store.purchases.get(keyOf(call));
  if (known?.product === 'web' && known.amountFen.toString() === fields.get('txnAmt')) {
    return { purchase: known };
  }
  const drafted = draftPurchase(call, 'web', randomDigits(context.kit.random, 32), []);
  return 'respCode' in drafted
    ? drafted
    : { purchase: context.store.purchases.put(drafted.purchase) };
}

export function amountFields(purchase: PurchaseRecord): Record<string, string | null> {
  return { txnAmt: purchase.amountFen.toString(), currencyCode: '156' };
}
