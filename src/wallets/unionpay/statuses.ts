/**
 * Every respCode that UnionPay documents and what it means to us.
 *
 * `failed` only where UnionPay refused and nothing can come of the order any more; what is not in a
 * table is `unknown`, and unknown is asked again, never guessed (rule 2).
 */

/** 03 communication timeout, 04 state unknown, 05 accepted: query for the end. */
export const PENDING_CODES: ReadonlySet<string> = new Set(['03', '04', '05']);

/** A6: success with a defect, to be treated as success. */
export const SUCCESS_CODES: ReadonlySet<string> = new Set(['00', 'A6']);

/**
 * The gateway or the issuer said no. Not among them: 06 (busy), 12 (the number lives already: its
 * query tells), 34 and 37 (of queries), 70 (the payer is elsewhere), 99 (anything).
 */
export const FAILED_CODES: ReadonlySet<string> = new Set([
  ...['01', '02', '10', '11', '13', '14', '30', '31', '32', '33', '35', '36', '38', '39', '40'],
  ...['41', '60', '61', '62', '63', '64', '65', '66', '67', '68', '69', '71', '72', '73', '76'],
  ...['77', '78', '79', '80', '88'],
]);

/**
 * 11 signature or certId, 31 the state of our merchant number, 32 no permission: refusals of our
 * own credentials and permissions, not of the order. They say nothing more.
 */
export const CREDENTIAL_REFUSALS: ReadonlySet<string> = new Set(['11', '31', '32']);

/** The order itself is over; other failures are of one try, and the payer may try again. */
export const ORDER_OVER_CODES: ReadonlySet<string> = new Set(['69']);

/** Ends that nobody's refusal brought: it ran out (69), or was reversed (01). */
export const CLOSED_CODES: ReadonlySet<string> = new Set(['01', '69']);

/** How the query tells a reversed order. */
export const REVERSED_CODE = '01';

/** No permission: reversals of this merchant or product are taken by nobody, now or before. */
export const REVERSAL_DENIED_CODE = '32';

export const NOT_FOUND_CODE = '34';
export const DUPLICATE_CODE = '12';
