/**
 * Rows as a version before wrote them: the payments that today's core decides, in the columns and
 * under the account names of then.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Posting } from '../../src/core/ledger/posting.ts';
import type { Payment } from '../../src/core/payment/model.ts';
import type { Db } from '../../src/database/db.ts';
import { MIGRATIONS_FOLDER, migrate } from '../../src/database/migrate.ts';
import { type Table, tableValues } from '../../src/database/table.ts';
import { type Id, idValue } from '../../src/kernel/id.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import {
  ATTEMPTS,
  type Child,
  ESCROWS,
  INTENTS,
  LEGS,
  REFUNDS,
  SUB_ORDERS,
} from '../../src/store/payment/rows.ts';

/** Migrated as far as that version was. */
export async function migrateTo(db: Db, version: number): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-earlier-'));
  for (const name of fs.readdirSync(MIGRATIONS_FOLDER))
    if (Number(name.slice(0, 4)) <= version)
      fs.copyFileSync(path.join(MIGRATIONS_FOLDER, name), path.join(folder, name));
  try {
    await migrate(db, { folder });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

export interface OldAccount {
  readonly id: Id<'wallet_account'>;
  readonly merchant: Id<'merchant'>;
  readonly wallet: WalletName;
  readonly number: string;
  readonly status: string;
}

/** A marketplace with these accounts of its merchants, as they stand before a migration. */
export async function writeAccounts(
  db: Db,
  marketplace: Id<'marketplace'>,
  accounts: readonly OldAccount[],
  merchants: readonly Id<'merchant'>[],
): Promise<void> {
  const owner = idValue(marketplace);
  const named = merchants.map((id) => `(${idValue(id)}, ${owner}, 'shop', null, 1)`);
  const rows = accounts.map(
    ({ id, merchant, wallet, number, status }) =>
      `(${idValue(id)}, ${owner}, ${idValue(merchant)}, '${wallet}', '${number}', '${status}', ` +
      '1, 60, 1)',
  );
  await db.script(`insert into marketplaces values (${owner}, 'm${owner}', 'M', 1);
    insert into merchants values ${named.join(', ')};
    ${rows.length === 0 ? '' : `insert into wallet_accounts values ${rows.join(', ')};`}`);
}

export interface OldPayment {
  readonly payment: Payment;
  readonly booked: readonly OldBooking[];
}

export interface OldBooking {
  readonly id: Id<'ledger_transaction'>;
  readonly posting: Posting;
  readonly createdAtMs: number;
}

/** Balances were by merchant and wallet, but for advances. */
export function formerName(account: string, { escrows }: Payment): string {
  const [place, wa, kind] = account.split(':');
  if (place !== 'wallet_account') return account;
  const held = escrows.find((row) => row.walletAccount === wa);
  if (held === undefined) throw new Error(`${account} holds no escrow`);
  const { merchant, wallet } = held;
  return kind === 'owed' ? `merchant:${merchant}:owed` : `merchant:${merchant}:${wallet}:${kind}`;
}

async function columnsOf(db: Db, table: string): Promise<ReadonlySet<unknown>> {
  const text = 'select column_name as name from information_schema.columns where table_name = $1';
  return new Set((await db.read({ name: 'columns', text }, [table])).map((row) => row.name));
}

/** With the columns that the table has. */
async function insertAs<T>(db: Db, table: Table<T>, rows: readonly T[]): Promise<void> {
  if (rows.length === 0) return;
  const names = await columnsOf(db, table.name);
  const columns = table.columns.filter((column) => names.has(column.name));
  const list = columns.map(({ name }) => name).join(', ');
  const casts = columns.map(({ type }, at) => `$${at + 1}::${type === 'id' ? 'bigint' : type}[]`);
  const text = `insert into ${table.name} (${list}) select * from unnest(${casts.join(', ')})`;
  const values = tableValues({ columns }, rows);
  await db.transaction(0, (session) => session.run({ name: `old ${table.name}`, text }, values));
}

export async function writeOld(db: Db, olds: readonly OldPayment[]): Promise<void> {
  const payments = olds.map(({ payment }) => payment);
  const children = <T>(rowsOf: (payment: Payment) => readonly T[]): Child<T>[] =>
    payments.flatMap((payment) => {
      const { shard, id: intent } = payment.intent;
      return rowsOf(payment).map((row) => ({ shard, intent, row, payment }));
    });
  const roots = payments.map(({ intent }) => ({ intent, place: null, writtenBy: 0n }));
  await insertAs(db, INTENTS, roots);
  const subOrders = children((payment) => payment.subOrders);
  await insertAs(db, SUB_ORDERS, subOrders);
  const attempts = children((payment) => payment.attempts);
  await insertAs(db, ATTEMPTS, attempts);
  const legs = children((payment) => payment.legs);
  await insertAs(db, LEGS, legs);
  const refunds = children((payment) => payment.refunds);
  await insertAs(db, REFUNDS, refunds);
  const escrows = children((payment) => payment.escrows);
  await insertAs(db, ESCROWS, escrows);
  await db.script(`update payment_legs l set parts = (
    select jsonb_agg(part - 'wallet_account' order by place)
    from jsonb_array_elements(l.parts) with ordinality as p (part, place)
  ) where parts is not null`);
  await writeBooks(db, olds);
}

async function writeBooks(db: Db, olds: readonly OldPayment[]): Promise<void> {
  const transactions: string[] = [];
  const entries: string[] = [];
  const balances: string[] = [];
  for (const { payment, booked } of olds) {
    const { shard, id: intent, marketplace } = payment.intent;
    for (const { id, posting, createdAtMs } of booked) {
      const { moment, currency } = posting;
      const owner = idValue(marketplace);
      const number = idValue(id);
      transactions.push(
        `(${shard}, ${number}, ${owner}, ${idValue(intent)}, '${moment}', '${currency}', ${createdAtMs})`,
      );
      for (const [at, { account, debitFen, creditFen }] of posting.entries.entries()) {
        const name = formerName(account, payment);
        entries.push(`(${shard}, ${number}, ${at}, '${name}', ${debitFen}, ${creditFen})`);
        const slot = number % 3n;
        balances.push(
          `(${shard}, ${owner}, '${name}', '${currency}', ${slot}, ${debitFen}, ${creditFen})`,
        );
      }
    }
  }
  await db.script(`insert into ledger_transactions values ${transactions.join(', ')};
    insert into ledger_entries values ${entries.join(', ')};
    insert into ledger_balances
      select s::smallint, m, a, c, slot::smallint, sum(debit), sum(credit)
      from (values ${balances.join(', ')}) as b (s, m, a, c, slot, debit, credit)
      group by s, m, a, c, slot`);
}
