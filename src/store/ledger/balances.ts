/**
 * The ledger in tables: transactions, entries and the running balances, written by the same
 * database transaction as the change that they record. A balance row is (shard, account, slot,
 * config): the slot is the process's number mod 16, so that no two processes wait for one row; the
 * configuration is that of the entries, 0 where they have none. A balance is their sum.
 */

import type { Posting } from '../../core/ledger/posting.ts';
import { bigintArray, idArray, smallintArray, textArray } from '../../database/arrays.ts';
import type { Session, Statement } from '../../database/db.ts';
import { insertAll, ROWS_OF, type Table, table, together } from '../../database/table.ts';
import { type Id, idValue, parseId } from '../../kernel/id.ts';
import { compareTexts } from '../../kernel/order.ts';

const SLOT_COUNT = 16;

/** A posting to be written to the ledger. */
export interface BookedPosting {
  readonly id: Id<'ledger_transaction'>;
  readonly shard: number;
  readonly marketplace: Id<'marketplace'>;
  /** The root that it was decided on. */
  readonly root: string;
  readonly createdAtMs: number;
  readonly posting: Posting;
}

const TRANSACTIONS: Table<BookedPosting> = table(
  'ledger_transactions',
  ['shard', 'id'],
  [
    { name: 'shard', type: 'smallint', value: (row) => row.shard },
    { name: 'id', type: 'id', value: (row) => row.id },
    { name: 'marketplace', type: 'id', value: (row) => row.marketplace },
    { name: 'intent', type: 'id', value: ({ root }) => parseId('payment_intent', root) ?? null },
    { name: 'moment', type: 'text', value: (row) => row.posting.moment },
    { name: 'currency', type: 'text', value: (row) => row.posting.currency },
    { name: 'created_at', type: 'bigint', value: (row) => row.createdAtMs },
    { name: 'object', type: 'text', value: (row) => row.posting.object },
    {
      name: 'occurred_at',
      type: 'bigint',
      value: ({ posting, createdAtMs }) => posting.occurredAtMs ?? createdAtMs,
    },
  ],
);

interface Line {
  readonly shard: number;
  readonly transaction: Id<'ledger_transaction'>;
  readonly line: number;
  readonly account: string;
  readonly debitFen: bigint;
  readonly creditFen: bigint;
  readonly config: Id<'wallet_config'> | null;
}

const ENTRIES: Table<Line> = table(
  'ledger_entries',
  ['shard', 'transaction', 'line'],
  [
    { name: 'shard', type: 'smallint', value: (row) => row.shard },
    { name: 'transaction', type: 'id', value: (row) => row.transaction },
    { name: 'line', type: 'smallint', value: (row) => row.line },
    { name: 'account', type: 'text', value: (row) => row.account },
    { name: 'debit', type: 'bigint', value: (row) => row.debitFen },
    { name: 'credit', type: 'bigint', value: (row) => row.creditFen },
    { name: 'config', type: 'id', value: (row) => row.config },
  ],
);

const ADD_BALANCES: Statement = {
  name: 'ledger_balances.add',
  text: `insert into ledger_balances
      (shard, marketplace, account, currency, slot, config, debit, credit)
    select u.* from ${ROWS_OF}($1::smallint[], $2::bigint[], $3::text[], $4::text[],
      $5::smallint[], $6::bigint[], $7::bigint[], $8::bigint[]) as u
    on conflict (shard, marketplace, account, currency, slot, config)
    do update set debit = ledger_balances.debit + excluded.debit,
      credit = ledger_balances.credit + excluded.credit`,
};

interface Balance {
  readonly shard: number;
  readonly marketplace: Id<'marketplace'>;
  readonly account: string;
  readonly currency: string;
  readonly config: Id<'wallet_config'> | null;
  debitFen: bigint;
  creditFen: bigint;
}

/** Writes all postings of a batch: transactions, entries, and balances last, sorted. */
export function bookPostings(
  session: Session,
  booked: readonly BookedPosting[],
  slot: number,
): Promise<unknown> {
  if (booked.length === 0) return Promise.resolve();
  const lines = booked.flatMap(linesOf);
  return together([
    insertAll(session, TRANSACTIONS, booked),
    insertAll(session, ENTRIES, lines),
    addBalances(session, balancesOf(booked), slot),
  ]);
}

function linesOf(booked: BookedPosting): Line[] {
  return booked.posting.entries.map((entry, index) => ({
    shard: booked.shard,
    transaction: booked.id,
    line: index,
    account: entry.account,
    debitFen: entry.debitFen,
    creditFen: entry.creditFen,
    config: entry.config,
  }));
}

function balancesOf(booked: readonly BookedPosting[]): Balance[] {
  const balances = new Map<string, Balance>();
  for (const { shard, marketplace, posting } of booked) {
    for (const entry of posting.entries) {
      const { account, config } = entry;
      const key = `${shard} ${marketplace} ${posting.currency} ${account} ${config}`;
      const balance = balances.get(key);
      if (balance === undefined) {
        balances.set(key, {
          shard,
          marketplace,
          account,
          currency: posting.currency,
          config,
          debitFen: entry.debitFen,
          creditFen: entry.creditFen,
        });
      } else {
        balance.debitFen += entry.debitFen;
        balance.creditFen += entry.creditFen;
      }
    }
  }
  return [...balances.values()].sort(byKey);
}

function byKey(a: Balance, b: Balance): number {
  const byOwner = a.shard - b.shard || compareTexts(a.marketplace, b.marketplace);
  return (
    byOwner || compareTexts(a.account, b.account) || compareTexts(a.config ?? '', b.config ?? '')
  );
}

function addBalances(
  session: Session,
  balances: readonly Balance[],
  slot: number,
): Promise<unknown> {
  if (balances.length === 0) return Promise.resolve();
  return session.run(ADD_BALANCES, [
    smallintArray(balances.map((row) => row.shard)),
    idArray(balances.map((row) => row.marketplace)),
    textArray(balances.map((row) => row.account)),
    textArray(balances.map((row) => row.currency)),
    smallintArray(balances.map(() => slot % SLOT_COUNT)),
    bigintArray(balances.map(({ config }) => (config === null ? 0n : idValue(config)))),
    bigintArray(balances.map((row) => row.debitFen)),
    bigintArray(balances.map((row) => row.creditFen)),
  ]);
}
