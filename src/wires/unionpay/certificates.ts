/**
 * `signPubKeyCert` and its trust. A reply contains its own signing certificate; it is trusted only
 * if it is issued by the pinned middle, that by the pinned root, all three are valid now, and its
 * subject is UnionPay's: the CN's third part between `@` is the company's name. Merchants'
 * certificates chain to the same root, so only the name distinguishes them.
 */
import { X509Certificate } from 'node:crypto';

export const UNIONPAY_COMPANY = '中国银联股份有限公司';
/** The CN of the test environment's older signer. */
const TEST_SIGNER = '00040000:SIGN';

export interface TrustAnchors {
  readonly root: X509Certificate;
  readonly middle: X509Certificate;
  /** The test environment signs under another name; production credentials leave this out. */
  readonly acceptsTestSigner: boolean;
}

/** certId: the serial number as a decimal string. It has up to 160 bits: never a Number. */
export function certIdOf(certificate: X509Certificate): string {
  return BigInt(`0x${certificate.serialNumber}`).toString(10);
}

/** A certificate with an RSA key; a damaged one may parse until its key is used. */
export function readCertificate(pem: string): X509Certificate | undefined {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) return undefined;
  try {
    const certificate = new X509Certificate(pem);
    return certificate.publicKey.asymmetricKeyType === 'rsa' ? certificate : undefined;
  } catch {
    return undefined;
  }
}

/** As in a signed message: CRLF inside, nothing after the last dash. */
export function signPubKeyCertText(pem: string): string {
  return pem.trim().replace(/\r?\n/g, '\r\n');
}

export type TrustProblem = 'unreadable' | 'chain' | 'expired' | 'subject';

export function checkSigner(
  leaf: X509Certificate,
  anchors: TrustAnchors,
  nowMs: number,
): TrustProblem | undefined {
  const { root, middle } = anchors;
  const isChained =
    isIssuedBy(leaf, middle) && isIssuedBy(middle, root) && isIssuedBy(root, root) && middle.ca;
  if (!isChained) return 'chain';
  const { fromMs, toMs } = validityOf([leaf, middle, root]);
  // Written so that an unreadable date counts as invalid.
  if (!(fromMs <= nowMs && nowMs <= toMs)) return 'expired';
  return isUnionpaySubject(leaf, anchors.acceptsTestSigner) ? undefined : 'subject';
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

export interface Validity {
  readonly fromMs: number;
  readonly toMs: number;
}

/** When all of them are valid. */
export function validityOf(certificates: readonly X509Certificate[]): Validity {
  return {
    fromMs: Math.max(...certificates.map(({ validFrom }) => Date.parse(validFrom))),
    toMs: Math.min(...certificates.map(({ validTo }) => Date.parse(validTo))),
  };
}

export function isUnionpaySubject(leaf: X509Certificate, acceptsTestSigner: boolean): boolean {
  const names = commonNames(leaf);
  const [name] = names;
  if (name === undefined || names.length !== 1) return false;
  if (name.split('@')[2] === UNIONPAY_COMPANY) return true;
  return acceptsTestSigner && name === TEST_SIGNER;
}

function commonNames(certificate: X509Certificate): string[] {
  const lines = certificate.subject.split('\n');
  return lines.filter((line) => line.startsWith('CN=')).map((line) => line.slice(3));
}
