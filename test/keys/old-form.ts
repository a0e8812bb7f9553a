/** Sealed values as the version before the key ring wrote them, byte for byte. */
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';

export function sealV1(
  key: Buffer,
  secret: string,
  place: { readonly marketplace: string | null; readonly field: string },
): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(`${place.marketplace}\n${place.field}`));
  const sealed = [cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return `v1.${iv.toString('base64url')}.${Buffer.concat(sealed).toString('base64url')}`;
}

/** Its tokens and hashes. */
export function digestV1(key: Buffer, purpose: string, text: string): string {
  const digestKey = createHmac('sha256', key).update('hutong token digest').digest();
  const hash = createHmac('sha256', digestKey).update(`${purpose}\n${text}`).digest('hex');
  return hash.slice(0, 40);
}
