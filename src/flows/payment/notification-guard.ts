/**
 * What refused callbacks may cost. Anyone can post to /notify, so refusals spend a budget for each
 * address and configuration; beyond it a callback is answered without its signature being looked
 * at. A genuine callback is never lost to that: one that names a payment of ours at this
 * configuration, or opens with a key that only its wallet and we hold, is verified whatever its
 * address has sent before. What verifies costs nothing.
 */
import type { Id } from '../../kernel/id.ts';
import type { Clock } from '../../runtime/clock.ts';
import { createTokenBucket, type TokenBucket } from '../../runtime/token-bucket.ts';
import type { NotificationGate } from '../../wallets/wallet.ts';
import type { OwnPayments } from './own-payments.ts';

export interface NotificationGuard {
  readonly visit: (from: string, config: Id<'wallet_config'>) => Visit;
}

/** One callback on its way through. */
export interface Visit {
  readonly gate: NotificationGate;
  readonly verified: () => void;
  /** false: beyond the budget, where nothing is logged either. */
  readonly refused: () => boolean;
}

const SECOND_MS = 1_000;
const BUDGET = { burst: 60, refill: 60, everyMs: SECOND_MS } as const;
/** Beyond so many addresses at once the rest share one budget. */
const ADDRESSES_MAX = 10_000;
const THE_REST = '';

export function createNotificationGuard(wall: Clock, payments: OwnPayments): NotificationGuard {
  const budgets = new Map<string, TokenBucket>();
  let forgotAtMs = Number.NEGATIVE_INFINITY;

  /** Whoever has spent nothing for a second; looked for once a second. */
  function forgetIdle(): void {
    const nowMs = wall.nowMs();
    if (nowMs - forgotAtMs < SECOND_MS) return;
    forgotAtMs = nowMs;
    for (const [key, budget] of budgets) if (budget.isFull()) budgets.delete(key);
  }

  function budgetOf(key: string): TokenBucket {
    const known = budgets.get(key);
    if (known !== undefined) return known;
    if (key !== THE_REST && budgets.size >= ADDRESSES_MAX) {
      forgetIdle();
      if (budgets.size >= ADDRESSES_MAX) return budgetOf(THE_REST);
    }
    const budget = createTokenBucket(wall, BUDGET);
    budgets.set(key, budget);
    return budget;
  }

  return {
    visit: (from, config) => {
      const key = `${from} ${config}`;
      let reserved: TokenBucket | undefined;
      const take = (): TokenBucket | undefined => {
        const budget = budgetOf(key);
        return budget.take() ? budget : undefined;
      };
      return {
        gate: async (claim) => {
          // Taken before the outcome is known, or a thousand at once would all be let in.
          reserved = take();
          if (reserved !== undefined || claim.kind === 'opened') return true;
          return payments.has(config, claim.orderNo);
        },
        verified: () => reserved?.giveBack(),
        refused: () => (reserved ?? take()) !== undefined,
      };
    },
  };
}
