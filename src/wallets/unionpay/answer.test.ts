/** When a refund was paid: UnionPay tells day and time, and no year. */
import { expect, test } from 'vitest';
import { settledRefund } from './answer.ts';

const at = (txnTime: string, traceTime: string): number | null =>
  settledRefund(new Map(Object.entries({ txnTime, traceTime })), '00').settledAtMs;
/** In Beijing. */
const time = (text: string): number => Date.parse(`${text}+08:00`);

test('it is the first such moment from the refund on', () => {
  expect(at('20260301120000', '0301120007')).toBe(time('2026-03-01T12:00:07'));
  expect(at('20261231235958', '0101000003')).toBe(time('2027-01-01T00:00:03'));
  // Sent for weeks, and taken in the new year.
  expect(at('20261120080000', '0105090000')).toBe(time('2027-01-05T09:00:00'));
  // Their clock may be behind ours.
  expect(at('20260101000002', '1231235959')).toBe(time('2025-12-31T23:59:59'));
  expect(at('20260301120005', '0301120000')).toBe(time('2026-03-01T12:00:00'));
});

test('what is no time, or is not told, is null', () => {
  for (const traceTime of ['', '0230120000', 'xx', '1301000000'])
    expect(at('20260301120000', traceTime)).toBeNull();
  expect(settledRefund(new Map([['txnTime', '20260301120000']]), '00').settledAtMs).toBeNull();
});
