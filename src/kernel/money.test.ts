import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allocateFen,
  fenFromJson,
  fenToJson,
  fenToYuan,
  shareFen,
  sumFen,
  yuanToFen,
} from './money.ts';

const anyFen = fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n });
const someFen = fc.bigInt({ min: 0n, max: 10n ** 11n });

describe('yuan text', () => {
  it('round-trips every amount, with two places', () => {
    fc.assert(
      fc.property(anyFen, (fen) => {
        const yuan = fenToYuan(fen);
        expect(yuan).toMatch(/^-?\d+\.\d\d$/);
        expect(yuanToFen(yuan)).toBe(fen);
      }),
    );
  });

  it.each([
    ['0.01', 1n],
    ['1', 100n],
    ['1.5', 150n],
    ['-0.10', -10n],
    ['88888888.88', 8_888_888_888n],
  ])('reads %s', (text, fen) => expect(yuanToFen(text)).toBe(fen));

  it.each(['', '1.', '.5', '1.234', '1,000', ' 1', '1e3', '+1', '0x1', '１', 'NaN', '1\n'])(
    'refuses %j',
    (text) => expect(yuanToFen(text)).toBeUndefined(),
  );
});

describe('JSON integers', () => {
  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', null, undefined, 1n])(
    'takes no %s',
    (value) => expect(fenFromJson(value)).toBeUndefined(),
  );

  it('round-trips safe integers and gives out no other', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(fenToJson(fenFromJson(value) ?? -1n)).toBe(value === 0 ? 0 : value);
      }),
    );
    expect(() => fenToJson(2n ** 53n)).toThrow(/fits a JSON integer/);
  });
});

describe('shares', () => {
  it('allocates exactly, never off by a whole fen from the fair part', () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 9n }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(someFen, weights, (amount, parts) => {
        const total = sumFen(parts);
        fc.pre(total > 0n);
        const allocated = allocateFen(amount, parts);
        expect(sumFen(allocated)).toBe(amount);
        allocated.forEach((part, index) => {
          const scaled = part * total - amount * parts[index]!;
          expect(scaled > -total && scaled < total).toBe(true);
        });
      }),
    );
  });

  it('rounds half up and stays within the amount', () => {
    expect([shareFen(1n, 4_999), shareFen(1n, 5_000), shareFen(101n, 60)]).toEqual([0n, 1n, 1n]);
    fc.assert(
      fc.property(someFen, fc.integer({ min: 0, max: 10_000 }), (amount, bps) => {
        const share = shareFen(amount, bps);
        expect(share >= 0n && share <= amount).toBe(true);
      }),
    );
    expect(() => shareFen(1n, 10_001)).toThrow(/basis points/);
    expect(() => shareFen(1n, 0.5)).toThrow(/basis points/);
  });
});
