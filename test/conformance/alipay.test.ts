import { expect, test } from 'vitest';
import type { Row } from './alipay/rows.ts';
import { runAlipayConformance } from './alipay.ts';

test('every conformance case of Alipay holds', { timeout: 180_000 }, async () => {
  const rows: Row[] = [];
  await runAlipayConformance((row) => rows.push(row));
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(25);
});
