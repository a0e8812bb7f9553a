/**
 * Payment codes over v3, for merchants to whom WeChat Pay has opened them: codepay and reverse. The
 * order is the one that APIv2 makes, and its rules are too; what v3 says differs: a payment code
 * that must be confirmed is an answered order (USERPAYING), not a refusal. There is no callback.
 */
import { present } from '../../../core/assert.ts';
import { ok } from '../../../core/result.ts';
import { fenOf, recordOf, textOf } from '../wire/json.ts';
import { isPaymentCode } from '../wire/payment-code.ts';
import type { Answer, Call } from './call.ts';
import { takeDistortion } from './callbacks.ts';
import { CODE_LIFE_MS, giveBack, mustConfirm, REVERSE_WINDOW_MS } from './codepay.ts';
import { checkFields, type Fields } from './field-rules.ts';
import { checkParties, codeOrderFields } from './order-rules.ts';
import { fingerprint, freshOrder } from './payments.ts';
import { bookPayment } from './phone.ts';
import { distort, singleBody } from './present.ts';
import type { OrderLine, OrderRecord } from './records.ts';
import { refuse } from './refusal.ts';

export const V3_CODEPAY = 'v3_codepay';

type CodeFamily = 'direct' | 'partner';

export function payByCode(call: Call, family: CodeFamily): Answer {
  const { account, body, desk } = call;
  const fields = checkFields(body, codeOrderFields(family));
  if (!fields.ok) return fields;
  if (!account.openedProducts?.includes(V3_CODEPAY)) {
    return refuse(403, 'NO_AUTH', '商户未开通此接口权限');
  }
  const parties = checkParties(call, family);
  if (!parties.ok) return parties;
  const asked = draftCodeOrder(call, family);
  const holder = desk.books.lineByNo(asked.mchid, asked.orderNo)?.order.key;
  const known = holder === undefined ? undefined : freshOrder(desk, holder);
  if (known !== undefined) return repeated(asked, known);
  const code = present(textOf(recordOf(body, 'payer'), 'auth_code'), 'a checked auth_code');
  const charged = isPaymentCode(code) ? desk.books.paymentCodes.charge(code, asked.key) : 'unknown';
  if (charged === 'expired') return refuse(400, 'AUTHCODEEXPIRE', '二维码已过期，请刷新再试');
  if (charged !== 'charged') return refuse(400, 'AUTH_CODE_INVALID', '付款码无效，请重新扫码');
  const { subMchid } = lineOf(asked);
  if (mustConfirm({ desk, account, subMchid }, asked)) {
    const waiting: OrderRecord = { ...asked, state: 'USERPAYING' };
    desk.books.putOrder(waiting);
    return ok(singleBody(waiting, lineOf(waiting)));
  }
  const coupon = { platformFen: 0n, merchantFen: 0n };
  const paid = bookPayment(desk, asked, { payerWallet: 'wechatpay', coupon });
  return ok(distort(singleBody(paid, lineOf(paid)), takeDistortion(desk, paid, 'create')));
}

function lineOf(order: OrderRecord): OrderLine {
  return present(order.lines[0], 'the line of a payment code');
}

function draftCodeOrder({ account, body, desk }: Call, family: CodeFamily): OrderRecord {
  const orderNo = present(textOf(body, 'out_trade_no'), 'an out_trade_no');
  const nowMs = desk.kit.clock.nowMs();
  return {
    key: `single/${account.mchid}/${orderNo}`,
    family,
    mchid: account.mchid,
    appid: account.appid,
    orderNo,
    product: 'codepay',
    notifyUrl: null,
    openid: null,
    deviceId: textOf(recordOf(body, 'scene_info'), 'device_id') ?? null,
    fingerprint: fingerprint('codepay', family, body),
    createdMs: nowMs,
    expiresMs: nowMs + CODE_LIFE_MS,
    state: 'NOTPAY',
    lines: [
      {
        outTradeNo: orderNo,
        subMchid: textOf(body, 'sub_mchid') ?? null,
        description: present(textOf(body, 'description'), 'a description'),
        attach: textOf(body, 'attach') ?? null,
        totalFen: present(fenOf(recordOf(body, 'amount'), 'total'), 'a total'),
        profitSharing: recordOf(body, 'settle_info')?.profit_sharing === true,
        paid: null,
        refundedFen: 0n,
        refundCount: 0,
        lastRefundMs: null,
      },
    ],
    combineTransactionId: null,
    successMs: null,
    payerWallet: null,
    payerOpenid: null,
    prepayCode: '',
    signWith: null,
  };
}

/** The number is known: what became of it, and never a second payment. */
function repeated(asked: OrderRecord, known: OrderRecord): Answer {
  if (known.fingerprint !== asked.fingerprint) {
    return refuse(403, 'OUT_TRADE_NO_USED', '商户订单号重复');
  }
  switch (known.state) {
    case 'SUCCESS':
      return refuse(400, 'ORDER_PAID', '该订单已支付');
    case 'CLOSED':
    case 'REVOKED':
      return refuse(400, 'ORDER_CLOSED', '该订单已关闭');
    case 'NOTPAY':
    case 'PAYERROR':
    case 'USERPAYING':
      return ok(singleBody(known, lineOf(known)));
  }
}

const needed = (label: string) =>
  ({ kind: 'text', label, charsMax: 32, isRequired: true }) as const;
const REVERSE_FIELDS: Readonly<Record<CodeFamily, Fields>> = {
  direct: { appid: needed('公众账号ID'), mchid: needed('直连商户号') },
  partner: {
    sp_appid: needed('服务商应用ID'),
    sp_mchid: needed('服务商户号'),
    sub_mchid: needed('子商户号'),
  },
};

export function reverseByCode(call: Call, family: CodeFamily): Answer {
  const { account, body, desk, params } = call;
  const fields = checkFields(body, REVERSE_FIELDS[family]);
  if (!fields.ok) return fields;
  const parties = checkParties(call, family);
  if (!parties.ok) return parties;
  const order = freshOrder(desk, `single/${account.mchid}/${params[0]}`);
  const subMchid = textOf(body, 'sub_mchid') ?? null;
  if (order?.family !== family || lineOf(order).subMchid !== subMchid) {
    return refuse(404, 'ORDER_NOT_EXIST', '订单不存在');
  }
  if (order.product !== 'codepay') return refuse(403, 'TRADE_ERROR', '仅支持付款码支付订单');
  const line = lineOf(order);
  if (order.state !== 'REVOKED') {
    if (line.refundCount > 0) return refuse(403, 'TRADE_ERROR', '订单已发生退款，无法撤销');
    if (desk.kit.clock.nowMs() > order.createdMs + REVERSE_WINDOW_MS) {
      return refuse(403, 'REVERSE_EXPIRE', '订单无法撤销，请调用退款接口');
    }
    const point = { wallet: 'wechatpay', operation: 'close', orderNo: order.orderNo } as const;
    const merchant = subMchid ?? order.mchid;
    if (desk.kit.faults.take({ ...point, merchant }, ['refund_stuck']) !== undefined) {
      return refuse(500, 'SYSTEM_ERROR', '系统异常，请使用相同参数稍后重新调用');
    }
    giveBack(desk, order, line);
  }
  const { appid, mchid } = order;
  const names =
    family === 'direct'
      ? { appid, mchid }
      : { sp_appid: appid, sp_mchid: mchid, sub_mchid: subMchid };
  return ok({ ...names, out_trade_no: order.orderNo });
}
