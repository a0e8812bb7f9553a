import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { V2_CASES } from './wechatpay/cases-v2.ts';
import { openStage, type Stage } from './wechatpay/stage.ts';
import { cases, type Row, runWechatpayConformance } from './wechatpay.ts';

test('WeChat Pay conformance: every row holds', { timeout: 180_000 }, async () => {
  const rows: Row[] = [];
  await runWechatpayConformance((row) => rows.push(row));
  const widths = [96, 48];
  for (const row of rows) {
    const mark = row.ok ? 'ok  ' : 'FAIL';
    console.log(
      `${mark} ${row.case.padEnd(widths[0] ?? 0)} ${row.client.padEnd(widths[1] ?? 0)} ${row.detail}`,
    );
  }
  expect(rows.filter((row) => !row.ok)).toEqual([]);
  expect(rows.length).toBe(cases.length);
});

describe('APIv2', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.close());
  for (const { name, client, check } of V2_CASES) {
    test(`${name} [${client}]`, { timeout: 30_000 }, async () => {
      await check(stage);
    });
  }
});
