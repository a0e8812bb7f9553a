/** The form of a sealed value: what opens, and the many things that must not. */
import { createDecipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  kidOfSealed,
  openV1,
  openWith,
  type SealedPlace,
  sealWith,
} from '../../src/runtime/envelope.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { sealV1 } from './old-form.ts';

const key = { kid: '0123456789abcdef', key: randomBytes(32) };
const place: SealedPlace = {
  marketplace: 'mkt_1',
  table: 'webhook_endpoints',
  row: 'we_1',
  field: 'webhook_endpoints.secret',
};
const seal = (text = 'whsec_abc') => sealWith(key, systemRandom, text, place);
const parts = (sealed: string) => sealed.split('.') as [string, string, string, string];

test('what was sealed opens in its place, and names its key', () => {
  const sealed = seal('字 and text');
  expect(openWith(key, sealed, place)).toEqual({ ok: true, value: '字 and text' });
  expect(kidOfSealed(sealed)).toEqual({ ok: true, value: key.kid });
});

test('S12: a value moved to another row, table, field or marketplace does not open', () => {
  const sealed = seal();
  for (const change of [
    { row: 'we_2' },
    { table: 'wallet_configs' },
    { field: 'wallet_configs.jdpay' },
    { marketplace: 'mkt_2' },
    { marketplace: null },
  ]) {
    expect(openWith(key, sealed, { ...place, ...change }).ok, JSON.stringify(change)).toBe(false);
  }
});

test('S12: a tag of 4 bytes does not open, in either form', () => {
  const short = 'password';
  const [v, kid, iv, body] = parts(seal(short));
  const bytes = Buffer.from(body, 'base64url');
  for (const tagBytes of [4, 8, 12, 13, 14, 15]) {
    const cut = bytes.subarray(0, short.length + tagBytes).toString('base64url');
    expect(openWith(key, [v, kid, iv, cut].join('.'), place).ok, `${tagBytes}`).toBe(false);
    // Read as 8 bytes of text and a tag of 4, v1 opened so.
    const old = sealV1(key.key, short, place);
    const [, oldIv, oldBody] = old.split('.') as [string, string, string];
    const oldCut = Buffer.from(oldBody, 'base64url').subarray(0, short.length + tagBytes);
    const text = `v1.${oldIv}.${oldCut.toString('base64url')}`;
    expect(openV1(key.key, text, place).ok, `${tagBytes} of v1`).toBe(false);
  }
  const loose = createDecipheriv('aes-256-gcm', key.key, randomBytes(12));
  expect(() => loose.setAuthTag(bytes.subarray(0, 4))).not.toThrow();
});

test('S12: exactly its parts: none more, none less, an IV of 12 bytes, one text for one value', () => {
  const sealed = seal();
  const [v, kid, iv, body] = parts(sealed);
  const bad = [
    `${sealed}.anything`,
    `${sealed}.`,
    `${sealed}\n`,
    [v, iv, body].join('.'),
    [v, kid, iv.slice(2), body].join('.'),
    [v, kid, `${iv}AA`, body].join('.'),
    [v, kid, iv, `${body}=`].join('.'),
    [v, kid, iv, `${body} `].join('.'),
    ['v3', kid, iv, body].join('.'),
    [v, 'fedcba9876543210', iv, body].join('.'),
    '',
  ];
  for (const text of bad) expect(openWith(key, text, place).ok, text).toBe(false);
  const old = sealV1(key.key, 'x', place);
  expect(openV1(key.key, old, place)).toEqual({ ok: true, value: 'x' });
  expect(openV1(key.key, `${old}.anything`, place).ok).toBe(false);
});

test('S12: one bit changed anywhere does not open; foreign text is refused, never thrown at', () => {
  const sealed = seal();
  for (let at = 0; at < sealed.length; at += 1) {
    const other = sealed[at] === 'A' ? 'B' : 'A';
    const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
    expect(openWith(key, changed, place).ok, `character ${at}`).toBe(false);
  }
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `v2.${text}`),
      ),
      (text) => {
        kidOfSealed(text);
        return !openWith(key, text, place).ok && !openV1(key.key, text, place).ok;
      },
    ),
    { numRuns: 2_000 },
  );
});
