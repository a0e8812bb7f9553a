/**
 * `GET /v3/certificates`: platform certificates under the APIv3 key. The very first download cannot
 * be verified by a signature, so a certificate is trusted only if it decrypted with the APIv3 key,
 * is valid now, has the serial that the list states and, if a root is pinned, was issued by it.
 */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { type JsonRecord, recordOf, recordsOf, textOf } from './json.ts';
import { openResource, type SealedResource, sealResource } from './resource.ts';
import { formatTime } from './time.ts';

export interface PlatformCertificate {
  readonly serial: string;
  readonly publicKey: KeyObject;
  readonly effectiveMs: number;
  readonly expiresMs: number;
}

export interface CertificateTrust {
  readonly nowMs: number;
  readonly root: X509Certificate | null;
}

/** undefined = not trusted. */
export function readPlatformCertificate(
  pem: string,
  trust: CertificateTrust,
): PlatformCertificate | undefined {
  try {
    const certificate = new X509Certificate(pem);
    const effectiveMs = Date.parse(certificate.validFrom);
    const expiresMs = Date.parse(certificate.validTo);
    const { publicKey } = certificate;
    const isLive = effectiveMs <= trust.nowMs && trust.nowMs < expiresMs;
    if (!isLive || publicKey.asymmetricKeyType !== 'rsa') return undefined;
    if ((publicKey.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) return undefined;
    if (trust.root !== null) {
      if (!certificate.checkIssued(trust.root)) return undefined;
      if (!certificate.verify(trust.root.publicKey)) return undefined;
    }
    return { serial: certificate.serialNumber.toUpperCase(), publicKey, effectiveMs, expiresMs };
  } catch {
    return undefined;
  }
}

/** The trustworthy certificates of a downloaded list; the rest is left out. */
export function readCertificateList(
  answer: JsonRecord,
  apiV3Key: KeyObject,
  trust: CertificateTrust,
): PlatformCertificate[] {
  const certificates: PlatformCertificate[] = [];
  for (const item of recordsOf(answer, 'data')) {
    const pem = openResource(apiV3Key, recordOf(item, 'encrypt_certificate'));
    const certificate = pem === undefined ? undefined : readPlatformCertificate(pem, trust);
    if (certificate !== undefined && certificate.serial === textOf(item, 'serial_no')) {
      certificates.push(certificate);
    }
  }
  return certificates;
}

/** One entry of the list, as the gateway writes it. */
export function certificateItem(
  certificate: {
    readonly serial: string;
    readonly pem: string;
    readonly effectiveMs: number;
    readonly expiresMs: number;
  },
  apiV3Key: KeyObject,
  nonce: string,
): {
  readonly serial_no: string;
  readonly effective_time: string;
  readonly expire_time: string;
  readonly encrypt_certificate: SealedResource;
} {
  return {
    serial_no: certificate.serial,
    effective_time: formatTime(certificate.effectiveMs),
    expire_time: formatTime(certificate.expiresMs),
    encrypt_certificate: sealResource(apiV3Key, {
      plaintext: certificate.pem,
      nonce,
      associatedData: 'certificate',
    }),
  };
}
