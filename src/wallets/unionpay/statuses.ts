/**
 * Every respCode that UnionPay documents, and its meaning.
 *
 * `failed` only if UnionPay refused and the order can have no further effect; a code that is not in
 * a table is `unknown`, and unknown is queried again, never guessed (rule 2).
 */

/** 03 communication timeout, 04 state unknown, 05 accepted: query for the outcome. */
export const PENDING_CODES: ReadonlySet<string> = new Set(['03', '04', '05']);

/** A6: success with a defect, to be treated as success. */
export const SUCCESS_CODES: ReadonlySet<string> = new Set(['00', 'A6']);

/**
 * The gateway or the issuer declined. Not included: 06 (busy), 12 (the number is in use already:
 * query it), 34 and 37 (of queries), 70 (the payer is elsewhere), 99 (anything).
 */
export const FAILED_CODES: ReadonlySet<string> = new Set([
  ...['01', '02', '10', '11', '13', '14', '30', '31', '32', '33', '35', '36', '38', '39', '40'],
  ...['41', '60', '61', '62', '63', '64', '65', '66', '67', '68', '69', '71', '72', '73', '76'],
  ...['77', '78', '79', '80', '88'],
]);

/**
 * 11 signature or certId, 31 the status of our merchant number, 32 no permission: refusals of our
 * own credentials and permissions, not of the order. They imply nothing else.
 */
export const CREDENTIAL_REFUSALS: ReadonlySet<string> = new Set(['11', '31', '32']);

/** The order itself is over; other failures end one try, and the payer may try again. */
export const ORDER_OVER_CODES: ReadonlySet<string> = new Set(['69']);

/** Ends without a refusal: it expired (69), or was reversed (01). */
export const CLOSED_CODES: ReadonlySet<string> = new Set(['01', '69']);

/** How the query reports a reversed order. */
export const REVERSED_CODE = '01';

/** No permission: reversals of this merchant or product were never accepted. */
export const REVERSAL_DENIED_CODE = '32';

export const NOT_FOUND_CODE = '34';
export const DUPLICATE_CODE = '12';
