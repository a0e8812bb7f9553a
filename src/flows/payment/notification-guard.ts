/**
 * Bounds the cost of refused callbacks. Anyone can post to /notify, so refusals spend a budget per
 * address and configuration; once it is spent, callbacks are answered without checking their
 * signature. Genuine callbacks are never lost to that: one that names a payment of ours at this
 * configuration, or can be opened with a key that only its wallet and we hold, is verified whatever
 * its address sent before. A callback that verifies costs no budget.
 */
import type { Id } from '../../kernel/id.ts';
import type { Clock } from '../../runtime/clock.ts';
import { createTokenBucket, type TokenBucket } from '../../runtime/token-bucket.ts';
import type { NotificationGate } from '../../wallets/wallet.ts';
import type { OwnPayments } from './own-payments.ts';

export interface NotificationGuard {
  readonly visit: (from: string, config: Id<'wallet_config'>) => Visit;
}

/** One callback being processed. */
export interface Visit {
  readonly gate: NotificationGate;
  readonly verified: () => void;
  /** false: over budget, where nothing is logged either. */
  readonly refused: () => boolean;
}

const SECOND_MS = 1_000;
const BUDGET = { burst: 60, refill: 60, everyMs: SECOND_MS } as const;
/** Above this number of addresses at once, the rest share one budget. */
const ADDRESSES_MAX = 10_000;
const THE_REST = '';

export function createNotificationGuard(wall: Clock, payments: OwnPayments): NotificationGuard {
  const budgets = new Map<string, TokenBucket>();
  let forgotAtMs = Number.NEGATIVE_INFINITY;

  /** Removes addresses that spent nothing for a second; runs once a second. */
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
          // Taken before the outcome is known; otherwise a thousand at once would all pass.
          reserved = take();
          if (reserved !== undefined || claim.kind === 'opened') return true;
          return payments.has(config, claim.orderNo);
        },
        verified: () => reserved?.release(),
        refused: () => (reserved ?? take()) !== undefined,
      };
    },
  };
}
