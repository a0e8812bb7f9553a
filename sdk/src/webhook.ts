/**
 * Standard Webhooks: HMAC-SHA256 over `${id}.${timestamp}.${body}`, base64, in a list of versions.
 *
 * Verified over the raw bytes: a body that was parsed and serialized again is another body.
 * Everything is checked before anything is parsed, comparisons take constant time, and there is no
 * way to skip a check. Only `v1` signatures count; other versions are ignored.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { HutongError } from './errors.ts';
import type { HutongEvent } from './event.ts';
import { nodePlatform } from './platform.ts';

const SECRET_PREFIX = 'whsec_';
const TOLERANCE_SECONDS = 300;
/** More signatures than any rotation needs; a longer list only costs us time. */
const SIGNATURES_MAX = 16;

export type WebhookFailure =
  | 'body_already_parsed'
  | 'header_missing'
  | 'timestamp_malformed'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'signature_mismatch'
  | 'payload_malformed';

/** The request is not a delivery of ours, or is too old: answer 400 and change nothing. */
export class HutongWebhookVerificationError extends HutongError {
  override readonly name = 'HutongWebhookVerificationError';
  declare readonly code: WebhookFailure;

  constructor(code: WebhookFailure, message: string) {
    super({ type: 'webhook_verification_error', code, message });
  }
}

/** The secret itself is unusable: a configuration error, and nothing about the sender. */
export class HutongWebhookSecretError extends HutongError {
  override readonly name = 'HutongWebhookSecretError';
  declare readonly code: 'secret_missing' | 'secret_malformed';

  constructor(code: HutongWebhookSecretError['code'], message: string) {
    super({ type: 'webhook_secret_error', code, message });
  }
}

export type WebhookHeaders =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyWebhookOptions {
  /** The body's bytes, exactly as received. */
  readonly payload: string | Uint8Array;
  readonly headers: WebhookHeaders;
  readonly secret?: string | undefined;
  /** All that are valid now: two during a rotation. */
  readonly secrets?: readonly string[] | undefined;
  /** Default 300, in both directions. */
  readonly toleranceSeconds?: number;
  readonly nowMs?: () => number;
}

/**
 * The event of a genuine delivery; throws `HutongWebhookVerificationError` for anything else, and
 * `HutongWebhookSecretError` if no secret is given or one is not `whsec_…`.
 */
export function verifyWebhook(options: VerifyWebhookOptions): HutongEvent {
  const keys = secretKeys(options);
  const payload = payloadBytes(options.payload);
  const id = requiredHeader(options.headers, 'webhook-id');
  const timestamp = requiredHeader(options.headers, 'webhook-timestamp');
  const signatures = requiredHeader(options.headers, 'webhook-signature');
  checkTimestamp(timestamp, options);
  const candidates = signatures.split(' ').slice(0, SIGNATURES_MAX);
  let matches = false;
  for (const key of keys) {
    const expected = Buffer.from(signatureOf(key, id, timestamp, payload));
    for (const candidate of candidates) {
      const given = Buffer.from(candidate);
      // No early exit: the time taken does not tell which secret or position matched.
      if (given.length === expected.length && timingSafeEqual(given, expected)) matches = true;
    }
  }
  if (!matches) {
    throw new HutongWebhookVerificationError(
      'signature_mismatch',
      'no signature in webhook-signature matches: is the secret this endpoint’s, and the body raw?',
    );
  }
  return parseEvent(payload);
}

/** The three headers of a delivery: for tests of your own receiver. */
export function signWebhook(delivery: {
  readonly id: string;
  readonly timestampSeconds: number;
  readonly payload: string | Uint8Array;
  readonly secret: string;
}): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const timestamp = String(delivery.timestampSeconds);
  const key = decodeSecret(delivery.secret);
  return {
    'webhook-id': delivery.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureOf(key, delivery.id, timestamp, payloadBytes(delivery.payload)),
  };
}

function signatureOf(key: Buffer, id: string, timestamp: string, payload: Uint8Array): string {
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(payload);
  return `v1,${mac.digest('base64')}`;
}

function secretKeys(options: VerifyWebhookOptions): Buffer[] {
  const { secret, secrets = [] } = options;
  const all = secret === undefined ? secrets : [secret, ...secrets];
  if (all.length === 0) {
    throw new HutongWebhookSecretError(
      'secret_missing',
      'verifyWebhook needs the secret of the webhook endpoint, whsec_…: is it configured?',
    );
  }
  return all.map(decodeSecret);
}

/** The message never contains the secret, whatever is wrong with it. */
function decodeSecret(secret: unknown): Buffer {
  const text = typeof secret === 'string' ? secret : '';
  const body = text.startsWith(SECRET_PREFIX) ? text.slice(SECRET_PREFIX.length) : text;
  const isBase64 = body.length > 0 && body.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(body);
  if (!isBase64) {
    throw new HutongWebhookSecretError(
      'secret_malformed',
      'a webhook secret is whsec_ and base64, as the endpoint’s creation answered it',
    );
  }
  return Buffer.from(body, 'base64');
}

function payloadBytes(payload: unknown): Uint8Array {
  if (typeof payload === 'string') return Buffer.from(payload, 'utf8');
  if (payload instanceof Uint8Array) return payload;
  throw new HutongWebhookVerificationError(
    'body_already_parsed',
    'payload is the raw body, as a string or bytes: read it before any JSON parser does',
  );
}

function requiredHeader(headers: WebhookHeaders, name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value !== 'string' || value === '') {
    throw new HutongWebhookVerificationError('header_missing', `the header ${name} is missing`);
  }
  return value;
}

function checkTimestamp(timestamp: string, options: VerifyWebhookOptions): void {
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new HutongWebhookVerificationError(
      'timestamp_malformed',
      'webhook-timestamp is not a number of seconds',
    );
  }
  const nowSeconds = Math.floor((options.nowMs ?? nodePlatform.nowMs)() / 1_000);
  const tolerance = options.toleranceSeconds ?? TOLERANCE_SECONDS;
  if (!(Number.isFinite(tolerance) && tolerance >= 0)) {
    throw new TypeError('toleranceSeconds is a number of seconds from 0');
  }
  const ageSeconds = nowSeconds - Number(timestamp);
  if (ageSeconds > tolerance) {
    throw new HutongWebhookVerificationError(
      'timestamp_too_old',
      `the delivery is ${ageSeconds} s old; ${tolerance} s are allowed`,
    );
  }
  if (-ageSeconds > tolerance) {
    throw new HutongWebhookVerificationError(
      'timestamp_too_new',
      `the delivery is ${-ageSeconds} s in the future: is this machine’s clock right?`,
    );
  }
}

function parseEvent(payload: Uint8Array): HutongEvent {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    value = undefined;
  }
  if (!isEvent(value)) {
    throw new HutongWebhookVerificationError(
      'payload_malformed',
      'the signed body is not an event: id, type, object_version and data.object are expected',
    );
  }
  return value;
}

function isEvent(value: unknown): value is HutongEvent {
  if (typeof value !== 'object' || value === null) return false;
  const event = value as Record<string, unknown>;
  const data = event.data as { readonly object?: unknown } | null | undefined;
  return (
    typeof event.id === 'string' &&
    typeof event.type === 'string' &&
    typeof event.object_version === 'number' &&
    typeof data?.object === 'object' &&
    data.object !== null
  );
}
