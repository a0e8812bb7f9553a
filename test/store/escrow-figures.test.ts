/**
 * Rows booked before a sub_order's figures were kept with its escrow, opened by the code of today:
 * refunded whole they end at nothing, to the fen, whichever way they were reckoned then (rule 6).
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecideContext, Decided } from '../../src/core/draft.ts';
import { clearing, escrow, feeDue, refundDue } from '../../src/core/ledger/chart.ts';
import type { PaymentDecision } from '../../src/core/payment/draft.ts';
import { partsOf } from '../../src/core/payment/leg-shares.ts';
import type { Leg, Payment } from '../../src/core/payment/model.ts';
import { applyReport } from '../../src/core/payment/report.ts';
import { startAttempt } from '../../src/core/payment/start.ts';
import { reserveRefund } from '../../src/core/refund/refund.ts';
import { applyRefundReport } from '../../src/core/refund/report.ts';
import type { Db } from '../../src/database/db.ts';
import { MIGRATIONS_FOLDER, migrate, readMigrations } from '../../src/database/migrate.ts';
import { type Table, tableValues } from '../../src/database/table.ts';
import { type Id, idValue } from '../../src/kernel/id.ts';
import { allocateFen, shareFen, sumFen } from '../../src/kernel/money.ts';
import { readPayments } from '../../src/store/payment/payments.ts';
import {
  ATTEMPTS,
  type Child,
  ESCROWS,
  INTENTS,
  LEGS,
  REFUNDS,
  SUB_ORDERS,
} from '../../src/store/payment/rows.ts';
import {
  accountsOf,
  answered,
  type Bought,
  bookPostings,
  CAPABLE,
  everyWallet,
  newAttempt,
  numberedIds,
  orderedPayment,
  paidReport,
} from '../helpers/payments.ts';
import { ENGINES } from './engines.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const BEFORE = 5;

interface Case {
  readonly subs: readonly Bought[];
  readonly feeBps: number;
  readonly receiptMille: bigint;
  readonly isOneLeg: boolean;
  /** How shares were reckoned before 7bb0319: the fee first, and then each apart. */
  readonly isFeeFirst: boolean;
  /** Refunds before the migration: of which sub_order, how much of what is left, per mille. */
  readonly refunds: readonly {
    readonly sub: number;
    readonly mille: bigint;
    readonly ok: boolean;
  }[];
}

