/**
 * When a failed try is repeated, and after how long. Pure: returns a delay for an error, or
 * undefined.
 *
 * A request is repeated only if that cannot act twice: reads, and money requests, which carry the
 * same Idempotency-Key on every try. Other writes are repeated only if the server cannot have acted
 * on them.
 */
import { HutongConnectionError, type HutongError } from './errors.ts';

/** `read`: repeatable by nature. `money`: repeatable by its key. `write`: neither. */
export type CallKind = 'read' | 'money' | 'write';

const BASE_DELAY_MS = 500;
const DELAY_MS_MAX = 8_000;
/** If a server asks for a longer wait, the call fails instead of waiting silently. */
const RETRY_AFTER_MS_MAX = 30_000;

const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);

export interface RetryQuestion {
  readonly kind: CallKind;
  readonly error: HutongError;
  /** How many tries have failed, this one included. */
  readonly failures: number;
  readonly retriesMax: number;
  readonly jitter: (below: number) => number;
}

export function retryDelayMs(question: RetryQuestion): number | undefined {
  const { error, failures } = question;
  if (failures > question.retriesMax || !mayRepeat(question.kind, error)) return undefined;
  const { retryAfterMs } = error;
  if (retryAfterMs !== undefined) {
    return retryAfterMs <= RETRY_AFTER_MS_MAX ? retryAfterMs : undefined;
  }
  const ceilingMs = Math.min(DELAY_MS_MAX, BASE_DELAY_MS * 2 ** (failures - 1));
  // Half fixed, half random: many clients that failed together do not come back together.
  return ceilingMs / 2 + question.jitter(ceilingMs / 2 + 1);
}

function mayRepeat(kind: CallKind, error: HutongError): boolean {
  if (error.code === 'aborted') return false;
  if (error instanceof HutongConnectionError) {
    return kind !== 'write' || NEVER_CONNECTED.has(causeCode(error.cause));
  }
  const status = error.status ?? 0;
  if (kind === 'write') return status === 429 && error.retryable !== false;
  // `retryable` is used only for statuses about this very request: a declined wallet is retryable
  // for the buyer, not for us.
  const transient = status === 408 || status === 409 || status === 429 || status >= 500;
  if (!transient) return false;
  if (error.retryable !== undefined) return error.retryable;
  return status !== 409 || error.type === 'idempotency_error';
}

function causeCode(cause: unknown): string {
  const seen = cause instanceof Error ? (cause.cause ?? cause) : cause;
  if (typeof seen !== 'object' || seen === null || !('code' in seen)) return '';
  return String(seen.code);
}

/** `Retry-After` in milliseconds: seconds or an HTTP date; undefined when neither. */
export function parseRetryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
