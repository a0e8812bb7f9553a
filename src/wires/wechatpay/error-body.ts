/**
 * The body of a refusal: `{code, message, detail?}`. Decisions use only (HTTP status, code);
 * `message` is free text that changes. Some codes have an older spelling without underscores and
 * the same meaning.
 */
import { isRecord, parseRecord } from './json.ts';

export interface ErrorDetail {
  readonly field?: string;
  readonly value?: string;
  readonly issue?: string;
  readonly location?: string;
  readonly sign_information?: {
    readonly method: string;
    readonly url: string;
    readonly truncated_sign_message: string;
    readonly sign_message_length: number;
  };
}

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly detail?: ErrorDetail;
}

const OLD_SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['ORDERPAID', 'ORDER_PAID'],
  ['ORDERCLOSED', 'ORDER_CLOSED'],
  ['ORDERNOTEXIST', 'ORDER_NOT_EXIST'],
  ['ORDERREVERSED', 'ORDER_REVERSED'],
  ['RATELIMIT_EXCEEDED', 'FREQUENCY_LIMITED'],
]);

/** undefined: not an error body (empty, HTML of a proxy, cut off). */
export function parseErrorBody(body: Buffer): ErrorBody | undefined {
  const record = parseRecord(body.toString('utf8'));
  if (record === undefined || typeof record.code !== 'string') return undefined;
  const message = typeof record.message === 'string' ? record.message : '';
  const code = OLD_SPELLINGS.get(record.code) ?? record.code;
  return isRecord(record.detail) ? { code, message, detail: record.detail } : { code, message };
}
