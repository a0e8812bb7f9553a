/**
 * Alipay's own identity in the city: its signing keys and certificates (and those it rotates to),
 * its root, and the buyer with the phone. Created once, kept in the journal. It makes every
 * signature of the gateway.
 */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { must } from '../../../src/kernel/assert.ts';
import { certificateSn, rootCertificateSn } from '../../../src/wires/alipay/certificates.ts';
import { signRsa2 } from '../../../src/wires/alipay/signature.ts';
import { formatTime } from '../../../src/wires/alipay/time.ts';
import { randomDigits } from '../../kit/digits.ts';
import { keysOf } from '../../kit/keys.ts';
import type { CityKit, FaultName, KeyPair, RootCertificate, SerialShape } from '../../kit/kit.ts';
import { keptOnce } from '../../kit/once.ts';
import type { AppRecord } from './records.ts';

interface SigningCertificate extends KeyPair {
  readonly certificatePem: string;
  readonly sn: string;
}

export interface IdentityRecord {
  readonly key: KeyPair;
  readonly rotatedKey: KeyPair;
  readonly rootCertificatePem: string;
  readonly rootPrivateKeyPem: string;
  readonly rootSn: string;
  readonly certificate: SigningCertificate;
  readonly rotatedCertificate: SigningCertificate;
  readonly buyer: { readonly userId: string; readonly openId: string; readonly logonId: string };
}

export type SignatureFlaw = 'bad_signature' | 'signtest' | 'key_rotated';

const ROOT_SUBJECT = 'C=CN, O=Sandbox City, OU=Certification, CN=Sandbox City Alipay Root';
const ALIPAY_SUBJECT = 'C=CN, O=Sandbox City, OU=Alipay, CN=Sandbox City Alipay';
const YEARS = 10;

const kept = keptOnce<IdentityRecord>('alipay.house', buildIdentity);

export const openIdentity = kept.open;
export const readIdentity = kept.read;

/** 16 bytes that begin with the day, as Alipay's do; below 2^127, which PHP prints as decimal. */
function serials(kit: CityKit): SerialShape {
  const day = formatTime(kit.wall.nowMs()).slice(0, 10).replaceAll('-', '');
  return { bytes: 16, prefix: day };
}

/** The authority that issues merchants' application certificates and Alipay's own. */
export function openIdentityRoot(kit: CityKit, identity: IdentityRecord): Promise<RootCertificate> {
  const { rootCertificatePem: certificatePem, rootPrivateKeyPem: privateKeyPem } = identity;
  return kit.authority.openRoot({ certificatePem, privateKeyPem }, serials(kit));
}

async function buildIdentity(kit: CityKit): Promise<IdentityRecord> {
  const root = await kit.authority.root(ROOT_SUBJECT, serials(kit));
  const issue = async (): Promise<SigningCertificate> => {
    const pair = await kit.authority.rsaKeyPair();
    const { publicKeyPem } = pair;
    const leaf = { subject: ALIPAY_SUBJECT, publicKeyPem, notAfterYears: YEARS };
    const { certificatePem } = await root.issue(leaf);
    return { ...pair, certificatePem, sn: snOf(certificatePem) };
  };
  // One key pair per generation, with and without a certificate; generated in parallel.
  const [certificate, rotatedCertificate] = await Promise.all([issue(), issue()]);
  return {
    key: pairOf(certificate),
    rotatedKey: pairOf(rotatedCertificate),
    rootCertificatePem: root.certificatePem,
    rootPrivateKeyPem: root.privateKeyPem,
    rootSn: rootCertificateSn([new X509Certificate(root.certificatePem)]),
    certificate,
    rotatedCertificate,
    buyer: newBuyer(kit),
  };
}

function pairOf({ privateKeyPem, publicKeyPem }: KeyPair): KeyPair {
  return { privateKeyPem, publicKeyPem };
}

export function snOf(certificatePem: string): string {
  return must(certificateSn(new X509Certificate(certificatePem)), 'the SN of a certificate');
}

function newBuyer(kit: CityKit): IdentityRecord['buyer'] {
  const tail = randomDigits(kit.random, 4);
  return {
    userId: `2088${randomDigits(kit.random, 12)}`,
    openId: kit.random.bytes(36).toString('base64url'),
    logonId: `159****${tail}`,
  };
}

export interface GatewaySignature {
  readonly sign: string;
  /** alipay_cert_sn or alipay-sn; null in key mode. */
  readonly certSn: string | null;
}

/** Which key and certificate number the gateway uses towards an application. */
function signingKey(
  kit: CityKit,
  identity: IdentityRecord,
  app: Pick<AppRecord, 'certificate'>,
  flaw: SignatureFlaw | undefined,
): { readonly key: KeyObject; readonly certSn: string | null } {
  const keys = keysOf(kit);
  if (app.certificate === null) {
    const pair = flaw === 'key_rotated' ? identity.rotatedKey : identity.key;
    return { key: keys.privateKey(pair.privateKeyPem), certSn: null };
  }
  const used = flaw === 'key_rotated' ? identity.rotatedCertificate : identity.certificate;
  return { key: keys.privateKey(used.privateKeyPem), certSn: used.sn };
}

/** Of the faults, those that show in an answer's signature. */
export function flawOf(fault: FaultName | undefined): SignatureFlaw | undefined {
  return fault === 'key_rotated' || fault === 'signtest' ? fault : undefined;
}

export async function signAsGateway(
  { kit, identity }: { readonly kit: CityKit; readonly identity: () => IdentityRecord },
  app: Pick<AppRecord, 'certificate'>,
  flaw: SignatureFlaw | undefined,
  text: string,
): Promise<GatewaySignature> {
  const { key, certSn } = signingKey(kit, identity(), app, flaw);
  const sign = await signRsa2(text, key);
  if (flaw === 'signtest') return { sign: 'SIGNTEST/not+base64*at all', certSn };
  if (flaw !== 'bad_signature') return { sign, certSn };
  const bytes = Buffer.from(sign, 'base64');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return { sign: bytes.toString('base64'), certSn };
}
