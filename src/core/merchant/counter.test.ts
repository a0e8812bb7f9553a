import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fenToYuan } from '../../kernel/money.ts';
import { COUNTER_AMOUNT_FEN_MAX, counterOrderNo, typedAmount } from './counter.ts';

describe('typedAmount', () => {
  it.each([
    ['12', 12_00n],
    ['12.5', 12_50n],
    ['12.50', 12_50n],
    ['12.500', 12_50n],
    [' ¥12.50 ', 12_50n],
    ['￥ 1,234.50', 1_234_50n],
    ['1２．5', 12_50n],
    ['12。5', 12_50n],
    ['.5', 50n],
    ['5.', 5_00n],
    ['0.01', 1n],
    ['007', 7_00n],
    ['50000', 50_000_00n],
    ['50,000.00', 50_000_00n],
  ])('%s is %s fen', (typed, amountFen) => {
    expect(typedAmount(typed)).toEqual({ ok: true, value: amountFen });
  });

  it.each([
    ['', 'amount_missing'],
    ['  ', 'amount_missing'],
    ['¥', 'amount_missing'],
    ['.', 'amount_unreadable'],
    ['-1', 'amount_unreadable'],
    ['1e3', 'amount_unreadable'],
    ['0x10', 'amount_unreadable'],
    ['1.2.3', 'amount_unreadable'],
    ['1,23', 'amount_unreadable'],
    ['12 50', 'amount_unreadable'],
    ['一百', 'amount_unreadable'],
    ['NaN', 'amount_unreadable'],
    ['1234567890123', 'amount_unreadable'],
    ['1.005', 'amount_too_precise'],
    ['0.001', 'amount_too_precise'],
    ['0', 'amount_too_small'],
    ['0.00', 'amount_too_small'],
    ['50000.01', 'amount_too_large'],
    ['999999999999', 'amount_too_large'],
  ])('%s is refused as %s', (typed, problem) => {
    expect(typedAmount(typed)).toEqual({ ok: false, error: problem });
  });

  it('reads every amount that it lets through, to the fen', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: COUNTER_AMOUNT_FEN_MAX }), (amountFen) => {
        expect(typedAmount(fenToYuan(amountFen))).toEqual({ ok: true, value: amountFen });
      }),
    );
  });

  it('takes any text without an exception, and never lets a wrong amount through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (typed) => {
        const read = typedAmount(typed);
        if (read.ok) expect(read.value >= 1n && read.value <= COUNTER_AMOUNT_FEN_MAX).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('counterOrderNo', () => {
  const counter = { id: 'ctr_01K0Z3V7X9Q2A' } as const;
  const visit = '0123456789abcdef0123';

  it('is one number for one visit and amount, and another for any other', () => {
    const first = counterOrderNo(counter, { visit, amountFen: 100n });
    expect(counterOrderNo(counter, { visit, amountFen: 100n })).toBe(first);
    expect(counterOrderNo(counter, { visit, amountFen: 1000n })).not.toBe(first);
    expect(counterOrderNo(counter, { visit: '1'.repeat(20), amountFen: 100n })).not.toBe(first);
    expect(counterOrderNo(counter, { visit, amountFen: COUNTER_AMOUNT_FEN_MAX }).length).toBe(43);
  });
});
