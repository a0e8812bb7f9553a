/**
 * `npm run conformance`: SDKs that we did not write, unmodified, against the sandbox's gateways
 * over real HTTP, published vectors and a second verifier. One row a case.
 *
 *   npm run conformance [-- --only alipay]
 */
import { openTally } from '../helpers/table.ts';
import { runAlipayConformance } from './alipay.ts';
import { runJdpayConformance } from './jdpay.ts';
import { runPhpConformance } from './php.ts';
import { runUnionpayConformance } from './unionpay.ts';
import { runWechatpayConformance } from './wechatpay.ts';

interface Row {
  readonly case: string;
  readonly client: string;
  readonly ok: boolean;
  readonly detail: string;
}

type Suite = (
  report: (row: Row) => void,
  skip: (name: string, why: string) => void,
) => Promise<unknown>;

const SUITES: readonly (readonly [string, Suite])[] = [
  ['wechatpay', runWechatpayConformance],
  ['alipay', runAlipayConformance],
  ['unionpay', runUnionpayConformance],
  ['jdpay', runJdpayConformance],
  ['php', runPhpConformance],
];

const onlyAt = process.argv.indexOf('--only');
const only = onlyAt < 0 ? undefined : process.argv[onlyAt + 1];
const tally = openTally();
for (const [wallet, run] of SUITES) {
  if (only !== undefined && only !== wallet) {
    tally.skip(wallet, `--only ${only}`);
    continue;
  }
  await run(
    (row) =>
      tally.row(`${wallet}: ${row.case} [${row.client}]`, row.ok ? null : row.detail, row.detail),
    (name, why) => tally.skip(`${wallet}: ${name}`, why),
  ).catch((error: unknown) => tally.row(`${wallet}: the suite ran to its end`, String(error)));
}
tally.close();
