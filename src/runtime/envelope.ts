/**
 * The format of a secret at rest: AES-256-GCM, `v2.<key id>.<iv>.<ciphertext and tag>`, base64url.
 * AAD binds it to its key, marketplace, table, row and field, so that a value moved anywhere else
 * does not open. IV (12 bytes), tag (16) and number of parts are fixed; other lengths are refused.
 * `v1.<iv>.<ciphertext and tag>` of older folders names no key and no row: it can be opened, but is
 * never written.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { err, ok, type Result } from '../kernel/result.ts';
import type { Random } from './random.ts';

/** 32 bytes and the id by which a sealed value names them. */
export interface NamedKey {
  readonly kid: string;
  readonly key: Buffer;
}

export interface SealedPlace {
  /** null = of the whole platform. */
  readonly marketplace: string | null;
  readonly table: string;
  readonly row: string;
  /** The field, as `table.name`: with the marketplace, all that v1 was bound to. */
  readonly field: string;
}

const TAG_BYTES = 16;
const IV_BYTES = 12;
const V1 = /^v1\.([\w-]{16})\.([\w-]{22,})$/;
const V2 = /^v2\.([0-9a-f]{8,32})\.([\w-]{16})\.([\w-]{22,})$/;

export function sealWith(
  { kid, key }: NamedKey,
  random: Random,
  secret: string,
  place: SealedPlace,
): string {
  const iv = random.bytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(aadOf(kid, place));
  const sealed = [cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return `v2.${kid}.${iv.toString('base64url')}.${Buffer.concat(sealed).toString('base64url')}`;
}

/** The id of the key that a value needs; null = v1, which does not name one. */
export function kidOfSealed(sealed: string): Result<string | null, string> {
  if (V1.test(sealed)) return ok(null);
  const kid = V2.exec(sealed)?.[1];
  return kid === undefined ? err('it is not a sealed value') : ok(kid);
}

export function openWith(
  { kid, key }: NamedKey,
  sealed: string,
  place: SealedPlace,
): Result<string, string> {
  const [, named, iv, bytes] = V2.exec(sealed) ?? [];
  if (named !== kid || iv === undefined || bytes === undefined)
    return err(`${place.field} is not a value sealed under the key ${kid}`);
  return decipher(key, { iv, bytes, aad: aadOf(kid, place), field: place.field });
}

/** A value from before the key ring. */
export function openV1(key: Buffer, sealed: string, place: SealedPlace): Result<string, string> {
  const [, iv, bytes] = V1.exec(sealed) ?? [];
  if (iv === undefined || bytes === undefined) return err(`${place.field} is not a v1 value`);
  const aad = Buffer.from(`${place.marketplace}\n${place.field}`);
  return decipher(key, { iv, bytes, aad, field: place.field });
}

function aadOf(kid: string, { marketplace, table, row, field }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify(['v2', kid, marketplace, table, row, field]));
}

interface Parts {
  readonly iv: string;
  readonly bytes: string;
  readonly aad: Buffer;
  readonly field: string;
}

function decipher(key: Buffer, { iv, bytes, aad, field }: Parts): Result<string, string> {
  const body = Buffer.from(bytes, 'base64url');
  const refusal = `the secret ${field} does not open: wrong key, changed, or moved from another row`;
  // One text per value: base64 has spare bits at its end.
  if (body.length < TAG_BYTES || body.toString('base64url') !== bytes) return err(refusal);
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(aad).setAuthTag(body.subarray(body.length - TAG_BYTES));
    const clear = [cipher.update(body.subarray(0, body.length - TAG_BYTES)), cipher.final()];
    return ok(Buffer.concat(clear).toString('utf8'));
  } catch {
    return err(refusal);
  }
}
