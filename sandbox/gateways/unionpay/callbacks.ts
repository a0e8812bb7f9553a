/**
 * Notifications to merchants: form fields, signed anew at every delivery by the method of the
 * request that opened the transaction. At most five deliveries, and any 200 or 302 ends them;
 * successes only, since nothing more may be relied on.
 */

import { must } from '../../../src/kernel/assert.ts';
import { encodingOf } from '../../../src/wires/unionpay/canonical.ts';
import { encodeForm } from '../../../src/wires/unionpay/form.ts';
import { RESP_TEXTS } from '../../../src/wires/unionpay/resp-codes.ts';
import { randomDigits } from '../../kit/digits.ts';
import { DISTORTIONS, distorted } from '../../kit/distortion.ts';
import type { CallbackOrder, FaultName } from '../../kit/kit.ts';
import { type SignatureFlaw, signAsGateway } from './answers.ts';
import type { Context, Message } from './context.ts';
import { purchaseFields, returnFields } from './present.ts';
import type { MessageFormat, PurchaseRecord, ReturnRecord } from './records.ts';

const MINUTE_MS = 60_000;
/** Five sends in all. */
const RETRY_DELAYS_MS = [1, 2, 4, 5].map((minutes) => minutes * MINUTE_MS);
const TIMEOUT_MS = 10_000;

/** What the queue stores: everything but the signature. */
interface CallbackMessage extends MessageFormat {
  readonly merId: string;
  readonly fields: Message;
}

export function registerCallbacks(context: Context): void {
  context.kit.callbackQueue.register('unionpay', {
    retryDelaysMs: RETRY_DELAYS_MS,
    timeoutMs: TIMEOUT_MS,
    compose: (order, flaw) => compose(context, order, flaw),
    isAcknowledged: ({ status }) => status === 200 || status === 302,
  });
}

async function compose(context: Context, order: CallbackOrder, flaw: SignatureFlaw | undefined) {
  const { merId, fields, ...format } = order.message as CallbackMessage;
  const merchant = must(context.store.merchants.get(merId), 'the merchant');
  const signed = await signAsGateway(context, merchant, format, fields, flaw);
  const encoding = encodingOf(format.encoding) ?? 'UTF-8';
  return {
    headers: { 'content-type': `application/x-www-form-urlencoded;charset=${encoding}` },
    body: encodeForm(signed, encoding),
  };
}

/** The fields of every message of a transaction. */
function named(
  record: PurchaseRecord | ReturnRecord,
  txnType: string,
  txnSubType: string,
): Record<string, string> {
  const { accessType, bizType, encoding, merId, orderId, txnTime } = record;
  return {
    ...{ accessType, bizType, encoding, merId, orderId, txnTime, txnType, txnSubType },
    ...{ version: '5.1.0', respCode: '00', respMsg: `${RESP_TEXTS['00']}[0000000]` },
  };
}

/** For a paid purchase; also what the browser posts to frontUrl. */
export function paidMessage(purchase: PurchaseRecord): Message {
  return { ...named(purchase, '01', purchase.txnSubType), ...purchaseFields(purchase) };
}

export function notifyPaid(context: Context, purchase: PurchaseRecord): void {
  const fault = takeDistortion(context, purchase, 'callback');
  send(context, purchase, purchase.orderId, distort(context, paidMessage(purchase), fault));
}

/** Not used for a reversal: its caller queries. */
export function notifyReturned(context: Context, returned: ReturnRecord): void {
  const message = { ...named(returned, returned.txnType, '00'), ...returnFields(returned) };
  const purchase = must(context.store.purchases.get(returned.purchaseKey), 'what was returned');
  send(context, returned, purchase.orderId, message);
}

/** `orderNo`: the purchase's, also for a refund's message; faults refer to it by that. */
function send(
  context: Context,
  record: PurchaseRecord | ReturnRecord,
  orderNo: string,
  fields: Message,
): void {
  const { backUrl: url, encoding, signMethod, merId } = record;
  if (url === null) return;
  const message: CallbackMessage = { encoding, signMethod, merId, fields };
  context.kit.callbackQueue.send({
    wallet: 'unionpay',
    kind: record.orderId === orderNo ? 'payment' : 'refund',
    orderNo,
    merchant: merId,
    url,
    message,
  });
}

/** The merchants by which a fault may refer to an order: the payees, and the account. */
export function merchantsIn(purchase: Pick<PurchaseRecord, 'merId' | 'split'>): string[] {
  return [...(purchase.split ?? []).map(({ merId }) => merId), purchase.merId];
}

export function takeDistortion(
  context: Context,
  purchase: PurchaseRecord,
  operation: 'callback' | 'query',
): FaultName | undefined {
  const [orderNo, merchant] = [purchase.orderId, merchantsIn(purchase)];
  return context.kit.faults.take({ wallet: 'unionpay', operation, orderNo, merchant }, DISTORTIONS);
}

export function distort(context: Context, fields: Message, fault: FaultName | undefined): Message {
  return distorted(fields, fault, () => ({
    wrong_amount: { txnAmt: (BigInt(fields.txnAmt ?? '0') + 1n).toString() },
    wrong_currency: { currencyCode: '840' },
    wrong_payee: { merId: randomDigits(context.kit.random, 10, '77729') },
  }));
}
