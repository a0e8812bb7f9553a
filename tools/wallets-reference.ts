/**
 * The reference of wallets, out of their capabilities: docs/reference/wallets.md, written by
 * `npm run docs:wallets` and held to the code by a test.
 */

import type { Capabilities } from '../src/core/wallet/capabilities.ts';
import { WALLETS } from '../src/wallets/registry.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const CUSTODY: Readonly<Record<Capabilities['custody'], string>> = {
  wallet_holds: 'the wallet, until receipt',
  settles_directly: 'nobody: it goes to the merchants at once',
  platform_holds: 'the platform (needs a licence)',
};

export function walletsReferenceMarkdown(): string {
  const wallets = [...WALLETS.values()].map(({ capabilities }) => capabilities);
  return [
    '# Wallets',
    '',
    "<!-- Generated from the wallets' capabilities.ts by `npm run docs:wallets`; do not edit. -->",
    '',
    'What each wallet can do here. Sources of the figures stand in the README.md of each folder of',
    '`src/wallets`; `test/contract/wallets.test.ts` runs its contract over every product below.',
    '',
    '## Products',
    '',
    '| wallet | product | offered on | several merchants | needs of the payer |',
    '| --- | --- | --- | --- | --- |',
    ...wallets.flatMap(productRows),
    '',
    '## Figures',
    '',
    `| | ${wallets.map(({ wallet }) => wallet).join(' | ')} |`,
    `| --- | ${wallets.map(() => '---').join(' | ')} |`,
    ...FIGURES.map(([name, figure]) => `| ${name} | ${wallets.map(figure).join(' | ')} |`),
    '',
  ].join('\n');
}

function productRows({ wallet, products }: Capabilities): string[] {
  return products.map(({ product, devices, combines, payerField }) => {
    const offered = devices.length === 0 ? 'at the counter only' : devices.join(', ');
    const payer = payerField === null ? '' : `\`${payerField}\``;
    return `| ${wallet} | \`${product}\` | ${offered} | ${combines ? 'yes' : 'no'} | ${payer} |`;
  });
}

const FIGURES: readonly (readonly [string, (wallet: Capabilities) => string])[] = [
  [
    'a cart of several merchants',
    ({ cart }) =>
      `${cart.kind}, at most ${cart.legCountMax}${cart.needsContract ? ', by contract' : ''}`,
  ],
  ['paid all or nothing', ({ cart }) => (cart.atomic ? 'yes' : 'no')],
  ['who holds the money', ({ custody }) => CUSTODY[custody]],
  [
    'of one order split to others',
    ({ splitCapBps }) => (splitCapBps === 0 ? '-' : `at most ${splitCapBps / 100} %`),
  ],
  ['held at most', ({ holdDaysMax }) => (holdDaysMax === 0 ? '-' : `${holdDaysMax} days`)],
  ['"not found" is final after expiry +', (wallet) => time(wallet.notFoundIsFinalAfterMs)],
  ['refunds possible for', (wallet) => refundWindows(wallet)],
  ['refunds of one order', (wallet) => `at most ${wallet.refundCountMax}`],
  ['between two refunds', (wallet) => time(wallet.refundSpacingMs)],
  [
    'bills',
    ({ bills }) =>
      bills.length === 0 ? 'none: orders are asked about one by one' : bills.join(', '),
  ],
];

/** The wallet's own figure, then the products that have another. */
function refundWindows(wallet: Capabilities): string {
  const figures = new Map<number, string[]>();
  for (const { product, refundWindowMs } of wallet.products) {
    if (refundWindowMs === undefined) continue;
    figures.set(refundWindowMs, [...(figures.get(refundWindowMs) ?? []), `\`${product}\``]);
  }
  const others = [...figures].map(([ms, products]) => `${products.join(', ')}: ${time(ms)}`);
  return [time(wallet.refundWindowMs), ...others].join('; ');
}

function time(ms: number): string {
  if (ms >= DAY_MS) return `${ms / DAY_MS} days`;
  return ms >= MINUTE_MS ? `${ms / MINUTE_MS} min` : `${ms / 1_000} s`;
}
