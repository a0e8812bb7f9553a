import { describe, expect, test } from 'vitest';
import { CHARSET_CASES } from './alipay/charset-cases.ts';
import { openTestCity } from './alipay/city.ts';
import { RETURN_CASES } from './alipay/return-cases.ts';
import type { Row } from './alipay/rows.ts';
import { runAlipayConformance } from './alipay.ts';

test('every conformance case of Alipay holds', { timeout: 180_000 }, async () => {
  const rows: Row[] = [];
  await runAlipayConformance((row) => rows.push(row));
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(25);
});

describe('what foreign clients send', () => {
  for (const [name, client, run] of [...CHARSET_CASES, ...RETURN_CASES]) {
    test(`${name} [${client}]`, async () => {
      const city = await openTestCity();
      try {
        await run(city);
      } finally {
        await city.close();
      }
    });
  }
});
