/**
 * The signing certificates that UnionPay's messages carry. Reading one and checking leaf, middle
 * and root costs far more than the signature itself, so each trusted certificate is checked once
 * and kept by its fingerprint; that all three are still valid is asked at every message.
 *
 * Only what was trusted is kept: a stranger's certificates neither fill the memory nor push out a
 * genuine one.
 */
import { createHash, type KeyObject } from 'node:crypto';
import {
  checkSigner,
  readCertificate,
  type TrustAnchors,
  type Validity,
  validityOf,
} from '../../wires/unionpay/certificates.ts';

export interface TrustedSigners {
  /** The key of a certificate that stands in a message; undefined = it is not UnionPay's. */
  readonly keyOf: (pem: string, nowMs: number) => KeyObject | undefined;
}

interface TrustedSigner {
  readonly publicKey: KeyObject;
  readonly validity: Validity;
}

/** UnionPay signs with one certificate, with two in the days of a rotation. */
const KEPT_MAX = 16;
const PEM_CHARS_MAX = 4_096;

export function createTrustedSigners(anchors: TrustAnchors): TrustedSigners {
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