const cases: fc.Arbitrary<Case> = fc.record({
  subs: fc.array(
    fc.record({
      merchant: fc.integer({ min: 1, max: 3 }),
      amountFen: fc.oneof(fc.bigInt({ min: 1n, max: 30n }), fc.bigInt({ min: 1n, max: 99_999n })),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  feeBps: fc.constantFrom(0, 38, 60, 333),
  receiptMille: fc.oneof(fc.constant(1_000n), fc.bigInt({ min: 0n, max: 1_000n })),
  isOneLeg: fc.boolean(),
  isFeeFirst: fc.boolean(),
  refunds: fc.array(
    fc.record({
      sub: fc.nat({ max: 4 }),
      mille: fc.constantFrom(1n, 333n, 500n, 1_000n),
      ok: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
});

const newId = numberedIds();

class Old {
  payment: Payment;
  readonly postings: Decided<Payment, unknown>['postings'][number][] = [];
  readonly balances = new Map<string, bigint>();
  readonly wallet;
  readonly told: Case;

  constructor(told: Case) {
    this.told = told;
    this.wallet = told.isOneLeg ? ('jdpay' as const) : ('alipay' as const);
    const merchantOrderNo = `T${newId('event')}`;
    this.payment = orderedPayment(newId, told.subs, { nowMs: NOW_MS, merchantOrderNo });
    const attempt = newId('payment_attempt');
    this.do((payment, context) =>
      startAttempt(
        payment,
        newAttempt(payment, {
          ...{ id: attempt, wallet: this.wallet },
          accounts: accountsOf(payment, () => ({ walletMerchant: 'm', feeBps: told.feeBps })),
          oneLegMerchant: told.isOneLeg ? 'own' : null,
        }),
        context,
      ),
    );
    const legs = this.payment.legs.map((leg) =>
      paidReport(leg, { receiptAmountFen: (leg.amountFen * told.receiptMille) / 1_000n }),
    );
    const report = { attempt, report: answered(legs), capabilities: CAPABLE };
    this.do((payment, context) => applyReport(payment, report, context));
    if (told.isFeeFirst) this.bookFeeFirst();
    for (const { sub, mille, ok } of told.refunds) {
      const id = this.refund(sub % told.subs.length, mille);
      if (id !== undefined) this.say(id, ok ? 'succeeded' : 'failed');
    }
  }

  do<A>(decide: (payment: Payment, context: DecideContext) => PaymentDecision<A>): void {
    const decided = decide(this.payment, { nowMs: NOW_MS, newId });
    if (!decided.ok) throw new Error(decided.error.message);
    this.payment = decided.value.state;
    this.postings.push(...decided.value.postings);
    bookPostings(this.balances, decided.value.postings);
  }

  /** The same legs, as they were shared before: what was posted for them says so. */
  private bookFeeFirst(): void {
    const shares = this.payment.legs.map((leg) => feeFirst(leg, this.payment));
    const figureOf = new Map(shares.flat().map((row) => [row.subOrder, row]));
    this.payment = {
      ...this.payment,
      escrows: this.payment.escrows.map((row) => {
        const { netFen, feeFen } = figureOf.get(row.subOrder)!;
        return { ...row, heldFen: netFen, feeFen, paidFen: netFen + feeFen };
      }),
    };
    this.postings.length = 0;
    this.balances.clear();
    for (const leg of this.payment.legs) {
      const held = this.payment.escrows.filter((row) => row.leg === leg.id);
      const feeFen = sumFen(held.map((row) => row.feeFen));
      const receiptFen = leg.receiptAmountFen!;
      const entries = [
        { account: clearing(this.wallet), debitFen: receiptFen, creditFen: 0n },
        ...held.map((row) => ({
          ...{ account: escrow(row.merchant, this.wallet), debitFen: 0n, creditFen: row.heldFen },
        })),
        { account: feeDue(this.wallet), debitFen: 0n, creditFen: feeFen },
      ].filter((row) => row.debitFen + row.creditFen > 0n);
      if (entries.length === 0) continue;
      const posting = { moment: 'paid', currency: 'cny', entries } as const;
      this.postings.push(posting);
      bookPostings(this.balances, [posting]);
    }
  }

  refund(at: number, mille: bigint): Id<'refund'> | undefined {
    const { id: subOrder, amountFen, refundedFen } = this.payment.subOrders[at]!;
    const wantedFen = ((amountFen - refundedFen) * mille) / 1_000n;
    if (wantedFen === 0n) return undefined;
    const id = newId('refund');
    const capabilities = everyWallet({ ...CAPABLE, refundCountMax: 99, refundWindowMs: 1e12 });
    const input = { id, subOrder, amountFen: wantedFen, reason: 'r', capabilities };
    this.do((payment, context) => reserveRefund(payment, input, context));
    return id;
  }

  say(id: Id<'refund'>, status: 'succeeded' | 'failed'): void {
    const { refundNo } = this.payment.refunds.find((row) => row.id === id)!;
    const silent = { walletRefundId: null, amountFen: null, walletError: null };
    const report = { ...silent, settlementFen: null, status };
    this.do((payment, context) =>
      applyRefundReport(payment, { refund: id, refundNo, report }, context),
    );
  }
}

function feeFirst(leg: Leg, { subOrders }: Payment) {
  const parts = partsOf(leg);
  const receipts = allocateFen(
    leg.receiptAmountFen!,
    parts.map((part) => part.amountFen),
  );
  return parts.flatMap(({ merchant, feeBps }, index) => {
    const partFen = receipts[index]!;
    const feeFen = shareFen(partFen, feeBps);
    const own = subOrders.filter(
      (sub) => sub.merchant === merchant && leg.subOrders.includes(sub.id),
    );
    const amounts = own.map((sub) => sub.amountFen);
    const [nets, fees] = [allocateFen(partFen - feeFen, amounts), allocateFen(feeFen, amounts)];
    return own.map((sub, at) => ({ subOrder: sub.id, netFen: nets[at]!, feeFen: fees[at]! }));
  });
}

/** The rows as the code of then wrote them: with the columns that it had. */
async function insertAs<T>(db: Db, table: Table<T>, rows: readonly T[]): Promise<void> {
  if (rows.length === 0) return;
  const known = await db.read(
    {
      name: 'columns',
      text: 'select column_name as name from information_schema.columns where table_name = $1',
    },
    [table.name],
  );
  const names = new Set(known.map((row) => row.name));
  const columns = table.columns.filter((column) => names.has(column.name));
  const list = columns.map(({ name }) => name).join(', ');
  const casts = columns.map(({ type }, at) => `$${at + 1}::${type === 'id' ? 'bigint' : type}[]`);
  const text = `insert into ${table.name} (${list}) select * from unnest(${casts.join(', ')})`;
  const values = tableValues({ columns }, rows);
  await db.transaction(0, (session) => session.run({ name: `old ${table.name}`, text }, values));
}

async function writeOld(db: Db, olds: readonly Old[]): Promise<void> {
  const children = <T>(rowsOf: (payment: Payment) => readonly T[]): Child<T>[] =>
    olds.flatMap(({ payment }) =>
      rowsOf(payment).map((row) => ({ shard: 0, intent: payment.intent.id, row, payment })),
    );
  await insertAs(
    db,
    INTENTS,
    olds.map(({ payment: { intent } }) => ({ intent, place: null, writtenBy: 0n })),
  );
  await insertAs(
    db,
    SUB_ORDERS,
    children((payment) => payment.subOrders),
  );
  await insertAs(
    db,
    ATTEMPTS,
    children((payment) => payment.attempts),
  );
  await insertAs(
    db,
    LEGS,
    children((payment) => payment.legs),
  );
  await insertAs(
    db,
    REFUNDS,
    children((payment) => payment.refunds),
  );
  await insertAs(
    db,
    ESCROWS,
    children((payment) => payment.escrows),
  );
  const booked: string[] = [];
  const entries: string[] = [];
  for (const { payment, postings } of olds) {
    for (const { moment, entries: lines } of postings) {
      const id = idValue(newId('ledger_transaction'));
      const { intent } = payment;
      booked.push(
        `(0, ${id}, ${idValue(intent.marketplace)}, ${idValue(intent.id)}, '${moment}', 'cny', 1)`,
      );
      for (const [at, line] of lines.entries())
        entries.push(`(0, ${id}, ${at}, '${line.account}', ${line.debitFen}, ${line.creditFen})`);
    }
  }
  await db.script(`insert into ledger_transactions values ${booked.join(', ')}`);
  await db.script(`insert into ledger_entries values ${entries.join(', ')}`);
}

/** The migrations as they stood before the figures were kept. */
function earlierMigrations(before = BEFORE): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-earlier-'));
  for (const name of fs.readdirSync(MIGRATIONS_FOLDER))
    if (Number(name.slice(0, 4)) <= before)
      fs.copyFileSync(path.join(MIGRATIONS_FOLDER, name), path.join(folder, name));
  return folder;
}

function checkFigures(payment: Payment): void {
  for (const leg of payment.legs) {
    const own = payment.escrows.filter((row) => row.leg === leg.id);
    expect(sumFen(own.map((row) => row.paidFen))).toBe(leg.receiptAmountFen);
    expect(sumFen(own.map((row) => row.orderedFen))).toBe(leg.amountFen);
    for (const row of own) {
      expect(row.feeFen >= 0n).toBe(true);
      expect(row.paidFen - row.feeFen).toBe(row.heldFen + row.returnedFen);
    }
  }
}

describe('D13', () => {
  for (const engine of ENGINES) {
    it.skipIf(!engine.isAvailable)(
      `D13: payments booked before on ${engine.name} are refunded in full, and nothing is left`,
      async () => {
        const home = await engine.open({ isMigrated: false });
        const folder = earlierMigrations();
        await migrate(home.db, { folder });
        fs.rmSync(folder, { recursive: true });
        const olds = fc.sample(cases, { numRuns: 600, seed: 7 }).map((told) => new Old(told));
        await writeOld(home.db, olds);
        await migrate(home.db);
        const run = (...args: Parameters<Db['read']>) => home.db.read(...args) as never;
        const read = await readPayments(
          run,
          olds.map(({ payment }) => payment.intent.id),
        );
        for (const old of olds) {
          const stored = read.get(old.payment.intent.id)!;
          checkFigures(stored);
          // A discounted leg of several sellers shares its one booked fee by what each was paid.
          const isExact = !old.told.isOneLeg || old.told.receiptMille === 1_000n;
          if (isExact && !old.told.isFeeFirst) expect(stored.escrows).toEqual(old.payment.escrows);
          old.payment = stored;
          for (const at of stored.subOrders.keys()) {
            const id = old.refund(at, 1_000n);
            if (id !== undefined) old.say(id, 'succeeded');
          }
          for (const row of old.payment.escrows) expect(row.heldFen).toBe(0n);
          for (const account of [clearing(old.wallet), feeDue(old.wallet), refundDue])
            expect(old.balances.get(account) ?? 0n, account).toBe(0n);
        }
        await home.close();
      },
      120_000,
    );
    it.skipIf(!engine.isAvailable)(
      `D13: however many carts are moved on ${engine.name}, the migration holds few locks`,
      async () => {
        const home = await engine.open({ isMigrated: false });
        const folder = earlierMigrations(9);
        await migrate(home.db, { folder });
        fs.rmSync(folder, { recursive: true });
        const bought = [1, 2].map((merchant) => ({ merchant, amountFen: 1_000n }));
        const more = { feeBps: 60, receiptMille: 1_000n, isOneLeg: true, isFeeFirst: false };
        const cart = { subs: bought, ...more, refunds: [] };
        await writeOld(
          home.db,
          Array.from({ length: 300 }, () => new Old(cart)),
        );
        const [moved] = readMigrations(MIGRATIONS_FOLDER).slice(9);
        // Locks are kept to the end of a transaction, and the server has room for some thousands.
        await home.db.script(`${moved?.text}
          do $$ begin if (select count(*) from pg_locks where pid = pg_backend_pid()) > 150
            then raise exception 'locks: %', (select count(*) from pg_locks); end if; end $$`);
        const text = 'select count(*) as count from escrows where fee > 0';
        const [filled] = await home.db.read({ name: 'filled', text }, []);
        expect(Number(filled?.count)).toBe(600);
        await home.close();
      },
      60_000,
    );
  }
});
