import { expect, test } from 'vitest';
import { type Row, runUnionpayConformance } from './unionpay.ts';

test('every conformance case of UnionPay holds', { timeout: 180_000 }, async () => {
  const rows: Row[] = [];
  await runUnionpayConformance((row) => rows.push(row));
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(14);
});
