/**
 * UnionPay's callbacks: form-decoded once in their own charset, verified over every field, and only
 * then read, the known fields alone. Query parameters of our own callback address never mix with
 * the signed ones: only the body is read.
 *
 * merId must be the account's own, since every merchant's messages are signed by the same key, and
 * an outcome must be present, since with methods 11 and 12 a request of ours would verify, too. The
 * named order must be ours; core decides which payment that is, and for how much (rule 3).
 */
import { createHash } from 'node:crypto';
import type { LegReportStatus } from '../../core/wallet/report.ts';
import { ok, type Result } from '../../kernel/result.ts';
import type { Clock } from '../../runtime/clock.ts';
import { isOversizedForm } from '../../wires/keys/form-limits.ts';
import type { Fields } from '../../wires/unionpay/canonical.ts';
import { parseForm, type ReadForm } from '../../wires/unionpay/form.ts';
import { isAnswer, PURCHASES, TXN, VERSION } from '../../wires/unionpay/trade.ts';
import { refusedCallback, refusedForm, tooManyCallbacks } from '../answers.ts';
import {
  NO_GATE,
  type Notification,
  type NotificationGate,
  type NotificationRefusal,
  type RawRequest,
} from '../wallet.ts';
import { orderReport, orderStatus, settledRefund } from './answer.ts';
import type { UnionpayConfig } from './config.ts';
import { judgeMessage } from './keys.ts';

type Receiver = Pick<UnionpayConfig, 'merId' | 'trust' | 'encoding'>;
export async function parseNotification(
  config: Receiver,
  wall: Clock,
  request: RawRequest,
  gate: NotificationGate = NO_GATE,
): Promise<Result<Notification, NotificationRefusal>> {
  const parsed = readForm(config, request);
  if (!parsed.ok) return parsed;
  const { fields, encoding } = parsed.value;
  if (!(await gate({ kind: 'order', orderNo: fields.get('orderId') ?? '' }))) {
    return tooManyCallbacks();
  }
  const judged = await judgeMessage(config.trust, wall, fields, encoding);
  if (judged.ok) return read(config, judged.value);
  const { code, explain } = judged.error;
  return refusedCallback(code === 'ambiguous' ? 'malformed' : code, explain);
}

/** Refused without cryptography: too long, unreadable, another merchant's, no answer at all. */
function readForm(config: Receiver, request: RawRequest): Result<ReadForm, NotificationRefusal> {
  const refused = refusedForm(request, isOversizedForm);
  if (refused !== undefined) return refused;
  const parsed = parseForm(request.body, config.encoding);
  if (!parsed.ok) return refusedCallback('malformed', `the form has a bad ${parsed.error.kind}`);
  const { fields } = parsed.value;
  if (fields.get('version') !== VERSION)
    return refusedCallback('malformed', `version is not ${VERSION}`);
  if (fields.get('merId') !== config.merId) {
    return refusedCallback('not_ours', 'merId is another merchant');
  }
  if (!isAnswer(fields)) return refusedCallback('malformed', 'respCode or respMsg is missing');
  return ok(parsed.value);
}

function read(config: Receiver, fields: Fields): Result<Notification, NotificationRefusal> {
  const orderNo = fields.get('orderId') ?? '';
  const txnTime = fields.get('txnTime') ?? '';
  const respCode = fields.get('respCode') ?? '';
  if (orderNo === '' || txnTime === '') {
    return refusedCallback('malformed', 'orderId or txnTime is missing');
  }
  const notificationId = idOf(fields);
  const txnType = fields.get('txnType') ?? '';
  if (txnType === TXN.purchase) {
    const asked = { orderNo, txnTime, merId: config.merId };
    const leg = orderReport(fields, purchaseStatus(fields, respCode), asked);
    return ok({ type: 'attempt', notificationId, orderNo, legs: [leg] });
  }
  const refundedNo = fields.get('reqReserved') ?? fields.get('origOrderId') ?? '';
  if (txnType === TXN.refund && refundedNo !== '') {
    const report = settledRefund(fields, respCode);
    const refundNo = orderNo;
    return ok({ type: 'refund', notificationId, orderNo: refundedNo, refundNo, report });
  }
  return ok({ type: 'ignored', notificationId, what: `txnType ${txnType.slice(0, 4)}` });
}

/**
 * A failed try ends a payment code; for a page or code that can still be paid, the query decides.
 */
function purchaseStatus(fields: Fields, respCode: string): LegReportStatus {
  const isOneTry = fields.get('txnSubType') === PURCHASES.bar.sub;
  return orderStatus(respCode, { isOneTry, isOver: false });
}

/** Messages have no id of their own: transaction and outcome identify them. */
function idOf(fields: Fields): string {
  const names = ['txnType', 'orderId', 'txnTime', 'queryId', 'respCode'];
  const named = names.map((name) => fields.get(name) ?? '').join('&');
  return createHash('sha256').update(named).digest('hex').slice(0, 40);
}
