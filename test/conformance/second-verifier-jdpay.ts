/**
 * A second reading of JD Pay's wire, written from the protocol's description alone and importing
 * nothing of `wire/`: RSA by BigInt and by the openssl command, 3DES by openssl's block cipher, XML
 * by plain text search. Blunt on purpose: no options, no recovery.
 */
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export type Fields = Record<string, string>;

export interface KeyMaterial {
  readonly merchant: string;
  readonly private_key: string;
  readonly jd_public_key: string;
  readonly des_key: string;
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';

export function sha256Hex(text: string): string {
  return crypto.createHash('sha256').update(Buffer.from(text, 'utf8')).digest('hex');
}

/** PKCS#1 v1.5 block type 1 around the 64 hex characters, and the private power of it. */
export function sign(text: string, privateKeyPem: string): string {
  const key = crypto.createPrivateKey(privateKeyPem);
  const { n, d } = key.export({ format: 'jwk' });
  const [modulus, exponent] = [bigOf(n ?? ''), bigOf(d ?? '')];
  const size = Math.ceil(modulus.toString(16).length / 2);
  const hash = Buffer.from(sha256Hex(text), 'latin1');
  const block = Buffer.concat([
    Buffer.from([0, 1]),
    Buffer.alloc(size - 3 - hash.length, 0xff),
    Buffer.from([0]),
    hash,
  ]);
  const signed = power(BigInt(`0x${block.toString('hex')}`), exponent, modulus);
  return Buffer.from(signed.toString(16).padStart(2 * size, '0'), 'hex').toString('base64');
}

/** What was signed, or undefined where the block is not one of type 1. */
export function recover(signature: string, publicKeyPem: string): string | undefined {
  const { n, e } = crypto.createPublicKey(publicKeyPem).export({ format: 'jwk' });
  const [modulus, exponent] = [bigOf(n ?? ''), bigOf(e ?? '')];
  const size = Math.ceil(modulus.toString(16).length / 2);
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.length !== size) return undefined;
  const opened = power(BigInt(`0x${bytes.toString('hex')}`), exponent, modulus);
  const block = Buffer.from(opened.toString(16).padStart(2 * size, '0'), 'hex');
  if (block[0] !== 0 || block[1] !== 1) return undefined;
  const end = block.indexOf(0, 2);
  if (end < 10 || !block.subarray(2, end).every((byte) => byte === 0xff)) return undefined;
  return block.subarray(end + 1).toString('latin1');
}

