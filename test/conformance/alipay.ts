/**
 * Conformance of the sandbox's Alipay: the official SDK unmodified over real HTTP in both protocols
 * and key modes, every byte flipped, the error table, and a second verifier where no SDK looks.
 */
import { CHARSET_CASES } from './alipay/charset-cases.ts';
import { openTestCity } from './alipay/city.ts';
import { CODE_CASES } from './alipay/code-cases.ts';
import { ERROR_CASES } from './alipay/error-cases.ts';
import { FLIP_CASES } from './alipay/flip-cases.ts';
import { MERGE_CASES } from './alipay/merge-cases.ts';
import { RETURN_CASES } from './alipay/return-cases.ts';
import { type Report, runCases } from './alipay/rows.ts';
import { SDK_CASES } from './alipay/sdk-cases.ts';

export async function runAlipayConformance(report: Report): Promise<void> {
  const city = await openTestCity();
  try {
    const written = [
      ...ERROR_CASES,
      ...MERGE_CASES,
      ...CODE_CASES,
      ...CHARSET_CASES,
      ...RETURN_CASES,
    ];
    await runCases(city, [...SDK_CASES, ...written, ...FLIP_CASES], report);
  } finally {
    await city.close();
  }
}
