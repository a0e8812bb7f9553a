/**
 * UnionPay's own side of the city: root, middle, and below it the certificates that sign replies,
 * encipher card data and belong to merchants. Made once, kept in the journal; key objects are built
 * once per key text. Rotation adds a signer; the old one's replies keep verifying.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { present } from '../../../src/kernel/assert.ts';
import { certIdOf, UNIONPAY_COMPANY } from '../../../src/wires/unionpay/certificates.ts';
import type { CityKit, Collection, SerialShape } from '../../kit/kit.ts';
import type { Certified, HouseRecord } from './records.ts';

const ROOT_SUBJECT = 'C=CN, O=Sandbox City Certification, CN=Sandbox City ACS CA';
const MIDDLE_SUBJECT = 'C=CN, O=Sandbox City Certification, CN=Sandbox City OCA1';
/** Ten digits in decimal, as certIds are: 5 bytes, whose first CFCA's certificates share. */
const SERIALS: SerialShape = { bytes: 5, prefix: '10' };
const YEARS = 10;
const HOUSE = 'house';

function housesOf(kit: CityKit): Collection<HouseRecord> {
  return kit.journal.collection<HouseRecord>('unionpay.house');
}

export function readHouse(kit: CityKit): HouseRecord {
  return present(housesOf(kit).get(HOUSE), 'the keys of the sandbox city');
}

/** Accounts are made side by side and all live in one house: the first to ask builds it. */
const building = new WeakMap<CityKit, Promise<HouseRecord>>();

export function openHouse(kit: CityKit): Promise<HouseRecord> {
  const kept = housesOf(kit).get(HOUSE);
  if (kept !== undefined) return Promise.resolve(kept);
  const house = building.get(kit) ?? buildHouse(kit);
  building.set(kit, house);
  return house;
}

async function buildHouse(kit: CityKit): Promise<HouseRecord> {
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
  const house: HouseRecord = {
    rootPem: root.certificatePem,
    middle,
    signers: [signer],
    encryption,
    sm2: { privateKeyHex: sm2Key(kit), certId: randomDigits(kit, 12, '4') },
  };
  housesOf(kit).put(HOUSE, house);
  return house;
}

/** UnionPay's shape of a subject: the third part of the CN is what clients compare. */
function signerSubject(number: string): string {
  const name = `041@8310000000083040@${UNIONPAY_COMPANY}@${number}`;
  return `CN=${name}, OU=Enterprises, O=Sandbox City OCA1, C=CN`;
}

export async function issue(
  kit: CityKit,
  middle: HouseRecord['middle'],
  subject: string,
): Promise<Certified> {
  const pair = await kit.authority.rsaKeyPair();
  const authority = await kit.authority.openRoot(middle, SERIALS);
  const { publicKeyPem, privateKeyPem } = pair;
  const { certificatePem } = await authority.issue({ subject, publicKeyPem, notAfterYears: YEARS });
  return { certificatePem, privateKeyPem, certId: certIdOf(new X509Certificate(certificatePem)) };
}

/** Adds a signing certificate under the same middle; gives the house as it is now. */
export async function rotateSigner(kit: CityKit): Promise<HouseRecord> {
  const number = randomDigits(kit, 7, '1');
  const signer = await issue(kit, readHouse(kit).middle, signerSubject(number));
  // Read again: another rotation may have finished while this pair was made.
  const house = readHouse(kit);
  const rotated = { ...house, signers: [...house.signers, signer] };
  housesOf(kit).put(HOUSE, rotated);
  return rotated;
}

/** A key of the curve: the top bit cleared keeps it below the order. */
export function sm2Key(kit: CityKit): string {
  const bytes = kit.random.bytes(32);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/** `count` random decimal digits after a given start. */
export function randomDigits(kit: CityKit, count: number, start = ''): string {
  let digits = start;
  while (digits.length < start.length + count) {
    for (const byte of kit.random.bytes(count)) if (byte < 250) digits += String(byte % 10);
  }
  return digits.slice(0, start.length + count);
}

const keyObjects = new Map<string, KeyObject>();

export function privateKeyObject(pem: string): KeyObject {
  const known = keyObjects.get(pem);
  if (known !== undefined) return known;
  const key = createPrivateKey(pem);
  keyObjects.set(pem, key);
  return key;
}

const certificates = new Map<string, X509Certificate>();

export function certificateObject(pem: string): X509Certificate {
  const known = certificates.get(pem);
  if (known !== undefined) return known;
  const certificate = new X509Certificate(pem);
  certificates.set(pem, certificate);
  return certificate;
}
