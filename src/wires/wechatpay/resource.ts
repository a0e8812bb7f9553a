/**
 * AEAD_AES_256_GCM as callbacks, certificates and encrypted bills use it: the key is the 32 ASCII
 * bytes of the APIv3 key, the IV is the nonce's raw bytes, and the tag trails the ciphertext.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { assert } from '../../kernel/assert.ts';
import { canonicalBase64 } from './signature.ts';

const AEAD_ALGORITHM = 'AEAD_AES_256_GCM';
const TAG_BYTES = 16;
const NONCE_BYTES = 12;

export interface SealedResource {
  readonly algorithm: string;
  readonly nonce: string;
  readonly associated_data: string;
  readonly ciphertext: string;
}

export function sealResource(
  key: KeyObject,
  resource: { readonly plaintext: string; readonly nonce: string; readonly associatedData: string },
): SealedResource {
  assert(Buffer.byteLength(resource.nonce) === NONCE_BYTES, 'a GCM nonce has 12 bytes');
  const cipher = createCipheriv(cipherOf(key), key, Buffer.from(resource.nonce));
  cipher.setAAD(Buffer.from(resource.associatedData));
  const sealed = Buffer.concat([cipher.update(resource.plaintext, 'utf8'), cipher.final()]);
  return {
    algorithm: AEAD_ALGORITHM,
    nonce: resource.nonce,
    associated_data: resource.associatedData,
    ciphertext: Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64'),
  };
}

/** The plaintext, or undefined: wrong key, changed bytes, or not the shape of a resource. */
export function openResource(key: KeyObject, resource: unknown): string | undefined {
  if (typeof resource !== 'object' || resource === null) return undefined;
  const { algorithm, nonce, associated_data, ciphertext } = resource as Record<string, unknown>;
  if (algorithm !== AEAD_ALGORITHM) return undefined;
  if (typeof nonce !== 'string' || typeof ciphertext !== 'string') return undefined;
  if (associated_data !== undefined && typeof associated_data !== 'string') return undefined;
  const sealed = canonicalBase64(ciphertext);
  const iv = Buffer.from(nonce);
  if (sealed === undefined || sealed.length < TAG_BYTES || iv.length !== NONCE_BYTES) {
    return undefined;
  }
  try {
    const decipher = createDecipheriv(cipherOf(key), key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(associated_data ?? ''));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const plain = [decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()];
    return Buffer.concat(plain).toString('utf8');
  } catch {
    return undefined;
  }
}

/** The published vectors use a 16-byte key; everything live has 32, which config.ts insists on. */
function cipherOf(key: KeyObject): 'aes-256-gcm' | 'aes-128-gcm' {
  return key.symmetricKeySize === 16 ? 'aes-128-gcm' : 'aes-256-gcm';
}
