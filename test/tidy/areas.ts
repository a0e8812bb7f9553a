/**
 * The same area names in every layer, so that `grep -r /refund/` finds a feature, and which area
 * of core may know which.
 */
import type { Rule } from './rule.ts';
import { importsOf, isTest, paths, type SourceFile, sample } from './tree.ts';

/** By area of core: the other areas that it may import. One without a row may book, and no more. */
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = {
  // One aggregate: what wins a payment late refunds it, and a refund moves its payment.
  payment: ['refund', 'escrow', 'balance', 'ledger', 'key', 'wallet'],
  // What was released is asked of the merchant's balance.
  refund: ['payment', 'balance', 'ledger', 'wallet'],
  escrow: ['payment', 'ledger', 'wallet'],
  // The entries of a posting are computed from the payment's escrows and a refund's allocation.
  ledger: ['payment'],
  // A key moves only payments of its own mode.
  key: ['payment'],
  balance: ['ledger'],
  merchant: ['wallet'],
  offer: ['key', 'merchant', 'wallet'],
  wallet: [],
  webhook: [],
  buyer: [],
  audit: [],
};

/** Folders of a layer that are no area: what its areas share. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  store: ['batch', 'cell', 'migrations'],
  flows: ['base', 'cell'],
  http: [],
};

const BOOKS: readonly string[] = ['ledger'];

/** What core has a folder for is an area. */
const AREAS: ReadonlySet<string> = new Set(
  paths.flatMap((file) => /^src\/core\/([^/]+)\/./.exec(file)?.[1] ?? []),
);

const IN_LAYER = /^src\/(store|flows|http)\/([^/]+)\/./;

function areaComplaints({ path }: SourceFile): string[] {
  const [, layer = '', area = ''] = IN_LAYER.exec(path) ?? [];
  const isKnown = AREAS.has(area) || SHARED[layer]?.includes(area) === true;
  return isKnown ? [] : [`${area} is no area: src/core has no folder of this name`];
}

const IN_CORE = /^src\/core\/([^/]+)\/./;

function neighbourComplaints(file: SourceFile): string[] {
  const own = IN_CORE.exec(file.path)?.[1] ?? '';
  const may = NEIGHBOURS[own] ?? BOOKS;
  return importsOf(file)
    .map((target) => ({ target, area: IN_CORE.exec(target)?.[1] }))
    .filter(({ area }) => area !== undefined && area !== own && !may.includes(area))
    .map(({ target }) => `core/${own} imports ${target}`);
}

export const AREA_RULES: readonly Rule[] = [
  {
    name: 'the areas have the same names in every layer',
    applies: (file) => IN_LAYER.test(file),
    complaints: areaComplaints,
    bad: [
      sample('src/store/refunds/a.ts', ''),
      sample('src/store/base/a.ts', ''),
      sample('src/http/offers/routes.ts', ''),
    ],
    good: [sample('src/flows/base/a.ts', ''), sample('src/http/refund/routes.ts', '')],
  },
  {
    name: 'an area of core knows its neighbours by a table',
    applies: (file) => IN_CORE.test(file) && !isTest(file),
    complaints: neighbourComplaints,
    bad: [
      sample('src/core/wallet/a.ts', `import { y } from '../payment/model.ts';`),
      sample('src/core/audit/a.ts', `import type { Y } from '../refund/report.ts';`),
      sample('src/core/of-no-row/a.ts', `import { y } from '../payment/model.ts';`),
    ],
    good: [
      sample('src/core/refund/a.ts', `import { y } from '../payment/model.ts';`),
      sample('src/core/wallet/a.ts', `import { y } from './config.ts';`),
      sample('src/core/of-no-row/a.ts', `import { y } from '../ledger/posting.ts';`),
    ],
  },
];
