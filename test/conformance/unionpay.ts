/**
 * Does the sandbox speak ACP 5.1.0, and does the adapter? Judged by the openssl command and a
 * second implementation that imports nothing of `wire/`, over real HTTP. One row a case.
 */
import { CASES } from './unionpay/cases.ts';
import { openTestCity } from './unionpay/city.ts';

export interface Row {
  readonly case: string;
  readonly client: string;
  readonly ok: boolean;
  readonly detail: string;
}

export async function runUnionpayConformance(report: (row: Row) => void): Promise<void> {
  const city = await openTestCity();
  try {
    for (const { name, client, check } of CASES) {
      try {
        report({ case: name, client, ok: true, detail: await check(city) });
      } catch (error) {
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
        report({ case: name, client, ok: false, detail });
      } finally {
        city.opened.faults.clear();
      }
    }
  } finally {
    await city.close();
  }
}
