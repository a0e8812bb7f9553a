/**
 * Asynchronous notifications: the same envelope as an answer, posted until the shop answers
 * `success`. Composed when the event happens, signed anew at every delivery. JD's schedule is not
 * public; the city's is a setting.
 */
import { must } from '../../../src/kernel/assert.ts';
import type { XmlField } from '../../../src/wires/jdpay/xml.ts';
import { DISTORTIONS } from '../../kit/distortion.ts';
import type { CallbackOrder } from '../../kit/kit.ts';
import { sealedMessage } from './answers.ts';
import type { Context } from './context.ts';
import { distort, orderFields, refundFields } from './present.ts';
import type { OrderRecord, RefundRecord } from './records.ts';

const MINUTE_MS = 60_000;

/** After the first delivery, which is made at once. */
export const RETRY_DELAYS_MS: readonly number[] = [2 * MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS];
const TIMEOUT_MS = 5_000;

interface Message {
  readonly merchant: string;
  readonly fields: readonly XmlField[];
}

export function registerCallbacks(context: Context, retryDelaysMs: readonly number[]): void {
  context.kit.callbackQueue.register('jdpay', {
    retryDelaysMs,
    timeoutMs: TIMEOUT_MS,
    compose: async (order, flaw) => {
      const { merchant, fields } = order.message as Message;
      const record = must(context.store.merchants.get(merchant), 'the merchant');
      const isForged = flaw === 'callback_bad_signature' || flaw === 'signtest';
      return {
        headers: { 'content-type': 'text/xml; charset=UTF-8', 'user-agent': 'JDPay' },
        body: sealedMessage(context, record, { fields, isForged }),
      };
    },
    isAcknowledged: ({ status, body }) =>
      status === 200 && body.toString('utf8').trim() === 'success',
  });
}

export function notifyPaid(context: Context, order: OrderRecord): void {
  const { merchant, tradeNum: orderNo, notifyUrl: url } = order;
  if (url === null) return;
  const point = { wallet: 'jdpay', operation: 'callback', orderNo, merchant } as const;
  const fault = context.kit.faults.take(point, DISTORTIONS);
  const fields = distort(orderFields(order), fault, order);
  send(context, { kind: 'payment', orderNo, merchant, url }, fields);
}

export function notifyRefunded(context: Context, refund: RefundRecord): void {
  const { merchant, oTradeNum: orderNo, notifyUrl: url } = refund;
  if (url === null) return;
  // JD's documents say tradeType 1, its real messages 2: clients must use oTradeNum.
  const fields = refundFields(refund).map(
    (field): XmlField => (field[0] === 'tradeType' ? ['tradeType', '2'] : field),
  );
  send(context, { kind: 'refund', orderNo, merchant, url }, fields);
}

function send(
  { kit }: Context,
  route: Pick<CallbackOrder, 'kind' | 'orderNo' | 'merchant' | 'url'>,
  fields: readonly XmlField[],
): void {
  const message: Message = { merchant: route.merchant, fields };
  kit.callbackQueue.send({ wallet: 'jdpay', ...route, message });
}
