/**
 * Keys and certificates of the city: RSA 2048 made off the event loop, and plain X.509 v3 that any
 * verifier accepts (a root with CA:TRUE, leafs below it). Validity is real time, since verifiers
 * compare with their own clocks; nothing made here is trusted outside the sandbox.
 */
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, generateKeyPair, webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import * as x509 from '@peculiar/x509';
import { assert } from '../../src/kernel/assert.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { Random } from '../../src/runtime/random.ts';
import type { Authority, CertifiedKey, KeyPair, RootCertificate, SerialShape } from './kit.ts';

const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
const MODULUS_BITS = 2048;
const ROOT_YEARS = 20;
const DAY_MS = 86_400_000;

const generate = promisify(generateKeyPair);

interface Seams {
  readonly wall: Clock;
  readonly random: Random;
  /** Default: a new RSA 2048 pair. */
  readonly newKeyPair?: () => Promise<KeyPair>;
}

export function openAuthority(seams: Seams): Authority {
  const roots = new Map<string, Promise<RootCertificate>>();
  return {
    rsaKeyPair: seams.newKeyPair ?? rsaKeyPair,
    // One root per name: two roots with the same name would confuse every verifier.
    root: (subject, serials) => {
      const root = roots.get(subject) ?? newRoot(subject, serials, seams);
      roots.set(subject, root);
      return root;
    },
    openRoot: (kept, serials) => openRoot(kept, serials, seams),
  };
}

async function newRoot(
  subject: string,
  serials: SerialShape,
  seams: Seams,
): Promise<RootCertificate> {
  const pair = await (seams.newKeyPair ?? rsaKeyPair)();
  const certificatePem = await signRoot(subject, newSerial(serials, seams.random), pair, seams);
  return openRoot({ certificatePem, privateKeyPem: pair.privateKeyPem }, serials, seams);
}

async function rsaKeyPair(): Promise<KeyPair> {
  const pair = await generate('rsa', {
    modulusLength: MODULUS_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { privateKeyPem: pair.privateKey, publicKeyPem: pair.publicKey };
}

async function signRoot(
  subject: string,
  serialNumber: string,
  pair: KeyPair,
  seams: Seams,
): Promise<string> {
  const publicKey = await importPublic(pair.publicKeyPem);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: subject,
    ...validity(seams.wall, ROOT_YEARS),
    signingAlgorithm: ALGORITHM,
    keys: { publicKey, privateKey: await importPrivate(pair.privateKeyPem) },
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return pemOf(certificate);
}

async function openRoot(
  kept: CertifiedKey,
  serials: SerialShape,
  seams: Seams,
): Promise<RootCertificate> {
  const root = new x509.X509Certificate(kept.certificatePem);
  const signingKey = await importPrivate(kept.privateKeyPem);
  const rootKey = await importPublic(publicPemOf(kept.privateKeyPem));
  return {
    certificatePem: kept.certificatePem,
    privateKeyPem: kept.privateKeyPem,
    issue: async (leaf) => {
      const publicKey = await importPublic(leaf.publicKeyPem);
      const serial = newSerial(serials, seams.random);
      const { isAuthority = false } = leaf;
      const usages = isAuthority
        ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
        : x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment;
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial,
        subject: leaf.subject,
        issuer: root.subjectName.toJSON(),
        ...validity(seams.wall, leaf.notAfterYears),
        signingAlgorithm: ALGORITHM,
        publicKey,
        signingKey,
        extensions: [
          new x509.BasicConstraintsExtension(isAuthority, undefined, true),
          new x509.KeyUsagesExtension(usages, true),
          await x509.SubjectKeyIdentifierExtension.create(publicKey),
          await x509.AuthorityKeyIdentifierExtension.create(rootKey),
        ],
      });
      return { certificatePem: pemOf(certificate), serial: serial.toUpperCase() };
    },
  };
}

function validity(wall: Clock, years: number): { notBefore: Date; notAfter: Date } {
  // A day back: the verifier's clock may be slow, and yesterday's bills are verified, too.
  const notBefore = new Date(wall.nowMs() - DAY_MS);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + years);
  return { notBefore, notAfter };
}

/** Hex, positive and never with a leading zero: DER then keeps exactly `bytes` of it. */
function newSerial({ bytes, prefix = '' }: SerialShape, random: Random): string {
  assert(prefix === '' || /^[1-7][0-9a-f](?:[0-9a-f]{2})*$/.test(prefix), 'a positive prefix');
  const start = Buffer.from(prefix, 'hex');
  const rest = random.bytes(bytes - start.length);
  if (start.length === 0) rest[0] = ((rest[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.concat([start, rest]).toString('hex');
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}

function publicPemOf(privateKeyPem: string): string {
  return createPublicKey(privateKeyPem).export({ type: 'spki', format: 'pem' }).toString();
}

function importPublic(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
  return webcrypto.subtle.importKey('spki', der, ALGORITHM, true, ['verify']);
}

function importPrivate(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']);
}
