/**
 * Rows booked before a sub_order's figures were kept with its escrow, opened by the code of today:
 * refunded whole they end at nothing, to the fen, whichever way they were reckoned then (rule 6).
 */
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
import { silentRefund } from '../../src/core/wallet/report.ts';
import type { Db } from '../../src/database/db.ts';
import { MIGRATIONS_FOLDER, migrate, readMigrations } from '../../src/database/migrate.ts';
import { formatId, type Id } from '../../src/kernel/id.ts';
import { allocateFen, shareFen, sumFen } from '../../src/kernel/money.ts';
import { readPayments } from '../../src/store/payment/payments.ts';
import {
  accountsOf,
  answered,
  type Bought,
  bookPostings,
  CAPABLE,
  everyWallet,
  merchantId,
  newAttempt,
  numberedIds,
  orderedPayment,
  paidReport,
} from '../helpers/payments.ts';
import { ENGINES } from './engines.ts';
import { EarlierBooks, migrateTo, type OldBooking, writeAccounts, writeOld } from './old-rows.ts';

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
  readonly books = new EarlierBooks();
  /** As they were then. */
  postings: Decided<Payment, unknown>['postings'] = [];
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
          accounts: accountsOf(payment, (merchant) => ({
            ...{ walletAccount: accountAt(merchant, this.wallet), walletMerchant: 'm' },
            feeBps: told.feeBps,
          })),
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
    this.postings = [...this.postings, ...this.books.postingsOf(decided.value)];
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
    this.postings = [];
    this.balances.clear();
    const { config } = this.payment.attempts[0]!;
    for (const leg of this.payment.legs) {
      const held = this.payment.escrows.filter((row) => row.leg === leg.id);
      const feeFen = sumFen(held.map((row) => row.feeFen));
      const receiptFen = leg.receiptAmountFen!;
      const entries = [
        { account: clearing(this.wallet), debitFen: receiptFen, creditFen: 0n, config },
        ...held.map((row) => ({
          ...{ account: escrow(row.walletAccount), debitFen: 0n, creditFen: row.heldFen },
          config: null,
        })),
        { account: feeDue(this.wallet), debitFen: 0n, creditFen: feeFen, config },
      ].filter((row) => row.debitFen + row.creditFen > 0n);
      if (entries.length === 0) continue;
      const booked = { object: leg.id, currency: 'cny', occurredAtMs: leg.paidAtMs } as const;
      const posting = { moment: 'paid', ...booked, entries } as const;
      this.postings = [...this.postings, posting];
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
    const report = { ...silentRefund(status), settlementFen: null };
    this.do((payment, context) =>
      applyRefundReport(payment, { refund: id, refundNo, report }, context),
    );
  }
}

const WALLETS = ['alipay', 'jdpay'] as const;

function accountAt(merchant: Id<'merchant'>, wallet: (typeof WALLETS)[number]) {
  const place = BigInt(WALLETS.indexOf(wallet) + 1);
  return formatId('wallet_account', (place << 32n) | BigInt(MERCHANTS.indexOf(merchant)));
}

const MERCHANTS = [1, 2, 3].map(merchantId);
const MARKETPLACE = formatId('marketplace', 1n);
const ACCOUNTS = MERCHANTS.flatMap((merchant) =>
  WALLETS.map((wallet) => ({
    ...{ id: accountAt(merchant, wallet), merchant, wallet, number: 'm', status: 'active' },
  })),
);

/** The database of that version, with these payments. */
async function openOld(db: Db, version: number, olds: readonly Old[]): Promise<void> {
  await migrateTo(db, version);
  await writeAccounts(db, MARKETPLACE, ACCOUNTS, MERCHANTS);
  const book = (posting: OldBooking['posting']): OldBooking => {
    return { id: newId('ledger_transaction'), posting, createdAtMs: NOW_MS };
  };
  await writeOld(
    db,
    olds.map(({ payment, books, postings }) => ({ payment, books, booked: postings.map(book) })),
  );
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
        const olds = fc.sample(cases, { numRuns: 600, seed: 7 }).map((told) => new Old(told));
        await openOld(home.db, BEFORE, olds);
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
        const bought = [1, 2].map((merchant) => ({ merchant, amountFen: 1_000n }));
        const more = { feeBps: 60, receiptMille: 1_000n, isOneLeg: true, isFeeFirst: false };
        const cart = { subs: bought, ...more, refunds: [] };
        const carts = Array.from({ length: 300 }, () => new Old(cart));
        await openOld(home.db, 9, carts);
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
