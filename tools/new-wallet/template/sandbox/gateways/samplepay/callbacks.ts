/**
 * Callbacks: what happened, posted until the shop answers `success`. Composed when it happens,
 * signed anew at every delivery. The schedule is the wallet's: README.md has its source.
 */
import { NOTIFICATION } from '../../../src/wires/samplepay/canonical.ts';
import type { Fields } from '../../../src/wires/samplepay/message.ts';
import { WALLET } from '../../../src/wires/samplepay/trade.ts';
import { DISTORTIONS } from '../../kit/distortion.ts';
import { signedMessage } from './answers.ts';
import type { Context } from './context.ts';
import { distort, orderFields, refundFields } from './present.ts';
import type { OrderRecord, RefundRecord } from './records.ts';

const MINUTE_MS = 60_000;
/** After the first delivery, which is immediate. */
const RETRY_DELAYS_MS: readonly number[] = [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS];
const TIMEOUT_MS = 5_000;

export function registerCallbacks(context: Context): void {
  context.kit.callbackQueue.register(WALLET, {
    retryDelaysMs: RETRY_DELAYS_MS,
    timeoutMs: TIMEOUT_MS,
    compose: async ({ merchant, message }, flaw) => {
      const isForged = flaw === 'callback_bad_signature' || flaw === 'signtest';
      const fields = message as Fields;
      return signedMessage(context, { what: NOTIFICATION, merchant, fields, isForged });
    },
    isAcknowledged: ({ status, body }) =>
      status === 200 && body.toString('utf8').trim() === 'success',
  });
}

export function notifyPaid(context: Context, order: OrderRecord): void {
  const { orderNo, merchant } = order;
  const point = { wallet: WALLET, operation: 'callback', orderNo, merchant } as const;
  const fault = context.kit.faults.take(point, DISTORTIONS);
  send(context, 'payment', order, distort(orderFields(order), fault));
}

export function notifyRefunded(context: Context, refund: RefundRecord): void {
  send(context, 'refund', refund, refundFields(refund));
}

function send(
  { kit }: Context,
  kind: 'payment' | 'refund',
  about: OrderRecord | RefundRecord,
  fields: Fields,
): void {
  const { orderNo, merchant, notifyUrl: url } = about;
  const message: Fields = { ...fields, notification_id: kit.random.bytes(12).toString('hex') };
  kit.callbackQueue.send({ wallet: WALLET, kind, orderNo, merchant, url, message });
}
