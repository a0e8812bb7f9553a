/**
 * Rows as a version before wrote them: the payments that today's core decides, in the columns and
 * under the account names of then, with what was released in the payment's own figures.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Decided } from '../../src/core/draft.ts';
import {
  available,
  escrow as escrowAccount,
  owed,
  transferInTransit,
} from '../../src/core/ledger/chart.ts';
import { move, type Posting, posting } from '../../src/core/ledger/posting.ts';
import type { Escrow, Payment, Refund } from '../../src/core/payment/model.ts';
import type { Db } from '../../src/database/db.ts';
import { MIGRATIONS_FOLDER, migrate } from '../../src/database/migrate.ts';
import { type Table, tableValues } from '../../src/database/table.ts';
import { type Id, idValue } from '../../src/kernel/id.ts';
import { type Fen, minFen, sumFen } from '../../src/kernel/money.ts';
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

/** Whose money a refund was paid with beyond escrow and fee. */
interface Taken {
  readonly availableFen: Fen;
  readonly owedFen: Fen;
}

const NOTHING: Taken = { availableFen: 0n, owedFen: 0n };

/**
 * One payment's books as 0.2.0 and earlier kept them. They booked in the payment itself what
 * travels to and from its merchant's balance today: what was settled directly was available at
 * once; a refund beyond what was held took what was left available, then was advanced (owed); and
 * what came back repaid the advances first. Decisions are translated in the order of the calls.
 */
export class EarlierBooks {
  /** Of released escrows: what is left of them on `available`. */
  readonly #leftFen = new Map<Id<'escrow'>, Fen>();
  readonly #taken = new Map<Id<'refund'>, Taken>();
  readonly #standing = new Set<Id<'refund'>>();

  /** What was posted then for a decision of today's. */
  postingsOf({ state, postings }: Pick<Decided<Payment, unknown>, 'state' | 'postings'>) {
    return postings.flatMap((booked) => this.#postingsOf(state, booked));
  }

  #postingsOf(payment: Payment, booked: Posting): readonly Posting[] {
    switch (booked.moment) {
      case 'paid':
      case 'conflict_accepted':
        return [this.#paid(payment, booked)];
      case 'escrow_released':
        return [];
      case 'refund_reserved':
      case 'refund_failed':
      case 'refund_corrected':
        return this.#refunded(payment, booked);
      default:
        return [booked];
    }
  }

  #paid({ escrows }: Payment, booked: Posting): Posting {
    const released = escrows.filter(
      ({ leg, status }) => leg === booked.object && status === 'released',
    );
    for (const { id, releasedFen } of released) this.#leftFen.set(id, releasedFen);
    const accounts = new Map(
      released.map(({ walletAccount: id }) => [escrowAccount(id), available(id)]),
    );
    const entries = booked.entries.map((entry) => ({
      ...entry,
      account: accounts.get(entry.account) ?? entry.account,
    }));
    return { ...booked, entries };
  }

  #refunded(payment: Payment, booked: Posting): readonly Posting[] {
    const refund = payment.refunds.find(({ id }) => id === booked.object);
    const escrow = payment.escrows.find(
      ({ leg, subOrder }) =>
        leg === refund?.leg && (refund.subOrder === null || subOrder === refund.subOrder),
    );
    if (refund === undefined || escrow === undefined)
      throw new Error(`${booked.object} has no escrow`);
    const { moment } = booked;
    if (moment === 'refund_reserved') this.#taken.delete(refund.id);
    if (moment === 'refund_failed') this.#standing.delete(refund.id);
    else this.#standing.add(refund.id);
    const asked = booked.entries.find(({ account }) => account === transferInTransit);
    if (asked === undefined) return [booked];
    const more = this.#moreOf(escrow, refund.id, moment, asked.debitFen - asked.creditFen);
    this.#take(escrow, more);
    // A failed refund keeps its allocation; one of an overpayment has none.
    if (moment !== 'refund_failed' && refund.allocation !== null) this.#count(refund.id, more);
    const lines = linesOf(escrow, more);
    const entries = booked.entries.flatMap((entry) => (entry === asked ? lines : [entry]));
    return [{ ...booked, entries }, ...this.#repaid(payment, escrow)];
  }

