/**
 * The app's payment codes (付款码), and fkmPay, by which a merchant charges one: paid at once, or as
 * soon as the buyer confirms. A code pays one order.
 */
import { ok } from '../../../src/kernel/result.ts';
import { PAYMENT_STATUS } from '../../../src/wires/jdpay/trade.ts';
import type { CityKit } from '../../kit/kit.ts';
import {
  type ChargeRefusal,
  openPaymentCodes,
  type PaymentCodes,
} from '../../kit/payment-codes.ts';
import { type Answer, type Call, takeFault } from './context.ts';
import { fieldOf } from './field-rules.ts';
import { paymentCode } from './numbers.ts';
import { bookPayment, draftOrder, knownOrder, move } from './orders.ts';
import { orderFields } from './present.ts';
import type { OrderRecord } from './records.ts';
import { refuse } from './refusal.ts';

export function openJdpayCodes(kit: CityKit): PaymentCodes {
  const draw = () => paymentCode(kit.random);
  return openPaymentCodes(kit, { collection: 'jdpay.payment_codes', draw });
}

/** `POST /service/fkmPay`: the merchant charges a payment code that the buyer shows. */
export function fkmPay(call: Call): Answer {
  const { context, merchant, fields } = call;
  if (!merchant.services.includes('payment_code')) {
    return refuse('serviceNotOpened', '该商户号未开通付款码 not opened for payment codes');
  }
  const known = knownOrder(call, 'payment_code');
  if (!known.ok) return known;
  if (known.value !== undefined) return ok(orderFields(known.value));
  const token = fieldOf(fields, 'token');
  const order: OrderRecord = { ...draftOrder(call, 'payment_code'), token };
  // Checked last, since a refused order must leave the buyer's code usable.
  const charged = context.codes.charge(token, order.key);
  if (charged !== 'charged') return refuse('codeInvalid', CODE_REFUSALS[charged]);
  return ok(orderFields(start(call, order)));
}

const CODE_REFUSALS: Readonly<Record<ChargeRefusal, string>> = {
  unknown: '付款码无效 not a payment code of this app',
  used: '付款码已使用 the code was used before',
  expired: '付款码已过期 the code is older than a minute',
};

/** Paid at once, or as soon as the buyer confirms on the phone. */
function start(call: Call, order: OrderRecord): OrderRecord {
  const { context } = call;
  const mustConfirm = takeFault(call, 'create', ['userpaying']) !== undefined;
  if (mustConfirm) return move(context, order, PAYMENT_STATUS.processing);
  const paidMs = context.kit.clock.nowMs();
  return bookPayment(context, order, { paidMs, payerWallet: 'jdpay', couponFen: 0n });
}
