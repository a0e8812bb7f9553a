/**
 * Verifies that a received message is UnionPay's: its signature by the method agreed for this
 * account (never one chosen by the message); for certificates also chain, validity and subject
 * against the pinned root and middle; and that the signed text can be read in one way only. It
 * returns the known fields of the signed text; nothing else of a message is ever read.
 */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';
import { err, type Result } from '../../kernel/result.ts';
import type { Clock } from '../../runtime/clock.ts';
import { readSignedPairs } from '../../wires/keys/signed-pairs.ts';
import type { Encoding, Fields } from '../../wires/unionpay/canonical.ts';
import {
  checkSigner,
  readCertificate,
  type TrustAnchors,
  type Validity,
  validityOf,
} from '../../wires/unionpay/certificates.ts';
import { KNOWN_FIELDS, mayNest } from '../../wires/unionpay/known-fields.ts';
import { type Verifier, verifyFields } from '../../wires/unionpay/signature.ts';
import { PATHS } from '../../wires/unionpay/trade.ts';
import type { Client } from './client.ts';
import type { Trust, UnionpayConfig } from './config.ts';
import { keyUpdateFields } from './request.ts';

export interface Distrust {
  readonly code: 'unknown_key' | 'bad_signature' | 'ambiguous';
  readonly explain: string;
}

export async function judgeMessage(
  trust: Trust,
  wall: Clock,
  fields: Fields,
  encoding: Encoding,
): Promise<Result<Fields, Distrust>> {
  const verifier = verifierFor(trust, wall, fields);
  if (verifier === undefined) {
    return err({ code: 'unknown_key', explain: 'signPubKeyCert is none that can be trusted' });
  }
  const signed = await signedFields(verifier, fields, encoding);
  if (signed === undefined) {
    return err({ code: 'bad_signature', explain: 'the signature does not verify' });
  }
  const read = readSignedPairs(signed, KNOWN_FIELDS, mayNest);
  if (read.ok) return read;
  const { kind, name } = read.error;
  return err({ code: 'ambiguous', explain: `${name} can be read in two ways: ${kind}` });
}

/** Senders disagree on blank fields: signed with them, or without. */
async function signedFields(
  verifier: Verifier,
  fields: Fields,
  encoding: Encoding,
): Promise<Fields | undefined> {
  if (await verifyFields(verifier, fields, encoding)) return fields;
  const filled = new Map([...fields].filter(([, value]) => value !== ''));
  if (filled.size === fields.size) return undefined;
  return (await verifyFields(verifier, filled, encoding)) ? filled : undefined;
}

function verifierFor(trust: Trust, wall: Clock, fields: Fields): Verifier | undefined {
  switch (trust.method) {
    case '01': {
      const publicKey = trust.signers.keyOf(fields.get('signPubKeyCert') ?? '', wall.nowMs());
      return publicKey === undefined ? undefined : { method: '01', publicKey };
    }
    case '11':
    case '12':
      return trust;
    case '21':
      return fields.get('certId') === trust.certId ? trust : undefined;
  }
}

/**
 * The signing certificates in UnionPay's messages. Parsing one and checking leaf, middle and root
 * costs far more than the signature itself, so each trusted certificate is checked once and cached
 * by its fingerprint; the validity of all three is checked at every message. Only trusted
 * certificates are cached: forged ones neither fill the memory nor evict a genuine one.
 */
export interface TrustedSigners {
  /** The key of a certificate in a message; undefined = it is not UnionPay's. */
  readonly keyOf: (pem: string, nowMs: number) => KeyObject | undefined;
}

interface TrustedSigner {
  readonly publicKey: KeyObject;
  readonly validity: Validity;
}

/** UnionPay signs with one certificate, during a rotation with two. */
const KEPT_MAX = 16;
const PEM_CHARS_MAX = 4_096;

export function openTrustedSigners(anchors: TrustAnchors): TrustedSigners {
  const kept = new Map<string, TrustedSigner>();

  function check(pem: string, nowMs: number): TrustedSigner | undefined {
    const leaf = readCertificate(pem);
    if (leaf === undefined || checkSigner(leaf, anchors, nowMs) !== undefined) return undefined;
    const validity = validityOf([leaf, anchors.middle, anchors.root]);
    return { publicKey: leaf.publicKey, validity };
  }

  return {
    keyOf: (pem, nowMs) => {
      if (pem === '' || pem.length > PEM_CHARS_MAX) return undefined;
      const fingerprint = createHash('sha256').update(pem).digest('base64');
      const known = kept.get(fingerprint);
      const signer = known ?? check(pem, nowMs);
      if (signer === undefined) return undefined;
      if (known === undefined) {
        const [oldest] = kept.keys();
        if (kept.size >= KEPT_MAX && oldest !== undefined) kept.delete(oldest);
        kept.set(fingerprint, signer);
      }
      const { fromMs, toMs } = signer.validity;
      return fromMs <= nowMs && nowMs <= toMs ? signer.publicKey : undefined;
    },
  };
}

/**
 * UnionPay's encryption certificate: the configured one while it is valid, else the one returned by
 * a key update (95), trusted like a signer. Cached in memory, fetched once for concurrent callers.
 * undefined = not available now.
 */
export type EncryptionKey = () => Promise<X509Certificate | undefined>;

export function openEncryptionKey(
  config: UnionpayConfig,
  client: Client,
  wall: Clock,
): EncryptionKey {
  let kept = config.encryptCert ?? undefined;
  let fetching: Promise<X509Certificate | undefined> | undefined;
  return async () => {
    if (kept !== undefined && wall.nowMs() < Date.parse(kept.validTo)) return kept;
    fetching ??= fetchKey(config, client, wall).finally(() => {
      fetching = undefined;
    });
    kept = await fetching;
    return kept;
  };
}

async function fetchKey(
  config: UnionpayConfig,
  client: Client,
  wall: Clock,
): Promise<X509Certificate | undefined> {
  const { trust } = config;
  if (trust.method !== '01') return undefined;
  const called = await client.call(PATHS.back, keyUpdateFields(config, wall.nowMs()));
  if (called.kind !== 'answered' || called.respCode !== '00') return undefined;
  const certificate = readCertificate(called.fields.get('encryptPubKeyCert') ?? '');
  if (certificate === undefined) return undefined;
  return checkSigner(certificate, trust.anchors, wall.nowMs()) === undefined
    ? certificate
    : undefined;
}
