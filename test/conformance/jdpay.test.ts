import { expect, test } from 'vitest';
import { CASES, type Row } from './jdpay/cases.ts';
import { openJdCity } from './jdpay/city.ts';
import { runJdpayConformance } from './jdpay.ts';

test('every conformance case of JD Pay holds', { timeout: 180_000 }, async () => {
  const rows: Row[] = [];
  await runJdpayConformance((row) => rows.push(row));
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(16);
});

// What a finding began shows under its own name too.
for (const [name, , run] of CASES.filter(([each]) => /^F\d+: /.test(each))) {
  test(name, async () => {
    const city = await openJdCity();
    try {
      await run(city);
    } finally {
      await city.close();
    }
  });
}
