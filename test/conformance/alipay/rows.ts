/** A conformance case: a name, the client that judges, and a body that throws when it is not so. */
import assert from 'node:assert/strict';
import { AlipaySdk, type AlipaySdkConfig } from 'alipay-sdk';
import type { TestCity } from './city.ts';

export interface Row {
  readonly case: string;
  readonly client: string;
  readonly ok: boolean;
  readonly detail: string;
}

export type Report = (row: Row) => void;

export type Case = readonly [
  name: string,
  client: string,
  run: (city: TestCity) => Promise<string>,
];

export async function runCases(
  city: TestCity,
  cases: readonly Case[],
  report: Report,
): Promise<void> {
  for (const [name, client, run] of cases) {
    try {
      report({ case: name, client, ok: true, detail: await run(city) });
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      report({ case: name, client, ok: false, detail });
    } finally {
      city.opened.faults.clear();
    }
  }
}

const COMMON = { camelcase: false, timeout: 10_000 } as const;

/** The official SDK, unmodified, as a user would configure it from demo.json. */
export function keySdk(city: TestCity, more: Partial<AlipaySdkConfig> = {}): AlipaySdk {
  const { demo } = city.account;
  return new AlipaySdk({
    ...COMMON,
    appId: demo.app_id,
    privateKey: demo.app_private_key,
    alipayPublicKey: demo.alipay_public_key,
    gateway: `${city.url}/gateway.do`,
    endpoint: city.url,
    ...more,
  });
}

export function certSdk(city: TestCity, more: Partial<AlipaySdkConfig> = {}): AlipaySdk {
  const { cert_mode: cert } = city.account.demo;
  return new AlipaySdk({
    ...COMMON,
    appId: cert.app_id,
    privateKey: cert.app_private_key,
    appCertContent: cert.app_cert,
    alipayPublicCertContent: cert.alipay_cert,
    alipayRootCertContent: cert.alipay_root_cert,
    gateway: `${city.url}/gateway.do`,
    endpoint: city.url,
    ...more,
  });
}

export function orderContent(city: TestCity, orderNo: string, more: object = {}) {
  return {
    out_trade_no: orderNo,
    total_amount: '88.88',
    subject: '青瓷 "盖碗" 100% + 茶荷 \\ }',
    sub_merchant: { merchant_id: city.account.smids[0], merchant_type: 'alipay' },
    settle_info: {
      settle_detail_infos: [{ trans_in_type: 'defaultSettle', amount: '88.88' }],
      settle_period_time: '30d',
    },
    ...more,
  };
}

export { assert };
