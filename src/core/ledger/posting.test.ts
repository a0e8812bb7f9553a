import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatId } from '../../kernel/id.ts';
import type { RefundAllocation } from '../payment/model.ts';
import { clearing, escrow, feeDue, normalSide, refundDue, suspense } from './chart.ts';
import {
  conflictSuperseded,
  type Posting,
  paid,
  paidConflicted,
  paidSuperseded,
  posting,
  refundFailed,
  refundReserved,
  refundSucceeded,
} from './posting.ts';

const MERCHANT = formatId('merchant', 1n);
const WALLET = 'alipay';
const CLEARING = clearing(WALLET);

class Books {
  readonly balances = new Map<string, bigint>();

  book({ entries }: Posting): void {
    for (const { account, debitFen, creditFen } of entries)
      this.balances.set(account, (this.balances.get(account) ?? 0n) + debitFen - creditFen);
  }

  /** On its normal side. */
  of(account: string): bigint {
    const value = this.balances.get(account) ?? 0n;
    return normalSide(account) === 'debit' ? value : -value;
  }
}

const fen = fc.bigInt({ min: 0n, max: 10n ** 10n });

describe('posting', () => {
  it('refuses what does not sum to zero, or is negative', () => {
    const entry = (debitFen: bigint, creditFen: bigint) => ({
      account: CLEARING,
      debitFen,
      creditFen,
    });
    expect(() => posting('paid', [entry(2n, 0n), entry(0n, 1n)])).toThrow('off by 1');
    expect(() => posting('paid', [entry(-1n, 0n), entry(0n, -1n)])).toThrow('never negative');
    expect(posting('paid', [entry(0n, 0n)]).entries).toEqual([]);
  });

  it('keeps every account at zero or above through payments, refunds and their failures', () => {
    const orders = fc.array(
      fc.record({
        receipt: fen,
        fee: fc.integer({ min: 0, max: 100 }),
        refunds: fc.array(
          fc.record({ share: fc.integer({ min: 0, max: 100 }), succeeds: fc.boolean() }),
          { maxLength: 5 },
        ),
      }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(orders, (given) => {
        const books = new Books();
        let heldFen = 0n;
        for (const order of given) {
          const feeFen = (order.receipt * BigInt(order.fee)) / 1_000n;
          let left: RefundAllocation = {
            escrowFen: order.receipt - feeFen,
            feeFen,
            availableFen: 0n,
            owedFen: 0n,
          };
          const held = {
            id: formatId('escrow', 1n),
            subOrder: formatId('sub_order', 1n),
            leg: formatId('leg', 1n),
            merchant: MERCHANT,
            wallet: WALLET,
            orderedFen: order.receipt,
            paidFen: order.receipt,
            feeFen,
            releasedFen: 0n,
            returnedFen: 0n,
            heldFen: left.escrowFen,
            status: 'held',
            dueAtMs: null,
          } as const;
          books.book(paid({ wallet: WALLET, receiptFen: order.receipt, feeFen, escrows: [held] }));
          heldFen += order.receipt;
          for (const { share, succeeds } of order.refunds) {
            const part = (value: bigint) => (value * BigInt(share)) / 100n;
            const allocation = {
              ...left,
              escrowFen: part(left.escrowFen),
              feeFen: part(left.feeFen),
            };
            const refund = { wallet: WALLET, merchant: MERCHANT, allocation } as const;
            const before = new Map(books.balances);
            books.book(refundReserved(refund));
            if (succeeds) {
              const movedFen = allocation.escrowFen + allocation.feeFen;
              books.book(refundSucceeded({ wallet: WALLET, movedFen }));
              heldFen -= movedFen;
              const { escrowFen, feeFen: feeLeft } = left;
              left = {
                ...left,
                escrowFen: escrowFen - allocation.escrowFen,
                feeFen: feeLeft - allocation.feeFen,
              };
            } else {
              books.book(refundFailed(refund));
              for (const [account, value] of before)
                expect(books.balances.get(account)).toBe(value);
            }
          }
        }
        for (const account of [CLEARING, escrow(MERCHANT, WALLET), feeDue(WALLET)])
          expect(books.of(account) >= 0n).toBe(true);
        expect(books.of(refundDue)).toBe(0n);
        expect(books.of(CLEARING)).toBe(heldFen);
      }),
    );
  });

  it('refunds in full what never counted, even after the wallet corrected its figure', () => {
    fc.assert(
      fc.property(fen, fen, (bookedFen, trueFen) => {
        const books = new Books();
        books.book(paidConflicted(WALLET, bookedFen));
        expect(books.of(suspense)).toBe(bookedFen);
        books.book(conflictSuperseded(WALLET, bookedFen, trueFen));
        expect([books.of(suspense), books.of(CLEARING), books.of(refundDue)]).toEqual([
          0n,
          trueFen,
          trueFen,
        ]);
        books.book(paidSuperseded(WALLET, bookedFen));
        books.book(refundSucceeded({ wallet: WALLET, movedFen: bookedFen + trueFen }));
        expect([books.of(CLEARING), books.of(refundDue)]).toEqual([0n, 0n]);
      }),
    );
  });
});
