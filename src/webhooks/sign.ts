/**
 * Standard Webhooks signatures (standardwebhooks.com, symmetric scheme): HMAC-SHA256 over
 * `{id}.{timestamp}.{body}` with the secret's bytes, `v1,<base64>`, one per secret while the old
 * one is valid. The timestamp is wall time: receivers refuse a stale one.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { err, ok, type Result } from '../kernel/result.ts';
import type { Random } from '../runtime/random.ts';

const PREFIX = 'whsec_';
const SECRET_BYTES = 24;

/** A secret, decoded once; keep it as long as the endpoint. */
export type WebhookKey = KeyObject;

/** `whsec_` and the base64 of 24 random bytes. */
export function newWebhookSecret(random: Random): string {
  return PREFIX + random.bytes(SECRET_BYTES).toString('base64');
}

export function webhookKey(secret: string): Result<WebhookKey, string> {
  const text = secret.slice(PREFIX.length);
  const bytes = Buffer.from(text, 'base64');
  if (!secret.startsWith(PREFIX) || bytes.toString('base64') !== text) {
    return err('a webhook secret is whsec_ and base64');
  }
  if (bytes.length < 24 || bytes.length > 64) return err('a webhook secret has 24 to 64 bytes');
  return ok(createSecretKey(bytes));
}

export function webhookHeaders(message: {
  readonly id: string;
  readonly body: string;
  readonly wallMs: number;
  readonly keys: readonly WebhookKey[];
}): Record<string, string> {
  const timestamp = String(Math.floor(message.wallMs / 1000));
  const signed = `${message.id}.${timestamp}.${message.body}`;
  const signatures = message.keys.map(
    (key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
  );
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
