/**
 * What a call may throw: one base class, and one function that picks the class from the answer's
 * (status, type, code). Every error carries what support needs: the request id, the code with its
 * documentation, the wallet's own refusal, the Idempotency-Key that was used, and the raw body.
 *
 * No class may ever carry the secret key.
 */
import type { WalletError } from './types.ts';

export interface HutongErrorDetails {
  readonly message: string;
  readonly type: string;
  readonly code: string;
  readonly status?: number | undefined;
  readonly param?: string | null | undefined;
  readonly existing?: string | null | undefined;
  readonly docUrl?: string | null | undefined;
  readonly requestId?: string | null | undefined;
  readonly retryable?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly walletError?: WalletError | null | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly raw?: unknown;
  readonly cause?: unknown;
}

export class HutongError extends Error {
  override readonly name: string = 'HutongError';
  /** The family, such as `invalid_request_error`. */
  readonly type: string;
  /** The stable code to branch on, such as `amount_mismatch`. */
  readonly code: string;
  /** The HTTP status; undefined when no answer arrived. */
  readonly status: number | undefined;
  readonly param: string | null;
  /** The id of the existing object, where that is the reason (`webhook_endpoint_exists`). */
  readonly existing: string | null;
  readonly docUrl: string | null;
  readonly requestId: string | null;
  /** Whether the server says that the same request may succeed later. */
  readonly retryable: boolean | undefined;
  readonly retryAfterMs: number | undefined;
  readonly walletError: WalletError | null;
  /** The key of the failed request: pass it to repeat that request and not another. */
  readonly idempotencyKey: string | undefined;
  /** The body as received: parsed JSON, or text. */
  readonly raw: unknown;

  constructor(details: HutongErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.type = details.type;
    this.code = details.code;
    this.status = details.status;
    this.param = details.param ?? null;
    this.existing = details.existing ?? null;
    this.docUrl = details.docUrl ?? null;
    this.requestId = details.requestId ?? null;
    this.retryable = details.retryable;
    this.retryAfterMs = details.retryAfterMs;
    this.walletError = details.walletError ?? null;
    this.idempotencyKey = details.idempotencyKey;
    this.raw = details.raw;
  }
}

/** No readable answer: refused, broken off, or later than `timeoutMs`. The outcome is unknown. */
export class HutongConnectionError extends HutongError {
  override readonly name = 'HutongConnectionError';
}

/** 401: the key is missing, wrong or revoked. */
export class HutongAuthenticationError extends HutongError {
  override readonly name = 'HutongAuthenticationError';
}

/** 403: the key is known and may not do this. */
export class HutongPermissionError extends HutongError {
  override readonly name = 'HutongPermissionError';
}

/** 400 and other refusals of the request; `param` names the field. */
export class HutongInvalidRequestError extends HutongError {
  override readonly name = 'HutongInvalidRequestError';
}

/** 404: no such object in this marketplace. */
export class HutongNotFoundError extends HutongError {
  override readonly name = 'HutongNotFoundError';
}

/** 409: the object's state, or another object with the same number, forbids it. */
export class HutongConflictError extends HutongError {
  override readonly name = 'HutongConflictError';
}

/** The Idempotency-Key is missing, in flight, or was used with another body. */
export class HutongIdempotencyError extends HutongError {
  override readonly name = 'HutongIdempotencyError';
}

/** 402: the wallet refused; `walletError` has its message. */
export class HutongWalletDeclinedError extends HutongError {
  override readonly name = 'HutongWalletDeclinedError';
}

/** 429. */
export class HutongRateLimitError extends HutongError {
  override readonly name = 'HutongRateLimitError';
}

/** 5xx, and answers that are not the API's. */
export class HutongApiError extends HutongError {
  override readonly name = 'HutongApiError';
}

type HutongErrorClass = new (details: HutongErrorDetails) => HutongError;

/** The one mapping from (status, type, code) to a class. */
function errorClassOf(answer: {
  readonly status: number;
  readonly type: string;
  readonly code: string;
}): HutongErrorClass {
  const { status, type, code } = answer;
  if (type === 'idempotency_error' || code.startsWith('idempotency_')) {
    return HutongIdempotencyError;
  }
  if (status === 401) return HutongAuthenticationError;
  if (status === 402) return HutongWalletDeclinedError;
  if (status === 403) return HutongPermissionError;
  if (status === 404) return HutongNotFoundError;
  if (status === 409) return HutongConflictError;
  if (status === 429) return HutongRateLimitError;
  if (status >= 400 && status < 500) return HutongInvalidRequestError;
  return HutongApiError;
}

export interface FailedAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly requestId: string | null;
  readonly retryAfterMs: number | undefined;
  readonly idempotencyKey: string | undefined;
}

/** The error of an answer that is not 2xx, whatever its body turns out to be. */
export function errorFromAnswer(answer: FailedAnswer): HutongError {
  const body = errorObject(answer.body);
  const type = text(body.type) ?? 'api_error';
  const code = text(body.code) ?? `http_${answer.status}`;
  const retryable = body.retryable;
  return new (errorClassOf({ status: answer.status, type, code }))({
    message: text(body.message) ?? `the server answered ${answer.status} without a reason`,
    type,
    code,
    status: answer.status,
    param: text(body.param),
    existing: text(body.existing),
    docUrl: text(body.doc_url),
    requestId: text(body.request_id) ?? answer.requestId,
    retryable: typeof retryable === 'boolean' ? retryable : undefined,
    retryAfterMs: answer.retryAfterMs,
    walletError: isRecord(body.wallet_error) ? (body.wallet_error as unknown as WalletError) : null,
    idempotencyKey: answer.idempotencyKey,
    raw: answer.body,
  });
}

function errorObject(body: unknown): Record<string, unknown> {
  return isRecord(body) && isRecord(body.error) ? body.error : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
