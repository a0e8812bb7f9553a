/**
 * Refunds over APIv2: refund and refundquery, of any order of the caller's, in the same store and
 * by the same rules as v3's. A refund requested here is notified here: encrypted, in APIv2's
 * format.
 */
import { sumFen } from '../../../src/kernel/money.ts';
import { isPlainText } from '../../../src/wires/wechatpay/trade.ts';
import { type AnswerV2, type CallV2, refused, wrong } from './context-v2.ts';
import { checkNotifyUrl } from './order-rules.ts';
import type { FoundLine } from './order-store.ts';
import { fingerprint } from './orders.ts';
import { findOrder } from './orders-v2.ts';
import { refundListFields, refundTakenFields } from './present-v2.ts';
import type { RefundRecord } from './records.ts';
import { makeRefund } from './refunds.ts';

function fenOfField(call: CallV2, name: string): bigint | undefined {
  const text = call.fields.get(name) ?? '';
  return /^[1-9]\d{0,11}$/.test(text) ? BigInt(text) : undefined;
}

export function refund(call: CallV2): AnswerV2 {
  const { context, account, fields } = call;
  const outRefundNo = fields.get('out_refund_no') ?? '';
  if (!/^[0-9A-Za-z_\-|*@]{1,64}$/.test(outRefundNo)) return wrong('out_refund_no');
  const refundFen = fenOfField(call, 'refund_fee');
  const totalFen = fenOfField(call, 'total_fee');
  if (refundFen === undefined) return wrong('refund_fee');
  if (totalFen === undefined) return wrong('total_fee');
  if (!isPlainText(fields.get('refund_desc') ?? '')) return wrong('refund_desc');
  const notifyUrl = fields.get('notify_url') ?? null;
  if (notifyUrl !== null && !checkNotifyUrl(call, notifyUrl).ok) return wrong('notify_url');
  const found = paidLine(call);
  if (found === undefined) return refused('ORDERNOTEXIST', '订单号不存在');
  const { nonce_str: _nonce, sign: _sign, ...content } = Object.fromEntries(fields);
  const print = fingerprint('v2', content);
  const existing = context.store.refundByNo(account.mchid, outRefundNo);
  if (existing !== undefined) {
    if (existing.fingerprint === print) return { ok: true, fields: refundTakenFields(existing) };
    return refused('REFUND_FEE_MISMATCH', '订单金额或退款金额与之前请求不一致，请核实后再试');
  }
  const isRecharge = fields.get('refund_account') === 'REFUND_SOURCE_RECHARGE_FUNDS';
  const made = makeRefund(context, found, {
    ...{ family: 'domestic', outRefundNo, fingerprint: print, refundFen, totalFen, notifyUrl },
    ...{ isAvailable: !found.line.profitSharing || isRecharge, signWith: null, isV2: true },
  });
  if (made.ok) return { ok: true, fields: refundTakenFields(made.value) };
  const { code = 'SYSTEMERROR', message = '' } = made.error.body ?? {};
  return refused(code === 'NOT_ENOUGH' ? 'NOTENOUGH' : code, message);
}

function paidLine(call: CallV2): FoundLine | undefined {
  const order = findOrder(call);
  const [line] = order?.lines ?? [];
  const isPaid = order !== undefined && line !== undefined && line.paid !== null;
  return isPaid ? { order, line } : undefined;
}

/** By one of four numbers; the order's numbers list every refund of it. */
export function refundQuery(call: CallV2): AnswerV2 {
  const refunds = findRefunds(call);
  const [first] = refunds;
  if (first === undefined) return refused('REFUNDNOTEXIST', '退款订单查询失败');
  const listed = refunds.map((each, index) => refundListFields(each, index));
  const refundedFen = sumFen(refunds.map((each) => each.refundFen));
  const { transactionId, outTradeNo, totalFen, payerTotalFen } = first;
  return {
    ok: true,
    fields: Object.assign(
      {
        transaction_id: transactionId,
        out_trade_no: outTradeNo,
        total_fee: String(totalFen),
        fee_type: 'CNY',
        cash_fee: String(payerTotalFen),
        refund_fee: String(refundedFen),
        refund_count: String(refunds.length),
      },
      ...listed,
    ),
  };
}

function findRefunds(call: CallV2): readonly RefundRecord[] {
  const { context, account, fields, subMchid } = call;
  const { store } = context;
  const byId = fields.get('refund_id');
  const byNo = fields.get('out_refund_no');
  if (byId !== undefined || byNo !== undefined) {
    const found =
      byId === undefined ? store.refundByNo(account.mchid, byNo ?? '') : store.refunds.get(byId);
    const isTheirs = found?.mchid === account.mchid && found.subMchid === subMchid;
    return found !== undefined && isTheirs ? [found] : [];
  }
  const found = paidLine(call);
  return found === undefined ? [] : store.refunds.list('order', found.order.key);
}
