/**
 * The issuer's side of a tap: does this field 55 belong to that token, this amount and today, and
 * is it new? The cryptogram is checked first; what it does not cover is not trusted. The counter of
 * an authentic tap is used up whatever else is wrong with it, so that it cannot be retried with
 * another order.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Fen } from '../../src/kernel/money.ts';
import { beijingYymmdd } from '../../src/wires/nfc/bcd.ts';
import { computeArqc, cryptogramData, deriveSessionKey } from '../../src/wires/nfc/cryptogram.ts';
import type { Field55 } from '../../src/wires/nfc/field55.ts';
import { CVR_VERIFIED_BY_CARD } from '../../src/wires/nfc/issuer-data.ts';

export interface TokenRecord {
  /** UDK, 16 bytes. */
  readonly tokenKey: Buffer;
  /** The highest counter ever seen of it; 0 = none. */
  readonly lastAtc: number;
  readonly expiryYymm: string;
}

export interface TapExpectation {
  readonly amountFen: Fen;
  /** Four digits; `0156`. */
  readonly currency: string;
  readonly nowMs: number;
  /** How far a terminal's clock may be off at midnight. */
  readonly clockToleranceMs: number;
  /** Above it the buyer must be verified: 小额免密免签, CNY 1,000 included. */
  readonly noPinLimitFen: Fen;
}

export type TapRefusal =
  | 'cryptogram_not_online'
  | 'cryptogram_unsupported'
  | 'cryptogram_wrong'
  | 'counter_replayed'
  | 'amount_mismatch'
  | 'currency_mismatch'
  | 'date_mismatch'
  | 'type_mismatch'
  | 'token_expired';

/** `lastAtc` is what to store for the token from now on. */
export type TapVerdict =
  | {
      readonly verdict: 'approved';
      readonly lastAtc: number;
      readonly verification: 'none' | 'device';
    }
  /** Authentic and valid, but above the limit: approve only after the buyer's PIN. */
  | { readonly verdict: 'pin_required'; readonly lastAtc: number }
  | {
      readonly verdict: 'refused';
      readonly lastAtc: number;
      readonly refusal: TapRefusal;
      readonly message: string;
    };

const MESSAGES: Readonly<Record<TapRefusal, string>> = Object.freeze({
  cryptogram_not_online: 'The card did not ask for an online decision (no ARQC).',
  cryptogram_unsupported: 'Only cryptogram version 01 with triple DES can be checked.',
  cryptogram_wrong: 'The cryptogram does not fit: the data was changed or the key is another.',
  counter_replayed: 'This tap, or a later one, has been seen before; tap again.',
  amount_mismatch: 'The tap is for another amount than the order; tap again.',
  currency_mismatch: 'The tap is in another currency than the order.',
  date_mismatch: "The tap is of another day; set the terminal's clock and tap again.",
  type_mismatch: 'The tap is not of a purchase.',
  token_expired: 'The token is expired; the buyer adds the card again.',
});

export function verifyTap(
  field55: Field55,
  token: TokenRecord,
  expected: TapExpectation,
): TapVerdict {
  const unauthentic = cryptogramRefusal(field55, token);
  if (unauthentic !== undefined) return refused(unauthentic, token.lastAtc);
  if (field55.atc <= token.lastAtc) return refused('counter_replayed', token.lastAtc);
  const mismatch = orderRefusal(field55, token, expected);
  if (mismatch !== undefined) return refused(mismatch, field55.atc);
  const isVerified = wasBuyerVerified(field55);
  if (expected.amountFen > expected.noPinLimitFen && !isVerified) {
    return { verdict: 'pin_required', lastAtc: field55.atc };
  }
  const verification = isVerified ? 'device' : 'none';
  return { verdict: 'approved', lastAtc: field55.atc, verification };
}

function refused(refusal: TapRefusal, lastAtc: number): TapVerdict {
  return { verdict: 'refused', lastAtc, refusal, message: MESSAGES[refusal] };
}

function cryptogramRefusal(field55: Field55, token: TokenRecord): TapRefusal | undefined {
  const { issuerData } = field55;
  if (field55.cryptogramKind !== 'arqc') return 'cryptogram_not_online';
  if (issuerData.cryptogramVersion !== 1 || issuerData.algorithm > 1) {
    return 'cryptogram_unsupported';
  }
  const data = cryptogramData(field55.values, issuerData.cardVerificationResults);
  const atc = field55.values.get('9F36');
  if (data === undefined || atc === undefined) return 'cryptogram_wrong';
  const computed = computeArqc(deriveSessionKey(token.tokenKey, atc), data);
  return timingSafeEqual(computed, field55.cryptogram) ? undefined : 'cryptogram_wrong';
}

function orderRefusal(
  field55: Field55,
  token: TokenRecord,
  expected: TapExpectation,
): TapRefusal | undefined {
  const { nowMs, clockToleranceMs } = expected;
  if (field55.transactionType !== '00') return 'type_mismatch';
  if (field55.amountFen !== expected.amountFen) return 'amount_mismatch';
  if (field55.otherAmountFen !== 0n) return 'amount_mismatch';
  if (field55.currency !== expected.currency) return 'currency_mismatch';
  const days = [nowMs - clockToleranceMs, nowMs, nowMs + clockToleranceMs].map(beijingYymmdd);
  if (!days.includes(field55.dateYymmdd)) return 'date_mismatch';
  return token.expiryYymm < beijingYymmdd(nowMs).slice(0, 4) ? 'token_expired' : undefined;
}

/** From the verification results, which the cryptogram covers; anybody could have set 9F6C. */
function wasBuyerVerified(field55: Field55): boolean {
  const results = field55.issuerData.cardVerificationResults[1] ?? 0;
  return (results & CVR_VERIFIED_BY_CARD) !== 0;
}
