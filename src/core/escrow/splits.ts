/**
 * The shares of a sub_order that go to others than its merchant. They are checked when the payment
 * is created, because a stored share is a promise. Each split is an amount or basis points, and
 * together they may not exceed the sub_order; each wallet caps what may be split of an order.
 */
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';

const WHOLE_BPS = 10_000n;

interface Split {
  readonly type?: unknown;
  readonly party?: unknown;
  readonly amount?: unknown;
  readonly bps?: unknown;
}

interface SplitOrder {
  readonly merchant: Id<'merchant'>;
  readonly amountFen: Fen;
  readonly splits: readonly unknown[] | null;
}

function invalid(message: string, param: string): HutongError {
  return hutongError('parameter_invalid', message, { param });
}

/** The first thing wrong with the splits of `sub_orders[index]`. */
export function splitProblem(sub: SplitOrder, index: number): HutongError | undefined {
  const path = `sub_orders[${index}].splits`;
  for (const [at, split] of splitsOf(sub).entries()) {
    const isOne = (split.amount === undefined) !== (split.bps === undefined);
    if (!isOne) {
      const found = split.amount === undefined ? 'neither' : 'both';
      return invalid(`a split has amount or bps; this has ${found}`, `${path}[${at}].amount`);
    }
    if (split.type === 'affiliate' && split.party === undefined)
      return invalid('a split for an affiliate names its party', `${path}[${at}].party`);
  }
  const promised = promisedOf(sub);
  if (promised <= sub.amountFen * WHOLE_BPS) return undefined;
  const most = `at most the sub_order's ${sub.amountFen} fen`;
  return invalid(`the splits come to ${promised / WHOLE_BPS} fen; they are ${most}`, path);
}

function splitsOf({ splits }: SplitOrder): readonly Split[] {
  return (splits ?? []) as readonly Split[];
}

/** In ten-thousandths of a fen, so that nothing is rounded. */
function promisedOf(sub: SplitOrder): bigint {
  let total = 0n;
  for (const { amount, bps } of splitsOf(sub)) {
    if (typeof amount === 'number') total += BigInt(amount) * WHOLE_BPS;
    else if (typeof bps === 'number') total += sub.amountFen * BigInt(bps);
  }
  return total;
}

/** Merchants whose splits exceed the cap of such a wallet. */
export function merchantsBeyond(
  subOrders: readonly SplitOrder[],
  capBps: number,
): Id<'merchant'>[] {
  const promised = new Map<Id<'merchant'>, { amountFen: Fen; total: bigint }>();
  for (const sub of subOrders) {
    const { amountFen, total } = promised.get(sub.merchant) ?? { amountFen: 0n, total: 0n };
    promised.set(sub.merchant, {
      amountFen: amountFen + sub.amountFen,
      total: total + promisedOf(sub),
    });
  }
  return [...promised]
    .filter(([, { amountFen, total }]) => total > amountFen * BigInt(capBps))
    .map(([merchant]) => merchant);
}
