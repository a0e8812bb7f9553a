/**
 * Signs a message and checks a signature, for each signMethod of ACP 5.1.0. Verification covers
 * every received field; whose key it is, and whether to trust it, is decided elsewhere.
 */
import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { signRsaSha256, verifyRsaSha256 } from '../keys/rsa-sha256.ts';
import { type Encoding, type Fields, filledFields, signText } from './canonical.ts';
import { digestHex, type KeyedMethod, keyedDigestHex, type SignMethod } from './digest.ts';
import { signSm2, verifySm2 } from './sm2.ts';

export type Signer =
  | { readonly method: '01'; readonly certId: string; readonly privateKey: KeyObject }
  | { readonly method: KeyedMethod; readonly secureKey: string }
  | { readonly method: '21'; readonly certId: string; readonly privateKeyHex: string };

/** The fields as they are sent: trimmed, blank ones left out, with certId and signature. */
export async function signFields(
  signer: Signer,
  fields: Iterable<readonly [string, string]>,
  encoding: Encoding,
): Promise<Map<string, string>> {
  const signed = filledFields(fields);
  signed.set('signMethod', signer.method);
  if ('certId' in signer) signed.set('certId', signer.certId);
  const text = signText(signed);
  signed.set('signature', await signatureOf(signer, text, encoding));
  return signed;
}

export async function signatureOf(
  signer: Signer,
  text: string,
  encoding: Encoding,
): Promise<string> {
  switch (signer.method) {
    case '01': {
      const hex = digestHex('01', text, encoding);
      return signRsaSha256(signer.privateKey, Buffer.from(hex, 'ascii'));
    }
    case '11':
    case '12':
      return keyedDigestHex(signer.method, text, signer.secureKey, encoding);
    case '21':
      return signSm2(digestHex('21', text, encoding), signer.privateKeyHex, signer.certId);
  }
}

export type Verifier =
  | { readonly method: '01'; readonly publicKey: KeyObject }
  | { readonly method: KeyedMethod; readonly secureKey: string }
  | { readonly method: '21'; readonly certId: string; readonly publicKeyHex: string };

export async function verifyFields(
  verifier: Verifier,
  fields: Fields,
  encoding: Encoding,
): Promise<boolean> {
  const signature = fields.get('signature') ?? '';
  if (signature === '' || fields.get('signMethod') !== verifier.method) return false;
  const text = signText(fields);
  switch (verifier.method) {
    case '01': {
      const bytes = base64Bytes(signature);
      if (bytes === undefined) return false;
      const hex = Buffer.from(digestHex('01', text, encoding), 'ascii');
      return verifyRsaSha256(verifier.publicKey, hex, bytes);
    }
    case '11':
    case '12': {
      const wanted = Buffer.from(
        keyedDigestHex(verifier.method, text, verifier.secureKey, encoding),
      );
      const given = Buffer.from(signature);
      return wanted.length === given.length && timingSafeEqual(wanted, given);
    }
    case '21':
      return verifySm2(digestHex('21', text, encoding), signature, verifier);
  }
}

/** Strict: a text that does not round-trip is no base64 (and no signature). */
export function base64Bytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined;
}

export function isSignMethod(text: string | undefined): text is SignMethod {
  return text === '01' || text === '11' || text === '12' || text === '21';
}
