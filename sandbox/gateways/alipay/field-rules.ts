/**
 * Parses biz_content into checked orders. The rules are the documented ones (section 6): number,
 * amount range, subject, expiry (time_expire wins over timeout_express, `1c` ends the Beijing day),
 * exactly one settle detail with the whole amount. The first broken rule is reported.
 */
import { type Fen, yuanToFen } from '../../../src/kernel/money.ts';
import { err, ok, type Result } from '../../../src/kernel/result.ts';
import type { GatewayError } from '../../../src/wires/alipay/gateway-errors.ts';
import { isJsonObject, type JsonObject, textField } from '../../../src/wires/alipay/json-text.ts';
import { formatTime, parseTime } from '../../../src/wires/alipay/time.ts';
import { forbiddenCharacter } from '../../kit/forbidden-character.ts';
import type { Explanations } from '../../kit/kit.ts';
import { businessError } from './answers.ts';
import type { AppRecord, OrderRecord } from './records.ts';

export interface OrderContext {
  readonly app: AppRecord;
  readonly explanations: Explanations;
  readonly nowMs: number;
  readonly notifyUrl: string | null;
  readonly productCodes: readonly string[];
  readonly defaultExpiryMs: number;
  readonly outMergeNo: string | null;
}

const TOTAL_FEN_MAX: Fen = 100_000_000_00n;
const GOODS_COUNT_MAX = 150;
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const EXPRESS_MS_MAX = 15 * UNIT_MS.d;

export function invalid(detail: string): Result<never, GatewayError> {
  return err(businessError('ACQ.INVALID_PARAMETER', detail));
}

/** A yuan amount of 0.01 to 100000000, as text or (lenient, as the live gateway) a JSON number. */
export function readAmount(value: unknown): Fen | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  const amountFen = typeof text === 'string' ? yuanToFen(text) : undefined;
  return amountFen !== undefined && amountFen > 0n ? amountFen : undefined;
}

/** Absolute expiry of an order or of a merged order; undefined = not readable. */
export function readExpiry(
  content: JsonObject,
  nowMs: number,
  defaultMs: number,
): number | undefined {
  const absolute = textField(content, 'time_expire');
  if (absolute !== undefined) return parseTime(absolute);
  const express = textField(content, 'timeout_express');
  if (express === undefined) return nowMs + defaultMs;
  if (express === '1c') return parseTime(`${formatTime(nowMs).slice(0, 10)} 23:59:59`);
  const match = /^([1-9]\d{0,4})([mhd])$/.exec(express);
  if (match === null) return undefined;
  const spanMs = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  return spanMs <= EXPRESS_MS_MAX ? nowMs + spanMs : undefined;
}

export function readOrder(
  content: JsonObject,
  context: OrderContext,
): Result<OrderRecord, GatewayError> {
  const { app, nowMs } = context;
  const outTradeNo = textField(content, 'out_trade_no') ?? '';
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(outTradeNo)) return invalid('out_trade_no');
  const totalFen = readAmount(content.total_amount);
  if (totalFen === undefined) return invalid('total_amount');
  if (totalFen > TOTAL_FEN_MAX) return err(businessError('ACQ.TOTAL_FEE_EXCEED'));
  const subject = textField(content, 'subject') ?? '';
  if (subject === '' || [...subject].length > 256) return invalid('subject');
  if (isForbiddenIn(subject, context.explanations)) return invalid('subject');
  // A lone surrogate has no UTF-8: it could be signed, but never be sent in a notification.
  for (const name of ['body', 'passback_params']) {
    if (/\p{Cs}/u.test(textField(content, name) ?? '')) return invalid(name);
  }
  const productCode = textField(content, 'product_code') ?? context.productCodes[0] ?? '';
  if (!context.productCodes.includes(productCode)) return invalid('product_code');
  const expiresAtMs = readExpiry(content, nowMs, context.defaultExpiryMs);
  if (expiresAtMs === undefined) return invalid('time_expire');
  if (expiresAtMs <= nowMs) return err(businessError('ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR'));
  const { goods_detail: goods } = content;
  if (Array.isArray(goods) && goods.length > GOODS_COUNT_MAX) {
    return err(businessError('ACQ.SUB_GOODS_SIZE_MAX_COUNT'));
  }
  const seller = textField(content, 'seller_id');
  if (seller !== undefined && seller !== app.pid) return invalid('seller_id');
  const merchant = readSubMerchant(content, app);
  if (!merchant.ok) return merchant;
  const settle = checkSettleInfo(content, totalFen);
  if (settle !== undefined) return invalid(settle);
  return ok({
    appId: app.appId,
    pid: app.pid,
    smid: merchant.value,
    outTradeNo,
    totalFen,
    subject,
    body: textField(content, 'body') ?? null,
    productCode,
    passbackParams: textField(content, 'passback_params') ?? null,
    notifyUrl: context.notifyUrl,
    expiresAtMs,
    outMergeNo: context.outMergeNo,
  });
}

/** As documented (不可使用特殊字符，如 /，=，&); not confirmed that production enforces it. */
function isForbiddenIn(subject: string, explanations: Explanations): boolean {
  const found = forbiddenCharacter(subject, /[/=&\p{Cs}]/u);
  if (found === undefined) return false;
  explanations.add({
    ...{ wallet: 'alipay', what: 'subject of an order', received: subject },
    expected: subject.replace(/[/=&\p{Cs}]/gu, ''),
    hint: `${found} is not allowed: a subject has none of / = & (不可使用特殊字符)`,
  });
  return true;
}

function readSubMerchant(content: JsonObject, app: AppRecord): Result<string | null, GatewayError> {
  const named = content.sub_merchant;
  if (named === undefined) return ok(null);
  const smid = isJsonObject(named) ? textField(named, 'merchant_id') : undefined;
  if (smid === undefined || !app.subMerchants.some((merchant) => merchant.smid === smid)) {
    return invalid('sub_merchant.merchant_id');
  }
  return ok(smid);
}

/** Which field of settle_info is wrong; undefined = none. */
function checkSettleInfo(content: JsonObject, totalFen: Fen): string | undefined {
  const info = content.settle_info;
  if (info === undefined) return undefined;
  if (!isJsonObject(info)) return 'settle_info';
  const details: unknown = info.settle_detail_infos;
  const detail: unknown = Array.isArray(details) && details.length === 1 ? details[0] : undefined;
  if (!isJsonObject(detail)) return 'settle_info.settle_detail_infos';
  if (readAmount(detail.amount) !== totalFen) return 'settle_info.settle_detail_infos.amount';
  const period = textField(info, 'settle_period_time');
  if (period === undefined) return undefined;
  const days = /^([1-9]\d{0,2})d$/.exec(period)?.[1];
  return days !== undefined && Number(days) <= 365 ? undefined : 'settle_info.settle_period_time';
}