function bigOf(base64url: string): bigint {
  return BigInt(`0x${Buffer.from(base64url, 'base64url').toString('hex')}`);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

export function encrypt(text: string, desKey: string): string {
  const body = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const zeros = Buffer.alloc((8 - ((4 + body.length) % 8)) % 8);
  const cipher = crypto.createCipheriv('des-ede3-ecb', Buffer.from(desKey, 'base64'), '');
  cipher.setAutoPadding(false);
  return cipher.update(Buffer.concat([length, body, zeros]), undefined, 'hex');
}

export function decrypt(hex: string, desKey: string): string {
  const decipher = crypto.createDecipheriv('des-ede3-ecb', Buffer.from(desKey, 'base64'), '');
  decipher.setAutoPadding(false);
  return unwrap(decipher.update(Buffer.from(hex, 'hex')));
}

function unwrap(plain: Buffer): string {
  const length = plain.readUInt32BE(0);
  if (length > plain.length - 4) throw new Error('the length does not fit');
  return plain.subarray(4, 4 + length).toString('utf8');
}

/** One request of the XML interface. */
export function request(sdk: KeyMaterial, fields: Fields): string {
  const { merchant, private_key, des_key } = sdk;
  const inside = tags({ version: 'V2.0', merchant, ...fields });
  const text = `${DECLARATION}<jdpay>${inside}</jdpay>`;
  const signed = text.replace('</jdpay>', `<sign>${sign(text, private_key)}</sign></jdpay>`);
  return envelope(merchant, signed, des_key);
}

export function envelope(merchant: string, inner: string, desKey: string): string {
  const hex = Buffer.from(encrypt(inner, desKey), 'latin1').toString('base64');
  return `${DECLARATION}<jdpay>${tags({ version: 'V2.0', merchant, encrypt: hex })}</jdpay>`;
}

function tags(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `<${name}>${escaped(value)}</${name}>`)
    .join('');
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

export interface Reply {
  readonly code: string;
  readonly desc: string;
  /** The inner document, verified; null where the answer is a refusal. */
  readonly inner: string | null;
}

/** Reads an answer or a callback; throws where JD's signature does not hold. */
export function reply(sdk: KeyMaterial, body: string): Reply {
  const [code = '', desc = ''] = [valueIn(body, 'code'), valueIn(body, 'desc')];
  const sealed = valueIn(body, 'encrypt');
  if (sealed === undefined) return { code, desc, inner: null };
  const inner = decrypt(Buffer.from(sealed, 'base64').toString('latin1'), sdk.des_key);
  const signature = valueIn(inner, 'sign') ?? '';
  const text = inner.replace(`<sign>${signature}</sign>`, '');
  if (recover(signature, sdk.jd_public_key) !== sha256Hex(text)) {
    throw new Error('the answer is not signed by JD');
  }
  return { code, desc, inner };
}

/** The first element of that name, by text search. */
export function valueIn(xml: string, name: string): string | undefined {
  const from = xml.indexOf(`<${name}>`);
  const until = xml.indexOf(`</${name}>`, from);
  if (from < 0 || until < 0) return undefined;
  return xml
    .slice(from + name.length + 2, until)
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
}

/** A form as the merchant's page posts it. */
export function form(sdk: KeyMaterial, fields: Fields): Fields {
  const all: Fields = { version: 'V2.0', merchant: sdk.merchant, ...fields };
  const posted: Fields = { sign: sign(formText(all), sdk.private_key) };
  for (const [name, value] of Object.entries(all)) {
    if (value === '') continue;
    const isPlain = name === 'version' || name === 'merchant';
    posted[name] = isPlain ? value : encrypt(value, sdk.des_key);
  }
  return posted;
}

export function formText(fields: Fields): string {
  const names = Object.keys(fields).filter((name) => name !== 'sign' && fields[name] !== '');
  return names
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join('&');
}

/** What came back by the buyer's browser; throws where it is not JD's. */
export function returned(sdk: KeyMaterial, posted: Fields): Fields {
  const { sign: signature = '', ...sealed } = posted;
  const plain = Object.fromEntries(
    Object.entries(sealed).map(([name, hex]) => [name, decrypt(hex, sdk.des_key)]),
  );
  if (recover(signature, sdk.jd_public_key) !== sha256Hex(formText(plain))) {
    throw new Error('the return is not signed by JD');
  }
  return plain;
}

/** `openssl pkeyutl -verifyrecover`: what the signature holds, by a program that is not ours. */
export function opensslRecover(signature: string, publicKeyPem: string): string {
  return withFiles({ 'key.pem': publicKeyPem, sig: Buffer.from(signature, 'base64') }, (dir) =>
    openssl(dir, ['pkeyutl', '-verifyrecover', '-pubin', '-inkey', 'key.pem', '-in', 'sig']),
  ).toString('latin1');
}

export function opensslDecrypt(hex: string, desKey: string): string {
  const key = Buffer.from(desKey, 'base64').toString('hex');
  const args = ['enc', '-d', '-des-ede3', '-K', key, '-nopad', '-in', 'sealed'];
  return unwrap(withFiles({ sealed: Buffer.from(hex, 'hex') }, (dir) => openssl(dir, args)));
}

function openssl(cwd: string, args: readonly string[]): Buffer {
  return execFileSync('openssl', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
}

function withFiles<T>(files: Record<string, string | Buffer>, use: (dir: string) => T): T {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-openssl-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      fs.writeFileSync(path.join(dir, name), content, { mode: 0o600 });
    }
    return use(dir);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}
