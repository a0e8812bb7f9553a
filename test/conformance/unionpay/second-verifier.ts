/**
 * ACP 5.1.0 once more, written from the protocol's description alone: it imports nothing of `wire/`
 * and lets the openssl command judge signatures, chains and the PFX. What it and the wire agree on
 * was not agreed on by one author's one mistake.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Pairs = Record<string, string>;

function withFiles<T>(files: Record<string, string | Buffer>, use: (dir: string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), 'hutong-openssl-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
    return use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function openssl(dir: string, ...args: string[]): Buffer {
  return execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
}

function succeeds(run: () => Buffer, wanted: RegExp): boolean {
  try {
    return wanted.test(run().toString());
  } catch {
    return false;
  }
}

/** Sorted by the bytes of the names, raw values, nothing but `signature` left out. */
export function toSign(pairs: Pairs): string {
  const names = Object.keys(pairs).filter((name) => name !== 'signature');
  names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return names.map((name) => `${name}=${pairs[name]}`).join('&');
}

/** Replies of these tests hold no `&` inside a value: a plain split is enough. */
export function splitReply(text: string): Pairs {
  return Object.fromEntries(
    text.split('&').map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** `openssl dgst -verify` over the 64 characters of the first hash. */
export function opensslVerifies(pairs: Pairs, certificatePem: string): boolean {
  const files = {
    'cert.pem': certificatePem.replaceAll('\r\n', '\n'),
    'hex.txt': sha256Hex(toSign(pairs)),
    'sig.bin': Buffer.from(pairs.signature ?? '', 'base64'),
  };
  return withFiles(files, (dir) => {
    writeFileSync(
      join(dir, 'key.pem'),
      openssl(dir, 'x509', '-in', 'cert.pem', '-noout', '-pubkey'),
    );
    const args = ['dgst', '-sha256', '-verify', 'key.pem', '-signature', 'sig.bin', 'hex.txt'];
    return succeeds(() => openssl(dir, ...args), /Verified OK/);
  });
}

export function opensslSigns(pairs: Pairs, privateKeyPem: string): string {
  const files = { 'key.pem': privateKeyPem, 'hex.txt': sha256Hex(toSign(pairs)) };
  return withFiles(files, (dir) =>
    openssl(dir, 'dgst', '-sha256', '-sign', 'key.pem', 'hex.txt').toString('base64'),
  );
}

export function opensslChainHolds(leafPem: string, middlePem: string, rootPem: string): boolean {
  const files = { 'leaf.pem': leafPem, 'middle.pem': middlePem, 'root.pem': rootPem };
  return withFiles(files, (dir) => {
    const args = ['verify', '-CAfile', 'root.pem', '-untrusted', 'middle.pem', 'leaf.pem'];
    return succeeds(() => openssl(dir, ...args), /: OK/);
  });
}

export interface OpenedPfx {
  readonly privateKeyPem: string;
  readonly certificatePem: string;
  /** Decimal, as openssl's hexadecimal serial says. */
  readonly certId: string;
}

export function opensslOpensPfx(base64: string, password: string): OpenedPfx {
  return withFiles({ 'sign.pfx': Buffer.from(base64, 'base64') }, (dir) => {
    const open = ['pkcs12', '-in', 'sign.pfx', '-passin', `pass:${password}`];
    const privateKeyPem = openssl(dir, ...open, '-nocerts', '-nodes').toString();
    const certificatePem = openssl(dir, ...open, '-nokeys', '-clcerts').toString();
    writeFileSync(join(dir, 'cert.pem'), certificatePem);
    const serial = openssl(dir, 'x509', '-in', 'cert.pem', '-noout', '-serial').toString();
    const certId = BigInt(`0x${serial.trim().split('=')[1]}`).toString();
    return { privateKeyPem, certificatePem, certId };
  });
}

/** SubjectPublicKeyInfo of a point on SM2's curve. */
const SM2_SPKI_HEAD = '3059301306072a8648ce3d020106082a811ccf5501822d034200';

/** SM2 over the ASCII hex of the SM3 hash, the user id being the certId. */
export function opensslVerifiesSm2(pairs: Pairs, publicKeyHex: string, certId: string): boolean {
  const raw = Buffer.from(pairs.signature ?? '', 'base64');
  const spki = Buffer.from(`${SM2_SPKI_HEAD}${publicKeyHex}`, 'hex').toString('base64');
  const files = {
    'key.pem': `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`,
    'hex.txt': createHash('sm3').update(toSign(pairs), 'utf8').digest('hex'),
    'sig.der': derSignature(raw),
  };
  return withFiles(files, (dir) => {
    const input = ['-rawin', '-digest', 'sm3', '-in', 'hex.txt', '-sigfile', 'sig.der'];
    const key = ['-pubin', '-inkey', 'key.pem', '-pkeyopt', `distid:${certId}`];
    return succeeds(() => openssl(dir, 'pkeyutl', '-verify', ...input, ...key), /Verified/);
  });
}

function derSignature(raw: Buffer): Buffer {
  const integer = (bytes: Buffer): Buffer => {
    let at = 0;
    while (at < bytes.length - 1 && bytes[at] === 0) at += 1;
    const kept = bytes.subarray(at);
    const body = (kept[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), kept]) : kept;
    return Buffer.concat([Buffer.from([2, body.length]), body]);
  };
  const both = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, both.length]), both]);
}
