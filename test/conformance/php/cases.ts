/**
 * PHP as a judge: what it computed of certificates, frozen; what it computes now of a city's own;
 * and calls of clients that consist of PHP's standard library, against the gateways.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { certificateSn } from '../../../src/wires/alipay/certificates.ts';
import { certIdOf } from '../../../src/wires/unionpay/certificates.ts';
import { freshNo } from '../../helpers/gateway-city.ts';
import { openTestCity as openAlipayCity } from '../alipay/city.ts';
import { openTestCity as openUnionpayCity } from '../unionpay/city.ts';
import { PHP_VECTORS, type PhpVector } from './vectors.ts';

export interface PhpCase {
  readonly name: string;
  readonly client: string;
  /** Absent on machines without PHP's openssl extension: the frozen vectors judge alone. */
  readonly needsPhp: boolean;
  readonly check: () => Promise<string>;
}

export const HAS_PHP =
  spawnSync('php', ['-r', "exit(extension_loaded('openssl') ? 0 : 1);"]).status === 0;

/** A script of this folder: JSON in, JSON out; what it says on stderr is the failure. */
export function php(script: string, input: unknown): Promise<unknown> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return new Promise((resolve, reject) => {
    const child = execFile('php', [path], { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${script}: ${stderr || stdout || error.message}`));
      else resolve(JSON.parse(stdout));
    });
    child.stdin?.end(JSON.stringify(input));
  });
}

function vector(name: string): PhpVector & { readonly certificate: X509Certificate } {
  const found = PHP_VECTORS.find((each) => each.name === name);
  assert.ok(found, name);
  return { ...found, certificate: new X509Certificate(found.pem) };
}

async function frozenAlipay(): Promise<string> {
  for (const name of ['alipay application', 'alipay root']) {
    const { certificate, certId, sn } = vector(name);
    assert.match(certificate.serialNumber, /^20\d{6}[0-9A-F]{24}$/);
    assert.equal(certId, BigInt(`0x${certificate.serialNumber}`).toString());
    assert.equal(certificateSn(certificate), sn, name);
  }
  return 'SN as PHP computes it';
}

async function frozenUnionpay(): Promise<string> {
  const { certificate, certId } = vector('unionpay signer');
  assert.match(certificate.serialNumber, /^10[0-9A-F]{8}$/);
  assert.equal(certIdOf(certificate), certId);
  return `certId ${certId}`;
}

async function frozenLong(): Promise<string> {
  const { certificate, certId } = vector('wechatpay merchant');
  assert.equal(certId, `0x${certificate.serialNumber}`);
  assert.notEqual(certIdOf(certificate), certId);
  return 'hexadecimal: no certId';
}

async function liveSerials(): Promise<string> {
  const [alipay, unionpay] = await Promise.all([openAlipayCity(), openUnionpayCity()]);
  try {
    const { cert_mode: cert } = alipay.account.demo;
    const { sdkCredentials: sdk } = unionpay.account;
    const pems = [
      ...[cert.app_cert, cert.alipay_cert, cert.alipay_root_cert],
      ...[sdk.root_cert, sdk.middle_cert, sdk.encrypt_cert],
    ];
    const computed = (await php('serials.php', pems)) as { certId: string; sn: string }[];
    for (const [index, pem] of pems.entries()) {
      const certificate = new X509Certificate(pem);
      assert.equal(computed[index]?.certId, certIdOf(certificate));
      if (index < 3) assert.equal(computed[index]?.sn, certificateSn(certificate));
    }
    return `${pems.length} certificates`;
  } finally {
    await Promise.all([alipay.close(), unionpay.close()]);
  }
}

async function liveAlipay(): Promise<string> {
  const city = await openAlipayCity();
  try {
    const { cert_mode: cert } = city.account.demo;
    const orderNo = freshNo('PHP');
    const made = (await php('alipay.php', {
      ...cert,
      ...{ gateway: `${city.url}/gateway.do`, order_no: orderNo, notify_url: city.notifyUrl },
    })) as { qr_code: string };
    assert.equal((await city.scanAndPay(made.qr_code)).status, 'paid');
    return `precreate of ${orderNo}, answer verified, paid`;
  } finally {
    await city.close();
  }
}

async function liveUnionpay(): Promise<string> {
  const city = await openUnionpayCity();
  try {
    const orderNo = freshNo('PHP');
    const made = (await php('unionpay.php', {
      ...city.account.sdkCredentials,
      ...{ gateway: city.url, order_no: orderNo, notify_url: city.notifyUrl },
    })) as { qr_code: string; certId: string };
    assert.match(made.certId, /^\d{11}$/);
    assert.equal((await city.scanAndPay(made.qr_code)).status, 'paid');
    return `QR purchase of ${orderNo}, reply and chain verified, paid`;
  } finally {
    await city.close();
  }
}

const FROZEN = 'frozen vector';
const LIVE = 'php, standard library';

export const PHP_CASES: readonly PhpCase[] = [
  { name: "F1: Alipay's SN is PHP's", client: FROZEN, needsPhp: false, check: frozenAlipay },
  {
    name: "F1: UnionPay's certId is PHP's",
    client: FROZEN,
    needsPhp: false,
    check: frozenUnionpay,
  },
  { name: 'F1: PHP prints 20 bytes as hex', client: FROZEN, needsPhp: false, check: frozenLong },
  { name: "F1: PHP reads a city's serials", client: LIVE, needsPhp: true, check: liveSerials },
  { name: 'F1: Alipay, certificate mode', client: LIVE, needsPhp: true, check: liveAlipay },
  { name: 'F1: UnionPay, signMethod 01', client: LIVE, needsPhp: true, check: liveUnionpay },
];
