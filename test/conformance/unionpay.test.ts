import { expect, test } from 'vitest';
import { CASES } from './unionpay/cases.ts';
import { openTestCity } from './unionpay/city.ts';
import { type Row, runUnionpayConformance } from './unionpay.ts';

test('every conformance case of UnionPay holds', { timeout: 180_000 }, async () => {
  const rows: Row[] = [];
  await runUnionpayConformance((row) => rows.push(row));
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(14);
});

// What a finding began shows under its own name too.
for (const { name, check } of CASES.filter((each) => /^F\d+: /.test(each.name))) {
  test(name, async () => {
    const city = await openTestCity();
    try {
      await check(city);
    } finally {
      await city.close();
    }
  });
}
