/**
 * UnionPay's own identity in the city: root, middle, and the certificates issued by it that sign
 * replies, encrypt card data and belong to merchants. Created once, kept in the journal; key
 * objects are built once per key text. Rotation adds a signer; replies of the old one still verify.
 */
import { X509Certificate } from 'node:crypto';
import { must } from '../../../src/kernel/assert.ts';
import { certIdOf, UNIONPAY_COMPANY } from '../../../src/wires/unionpay/certificates.ts';
import { randomDigits } from '../../kit/digits.ts';
import type { CityKit, SerialShape } from '../../kit/kit.ts';
import { keptOnce } from '../../kit/once.ts';
import type { Certified, IdentityRecord } from './records.ts';

const ROOT_SUBJECT = 'C=CN, O=Sandbox City Certification, CN=Sandbox City ACS CA';
const MIDDLE_SUBJECT = 'C=CN, O=Sandbox City Certification, CN=Sandbox City OCA1';
/** Ten digits in decimal, as certIds are: 5 bytes, whose first CFCA's certificates share. */
const SERIALS: SerialShape = { bytes: 5, prefix: '10' };
const YEARS = 10;

const kept = keptOnce<IdentityRecord>('unionpay.house', buildIdentity);

export const openIdentity = kept.open;

export function readIdentity(kit: CityKit): IdentityRecord {
  return must(kept.read(kit), 'the keys of the sandbox city');
}

async function buildIdentity(kit: CityKit): Promise<IdentityRecord> {
  const root = await kit.authority.root(ROOT_SUBJECT, SERIALS);
  const middlePair = await kit.authority.rsaKeyPair();
  const { certificatePem } = await root.issue({
    subject: MIDDLE_SUBJECT,
    publicKeyPem: middlePair.publicKeyPem,
    notAfterYears: YEARS,
    isAuthority: true,
  });
  const middle = { certificatePem, privateKeyPem: middlePair.privateKeyPem };
  const [signer, encryption] = await Promise.all([
    issue(kit, middle, signerSubject('00016495')),
    issue(kit, middle, signerSubject('00016496')),
  ]);
  return {
    rootPem: root.certificatePem,
    middle,
    signers: [signer],
    encryption,
    sm2: { privateKeyHex: sm2Key(kit), certId: randomDigits(kit.random, 12, '4') },
  };
}

/** UnionPay's subject format: clients compare the third part of the CN. */
function signerSubject(number: string): string {
  const name = `041@8310000000083040@${UNIONPAY_COMPANY}@${number}`;
  return `CN=${name}, OU=Enterprises, O=Sandbox City OCA1, C=CN`;
}

export async function issue(
  kit: CityKit,
  middle: IdentityRecord['middle'],
  subject: string,
): Promise<Certified> {
  const pair = await kit.authority.rsaKeyPair();
  const authority = await kit.authority.openRoot(middle, SERIALS);
  const { publicKeyPem, privateKeyPem } = pair;
  const { certificatePem } = await authority.issue({ subject, publicKeyPem, notAfterYears: YEARS });
  return { certificatePem, privateKeyPem, certId: certIdOf(new X509Certificate(certificatePem)) };
}

/** Adds a signing certificate under the same middle; returns the current identity. */
export async function rotateSigner(kit: CityKit): Promise<IdentityRecord> {
  const number = randomDigits(kit.random, 7, '1');
  const signer = await issue(kit, readIdentity(kit).middle, signerSubject(number));
  // Read again: another rotation may have finished while this pair was generated.
  const identity = readIdentity(kit);
  const rotated = { ...identity, signers: [...identity.signers, signer] };
  kept.replace(kit, rotated);
  return rotated;
}

/** A key of the curve: the top bit cleared keeps it below the order. */
export function sm2Key(kit: CityKit): string {
  const bytes = kit.random.bytes(32);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