  #moreOf({ id }: Escrow, refund: Id<'refund'>, moment: Posting['moment'], moreFen: Fen): Taken {
    const was = this.#taken.get(refund) ?? NOTHING;
    if (moment === 'refund_failed') return negative(was);
    if (moreFen > 0n) {
      const availableFen = minFen(moreFen, this.#leftFen.get(id) ?? 0n);
      return { availableFen, owedFen: moreFen - availableFen };
    }
    const owedFen = minFen(was.owedFen, -moreFen);
    return negative({ owedFen, availableFen: -moreFen - owedFen });
  }

  #take({ id }: Escrow, { availableFen }: Taken): void {
    const leftFen = this.#leftFen.get(id);
    if (leftFen !== undefined) this.#leftFen.set(id, leftFen - availableFen);
    else if (availableFen !== 0n) throw new Error(`${id} was not released`);
  }

  #count(refund: Id<'refund'>, more: Taken): void {
    const was = this.#taken.get(refund) ?? NOTHING;
    this.#taken.set(refund, {
      availableFen: was.availableFen + more.availableFen,
      owedFen: was.owedFen + more.owedFen,
    });
  }

  #repaid({ refunds }: Payment, escrow: Escrow): Posting[] {
    const repaid: Posting[] = [];
    for (const { id, leg, subOrder, currency } of refunds) {
      if (leg !== escrow.leg || subOrder !== escrow.subOrder || !this.#standing.has(id)) continue;
      const { owedFen } = this.#taken.get(id) ?? NOTHING;
      const availableFen = minFen(owedFen, this.#leftFen.get(escrow.id) ?? 0n);
      if (availableFen === 0n) continue;
      const more = { availableFen, owedFen: -availableFen };
      this.#take(escrow, more);
      this.#count(id, more);
      const ours = { object: id, currency, occurredAtMs: null };
      repaid.push(posting('refund_corrected', ours, linesOf(escrow, more)));
    }
    return repaid;
  }

  /** What was released stood in the payment: `held` is what is left of it, `returned` the rest. */
  escrowOf(escrow: Escrow): Escrow {
    const { id, status, releasedFen, returnedFen, returnedFromBalanceFen } = escrow;
    if (status !== 'released')
      return { ...escrow, returnedFen: returnedFen - returnedFromBalanceFen };
    const heldFen = this.#leftFen.get(id) ?? 0n;
    return { ...escrow, heldFen, returnedFen: releasedFen - heldFen };
  }

  /** Of refunds that stand. */
  owedFenOf({ refunds }: Payment, { leg, subOrder }: Escrow): Fen {
    return sumFen(
      refunds
        .filter((row) => row.leg === leg && row.subOrder === subOrder && row.status !== 'failed')
        .map(({ id }) => this.#taken.get(id)?.owedFen ?? 0n),
    );
  }

  mixOf({ id, allocation }: Refund): Readonly<Record<string, string>> | null {
    if (allocation === null) return null;
    const { availableFen, owedFen } = this.#taken.get(id) ?? NOTHING;
    if (availableFen + owedFen !== allocation.balanceFen)
      throw new Error(`${id} takes ${allocation.balanceFen} of the balance`);
    return {
      escrow: `${allocation.escrowFen}`,
      fee: `${allocation.feeFen}`,
      available: `${availableFen}`,
      owed: `${owedFen}`,
    };
  }
}

const negative = ({ availableFen, owedFen }: Taken): Taken => ({
  availableFen: -availableFen,
  owedFen: -owedFen,
});

const linesOf = ({ walletAccount: id }: Escrow, more: Taken): Posting['entries'] =>
  [move(available(id), more.availableFen), move(owed(id), more.owedFen)].filter(
    ({ debitFen, creditFen }) => debitFen + creditFen > 0n,
  );

export interface OldPayment {
  readonly payment: Payment;
  readonly books: EarlierBooks;
  /** As it was posted then. */
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

function withColumn<T>(table: Table<T>, name: string, value: (row: T) => unknown): Table<T> {
  const columns = table.columns.map((column) =>
    column.name === name ? { ...column, value } : column,
  );
  return { ...table, columns };
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
  const booksOf = new Map(olds.map(({ payment, books }) => [payment.intent.id, books]));
  const refunds = children((payment) => payment.refunds);
  const mix = ({ intent, row }: Child<Refund>) => booksOf.get(intent)?.mixOf(row) ?? null;
  await insertAs(db, withColumn(REFUNDS, 'mix', mix), refunds);
  const escrows = olds.flatMap(({ payment, books }) => {
    const { shard, id: intent } = payment.intent;
    return payment.escrows.map((row) => ({ shard, intent, row: books.escrowOf(row), payment }));
  });
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
