import { expect, test } from 'vitest';
import type { Row } from './jdpay/cases.ts';
import { runJdpayConformance } from './jdpay.ts';

test('every conformance case of JD Pay holds', { timeout: 180_000 }, async () => {
  const rows: Row[] = [];
  await runJdpayConformance((row) => rows.push(row));
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(16);
});
