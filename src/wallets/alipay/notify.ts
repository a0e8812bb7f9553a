/**
 * Alipay's callbacks: verified over the raw bytes, decoded once, and only then read. Payment and
 * refund come as the same message type; a message is a refund's only when it names the refund
 * (out_biz_no) and says that money went back (refund_fee, gmt_refund), so that a refund is never
 * taken for a second payment nor the reverse.
 *
 * app_id must be the configuration's own. seller_id that is neither absent nor our pid is handed on
 * as the payee: core holds it against the order's merchant (rule 3).
 */
import { yuanToFen } from '../../core/money.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { LegReport, Notification, NotificationRefusal, RawRequest } from '../wallet.ts';
import type { AlipayKeys, Verdict } from './alipay-keys.ts';
import type { AlipayAccount } from './config.ts';
import { reversedReport, tradeReport } from './transform.ts';
import { type Parameters, parseParameters } from './wire/parameters.ts';
import { notifySignText, serviceMessageSignText } from './wire/sign-text.ts';

const BODY_BYTES_MAX = 262_144;
const TRADE = 'trade_status_sync';

type Refused = Result<never, NotificationRefusal>;

function refused(code: NotificationRefusal['code'], explain: string): Refused {
  return err({ code, explain });
}

export async function parseNotification(
  account: Pick<AlipayAccount, 'appId' | 'pid'>,
  keys: AlipayKeys,
  request: RawRequest,
): Promise<Result<Notification, NotificationRefusal>> {
  if (request.method !== 'POST') return refused('malformed', 'not a POST');
  if (request.body.length > BODY_BYTES_MAX) return refused('malformed', 'larger than any callback');
  const parsed = parseParameters(request.body.toString('utf8'));
  if (!parsed.ok) {
    return refused(
      'malformed',
      `parameter ${parsed.error.kind}: ${parsed.error.name.slice(0, 64)}`,
    );
  }
  const parameters = parsed.value;
  const charset = parameters.get('charset') ?? 'utf-8';
  if (charset.toLowerCase() !== 'utf-8') return refused('malformed', 'charset is not utf-8');
  if (parameters.get('sign_type') !== 'RSA2') {
    return refused('bad_signature', 'sign_type is not RSA2');
  }
  const verdict = await verifyParameters(keys, parameters);
  if (verdict === 'unknown_key') {
    return refused('unknown_key', 'alipay_cert_sn names no certificate that can be trusted');
  }
  if (verdict !== 'valid') return refused('bad_signature', 'the signature does not verify');
  const hiding = hidingParameter(parameters);
  if (hiding !== undefined) return refused('malformed', `${hiding} holds another parameter`);
  return read(account, parameters);
}

/**
 * Alipay signs `a=1&b=2` without escaping, so a signed message can be cut anew, a parameter hidden
 * in the value of the one before it, and still verify. No order of ours has such a value in it.
 */
function hidingParameter(parameters: Parameters): string | undefined {
  for (const [name, value] of parameters) if (/&[a-z_]+=/.test(value)) return name.slice(0, 64);
  return undefined;
}

async function verifyParameters(keys: AlipayKeys, parameters: Parameters): Promise<Verdict> {
  const sign = parameters.get('sign') ?? '';
  const certSn = parameters.get('alipay_cert_sn') ?? null;
  const first = await keys.verify({ text: notifySignText(parameters), sign, certSn });
  if (first !== 'bad_signature') return first;
  // Senders disagree on two points: empty values, and sign_type in service messages.
  const filled = new Map([...parameters].filter(([, value]) => value !== ''));
  if (filled.size < parameters.size) {
    const second = await keys.verify({ text: notifySignText(filled), sign, certSn });
    if (second !== 'bad_signature') return second;
  }
  if (parameters.get('notify_type') === TRADE) return 'bad_signature';
  return keys.verify({ text: serviceMessageSignText(parameters), sign, certSn });
}

function read(
  account: Pick<AlipayAccount, 'appId' | 'pid'>,
  parameters: Parameters,
): Result<Notification, NotificationRefusal> {
  if (parameters.get('app_id') !== account.appId) {
    return refused('not_ours', 'app_id is another application');
  }
  const notificationId = parameters.get('notify_id') ?? '';
  if (notificationId === '') return refused('malformed', 'notify_id is missing');
  const what = parameters.get('notify_type') ?? parameters.get('msg_method') ?? 'unnamed';
  if (what !== TRADE) return ok({ type: 'ignored', notificationId, what });
  const orderNo = parameters.get('out_trade_no') ?? '';
  if (orderNo === '') return refused('malformed', 'out_trade_no is missing');
  const leg = legOf(account, orderNo, parameters);
  if (isReversal(parameters)) {
    const legs = [reversedReport(leg, Object.fromEntries(parameters))];
    return ok({ type: 'attempt', notificationId, orderNo, legs });
  }
  const legs = [leg];
  const refundNo = refundNoOf(parameters);
  if (refundNo === undefined) return ok({ type: 'attempt', notificationId, orderNo, legs });
  // refund_fee is cumulative, so this message states no amount of its own refund.
  const report = {
    status: 'succeeded',
    walletRefundId: null,
    amountFen: null,
    walletError: null,
  } as const;
  return ok({ type: 'refund', notificationId, orderNo, refundNo, report, legs });
}

/**
 * alipay.trade.cancel gives back whole, under the order's own number: our refunds have numbers of
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
  account: Pick<AlipayAccount, 'pid'>,
  orderNo: string,
  parameters: Parameters,
): LegReport {
  const seller = parameters.get('seller_id') ?? '';
  const paidAt = parameters.get('gmt_payment');
  return tradeReport(orderNo, Object.fromEntries(parameters), {
    paidAt: paidAt === '' ? undefined : paidAt,
    payee: seller === '' || seller === account.pid ? null : seller,
  });
}
