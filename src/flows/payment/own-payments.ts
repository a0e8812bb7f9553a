/**
 * Does a number in a callback belong to a payment of ours at this configuration? Anyone may send us
 * numbers, so the database is asked for all waiting numbers at once, one query at a time. Numbers
 * of ours are remembered, others only briefly, and when too many wait the answer is no: the wallet
 * delivers again.
 */

import { parseOrderNumber, parseRefundNumber } from '../../core/payment/order-number.ts';
import type { Id } from '../../kernel/id.ts';
import type { Clock } from '../../runtime/clock.ts';
import { createSharedReads } from '../../runtime/shared-reads.ts';
import type { PaymentOfConfig } from '../../store/payment/own-payments.ts';

export interface OwnPayments {
  readonly has: (config: Id<'wallet_config'>, number: string) => Promise<boolean>;
}

type Intent = Id<'payment_intent'>;

/** The size of one query, and of the queue for the next one. */
const BATCH_MAX = 1_000;
const REMEMBERED_MAX = 20_000;
/** A payment whose attempt is being committed is found at the next delivery. */
const FOREIGN_KEPT_MS = 1_000;

export function createOwnPayments(
  wall: Clock,
  readConfigsOf: (intents: readonly Intent[]) => Promise<readonly PaymentOfConfig[]>,
): OwnPayments {
  const ours = new Set<string>();
  let foreign = new Set<string>();
  let foreignSinceMs = 0;
  const reads = createSharedReads(readAndRemember, { keysMax: BATCH_MAX, waitingMax: BATCH_MAX });

  /** A failed query proves nothing. */
  async function readAndRemember(keys: readonly string[]): Promise<ReadonlyMap<string, true>> {
    const rows = await readConfigsOf([...new Set(keys.map(intentOf))]);
    const found = new Map(rows.map(({ config, intent }) => [keyOf(config, intent), true as const]));
    for (const key of keys) remember(key, found.has(key));
    return found;
  }

  function remember(key: string, isOurs: boolean): void {
    const kept = isOurs ? ours : foreign;
    if (kept.size >= REMEMBERED_MAX) kept.clear();
    kept.add(key);
  }

  function isForeign(key: string): boolean {
    const nowMs = wall.nowMs();
    if (nowMs - foreignSinceMs >= FOREIGN_KEPT_MS) {
      foreign = new Set();
      foreignSinceMs = nowMs;
    }
    return foreign.has(key);
  }

  return {
    has: async (config, number) => {
      const intent = (parseOrderNumber(number) ?? parseRefundNumber(number))?.intent;
      if (intent === undefined) return false;
      const key = keyOf(config, intent);
      if (ours.has(key)) return true;
      if (isForeign(key)) return false;
      return (await reads(key).catch(() => undefined)) === true;
    },
  };
}

function keyOf(config: Id<'wallet_config'>, intent: Intent): string {
  return `${config} ${intent}`;
}

function intentOf(key: string): Intent {
  return key.slice(key.indexOf(' ') + 1) as Intent;
}
