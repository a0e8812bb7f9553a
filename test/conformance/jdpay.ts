/**
 * Conformance of the sandbox's JD Pay. There is no client of this API on npm, so the judges are the
 * openssl command and a second verifier that imports nothing of `wire/`.
 */
import { type Row, runCases } from './jdpay/cases.ts';
import { openJdCity } from './jdpay/city.ts';

export async function runJdpayConformance(report: (row: Row) => void): Promise<void> {
  const city = await openJdCity();
  try {
    await runCases(city, report);
  } finally {
    await city.close();
  }
}
