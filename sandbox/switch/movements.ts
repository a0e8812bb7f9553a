/**
 * Movements between institutions, as posted by the switch: each payment with another wallet's app,
 * and each refund of one. The switch reads the acceptors' own orders and posts what it has not
 * posted yet, so a movement is posted once, however often it reads. A closed day never changes:
 * what is found later belongs to the day that is open then.
 */
import { assert } from '../../src/kernel/assert.ts';
import type { Fen } from '../../src/kernel/money.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { beijingDate } from '../../src/wires/beijing-time.ts';
import type { Collection, ControlOrder, Gateway, Journal } from '../kit/kit.ts';

export interface Movement {
  readonly id: string;
  readonly kind: 'payment' | 'refund';
  readonly payer: WalletName;
  readonly acceptor: WalletName;
  readonly orderNo: string;
  readonly merchant: string;
  readonly transactionId: string | null;
  /** Always positive: a payment goes from payer to acceptor, a refund the other way. */
  readonly amountFen: Fen;
  /** The clearing day, in Beijing. */
  readonly date: string;
  readonly postedAtMs: number;
}

/** How much of one order has been posted. */
interface Posted {
  readonly key: string;
  readonly refundedFen: Fen;
  readonly refundCount: number;
}

export interface Movements {
  /** Posts what the wallets' orders show and is not posted yet, as of that time. */
  readonly post: (asOfMs: number) => void;
  readonly ofDate: (date: string) => Movement[];
  readonly all: () => Movement[];
  readonly count: () => number;
  /** The first day that is still open; null = none was closed yet. */
  readonly openFrom: () => string | null;
  /** Days before `date` accept no more movements. */
  readonly closeBefore: (date: string) => void;
}

interface MovementStore {
  readonly movements: Collection<Movement>;
  readonly posted: Collection<Posted>;
  readonly days: Collection<string>;
}

const OPEN_FROM = 'open_from';

export function openMovements(journal: Journal, gateways: readonly Gateway[]): Movements {
  const store: MovementStore = {
    movements: journal.collection('switch.movements'),
    posted: journal.collection('switch.posted'),
    days: journal.collection('switch.days'),
  };
  return {
    post: (asOfMs) => {
      for (const gateway of gateways) {
        for (const order of gateway.orders()) postOrder(store, order, asOfMs);
      }
    },
    ofDate: (date) => [...store.movements.values()].filter((row) => row.date === date),
    all: () => [...store.movements.values()],
    count: () => store.movements.size(),
    openFrom: () => store.days.get(OPEN_FROM) ?? null,
    closeBefore: (date) => store.days.put(OPEN_FROM, date),
  };
}

function postOrder(store: MovementStore, order: ControlOrder, asOfMs: number): void {
  const { wallet: acceptor, payerWallet: payer, paidAtMs, payerAmountFen } = order;
  if (payer === null || payer === acceptor || paidAtMs === null) return;
  const key = `${acceptor}/${order.merchant}/${order.orderNo}`;
  const { orderNo, merchant, transactionId } = order;
  const common = { payer, acceptor, orderNo, merchant, transactionId };
  let known = store.posted.get(key);
  if (known === undefined) {
    const amountFen = payerAmountFen ?? order.amountFen;
    const at = { date: openDate(store, paidAtMs), postedAtMs: asOfMs };
    store.movements.put(key, { id: key, kind: 'payment', ...common, amountFen, ...at });
    known = { key, refundedFen: 0n, refundCount: 0 };
    store.posted.put(key, known);
  }
  const newlyFen = order.refundedFen - known.refundedFen;
  assert(newlyFen >= 0n, 'what a wallet has refunded never shrinks');
  if (newlyFen === 0n) return;
  const refundCount = known.refundCount + 1;
  const id = `${key}/refund-${refundCount}`;
  const at = { date: openDate(store, asOfMs), postedAtMs: asOfMs };
  store.movements.put(id, { id, kind: 'refund', ...common, amountFen: newlyFen, ...at });
  store.posted.put(key, { key, refundedFen: order.refundedFen, refundCount });
}

function openDate({ days }: MovementStore, atMs: number): string {
  const date = beijingDate(atMs);
  const openFrom = days.get(OPEN_FROM);
  return openFrom !== undefined && date < openFrom ? openFrom : date;
}
