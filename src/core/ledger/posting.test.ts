import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatId } from '../../kernel/id.ts';
import { allocateFen, type Fen, sumFen } from '../../kernel/money.ts';
import type { Escrow, RefundAllocation } from '../payment/model.ts';
import {
  available,
  clearing,
  escrow,
  feeDue,
  isByConfig,
  merchantAccountIn,
  normalSide,
  owed,
  refundDue,
  suspense,
} from './chart.ts';
import {
  conflictAccepted,
  conflictSuperseded,
  escrowReleased,
  type Posting,
  paid,
  paidConflicted,
  paidSuperseded,
  posting,
  refundCorrected,
  refundFailed,
  refundReserved,
  refundSucceeded,
} from './posting.ts';

const WALLET = 'alipay';
const CLEARING = clearing(WALLET);
const CONFIG = formatId('wallet_config', 7n);
const ATTEMPT = { wallet: WALLET, config: CONFIG } as const;
const LEG = { id: formatId('leg', 1n), currency: 'cny', paidAtMs: 41 } as const;
const REFUND = { id: formatId('refund', 1n), currency: 'cny' } as const;
const ACCOUNT = formatId('wallet_account', 1n);
const BOOKED = { object: LEG.id, currency: 'cny', occurredAtMs: null } as const;

class Books {
  readonly balances = new Map<string, bigint>();

  book(given: Posting): void {
    const { entries } = given;
    expect(sumFen(entries.map((row) => row.debitFen - row.creditFen)), 'rule 5').toBe(0n);
    for (const { account, debitFen, creditFen, config } of entries) {
      expect(config, account).toBe(isByConfig(account) ? CONFIG : null);
      this.balances.set(account, (this.balances.get(account) ?? 0n) + debitFen - creditFen);
    }
  }

  /** On its normal side. */
  of(account: string): bigint {
    const value = this.balances.get(account) ?? 0n;
    return normalSide(account) === 'debit' ? value : -value;
  }
}

function escrowOf(number: number, paidFen: Fen, feeFen: Fen): Escrow {
  return {
    id: formatId('escrow', BigInt(number)),
    subOrder: formatId('sub_order', BigInt(number)),
    leg: LEG.id,
    merchant: formatId('merchant', BigInt(number)),
    wallet: WALLET,
    walletAccount: formatId('wallet_account', BigInt(number)),
    currency: 'cny',
    orderedFen: paidFen,
    paidFen,
    feeFen,
    releasedFen: 0n,
    returnedFen: 0n,
    returnedFromBalanceFen: 0n,
    heldFen: paidFen - feeFen,
    status: 'held',
    release: null,
    dueAtMs: null,
  };
}

const fen = fc.bigInt({ min: 0n, max: 10n ** 10n });
const share = fc.integer({ min: 0, max: 100 });
const part = (value: bigint, percent: number) => (value * BigInt(percent)) / 100n;

