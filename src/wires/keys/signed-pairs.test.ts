/** One signed text, one reading: by property over every way to cut it, and by what wallets send. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSignedPairs } from './signed-pairs.ts';

type Pair = readonly [string, string];

const byName = ([a]: Pair, [b]: Pair) => (a < b ? -1 : 1);
const textOf = (pairs: readonly Pair[]) =>
  [...pairs]
    .sort(byName)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');

/** Every way to read a text as pairs that sort, and so sign, as that very text. */
function readingsOf(text: string): Pair[][] {
  const places = [...text.matchAll(/&[^&=]*=/g)].map(({ index }) => index);
  const readings: Pair[][] = [];
  if (places.length > 10) return [];
  for (let mask = 0; mask < 2 ** places.length; mask += 1) {
    const cuts = places.filter((_place, index) => mask & (1 << index));
    const parts = [0, ...cuts.map((at) => at + 1)].map((from, index) =>
      text.slice(from, cuts[index] ?? text.length),
    );
    const pairs = parts.map((part): Pair => {
      const at = part.indexOf('=');
      return [part.slice(0, at), part.slice(at + 1)];
    });
    const names = new Set(pairs.map(([name]) => name));
    if (names.size === pairs.length && textOf(pairs) === text) readings.push(pairs);
  }
  return readings;
}

const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 1, maxLength: 2 });
const value = fc
  .array(fc.constantFrom('1', '{', '}', '[', ']', '&', '=', '&b=', '&c=', '&d=2'), { maxLength: 5 })
  .map((parts) => parts.join(''));
const pairs = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 5 });
const NESTING = [() => false, (key: string) => key.startsWith('b'), () => true];
const known = new Set(['a']);

describe('a signed text', () => {
  test('S1: has one accepted reading at most, nested or not (1,500 texts, every cut)', () => {
    fc.assert(
      fc.property(pairs, fc.constantFrom(...NESTING), (given, isNested) => {
        fc.pre(given.length > 0);
        const accepted = readingsOf(textOf(given)).filter(
          (reading) => readSignedPairs(reading, known, isNested).ok,
        );
        expect(accepted.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1_500 },
    );
  });

  test('S1: a value without a pair in it is never refused', () => {
    const harmless = fc.string({ unit: 'binary' }).filter((text) => !text.includes('&'));
    fc.assert(
      fc.property(harmless, (text) => {
        expect(readSignedPairs([['a', text]], known)).toEqual({
          ok: true,
          value: new Map([['a', text]]),
        });
      }),
    );
  });

  test('S1: what wallets genuinely send is taken', () => {
    const genuine: readonly Pair[] = [
      ['backUrl', 'https://shop.example/notify?a=1&b'],
      ['customerInfo', '{phoneNo=13552535506&smsCode=111111}'],
      ['fund_bill_list', '[{"amount":"1.00","fundChannel":"ALIPAYACCOUNT"}]'],
      ['passback_params', 'merchantBizType%3d3C%26merchantBizNo%3d2016010101111'],
      ['respMsg', '签名[6100011]：see &accNo=1 {'],
      ['signPubKeyCert', '-----BEGIN CERTIFICATE-----\r\nMIIE+/==\r\n-----END CERTIFICATE-----'],
      ['subject', '[限时 Tom & Jerry = 1 & {'],
      ['tokenPayData', '{token=62&trId=[9&9]}'],
      ['voucher_detail_list', '[{"name":"满100&减=20"}]'],
    ];
    const nested = (key: string) => key === 'customerInfo' || key === 'tokenPayData';
    expect(readSignedPairs(genuine, new Set(genuine.map(([key]) => key)), nested).ok).toBe(true);
  });

  const refusals: readonly (readonly [string, Pair, string])[] = [
    ['a neighbour swallowed', ['respMsg', '成功[0000000]&settleAmt=5800'], 'hidden'],
    ['two neighbours swallowed', ['a', '1&b=2&c=3'], 'hidden'],
    ['a stranger to the documents swallowed', ['a', '1&zz.z-9=2'], 'hidden'],
    ['a group and a neighbour', ['nested', '{a=1}&respCode=00'], 'hidden'],
    ['a group cut open', ['nested', '{a=1'], 'unbalanced'],
    ['groups nested without end', ['nested', '['.repeat(40) + ']'.repeat(40)], 'unbalanced'],
    ['a name with a pair in it', ['a=1&b', '2'], 'name'],
    ['a name with a blank, a NUL, a BOM', ['\ufeffa \0', '2'], 'name'],
    ['no name', ['', '2'], 'name'],
    ['a name without end', ['a'.repeat(65), '2'], 'name'],
  ];
  test.each(refusals)('S1: %s is refused', (_what, pair, kind) => {
    const read = readSignedPairs([pair], known, (key) => key === 'nested');
    expect(read).toMatchObject({ ok: false, error: { kind } });
  });

  test('S1: what the documents do not name is verified and never used', () => {
    const read = readSignedPairs(
      [
        ['a', '1'],
        ['A', '2'],
        ['__proto__', '3'],
        ['z', '4'],
      ],
      known,
    );
    expect(read).toEqual({ ok: true, value: new Map([['a', '1']]) });
  });
});
