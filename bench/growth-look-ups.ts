/**
 * Every documented look-up, list page, sweep and search, as the platform runs it, each timed in
 * turn on a small and on a large database.
 */

import { available, escrow, owed } from '../src/core/ledger/chart.ts';
import { INTENT_STATES } from '../src/core/payment/model.ts';
import type { Db } from '../src/database/db.ts';
import { DUE_TABLES } from '../src/flows/sweeps.ts';
import { EVENT_TYPES } from '../src/kernel/event-types.ts';
import { type Id, idValue } from '../src/kernel/id.ts';
import { listAudit } from '../src/store/audit/audit-log.ts';
import { readStandings } from '../src/store/balance/standings.ts';
import { dueSource, FIRST, nextDueIn } from '../src/store/batch/due.ts';
import type { Cells } from '../src/store/cells.ts';
import { readFailingEndpoints, readOverdue } from '../src/store/health.ts';
import { countOpenPayments } from '../src/store/key/sealed-values.ts';
import { listTransactions, readBalances } from '../src/store/ledger/queries.ts';
import { readMerchantChanges } from '../src/store/merchant/merchant-changes.ts';
import {
  listMerchants,
  merchantByExternalId,
  readMerchants,
} from '../src/store/merchant/merchants.ts';
import type { IdPage } from '../src/store/page.ts';
import { countUnknownAttempts } from '../src/store/payment/due.ts';
import { readMerchantsOf } from '../src/store/payment/own-payments.ts';
import { type IntentQuery, listPayments, readPayment } from '../src/store/payment/queries.ts';
import { findRefundIntent } from '../src/store/refund/queries.ts';
import { listEvents, readEvent } from '../src/store/webhook/queries.ts';
import { type GrowthSample, SEEDED_DAYS } from './growth-seed.ts';
import { median } from './server-facts.ts';

/** A seeded database, and what may be looked up there. */
export interface Searched {
  readonly db: Db;
  readonly cells: Cells;
  readonly marketplace: Id<'marketplace'>;
  readonly sample: GrowthSample;
  readonly nowMs: number;
}

type LookUp = (at: Searched, round: number) => Promise<unknown>;

export interface LookUpTime {
  readonly name: string;
  readonly smallMs: number;
  readonly largeMs: number;
  /** The same place for the first time: what of it was no longer in memory, the disk gave. */
  readonly largeFirstMs: number;
}

const ROUNDS = 61;
/** Of all, before one is timed: the code that they share is compiled then, as in a platform. */
const WARM_ROUNDS = 24;
const DAY_MS = 86_400_000;
const PAGE = { limit: 10, beforeId: null, afterId: null } as const;
const FIRST_ACCOUNTS = { of: 'page', after: '', limit: 10 } as const;
const ALONE = { rank: 0, count: 1 } as const;
const OF_THREE = { rank: 1, count: 3 } as const;
const ANY: IntentQuery = {
  ...{ status: null, merchantOrderNo: null, createdAfterMs: null, createdBeforeMs: null },
  ...{ walletTransactionId: null, intent: null },
};

function one<T>(list: readonly T[], round: number): T {
  const found = list[round % list.length];
  if (found === undefined) throw new Error('nothing to look up');
  return found;
}

const intents =
  (
    query: (at: Searched, round: number) => Partial<IntentQuery>,
    page: Partial<IdPage> = {},
  ): LookUp =>
  ({ cells, marketplace, ...at }, round) =>
    listPayments(
      cells,
      marketplace,
      { ...ANY, ...query({ cells, marketplace, ...at }, round) },
      { ...PAGE, ...page },
    );

function dayOf({ nowMs }: Searched): Partial<IntentQuery> {
  const createdAfterMs = nowMs - (SEEDED_DAYS / 2) * DAY_MS;
  return { createdAfterMs, createdBeforeMs: createdAfterMs + DAY_MS };
}

const byStatus = INTENT_STATES.states.map((status): [string, LookUp] => [
  `payments, status ${status}`,
  intents(() => ({ status })),
]);
const byType = Object.keys(EVENT_TYPES).map((type): [string, LookUp] => [
  `events, type ${type}`,
  ({ cells, marketplace }) => listEvents(cells, marketplace, type, PAGE),
]);
const sweeps = DUE_TABLES.flatMap((of): [string, LookUp][] => {
  const source = dueSource(of);
  const page: LookUp = async ({ db, nowMs }) => {
    const groups = await source.groups(db);
    const pages = groups.map((group) => ({ group, after: FIRST, limit: 100 }));
    return source.read(db, pages, { nowMs, share: ALONE });
  };
  return [[`sweep, ${of.name}`, page]];
});
const nextDue = nextDueIn(DUE_TABLES);

