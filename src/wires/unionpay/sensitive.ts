/**
 * Card data on the wire: RSA (PKCS#1 v1.5) under UnionPay's encryption certificate, base64, its
 * serial number beside it as encryptCertId. cardTransData holds a tap: the chip's data, the
 * sequence number and the enciphered track 2. Its form is not confirmed by a published message.
 */
import { constants, publicEncrypt, type X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { parseReply, writeNested } from './message.ts';
import { base64Bytes } from './signature.ts';

export function encryptField(certificate: X509Certificate, text: string): string {
  const key = { key: certificate.publicKey, padding: constants.RSA_PKCS1_PADDING };
  return publicEncrypt(key, Buffer.from(text, 'utf8')).toString('base64');
}

/** Node refuses to decrypt PKCS#1 v1.5, for good reasons of timing; the sandbox must. */
export function decryptField(privateKeyPem: string, base64: string): string | undefined {
  const bytes = base64Bytes(base64);
  if (bytes === undefined) return undefined;
  try {
    const key = forge.pki.privateKeyFromPem(privateKeyPem);
    const plain = key.decrypt(bytes.toString('binary'), 'RSAES-PKCS1-V1_5');
    return Buffer.from(plain, 'binary').toString('utf8');
  } catch {
    return undefined;
  }
}

export interface CardTransData {
  /** Field 55 without track 2 and sequence number, hex. */
  readonly chipDataHex: string;
  /** Three digits. */
  readonly sequence: string;
  readonly track2Enciphered: string;
}

export function writeCardTransData(card: CardTransData): string {
  return writeNested([
    ['ICCardData', card.chipDataHex],
    ['ICCardSeqNumber', card.sequence],
    ['track2Data', card.track2Enciphered],
  ]);
}

export function readCardTransData(text: string): CardTransData | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  const parsed = parseReply(text);
  if (!parsed.ok) return undefined;
  const chipDataHex = parsed.value.get('ICCardData') ?? '';
  const sequence = parsed.value.get('ICCardSeqNumber') ?? '';
  const track2Enciphered = parsed.value.get('track2Data') ?? '';
  const isRead = /^[0-9A-Fa-f]+$/.test(chipDataHex) && /^[0-9]{3}$/.test(sequence);
  return isRead && track2Enciphered !== ''
    ? { chipDataHex, sequence, track2Enciphered }
    : undefined;
}
