/**
 * Payment codes at WeChat Pay, for both APIs (`-v2`, `-v3` beside this file). Small amounts are
 * paid in the call; above the limit, or with the fault `userpaying`, the order is USERPAYING until
 * the buyer confirms on the phone. A code pays one order, a number one payment; a reversal ends the
 * order, whatever its state, and refunds what was paid. There is no callback.
 */
import { must } from '../../../src/kernel/assert.ts';
import type { Fen } from '../../../src/kernel/money.ts';
import { isPaymentCode } from '../../../src/wires/wechatpay/trade.ts';
import type { Context } from './context.ts';
import { MINUTE_MS } from './order-rules.ts';
import { bookPayment } from './phone.ts';
import { type AccountRecord, type OrderLine, type OrderRecord, UNPAID } from './records.ts';

/**
 * Up to this the app pays without a password; WeChat Pay's own rules are stricter, and not public.
 */
const NO_PASSWORD_FEN_MAX: Fen = 1_000_00n;
const REVERSE_WINDOW_MS = 7 * 24 * 60 * MINUTE_MS;
/** If the merchant names no expiry. */
export const CODE_ORDER_LIFE_MS = 7 * 24 * 60 * MINUTE_MS;

export type CodeFamily = 'direct' | 'partner';

export function draftCodeOrder(
  context: Context,
  { mchid, appid }: AccountRecord,
  asked: Pick<OrderRecord, 'deviceId' | 'fingerprint' | 'expiresMs'> & {
    readonly family: CodeFamily;
    readonly line: OrderLine;
  },
): OrderRecord {
  const { line, ...rest } = asked;
  return {
    ...rest,
    key: `single/${mchid}/${line.outTradeNo}`,
    mchid,
    appid,
    orderNo: line.outTradeNo,
    product: 'codepay',
    notifyUrl: null,
    openid: null,
    createdMs: context.kit.clock.nowMs(),
    ...UNPAID,
    lines: [line],
    signWith: null,
  };
}

/** The result of the requested order; `known`: the same order was requested before. */
export type Charge =
  | { readonly kind: 'paid' | 'waiting' | 'known'; readonly order: OrderRecord }
  | { readonly kind: CodeRefusal };
export type CodeRefusal = 'number_used' | 'not_a_code' | 'code_expired' | 'code_invalid';

export function chargeCode(context: Context, asked: OrderRecord, code: string): Charge {
  const known = context.store.lineByNo(asked.mchid, asked.orderNo)?.order;
  if (known !== undefined) {
    // The number is known: never a second payment.
    const isSame = known.fingerprint === asked.fingerprint;
    return isSame ? { kind: 'known', order: known } : { kind: 'number_used' };
  }
  if (!isPaymentCode(code)) return { kind: 'not_a_code' };
  const charged = context.store.paymentCodes.charge(code, asked.key);
  if (charged === 'expired') return { kind: 'code_expired' };
  if (charged !== 'charged') return { kind: 'code_invalid' };
  if (mustConfirm(context, asked)) {
    return { kind: 'waiting', order: context.store.orders.put({ ...asked, state: 'USERPAYING' }) };
  }
  const coupon = { platformFen: 0n, merchantFen: 0n };
  return { kind: 'paid', order: bookPayment(context, asked, { payerWallet: 'wechatpay', coupon }) };
}

function mustConfirm(context: Context, order: OrderRecord): boolean {
  const { subMchid, totalFen } = codeLineOf(order);
  const point = { wallet: 'wechatpay', operation: 'create', orderNo: order.orderNo } as const;
  const merchant = subMchid ?? order.mchid;
  const fault = context.kit.faults.take({ ...point, merchant }, ['userpaying']);
  return fault !== undefined || totalFen > NO_PASSWORD_FEN_MAX;
}

export function codeLineOf(order: OrderRecord): OrderLine {
  return must(order.lines[0], 'the line of a payment code');
}

/** `stuck`: nothing was done, and the same call must be repeated. */
export type ReversalRefusal = 'not_a_code_order' | 'refunded' | 'too_late' | 'stuck';

/** `done`, also when repeated. */
export function reverseOrder(context: Context, order: OrderRecord): 'done' | ReversalRefusal {
  if (order.product !== 'codepay') return 'not_a_code_order';
  if (order.state === 'REVOKED') return 'done';
  const line = codeLineOf(order);
  if (line.refundCount > 0) return 'refunded';
  if (context.kit.clock.nowMs() > order.createdMs + REVERSE_WINDOW_MS) return 'too_late';
  const point = { wallet: 'wechatpay', operation: 'close', orderNo: order.orderNo } as const;
  const merchant = line.subMchid ?? order.mchid;
  if (context.kit.faults.take({ ...point, merchant }, ['refund_stuck']) !== undefined)
    return 'stuck';
  returnReceipt(context, order, line);
  return 'done';
}

function returnReceipt(context: Context, order: OrderRecord, line: OrderLine): void {
  const { paid } = line;
  if (paid === null) {
    context.store.orders.put({ ...order, state: 'REVOKED' });
    return;
  }
  const funds = line.profitSharing ? 'frozenFen' : 'availableFen';
  const receiptFen = line.totalFen - paid.merchantCouponFen;
  context.store.moveBalance(line.subMchid ?? order.mchid, funds, -receiptFen);
  const lines = [{ ...line, refundedFen: line.totalFen }];
  context.store.orders.put({ ...order, lines, state: 'REVOKED' });
}