const LOOK_UPS: readonly (readonly [string, LookUp])[] = [
  ['payment', ({ cells, sample }, round) => readPayment(cells, one(sample.intents, round))],
  [
    'payment by merchant_order_no',
    intents(({ sample }, round) => ({ merchantOrderNo: one(sample.orderNos, round) })),
  ],
  [
    'payment by wallet_transaction_id',
    intents(({ sample }, round) => ({ walletTransactionId: one(sample.transactionIds, round) })),
  ],
  ['payment by order_no', intents(({ sample }, round) => ({ intent: one(sample.intents, round) }))],
  ['payments', intents(() => ANY)],
  [
    'payments, a page far back',
    (at, round) =>
      intents(() => ANY, { beforeId: idValue(one(at.sample.intents, round)) })(at, round),
  ],
  [
    'payments, what came after one',
    (at, round) =>
      intents(() => ANY, { afterId: idValue(one(at.sample.intents, round)) })(at, round),
  ],
  ...byStatus,
  ['payments of a day', intents(dayOf)],
  ['payments of a day, conflicted', intents((at) => ({ ...dayOf(at), status: 'conflicted' }))],
  [
    'payments before all others',
    intents(({ nowMs }) => ({ createdBeforeMs: nowMs - 999 * DAY_MS })),
  ],
  [
    'refund',
    ({ cells, sample }, round) => {
      const id = one(sample.refunds, round);
      return findRefundIntent(cells, id);
    },
  ],
  [
    'ledger transactions',
    ({ cells, marketplace }) => listTransactions(cells, marketplace, null, PAGE),
  ],
  [
    'ledger transactions of a payment',
    ({ cells, marketplace, sample }, round) =>
      listTransactions(cells, marketplace, one(sample.intents, round), PAGE),
  ],
  ['ledger accounts', ({ cells, marketplace }) => readBalances(cells, marketplace, FIRST_ACCOUNTS)],
  [
    'ledger accounts, a page far back',
    ({ cells, marketplace, sample }, round) => {
      const after = escrow(one(sample.accounts, round));
      return readBalances(cells, marketplace, { ...FIRST_ACCOUNTS, after });
    },
  ],
  [
    'balances of a merchant',
    ({ cells, marketplace, sample }, round) => {
      const account = one(sample.accounts, round);
      const accounts = [escrow(account), available(account), owed(account)];
      return readStandings(cells, marketplace, accounts);
    },
  ],
  ['events', ({ cells, marketplace }) => listEvents(cells, marketplace, null, PAGE)],
  ...byType,
  [
    'event',
    ({ cells, sample }, round) => {
      const id = one(sample.events, round);
      return readEvent(cells, id);
    },
  ],
  ['merchants', ({ cells, marketplace }) => listMerchants(cells, marketplace, PAGE)],
  [
    'merchants, a page far back',
    ({ cells, marketplace, sample }, round) => {
      const beforeId = idValue(one(sample.merchants, round));
      return listMerchants(cells, marketplace, { ...PAGE, beforeId });
    },
  ],
  [
    'merchant with its accounts',
    ({ db, sample }, round) => readMerchants(db, [one(sample.merchants, round)]),
  ],
  [
    'merchant by external_id',
    ({ db, marketplace }, round) => merchantByExternalId(db, marketplace, `S${1 + (round % 10)}`),
  ],
  [
    'merchants of a cart',
    ({ cells, sample }, round) => readMerchantsOf(cells, [one(sample.intents, round)]),
  ],
  ['changed merchants', ({ db }) => readMerchantChanges(db, null)],
  ...(
    [
      ['audit log', {}],
      ['audit log, actor', { actor: 'system' }],
      ['audit log, action', { action: 'wallet_config.put' }],
    ] as const
  ).map(([name, filter]): [string, LookUp] => [
    name,
    ({ cells, marketplace }) =>
      listAudit(cells, marketplace, { actor: null, action: null, object: null, ...filter }, PAGE),
  ]),
  [
    'audit log, object',
    ({ cells, marketplace, sample }, round) => {
      const object = one(sample.accounts, round);
      return listAudit(cells, marketplace, { actor: null, action: null, object }, PAGE);
    },
  ],
  ...sweeps,
  ['sweeps, the next moment', ({ db }) => nextDue(db, ALONE)],
  ['sweeps, the next of three processes', ({ db }) => nextDue(db, OF_THREE)],
  ['unknown attempts', ({ cells }) => countUnknownAttempts(cells)],
  ['doctor: what is late', ({ cells, nowMs }) => readOverdue(cells, DUE_TABLES, nowMs)],
  ['doctor: failing endpoints', ({ cells }) => readFailingEndpoints(cells, 3)],
  ['keys: open payments', ({ cells }) => countOpenPayments(cells)],
];

/** The median of each, in turn on both. */
export async function timeLookUps(small: Searched, large: Searched): Promise<LookUpTime[]> {
  for (let round = 0; round < WARM_ROUNDS; round += 1)
    for (const [, lookUp] of LOOK_UPS) for (const at of [small, large]) await lookUp(at, round);
  const times: LookUpTime[] = [];
  for (const [name, lookUp] of LOOK_UPS) {
    const ofSmall: Timed[] = [];
    const ofLarge: Timed[] = [];
    for (let round = WARM_ROUNDS; round < WARM_ROUNDS + ROUNDS; round += 1) {
      ofSmall.push(await timed(lookUp, small, round));
      ofLarge.push(await timed(lookUp, large, round));
    }
    times.push({
      name,
      smallMs: median(ofSmall.map(({ againMs }) => againMs)),
      largeMs: median(ofLarge.map(({ againMs }) => againMs)),
      largeFirstMs: median(ofLarge.map(({ firstMs }) => firstMs)),
    });
  }
  return times;
}

interface Timed {
  readonly firstMs: number;
  readonly againMs: number;
}

async function timed(lookUp: LookUp, at: Searched, round: number): Promise<Timed> {
  const begunMs = performance.now();
  await lookUp(at, round);
  const firstMs = performance.now() - begunMs;
  await lookUp(at, round);
  return { firstMs, againMs: performance.now() - begunMs - firstMs };
}
