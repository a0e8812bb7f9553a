/**
 * Alipay's own side of the city: its signing keys and certificates (and the ones it rotates to),
 * its root, and the buyer whose phone it is. Made once, kept in the journal. Key objects are built
 * once per key text. Every signature of the gateway comes from here.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { present } from '../../../src/kernel/assert.ts';
import { certificateSn, rootCertificateSn } from '../../../src/wires/alipay/certificates.ts';
import { signRsa2 } from '../../../src/wires/alipay/signature.ts';
import { formatTime } from '../../../src/wires/alipay/time.ts';
import type { CityKit, RootCertificate, SerialShape } from '../../kit/kit.ts';
import type { AppRecord } from './records.ts';

interface KeyPair {
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

interface SigningCertificate extends KeyPair {
  readonly certificatePem: string;
  readonly sn: string;
}

export interface HouseRecord {
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
const HOUSE = 'house';

export function readHouse(kit: CityKit): HouseRecord | undefined {
  return kit.journal.collection<HouseRecord>('alipay.house').get(HOUSE);
}

/** Accounts are made side by side and all live in one house: the first to ask builds it. */
const building = new WeakMap<CityKit, Promise<HouseRecord>>();

export function openHouse(kit: CityKit): Promise<HouseRecord> {
  const kept = readHouse(kit);
  if (kept !== undefined) return Promise.resolve(kept);
  const house = building.get(kit) ?? buildHouse(kit);
  building.set(kit, house);
  return house;
}

/** 16 bytes that begin with the day, as Alipay's do; below 2^127, which PHP prints as decimal. */
function serials(kit: CityKit): SerialShape {
  const day = formatTime(kit.wall.nowMs()).slice(0, 10).replaceAll('-', '');
  return { bytes: 16, prefix: day };
}

/** The authority below which merchants' application certificates and Alipay's own hang. */
export function openHouseRoot(kit: CityKit, house: HouseRecord): Promise<RootCertificate> {
  const { rootCertificatePem: certificatePem, rootPrivateKeyPem: privateKeyPem } = house;
  return kit.authority.openRoot({ certificatePem, privateKeyPem }, serials(kit));
}

async function buildHouse(kit: CityKit): Promise<HouseRecord> {
  const root = await kit.authority.root(ROOT_SUBJECT, serials(kit));
  const issue = async (): Promise<SigningCertificate> => {
    const pair = await kit.authority.rsaKeyPair();
    const { publicKeyPem } = pair;
    const leaf = { subject: ALIPAY_SUBJECT, publicKeyPem, notAfterYears: YEARS };
    const { certificatePem } = await root.issue(leaf);
    return { ...pair, certificatePem, sn: snOf(certificatePem) };
  };
  // One pair a generation, with and without a certificate around it; made side by side.
  const [certificate, rotatedCertificate] = await Promise.all([issue(), issue()]);
  const house: HouseRecord = {
    key: pairOf(certificate),
    rotatedKey: pairOf(rotatedCertificate),
    rootCertificatePem: root.certificatePem,
    rootPrivateKeyPem: root.privateKeyPem,
    rootSn: rootCertificateSn([new X509Certificate(root.certificatePem)]),
    certificate,
    rotatedCertificate,
    buyer: newBuyer(kit),
  };
  kit.journal.collection<HouseRecord>('alipay.house').put(HOUSE, house);
  return house;
}

function pairOf({ privateKeyPem, publicKeyPem }: KeyPair): KeyPair {
  return { privateKeyPem, publicKeyPem };
}

export function snOf(certificatePem: string): string {
  return present(certificateSn(new X509Certificate(certificatePem)), 'the SN of a certificate');
}

/** `count` random decimal digits. */
export function randomDigits(kit: CityKit, count: number): string {
  let digits = '';
  while (digits.length < count) {
    for (const byte of kit.random.bytes(count)) if (byte < 250) digits += String(byte % 10);
  }
  return digits.slice(0, count);
}

function newBuyer(kit: CityKit): HouseRecord['buyer'] {
  const tail = randomDigits(kit, 4);
  return {
    userId: `2088${randomDigits(kit, 12)}`,
    openId: kit.random.bytes(36).toString('base64url'),
    logonId: `159****${tail}`,
  };
}

const keyObjects = new Map<string, KeyObject>();

function privateKeyObject(pem: string): KeyObject {
  return cached(pem, () => createPrivateKey(pem));
}

export function publicKeyObject(pem: string): KeyObject {
  return cached(pem, () => createPublicKey(pem));
}

function cached(pem: string, read: () => KeyObject): KeyObject {
  const known = keyObjects.get(pem);
  if (known !== undefined) return known;
  const key = read();
  keyObjects.set(pem, key);
  return key;
}

export interface HouseSignature {
  readonly sign: string;
  /** alipay_cert_sn or alipay-sn; null in key mode. */
  readonly certSn: string | null;
}

/** Which key and certificate number the house uses towards an application. */
function signingKey(
  house: HouseRecord,
  app: Pick<AppRecord, 'certificate'>,
  flaw: SignatureFlaw | undefined,
): { readonly key: KeyObject; readonly certSn: string | null } {
  if (app.certificate === null) {
    const pair = flaw === 'key_rotated' ? house.rotatedKey : house.key;
    return { key: privateKeyObject(pair.privateKeyPem), certSn: null };
  }
  const used = flaw === 'key_rotated' ? house.rotatedCertificate : house.certificate;
  return { key: privateKeyObject(used.privateKeyPem), certSn: used.sn };
}

export async function signAsHouse(
  house: HouseRecord,
  app: Pick<AppRecord, 'certificate'>,
  flaw: SignatureFlaw | undefined,
  text: string,
): Promise<HouseSignature> {
  const { key, certSn } = signingKey(house, app, flaw);
  const sign = await signRsa2(text, key);
  if (flaw === 'signtest') return { sign: 'SIGNTEST/not+base64*at all', certSn };
  if (flaw !== 'bad_signature') return { sign, certSn };
  const bytes = Buffer.from(sign, 'base64');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return { sign: bytes.toString('base64'), certSn };
}
