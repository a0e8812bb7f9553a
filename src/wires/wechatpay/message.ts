/**
 * The five `Wechatpay-*` headers of an answer or a callback, made and checked.
 *
 * - A verifier holds a map serial -> key, never one key: two kinds of keys and rotations overlap.
 * - SIGNTEST probes are wrong on purpose; they fail like any bad signature, without an exception
 *   and without an allow-list.
 * - The age limit uses wall time, in both directions.
 */
import type { KeyObject } from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';
import { SCHEME } from './authorization.ts';
import { responseMessage } from './canonical.ts';
import { signSha256, verifySha256 } from './signature.ts';

export const AGE_LIMIT_S = 300;
export const SIGNTEST_PREFIX = 'WECHATPAY/SIGNTEST/';

export interface MessageSigner {
  readonly serial: string;
  readonly privateKey: KeyObject;
}

export type HeaderMap = Readonly<Record<string, string>>;

export interface SignatureHeaders {
  readonly timestamp: string;
  readonly nonce: string;
  readonly signature: string;
  readonly serial: string;
}

export type SignatureFlaw =
  | { readonly code: 'incomplete'; readonly explain: string }
  | { readonly code: 'probe'; readonly explain: string }
  | { readonly code: 'stale'; readonly explain: string }
  | { readonly code: 'unknown_serial'; readonly explain: string; readonly serial: string }
  | { readonly code: 'mismatch'; readonly explain: string };

export async function signMessage(
  signer: MessageSigner,
  stamp: { readonly timestamp: string; readonly nonce: string },
  body: Uint8Array,
): Promise<Record<string, string>> {
  const message = responseMessage({ ...stamp, body });
  return {
    'Wechatpay-Nonce': stamp.nonce,
    'Wechatpay-Serial': signer.serial,
    'Wechatpay-Signature': await signSha256(signer.privateKey, message),
    'Wechatpay-Signature-Type': SCHEME,
    'Wechatpay-Timestamp': stamp.timestamp,
  };
}

/** The headers in the order of checks: complete, not a probe, of our scheme, fresh. */
export function readSignatureHeaders(
  headers: HeaderMap,
  nowMs: number,
): Result<SignatureHeaders, SignatureFlaw> {
  const timestamp = headers['wechatpay-timestamp'];
  const nonce = headers['wechatpay-nonce'];
  const signature = headers['wechatpay-signature'];
  const serial = headers['wechatpay-serial'];
  if (!timestamp || !nonce || !signature || !serial) {
    return err({ code: 'incomplete', explain: 'a Wechatpay-* signature header is missing' });
  }
  if (signature.startsWith(SIGNTEST_PREFIX)) {
    return err({ code: 'probe', explain: 'a SIGNTEST probe: its signature is wrong on purpose' });
  }
  const type = headers['wechatpay-signature-type'];
  if (type !== undefined && type !== SCHEME) {
    return err({ code: 'mismatch', explain: 'Wechatpay-Signature-Type is not RSA-SHA256' });
  }
  if (!/^\d{1,12}$/.test(timestamp)) {
    return err({ code: 'incomplete', explain: 'Wechatpay-Timestamp is not Unix seconds' });
  }
  const ageS = Math.floor(nowMs / 1000) - Number(timestamp);
  if (Math.abs(ageS) > AGE_LIMIT_S) {
    return err({ code: 'stale', explain: `Wechatpay-Timestamp is ${ageS} s away from now` });
  }
  return ok({ timestamp, nonce, signature, serial });
}

/**
 * Verifies over the raw body; an unknown serial is reported separately so that keys can be
 * refreshed.
 */
export async function verifyMessage(
  headers: SignatureHeaders,
  body: Uint8Array,
  key: KeyObject | undefined,
): Promise<Result<void, SignatureFlaw>> {
  const { serial } = headers;
  if (key === undefined) {
    return err({ code: 'unknown_serial', serial, explain: 'no key of that Wechatpay-Serial' });
  }
  const message = responseMessage({ ...headers, body });
  if (await verifySha256(key, message, headers.signature)) return ok(undefined);
  return err({
    code: 'mismatch',
    explain: `the signature is not ${serial}'s over ${message.length} bytes`,
  });
}
