/**
 * The app's payment codes (付款码), and the charge of one by a merchant: paid at once, or as soon as
 * the buyer confirms. A code pays one order.
 */
import { ok } from '../../../src/kernel/result.ts';
import { fieldOf } from '../../../src/wires/samplepay/message.ts';
import { ORDER_STATUS, WALLET } from '../../../src/wires/samplepay/trade.ts';
import { randomDigits } from '../../kit/digits.ts';
import type { CityKit } from '../../kit/kit.ts';
import {
  type ChargeRefusal,
  openPaymentCodes,
  type PaymentCodes,
} from '../../kit/payment-codes.ts';
import { type Answer, type Call, refuse, takeFault } from './context.ts';
import { checkFields } from './field-rules.ts';
import { bookPayment, draftOrder, knownOrder, move } from './orders.ts';
import { orderFields } from './present.ts';
import type { OrderRecord } from './records.ts';

/** 20 digits from `99`; the row of the real ones goes to src/wires/qr/payment-code-table.ts. */
export const PAYMENT_CODE = /^99\d{18}$/;

export function openSamplepayCodes(kit: CityKit): PaymentCodes {
  const draw = () => randomDigits(kit.random, 18, '99');
  return openPaymentCodes(kit, { collection: 'samplepay.payment_codes', draw });
}

export function charge(call: Call): Answer {
  const { context, fields } = call;
  const checked = checkFields(fields, 'charge');
  if (!checked.ok) return checked;
  const known = knownOrder(call);
  if (!known.ok) return known;
  if (known.value !== undefined) return ok(orderFields(known.value));
  const order = draftOrder(call, true);
  // Checked last, since a refused order must leave the buyer's code usable.
  const charged = context.codes.charge(fieldOf(fields, 'auth_code') ?? '', order.key);
  if (charged !== 'charged') return refuse('codeInvalid', REFUSALS[charged]);
  return ok(orderFields(start(call, order)));
}

const REFUSALS: Readonly<Record<ChargeRefusal, string>> = {
  unknown: 'not a payment code of this app',
  used: 'the code was used before',
  expired: 'the code is older than a minute',
};

function start(call: Call, order: OrderRecord): OrderRecord {
  const { context } = call;
  const mustConfirm = takeFault(call, 'create', ['userpaying']) !== undefined;
  if (mustConfirm) return move(context, order, ORDER_STATUS.confirming);
  return bookPayment(context, order, { payerWallet: WALLET, couponFen: 0n });
}
