/**
 * The sweeper: reads what is due in this process's shards and hands each row to its handler, which
 * claims it by a command before it acts. There is no second queue that could disagree with the
 * rows. `settle` steps the same sweep to rest, for a clock that is moved by hand.
 */
import type { Id } from '../core/id.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Db } from '../store/db.ts';
import {
  attemptsDue,
  type DueChild,
  type DueDelivery,
  deliveriesDue,
  intentsDue,
  nextDueMs,
  refundsDue,
  type Share,
} from '../store/due.ts';

export interface Handlers {
  readonly intent: (id: Id<'payment_intent'>) => Promise<void>;
  readonly attempt: (due: DueChild<'payment_attempt'>) => Promise<void>;
  readonly refund: (due: DueChild<'refund'>) => Promise<void>;
  readonly delivery: (due: DueDelivery) => Promise<void>;
}

export interface Sweeper {
  readonly start: () => void;
  /** Sweep soon: something was just made due. */
  readonly wake: () => void;
  /** Sweeps until nothing is due at the present business time; then, when the next is. */
  readonly settle: () => Promise<number | null>;
  readonly stop: () => Promise<void>;
}

export interface SweeperOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly share: () => Share;
  readonly handlers: Handlers;
  readonly onError: (error: unknown) => void;
  readonly intervalMs?: number;
  readonly limit?: number;
}

const ROUND_COUNT_MAX = 1_000;

export function createSweeper(options: SweeperOptions): Sweeper {
  const intervalMs = options.intervalMs ?? 1_000;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let isAwake = false;
  let sweeping: Promise<boolean> | undefined;

  const sweep = (): Promise<boolean> => {
    sweeping ??= sweepOnce(options).finally(() => {
      sweeping = undefined;
    });
    return sweeping;
  };
  const turn = async (): Promise<void> => {
    isAwake = false;
    const wasFull = await sweep().catch((error: unknown) => {
      options.onError(error);
      return false;
    });
    if (isStopped) return;
    timer = setTimeout(() => void turn(), isAwake || wasFull ? 0 : intervalMs);
  };
  return {
    start: () => {
      timer = setTimeout(() => void turn(), 0);
    },
    wake: () => {
      if (isAwake || isStopped) return;
      isAwake = true;
      // A sweep under way may have read past the new row; its turn will see the flag.
      if (sweeping !== undefined) return;
      clearTimeout(timer);
      timer = setTimeout(() => void turn(), 0);
    },
    settle: async () => {
      for (let round = 0; round < ROUND_COUNT_MAX; round += 1) {
        await sweep();
        const next = await nextDueMs(options.db);
        if (next === null || next > options.clock.nowMs()) return next;
      }
      return options.clock.nowMs() + intervalMs;
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await sweeping?.catch(() => undefined);
    },
  };
}

/** One pass over all four kinds; true when a kind had more than one pass takes. */
async function sweepOnce(options: SweeperOptions): Promise<boolean> {
  const { db, clock, handlers, share } = options;
  const limit = options.limit ?? 200;
  const nowMs = clock.nowMs();
  const [intents, attempts, refunds, deliveries] = [
    await intentsDue(db, nowMs, share(), limit),
    await attemptsDue(db, nowMs, share(), limit),
    await refundsDue(db, nowMs, share(), limit),
    await deliveriesDue(db, nowMs, share(), limit),
  ];
  const work = [
    ...intents.map(handlers.intent),
    ...attempts.map(handlers.attempt),
    ...refunds.map(handlers.refund),
    ...deliveries.map(handlers.delivery),
  ];
  for (const done of await Promise.allSettled(work)) {
    if (done.status === 'rejected') options.onError(done.reason);
  }
  return [intents, attempts, refunds, deliveries].some((rows) => rows.length === limit);
}
