/**
 * Alipay's callbacks: decoded once, verified over every parameter, and only then read, the known
 * parameters alone. Payments and refunds arrive as the same message type; a message is about a
 * refund only if it names the refund (out_biz_no) and says that money was refunded (refund_fee,
 * gmt_refund), so that a refund is never taken for a second payment, nor the reverse.
 *
 * app_id must be the configuration's own. A seller_id that is neither absent nor our pid is passed
 * on as the payee: core compares it with the order's merchant (rule 3).
 */
import { type LegReport, silentRefund } from '../../core/wallet/report.ts';
import { yuanToFen } from '../../kernel/money.ts';
import { ok, type Result } from '../../kernel/result.ts';
import { notifySignText, serviceMessageSignText } from '../../wires/alipay/canonical.ts';
import { KNOWN_PARAMETERS } from '../../wires/alipay/known-parameters.ts';
import { type Parameters, parseParameters } from '../../wires/alipay/parameters.ts';
import { parseTime } from '../../wires/alipay/time.ts';
import { isOversizedForm } from '../../wires/keys/form-limits.ts';
import { readSignedPairs } from '../../wires/keys/signed-pairs.ts';
import { refusedCallback, refusedForm, tooManyCallbacks } from '../answers.ts';

import {
  NO_GATE,
  type Notification,
  type NotificationGate,
  type NotificationRefusal,
  type RawRequest,
} from '../wallet.ts';
import { reversedReport, tradeReport } from './answer.ts';
import type { AlipayConfig } from './config.ts';
import type { Keys } from './keys.ts';

const TRADE = 'trade_status_sync';

type Ids = Pick<AlipayConfig, 'appId' | 'pid'>;
export async function parseNotification(
  config: Ids,
  keys: Keys,
  request: RawRequest,
  gate: NotificationGate = NO_GATE,
): Promise<Result<Notification, NotificationRefusal>> {
  const parsed = readForm(config, request);
  if (!parsed.ok) return parsed;
  const orderNo = parsed.value.get('out_trade_no') ?? '';
  if (!(await gate({ kind: 'order', orderNo }))) {
    return tooManyCallbacks();
  }
  const signed = await signedParameters(keys, parsed.value);
  if (!signed.ok) return refusedCallback(signed.error, EXPLAINED[signed.error]);
  const known = readSignedPairs(signed.value, KNOWN_PARAMETERS);
  if (known.ok) return read(config, known.value);
  const { kind, name } = known.error;
  return refusedCallback('malformed', `${name} can be read in two ways: ${kind}`);
}

/** Refused without cryptography: too long, unreadable, another application's. */
function readForm(config: Ids, request: RawRequest): Result<Parameters, NotificationRefusal> {
  const refused = refusedForm(request, isOversizedForm);
  if (refused !== undefined) return refused;
  const parsed = parseParameters(request.body.toString('utf8'));
  if (!parsed.ok) {
    const { kind, name } = parsed.error;
    return refusedCallback('malformed', `parameter ${kind}: ${name.slice(0, 64)}`);
  }
  const parameters = parsed.value;
  const charset = parameters.get('charset') ?? 'utf-8';
  if (charset.toLowerCase() !== 'utf-8')
    return refusedCallback('malformed', 'charset is not utf-8');
  if (parameters.get('sign_type') !== 'RSA2') {
    return refusedCallback('bad_signature', 'sign_type is not RSA2');
  }
  if (parameters.get('app_id') !== config.appId) {
    return refusedCallback('not_ours', 'app_id is another application');
  }
  return ok(parameters);
}

/**
 * The signed parameters. Senders disagree on two points: whether empty values are included, and
 * whether sign_type is, in service messages.
 */
async function signedParameters(
  keys: Keys,
  parameters: Parameters,
): Promise<Result<Parameters, keyof typeof EXPLAINED>> {
  const filled = new Map([...parameters].filter(([, value]) => value !== ''));
  const readings = filled.size < parameters.size ? [parameters, filled] : [parameters];
  const texts = new Map(readings.map((reading) => [notifySignText(reading), reading]));
  if (parameters.get('notify_type') !== TRADE) {
    texts.set(serviceMessageSignText(parameters), parameters);
  }
  const signed = await keys.verifyMessage({
    texts: [...texts.keys()],
    sign: parameters.get('sign') ?? '',
    certSn: parameters.get('alipay_cert_sn') ?? null,
  });
  return signed.ok ? ok(texts.get(signed.value) ?? parameters) : signed;
}

const EXPLAINED = {
  bad_signature: 'the signature does not verify',
  unknown_key: 'alipay_cert_sn names no certificate that can be trusted',
} as const;

function read(config: Ids, parameters: Parameters): Result<Notification, NotificationRefusal> {
  const notificationId = parameters.get('notify_id') ?? '';
  if (notificationId === '') return refusedCallback('malformed', 'notify_id is missing');
  const what = parameters.get('notify_type') ?? parameters.get('msg_method') ?? 'unnamed';
  if (what !== TRADE) return ok({ type: 'ignored', notificationId, what });
  const orderNo = parameters.get('out_trade_no') ?? '';
  if (orderNo === '') return refusedCallback('malformed', 'out_trade_no is missing');
  const leg = legOf(config, orderNo, parameters);
  if (isReversal(parameters)) {
    const legs = [reversedReport(leg, Object.fromEntries(parameters))];
    return ok({ type: 'attempt', notificationId, orderNo, legs });
  }
  const refundNo = refundNoOf(parameters);
  if (refundNo === undefined) return ok({ type: 'attempt', notificationId, orderNo, legs: [leg] });
  // refund_fee is cumulative, so this message does not state the amount of its own refund.
  const settledAtMs = parseTime(parameters.get('gmt_refund') ?? '') ?? null;
  const report = { ...silentRefund('succeeded'), settledAtMs };
  return ok({ type: 'refund', notificationId, orderNo, refundNo, report });
}

/**
 * alipay.trade.cancel refunds in full, under the order's own number: our refunds have numbers of
 * their own.
 */
function isReversal(parameters: Parameters): boolean {
  const refundNo = parameters.get('out_biz_no') ?? '';
  const isOwnNumber = refundNo === parameters.get('out_trade_no');
  const refundedFen = yuanToFen(parameters.get('refund_fee') ?? '');
  const totalFen = yuanToFen(parameters.get('total_amount') ?? '');
  return isOwnNumber && refundedFen !== undefined && refundedFen === totalFen;
}

function refundNoOf(parameters: Parameters): string | undefined {
  const refundNo = parameters.get('out_biz_no') ?? '';
  const refundedFen = yuanToFen(parameters.get('refund_fee') ?? '') ?? 0n;
  const isDone = (parameters.get('gmt_refund') ?? '') !== '' && refundedFen > 0n;
  return refundNo !== '' && isDone ? refundNo : undefined;
}

function legOf(
  config: Pick<AlipayConfig, 'pid'>,
  orderNo: string,
  parameters: Parameters,
): LegReport {
  const seller = parameters.get('seller_id') ?? '';
  const paidAt = parameters.get('gmt_payment');
  return tradeReport(orderNo, Object.fromEntries(parameters), {
    paidAt: paidAt === '' ? undefined : paidAt,
    payee: seller === '' || seller === config.pid ? null : seller,
  });
}
