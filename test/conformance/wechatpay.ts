/**
 * Does the sandbox speak WeChat Pay v3, and does the adapter? Judged by SDKs that we did not write
 * and by a second verifier that imports nothing of ours, over real HTTP. One row a case.
 */

import type { Case } from './wechatpay/cases.ts';
import { ADAPTER_CASES } from './wechatpay/cases-adapter.ts';
import { CALLBACK_CASES } from './wechatpay/cases-callbacks.ts';
import { CODE_CASES } from './wechatpay/cases-codes.ts';
import { CODE_V3_CASES } from './wechatpay/cases-codes-v3.ts';
import { ERROR_CASES } from './wechatpay/cases-errors.ts';
import { FAULT_CASES } from './wechatpay/cases-faults.ts';
import { FLIP_CASES } from './wechatpay/cases-flips.ts';
import { SDK_CASES } from './wechatpay/cases-sdk.ts';
import { V2_CASES } from './wechatpay/cases-v2.ts';
import { openStage } from './wechatpay/stage.ts';

export const cases: readonly Case[] = [
  ...SDK_CASES,
  ...ERROR_CASES,
  ...CALLBACK_CASES,
  ...FAULT_CASES,
  ...FLIP_CASES,
  ...ADAPTER_CASES,
  ...CODE_CASES,
  ...CODE_V3_CASES,
  ...V2_CASES,
];

export interface Row {
  readonly case: string;
  readonly client: string;
  readonly ok: boolean;
  readonly detail: string;
}

export async function runWechatpayConformance(report: (row: Row) => void): Promise<void> {
  const stage = await openStage();
  try {
    for (const { name, client, check } of cases) {
      try {
        report({ case: name, client, ok: true, detail: await check(stage) });
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        report({ case: name, client, ok: false, detail });
      }
    }
  } finally {
    await stage.close();
  }
}