describe('posting', () => {
  it('refuses what does not sum to zero, is negative, or hides whose money it is', () => {
    const entry = (debitFen: bigint, creditFen: bigint) => ({
      account: CLEARING,
      debitFen,
      creditFen,
      config: CONFIG,
    });
    const made = (...entries: ReturnType<typeof entry>[]) => posting('paid', BOOKED, entries);
    expect(() => made(entry(2n, 0n), entry(0n, 1n))).toThrow('off by 1');
    expect(() => made(entry(-1n, 0n), entry(0n, -1n))).toThrow('never negative');
    expect(made(entry(0n, 0n)).entries).toEqual([]);
    for (const account of [CLEARING, feeDue(WALLET), refundDue, suspense]) {
      const nameless = { ...entry(1n, 0n), account, config: null };
      expect(() => posting('paid', BOOKED, [nameless]), account).toThrow('a shared account');
    }
    const own = { ...entry(1n, 0n), account: escrow(ACCOUNT) };
    expect(() => posting('paid', BOOKED, [own])).toThrow('a shared account');
  });

  it('names its object, and the wallet’s own moment where it tells one', () => {
    const leg = { leg: LEG, attempt: ATTEMPT };
    const allocation = { escrowFen: 1n, feeFen: 0n, balanceFen: 0n };
    const refund = { refund: REFUND, attempt: ATTEMPT, walletAccount: ACCOUNT, allocation };
    const figures = { bookedFen: 1n, receiptFen: 1n, surplusFen: 0n, feeFen: 1n, escrows: [] };
    const back = { ...refund, movedFen: 1n };
    const booked: [Posting, string, number | null][] = [
      [paid({ ...leg, receiptFen: 1n, feeFen: 1n, escrows: [] }), LEG.id, 41],
      [paidSuperseded(leg, 1n), LEG.id, 41],
      [paidConflicted(leg, 1n), LEG.id, 41],
      [conflictSuperseded(leg, 1n, 1n), LEG.id, null],
      [conflictAccepted({ ...leg, ...figures }), LEG.id, null],
      [refundReserved(refund), REFUND.id, null],
      [refundFailed(refund), REFUND.id, null],
      [refundCorrected(refund), REFUND.id, null],
      [escrowReleased(escrowOf(1, 9n, 1n)), formatId('escrow', 1n), null],
      [refundSucceeded({ ...back, settledAtMs: 43 }), REFUND.id, 43],
      [refundSucceeded({ ...back, settledAtMs: null, isAbsorbed: true }), REFUND.id, null],
    ];
    for (const [{ moment, object, occurredAtMs, currency, entries }, id, atMs] of booked) {
      expect([moment, object, occurredAtMs, currency]).toEqual([moment, id, atMs, 'cny']);
      expect(entries.length, moment).toBeGreaterThan(1);
    }
  });

  it('reads back from its name what an account of a merchant holds', () => {
    expect(merchantAccountIn(escrow(ACCOUNT))).toEqual({
      walletAccount: ACCOUNT,
      kind: 'escrowFen',
    });
    expect(merchantAccountIn(available(ACCOUNT))?.kind).toBe('availableFen');
    expect(merchantAccountIn(owed(ACCOUNT))?.kind).toBe('owedFen');
    const merchant = formatId('merchant', 5n);
    const was = (name: string) => merchantAccountIn(name);
    expect(was(`merchant:${merchant}:jdpay:available`)).toEqual({
      ...{ walletAccount: null, owner: { merchant, wallet: 'jdpay' }, kind: 'availableFen' },
    });
    expect(was(`merchant:${merchant}:owed`)?.owner).toEqual({ merchant, wallet: null });
    for (const name of [CLEARING, refundDue, suspense, 'bank:escrow', 'wallet_account:x:escrow'])
      expect(was(name)).toBeUndefined();
  });

  it('keeps every account at zero or above through payments, refunds and their failures', () => {
    const orders = fc.array(
      fc.record({
        receipt: fen,
        fee: share,
        merchant: fc.integer({ min: 1, max: 3 }),
        refunds: fc.array(fc.record({ share, succeeds: fc.boolean() }), { maxLength: 5 }),
      }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(orders, (given) => {
        const books = new Books();
        let heldFen = 0n;
        for (const order of given) {
          const feeFen = (order.receipt * BigInt(order.fee)) / 1_000n;
          const held = escrowOf(order.merchant, order.receipt, feeFen);
          let left: RefundAllocation = { balanceFen: 0n, feeFen, escrowFen: held.heldFen };
          const booked = { leg: LEG, attempt: ATTEMPT, receiptFen: order.receipt, feeFen };
          books.book(paid({ ...booked, escrows: [held] }));
          heldFen += order.receipt;
          for (const { share: percent, succeeds } of order.refunds) {
            const allocation = {
              ...left,
              feeFen: part(left.feeFen, percent),
              escrowFen: part(left.escrowFen, percent),
            };
            const refund = {
              ...{ refund: REFUND, attempt: ATTEMPT },
              ...{ walletAccount: held.walletAccount, allocation },
            };
            const before = new Map(books.balances);
            books.book(refundReserved(refund));
            if (succeeds) {
              const movedFen = allocation.escrowFen + allocation.feeFen;
              books.book(refundSucceeded({ ...refund, movedFen, settledAtMs: null }));
              heldFen -= movedFen;
              left = {
                ...left,
                feeFen: left.feeFen - allocation.feeFen,
                escrowFen: left.escrowFen - allocation.escrowFen,
              };
            } else {
              books.book(refundFailed(refund));
              for (const [name, value] of before) expect(books.balances.get(name)).toBe(value);
            }
          }
        }
        for (const name of books.balances.keys()) expect(books.of(name) >= 0n, name).toBe(true);
        expect(books.of(refundDue)).toBe(0n);
        expect(books.of(CLEARING)).toBe(heldFen);
      }),
    );
  });

  it('credits each merchant’s own account, and nobody else’s', () => {
    const carts = fc.record({
      receipt: fen,
      fee: share,
      weights: fc.array(fc.bigInt({ min: 1n, max: 99n }), { minLength: 1, maxLength: 5 }),
      suspended: fen,
      surplus: share,
    });
    fc.assert(
      fc.property(carts, ({ receipt, fee, weights, suspended, surplus }) => {
        const surplusFen = part(receipt, surplus);
        const shares = allocateFen(receipt - surplusFen, weights);
        const escrows = shares.map((paidFen, at) => escrowOf(at + 1, paidFen, part(paidFen, fee)));
        const feeFen = sumFen(escrows.map((row) => row.feeFen));
        const leg = { leg: LEG, attempt: ATTEMPT, feeFen, escrows };
        const [plain, accepted] = [new Books(), new Books()];
        plain.book(paid({ ...leg, receiptFen: receipt - surplusFen }));
        accepted.book(paidConflicted({ leg: LEG, attempt: ATTEMPT }, suspended));
        const figures = { bookedFen: suspended, receiptFen: receipt, surplusFen };
        accepted.book(conflictAccepted({ ...leg, ...figures }));
        for (const books of [plain, accepted]) {
          for (const row of escrows) {
            expect(books.of(escrow(row.walletAccount))).toBe(row.heldFen);
          }
          expect(books.of(feeDue(WALLET))).toBe(feeFen);
          expect(books.of(suspense)).toBe(0n);
        }
        expect(accepted.of(CLEARING)).toBe(receipt);
        expect(accepted.of(refundDue)).toBe(surplusFen);
      }),
    );
  });

  it('corrects a reservation to whatever was moved instead', () => {
    const allocations = fc.record({
      escrowFen: fen,
      feeFen: fen,
      balanceFen: fen,
    });
    fc.assert(
      fc.property(allocations, allocations, (before, after) => {
        const of = (allocation: RefundAllocation) => ({
          ...{ refund: REFUND, attempt: ATTEMPT, walletAccount: ACCOUNT, allocation },
        });
        const [corrected, direct] = [new Books(), new Books()];
        corrected.book(refundReserved(of(before)));
        const more = {
          escrowFen: after.escrowFen - before.escrowFen,
          feeFen: after.feeFen - before.feeFen,
          balanceFen: after.balanceFen - before.balanceFen,
        };
        corrected.book(refundCorrected(of(more)));
        direct.book(refundReserved(of(after)));
        for (const name of new Set([...corrected.balances.keys(), ...direct.balances.keys()]))
          expect(corrected.of(name), name).toBe(direct.of(name));
      }),
    );
  });

  it('refunds in full what never counted, even after the wallet corrected its figure', () => {
    const leg = { leg: LEG, attempt: ATTEMPT };
    const back = { refund: REFUND, attempt: ATTEMPT, settledAtMs: null };
    fc.assert(
      fc.property(fen, fen, (bookedFen, trueFen) => {
        const books = new Books();
        books.book(paidConflicted(leg, bookedFen));
        expect(books.of(suspense)).toBe(bookedFen);
        books.book(conflictSuperseded(leg, bookedFen, trueFen));
        expect([books.of(suspense), books.of(CLEARING), books.of(refundDue)]).toEqual([
          0n,
          trueFen,
          trueFen,
        ]);
        books.book(paidSuperseded(leg, bookedFen));
        books.book(refundSucceeded({ ...back, movedFen: bookedFen + trueFen }));
        expect([books.of(CLEARING), books.of(refundDue)]).toEqual([0n, 0n]);
      }),
    );
  });
});
