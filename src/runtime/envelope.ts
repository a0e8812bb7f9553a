/**
 * Envelope encryption of secrets at rest: AES-256-GCM under the master key, bound by AAD to its
 * marketplace and field, so that a ciphertext moved to another row does not open. The text is
 * `v1.<iv>.<ciphertext and tag>`, base64url.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { err, ok, type Result } from '../core/result.ts';
import type { Random } from './random.ts';

export interface Envelope {
  readonly seal: (secret: string, place: EnvelopePlace) => string;
  readonly open: (sealed: string, place: EnvelopePlace) => Result<string, string>;
  /** A keyed digest for tokens that must be told again but never be stored (160 bits, hex). */
  readonly digest: (purpose: string, seed: string) => string;
}

export interface EnvelopePlace {
  readonly marketplace: string;
  readonly field: string;
}

const TAG_BYTES = 16;
const IV_BYTES = 12;

export function createEnvelope(masterKey: Buffer, random: Random): Result<Envelope, string> {
  if (masterKey.length !== 32) return err('the master key is 32 bytes (64 hex digits)');
  const digestKey = createHmac('sha256', masterKey).update('hutong token digest').digest();
  return ok({
    seal: (secret, place) => seal(masterKey, random.bytes(IV_BYTES), secret, place),
    open: (sealed, place) => open(masterKey, sealed, place),
    digest: (purpose, seed) =>
      createHmac('sha256', digestKey).update(`${purpose}\n${seed}`).digest('hex').slice(0, 40),
  });
}

function aad(place: EnvelopePlace): Buffer {
  return Buffer.from(`${place.marketplace}\n${place.field}`);
}

function seal(key: Buffer, iv: Buffer, secret: string, place: EnvelopePlace): string {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad(place));
  const sealed = Buffer.concat([
    cipher.update(secret, 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return `v1.${iv.toString('base64url')}.${sealed.toString('base64url')}`;
}

function open(key: Buffer, text: string, place: EnvelopePlace): Result<string, string> {
  const [version, iv, sealed] = text.split('.');
  if (version !== 'v1' || iv === undefined || sealed === undefined)
    return err('not a sealed secret');
  const bytes = Buffer.from(sealed, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'))
      .setAAD(aad(place))
      .setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    const clear = Buffer.concat([
      decipher.update(bytes.subarray(0, bytes.length - TAG_BYTES)),
      decipher.final(),
    ]);
    return ok(clear.toString('utf8'));
  } catch {
    return err(
      `the secret ${place.field} does not open: wrong master key, or moved from another row`,
    );
  }
}
