/**
 * Certificates of the certificate mode: their serial numbers as Alipay computes them, and whether a
 * downloaded Alipay certificate chains to the pinned root.
 *
 * SN = MD5(issuer DN, RDNs reversed, joined by commas + serial number in decimal), lower-case hex.
 * A certificate is never trusted because of its SN: chain, validity and subject must match, too,
 * because merchants' own application certificates chain to the same root.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { formatOid, readDer, readDerChildren, readDerText } from './der.ts';

const RSA_SIGNATURES = '1.2.840.113549.1.1.';
const CHAIN_LENGTH_MAX = 6;

/** The short names that issuer DNs of this PKI use. */
const RDN_NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '1.2.840.113549.1.9.1': 'E',
};

export interface CertificateNames {
  readonly signatureOid: string;
  readonly issuer: string;
  readonly serialDecimal: string;
}

/** Every certificate of a PEM text, in file order; undefined when one of them is unreadable. */
export function readCertificates(pem: string): X509Certificate[] | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g);
  if (blocks === null) return undefined;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function readCertificateNames(certificate: X509Certificate): CertificateNames | undefined {
  const outer = readDer(certificate.raw);
  const parts = outer === undefined ? undefined : readDerChildren(outer.content);
  const algorithm = parts?.[1] === undefined ? undefined : readDer(parts[1].content);
  const body = parts?.[0] === undefined ? undefined : readDerChildren(parts[0].content);
  if (algorithm === undefined || body === undefined) return undefined;
  // [0] EXPLICIT version comes first, except in version 1 certificates.
  const [serial, , issuer] = body[0]?.tag === 0xa0 ? body.slice(1) : body;
  const issuerText = issuer === undefined ? undefined : distinguishedName(issuer.content);
  if (serial === undefined || issuerText === undefined) return undefined;
  return {
    signatureOid: formatOid(algorithm.content),
    issuer: issuerText,
    serialDecimal: BigInt(`0x0${serial.content.toString('hex')}`).toString(),
  };
}

function distinguishedName(content: Buffer): string | undefined {
  const names: string[] = [];
  for (const set of readDerChildren(content) ?? []) {
    for (const attribute of readDerChildren(set.content) ?? []) {
      const [type, value] = readDerChildren(attribute.content) ?? [];
      if (type === undefined || value === undefined) return undefined;
      const oid = formatOid(type.content);
      names.push(`${RDN_NAMES[oid] ?? oid}=${readDerText(value)}`);
    }
  }
  return names.length === 0 ? undefined : names.reverse().join(',');
}

function serialNumberOf(names: CertificateNames): string {
  return createHash('md5').update(`${names.issuer}${names.serialDecimal}`, 'utf8').digest('hex');
}

/** app_cert_sn, alipay_cert_sn: of the first certificate of the text. */
export function certificateSn(certificate: X509Certificate): string | undefined {
  const names = readCertificateNames(certificate);
  return names === undefined ? undefined : serialNumberOf(names);
}

/** alipay_root_cert_sn: the RSA-signed certificates of the root file; EC and SM2 are skipped. */
export function rootCertificateSn(certificates: readonly X509Certificate[]): string {
  return certificates
    .map(readCertificateNames)
    .filter((names) => names?.signatureOid.startsWith(RSA_SIGNATURES))
    .map((names) => (names === undefined ? '' : serialNumberOf(names)))
    .join('_');
}

export interface TrustRequest {
  /** The downloaded text: the certificate itself first, intermediates after it. */
  readonly chain: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
  /** Subjects of the configured Alipay certificates: a new one must have the same name. */
  readonly subjects: readonly string[];
  readonly nowMs: number;
}

/** Why a downloaded certificate is not Alipay's; undefined = it is. */
export function distrust(request: TrustRequest): 'chain' | 'validity' | 'subject' | undefined {
  const [leaf] = request.chain;
  if (leaf === undefined) return 'chain';
  if (!request.subjects.includes(leaf.subject)) return 'subject';
  let current = leaf;
  for (let depth = 0; depth < CHAIN_LENGTH_MAX; depth += 1) {
    if (!isValidAt(current, request.nowMs)) return 'validity';
    const root = request.roots.find((candidate) => isIssuedBy(current, candidate));
    if (root !== undefined) return isValidAt(root, request.nowMs) ? undefined : 'validity';
    const next = request.chain.find(
      (candidate) => candidate !== current && candidate.ca && isIssuedBy(current, candidate),
    );
    if (next === undefined) return 'chain';
    current = next;
  }
  return 'chain';
}

export function validToMs(certificate: X509Certificate): number {
  return Date.parse(certificate.validTo);
}

function isValidAt(certificate: X509Certificate, nowMs: number): boolean {
  return Date.parse(certificate.validFrom) <= nowMs && nowMs < Date.parse(certificate.validTo);
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // Alipay's root file contains SM2 roots; OpenSSL cannot verify with them.
    return false;
  }
}
