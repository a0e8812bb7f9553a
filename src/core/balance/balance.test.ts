import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Balances } from '../../../test/helpers/balances.ts';
import { bookPostings } from '../../../test/helpers/payments.ts';
import { formatId } from '../../kernel/id.ts';
import type { Currency } from '../../kernel/money.ts';
import { available, clearing, owed, transferInTransit } from '../ledger/chart.ts';
import { applyTransfer, newBalance, settleDirectly } from './balance.ts';
import { isCredit, type NewTransfer, type Shortfall, type TransferKind } from './transfer.ts';

const ACCOUNT = formatId('wallet_account', 7n);
const NOW_MS = Date.UTC(2026, 10, 1);
const CONTEXT = { nowMs: NOW_MS, newId: () => formatId('transfer', 1n) as never };

let made = 1n;
function transfer(
  kind: TransferKind,
  amountFen: bigint,
  shortfall: Shortfall = 'advance',
): NewTransfer {
  made += 1n;
  return {
    ...{ id: formatId('transfer', made), kind, amountFen, shortfall, currency: 'cny' },
    ...{ source: formatId('refund', made), walletAccount: ACCOUNT, dueAtMs: NOW_MS },
    after: null,
    ...{ merchant: formatId('merchant', 3n), wallet: 'unionpay' },
  };
}

function opened() {
  const books = new Map<string, bigint>();
  return { books, balances: new Balances(books) };
}

describe('a merchant’s balance', () => {
  it('moves once whatever is repeated, owes nothing while it has something, and is in the books', () => {
    const step = fc.record({
      kind: fc.constantFrom<TransferKind>('release', 'reserve', 'charge', 'give_back'),
      shortfall: fc.constantFrom<Shortfall>('wait', 'refuse', 'advance'),
      amountFen: fc.bigInt({ min: 1n, max: 10_000n }),
      again: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { books, balances } = opened();
        const answered: { readonly asked: NewTransfer; readonly outcome: string }[] = [];
        let inFen = 0n;
        for (const { kind, shortfall, amountFen, again } of steps) {
          const asked = transfer(kind, amountFen, shortfall);
          const outcome = balances.apply(asked, NOW_MS);
          if (outcome === 'applied') inFen += isCredit(asked) ? amountFen : -amountFen;
          if (outcome !== 'waiting') answered.push({ asked, outcome });
          // An earlier one comes again, after a crash.
          const earlier = answered[again];
          if (earlier !== undefined)
            expect(balances.apply(earlier.asked, NOW_MS)).toBe(earlier.outcome);
          const { availableFen, owedFen } = balances.of(ACCOUNT)!;
          expect(availableFen - owedFen).toBe(inFen);
          expect(availableFen === 0n || owedFen === 0n).toBe(true);
          expect(-(books.get(available(ACCOUNT)) ?? 0n)).toBe(availableFen);
          expect(books.get(owed(ACCOUNT)) ?? 0n).toBe(owedFen);
          expect(books.get(transferInTransit) ?? 0n).toBe(inFen);
        }
      }),
    );
  });

  it('refuses, waits or advances a reservation that it cannot pay, and keeps a refusal', () => {
    const { books, balances } = opened();
    balances.apply(transfer('release', 300n), NOW_MS);
    const refused = transfer('reserve', 400n, 'refuse');
    const waits = transfer('reserve', 400n, 'wait');
    expect(balances.apply(refused, NOW_MS)).toBe('refused');
    expect(balances.apply(waits, NOW_MS)).toBe('waiting');
    expect(books.get(available(ACCOUNT))).toBe(-300n);
    balances.apply(transfer('release', 200n), NOW_MS);
    // A refusal was answered, and stays; what waits is asked again.
    expect(balances.apply(refused, NOW_MS)).toBe('refused');
    expect(balances.apply(waits, NOW_MS)).toBe('applied');
    expect(balances.of(ACCOUNT)).toMatchObject({ availableFen: 100n, owedFen: 0n });
    expect(balances.apply(transfer('reserve', 150n, 'advance'), NOW_MS)).toBe('applied');
    expect(balances.of(ACCOUNT)).toMatchObject({ availableFen: 0n, owedFen: 50n });
    balances.apply(transfer('give_back', 80n), NOW_MS);
    expect(balances.of(ACCOUNT)).toMatchObject({ availableFen: 30n, owedFen: 0n });
  });

  it('is debited once by a line of a bill where the wallet settles straight to the merchant', () => {
    const books = new Map<string, bigint>();
    const account = {
      ...{ id: ACCOUNT, shard: 3, marketplace: formatId('marketplace', 1n) },
      merchant: formatId('merchant', 3n),
      ...({ wallet: 'unionpay', currency: 'cny' } as const),
    };
    const released = applyTransfer(newBalance(account), transfer('release', 994n), CONTEXT);
    if (!released.ok) throw new Error('released');
    bookPostings(books, released.value.postings);
    const config = formatId('wallet_config', 5n);
    const line = {
      ...{ id: 'bill line 1', config, currency: account.currency },
      ...{ amountFen: 994n, occurredAtMs: NOW_MS },
    };
    const foreign = { ...line, currency: 'usd' as Currency };
    expect(() => settleDirectly(released.value.state, foreign, CONTEXT)).toThrow('one currency');
    const settled = settleDirectly(released.value.state, line, CONTEXT);
    if (!settled.ok) throw new Error('settled');
    bookPostings(books, settled.value.postings);
    expect(settled.value.answer).toMatchObject({ availableFen: 0n, owedFen: 0n });
    expect([books.get(available(ACCOUNT)), books.get(clearing('unionpay'))]).toEqual([0n, -994n]);
    const again = settleDirectly(settled.value.state, line, CONTEXT);
    expect(again).toMatchObject({ ok: true, value: { postings: [], state: settled.value.state } });
  });
});
