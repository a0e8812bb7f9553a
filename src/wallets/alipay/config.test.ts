import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openConfig } from './config.ts';

const mine = generateKeyPairSync('rsa', { modulusLength: 2048 });
const theirs = generateKeyPairSync('rsa', { modulusLength: 2048 });
const privateKey = mine.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicText = (pair: typeof mine) =>
  pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const fixture = (name: string) =>
  readFileSync(new URL(`../../wires/alipay/fixtures/${name}`, import.meta.url), 'utf8');

const good = {
  appId: '2014072300007148',
  pid: '2088831204659217',
  privateKey,
  keys: { mode: 'key', alipayPublicKey: publicText(theirs) },
  allOrNothingMerge: true,
  endpoints: {
    gateway: 'https://openapi.alipay.com/gateway.do',
    authorize: 'https://openauth.alipay.com/oauth2/publicAppAuthorize.htm',
  },
};
const certificates = {
  mode: 'certificate',
  appCert: fixture('appCertPublicKey_2021001161683774.crt'),
  alipayCerts: [fixture('alipayCertPublicKey_RSA2.crt')],
  alipayRootCert: fixture('alipayRootCert.crt'),
};

describe('opening credentials', () => {
  test('good ones open', () => {
    expect(openConfig(good)).toMatchObject({ ok: true });
  });

  const bad: [string, object, string, RegExp][] = [
    ['app id', { appId: 'wx1' }, 'appId', /./],
    ['pid', { pid: '1' }, 'pid', /./],
    ['private key', { privateKey: 'x' }, 'privateKey', /application private key/],
    ['a public key as private key', { privateKey: publicText(mine) }, 'privateKey', /RSA private/],
    [
      'one’s own public key for Alipay’s',
      { keys: { mode: 'key', alipayPublicKey: publicText(mine) } },
      'keys.alipayPublicKey',
      /own application public key/,
    ],
    [
      'a private key for Alipay’s',
      { keys: { mode: 'key', alipayPublicKey: privateKey } },
      'keys.alipayPublicKey',
      /支付宝公钥/,
    ],
    ['another key’s certificate', { keys: certificates }, 'keys.appCert', /does not belong/],
    [
      'no certificate',
      { keys: { ...certificates, appCert: 'x' } },
      'keys.appCert',
      /no PEM certificate/,
    ],
    [
      'endpoint',
      { endpoints: { ...good.endpoints, gateway: 'ftp://x' } },
      'endpoints.gateway',
      /./,
    ],
    ['a stray field', { stray: 1 }, 'stray', /./],
  ];
  for (const [name, change, field, message] of bad) {
    test(`${name}: the field is named, no key text is shown`, () => {
      const opened = openConfig({ ...good, ...change });
      expect(opened.ok).toBe(false);
      if (opened.ok) return;
      expect(opened.error.field).toBe(field);
      expect(opened.error.message).toMatch(message);
      expect(opened.error.message).not.toContain('BEGIN');
    });
  }
  test('nothing at all', () => {
    for (const value of [undefined, null, 1, 'x', []]) expect(openConfig(value).ok).toBe(false);
  });
});
