/**
 * Asynchronous notifications: composed when the event happens, signed anew at every delivery with
 * the key valid then, delivered by the callback queue on Alipay's own schedule. Acknowledged only
 * by the seven bytes `success`.
 */

import { notifySignText } from '../../../src/wires/alipay/canonical.ts';
import { encodeParameters } from '../../../src/wires/alipay/parameters.ts';
import { formatTime } from '../../../src/wires/alipay/time.ts';
import { randomDigits } from '../../kit/digits.ts';
import { DISTORTIONS } from '../../kit/distortion.ts';
import type { CallbackPolicy, CityKit } from '../../kit/kit.ts';
import { appsOf } from './account.ts';
import { type IdentityRecord, signAsGateway } from './identity.ts';
import { distort, notifyFields } from './present.ts';
import type { AppRecord, RefundRecord, TradeRecord } from './records.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const RETRY_DELAYS_MS = [
  4 * MINUTE_MS,
  10 * MINUTE_MS,
  10 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  6 * HOUR_MS,
  15 * HOUR_MS,
];
const TIMEOUT_MS = 5_000;

export interface Callbacks {
  readonly notify: (kind: 'payment' | 'refund', trade: TradeRecord, refund?: RefundRecord) => void;
}

interface Message {
  readonly appId: string;
  readonly fields: Readonly<Record<string, string>>;
}

export function openCallbacks(kit: CityKit, identity: () => IdentityRecord): Callbacks {
  kit.callbackQueue.register('alipay', callbackPolicy(kit, identity));
  return {
    notify: (kind, trade, refund) => {
      const { order } = trade;
      const { outTradeNo: orderNo, notifyUrl: url } = order;
      if (url === null) return;
      const fields = notifyFields(trade, identity().buyer.logonId, refund ?? null);
      const merchant = order.smid ?? order.pid;
      const point = { wallet: 'alipay', operation: 'callback', orderNo, merchant } as const;
      const fault = kit.faults.take(point, DISTORTIONS);
      const message: Message = {
        appId: order.appId,
        fields: { ...distort(kit, trade, fields, fault), notify_id: notifyId(kit) },
      };
      kit.callbackQueue.send({ wallet: 'alipay', kind, orderNo, merchant, url, message });
    },
  };
}

/** 34 digits, the same at every delivery. */
function notifyId(kit: CityKit): string {
  const [day, time] = formatTime(kit.clock.nowMs()).replace(/[-:]/g, '').split(' ');
  return `${day}00222${time}${randomDigits(kit.random, 15)}`;
}

function callbackPolicy(kit: CityKit, identity: () => IdentityRecord): CallbackPolicy {
  return {
    retryDelaysMs: RETRY_DELAYS_MS,
    timeoutMs: TIMEOUT_MS,
    compose: async (order, flaw) => {
      const { appId, fields } = order.message as Message;
      const app = appsOf(kit).get(appId);
      const body = await composeBody({ kit, identity }, app, flaw, {
        ...fields,
        notify_type: 'trade_status_sync',
        notify_time: formatTime(kit.clock.nowMs()),
        charset: 'utf-8',
        version: '1.0',
        sign_type: 'RSA2',
      });
      return {
        // Alipay's own header, odd as it is: receivers must parse it leniently.
        headers: { 'content-type': 'application/x-www-form-urlencoded; text/html; charset=utf-8' },
        body,
      };
    },
    isAcknowledged: ({ status, body }) => status === 200 && body.toString('utf8') === 'success',
  };
}

async function composeBody(
  gateway: { readonly kit: CityKit; readonly identity: () => IdentityRecord },
  app: AppRecord | undefined,
  flaw: 'callback_bad_signature' | 'signtest' | 'key_rotated' | undefined,
  fields: Readonly<Record<string, string>>,
): Promise<string> {
  const parameters = new Map(Object.entries(fields));
  const certificate = app?.certificate ?? null;
  const shown = flaw === 'callback_bad_signature' ? 'bad_signature' : flaw;
  // No certificate is named, in certificate mode either: Alipay's own notifications name none.
  const text = notifySignText(parameters);
  const { sign } = await signAsGateway(gateway, { certificate }, shown, text);
  parameters.set('sign', sign);
  return encodeParameters(parameters);
}
