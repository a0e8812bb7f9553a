/**
 * What a buyer presents at a counter, in ACP's fields: a payment code (19 digits, or the EMV form
 * with the same number) and a QuickPass tap. Both are single-use and never logged or stored; an
 * attempt with either is reversed if its outcome stays unknown.
 */
import type { X509Certificate } from 'node:crypto';
import type { AttemptReference } from '../../core/wallet/order.ts';
import type { CloseOutcome, LegReport } from '../../core/wallet/report.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type Field55, readField55Hex, writeField55 } from '../../wires/nfc/field55.ts';
import { writeTrack2 } from '../../wires/nfc/track2.ts';
import { decodeCpm, isCpmPayload } from '../../wires/qr/cpm.ts';
import { UNIONPAY_RID } from '../../wires/qr/merchant-account.ts';
import { certIdOf } from '../../wires/unionpay/certificates.ts';
import { encryptField, writeCardTransData } from '../../wires/unionpay/sensitive.ts';
import { clearingDay } from '../../wires/unionpay/time.ts';
import { PATHS } from '../../wires/unionpay/trade.ts';
import type { WalletSeams } from '../wallet.ts';
import { type AskedOrder, orderReport, queryReport } from './answer.ts';
import { capabilities } from './capabilities.ts';
import type { Called, Client, RequestFields } from './client.ts';
import type { UnionpayConfig } from './config.ts';
import { queryFields, reversalFields } from './request.ts';
import { PENDING_CODES, REVERSAL_DENIED_CODE, REVERSED_CODE, SUCCESS_CODES } from './statuses.ts';

const CODE = /^62[0-9]{17}$/;

export function codeFields(authCode: string): Result<RequestFields, string> {
  const text = authCode.trim();
  if (!isCpmPayload(text)) {
    const digits = text.replace(/ /g, '');
    return CODE.test(digits)
      ? ok({ qrNo: digits })
      : err('a payment code of UnionPay has 19 digits and begins with 62');
  }
  const decoded = decodeCpm(text);
  if (!decoded.ok) return err(decoded.error.message);
  const own = decoded.value.applications.find(({ aid }) => aid.startsWith(UNIONPAY_RID));
  const pan = own?.pan ?? '';
  return CODE.test(pan) ? ok({ qrNo: pan }) : err('the code holds no token of UnionPay');
}

export function readTap(field55Hex: string): Result<Field55, string> {
  const read = readField55Hex(field55Hex);
  if (!read.ok) return err(read.error.message);
  if (read.value.track2 === null) {
    return err('field55 lacks 57 (track 2): the network cannot tell whose card it is');
  }
  return read;
}

/** Track 2 and the sequence number have fields of their own, track 2 encrypted. */
export function tapFields(tap: Field55, encryptCert: X509Certificate): RequestFields {
  const chip = new Map(tap.values);
  chip.delete('57');
  chip.delete('5F34');
  const written = writeField55(chip);
  const track2 = tap.track2 === null ? '' : writeTrack2(tap.track2).toString('hex').toUpperCase();
  return {
    cardTransData: writeCardTransData({
      chipDataHex: written.ok ? written.value.toString('hex').toUpperCase() : '',
      sequence: (tap.panSequence ?? '').padStart(3, '0'),
      track2Enciphered: encryptField(encryptCert, track2),
    }),
    encryptCertId: certIdOf(encryptCert),
  };
}

interface Calling {
  readonly config: UnionpayConfig;
  readonly client: Client;
  readonly seams: WalletSeams;
}

/**
 * 冲正 (99), within its clearing day; only the query can tell whether it worked, never the reversal's
 * own answer.
 *
 * An order that reads "paid" may have an accepted reversal that does not show yet. Nobody may
 * refund it then, or the buyer would be refunded twice. So it is `paid` only if UnionPay supports
 * no reversals of it at all, or if its clearing day is over: a reversal is possible only on that
 * day. A refusal of one call says nothing about an earlier accepted one.
 */
export async function reverseCode(
  context: Calling,
  attempt: AttemptReference,
  asked: AskedOrder,
): Promise<CloseOutcome> {
  const before = await ask(context, attempt, asked);
  if (isEnded(before.report)) return endOf(before, asked, false);
  const nowMs = context.seams.clock.nowMs();
  if (!isItsDay(attempt, nowMs)) return afterItsDay(before, attempt, nowMs);
  const fields = reversalFields(context.config, attempt, asked.orderNo);
  const reversed = await context.client.call(PATHS.back, fields);
  if (reversed.kind === 'unknown') return { outcome: 'unknown', walletError: reversed.error };
  const after = await ask(context, attempt, asked);
  return outcomeOf(reversed, after, asked);
}

function isItsDay({ createdAtMs }: AttemptReference, nowMs: number): boolean {
  return clearingDay(createdAtMs) === clearingDay(nowMs);
}

/** Too late to reverse: what is in flight ends, then the order is what its query says. */
function afterItsDay(before: Asked, attempt: AttemptReference, nowMs: number): CloseOutcome {
  const { called, report } = before;
  if (isItsDay(attempt, nowMs - capabilities.notFoundIsFinalAfterMs)) {
    return { outcome: 'unknown', walletError: called.error };
  }
  return { outcome: report.status === 'succeeded' ? 'paid' : 'unsupported' };
}

function isEnded({ status }: LegReport): boolean {
  return status === 'failed' || status === 'closed';
}

interface Asked {
  readonly called: Called;
  readonly report: LegReport;
}

async function ask(context: Calling, attempt: AttemptReference, asked: AskedOrder): Promise<Asked> {
  const { product, createdAtMs } = attempt;
  const fields = queryFields(context.config, { orderNo: asked.orderNo, product, createdAtMs });
  const called = await context.client.call(PATHS.query, fields);
  return { called, report: queryReport(called, asked) };
}

/** With a settlement amount it had been settled: paid, and refunded in full by a reversal. */
function endOf({ called, report }: Asked, asked: AskedOrder, wasTaken: boolean): CloseOutcome {
  if (called.kind !== 'answered' || report.receiptAmountFen === null) return { outcome: 'closed' };
  const { fields } = called;
  // By an earlier call, whose answer may have been lost.
  const isReversed = wasTaken || fields.get('origRespCode') === REVERSED_CODE;
  if (!isReversed) return { outcome: 'closed' };
  const { paidAtMs } = orderReport(fields, 'succeeded', asked);
  return {
    outcome: 'reversed',
    legs: [{ ...report, status: 'closed', paidAtMs, isReversed: true }],
  };
}

function outcomeOf(
  reversal: Extract<Called, { readonly kind: 'answered' }>,
  after: Asked,
  asked: AskedOrder,
): CloseOutcome {
  const { called, report } = after;
  const { respCode } = reversal;
  switch (report.status) {
    case 'failed':
    case 'closed':
      return endOf(after, asked, SUCCESS_CODES.has(respCode) || PENDING_CODES.has(respCode));
    case 'not_found':
      return { outcome: 'not_found' };
    case 'succeeded':
      return respCode === REVERSAL_DENIED_CODE
        ? { outcome: 'paid' }
        : { outcome: 'unknown', walletError: SUCCESS_CODES.has(respCode) ? null : reversal.error };
    default:
      return { outcome: 'unknown', walletError: called.error };
  }
}
