/**
 * The sweeper: reads what is due in this process's shards, claims each row by a command, and only
 * then acts. There is no second queue that could disagree with the rows.
 *
 * Each kind of row has a loop of its own, and a pass waits for claims only, never for a wallet or
 * a receiver: one that hangs holds up nothing but what it was asked. `settle` steps the same
 * sweeps to rest, for a clock that is moved by hand.
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

/** What is left to do once the claim is committed; null = nothing, or somebody else's. */
export type Work = (() => Promise<void>) | null;

export interface Handlers {
  readonly intent: (id: Id<'payment_intent'>) => Promise<Work>;
  readonly attempt: (due: DueChild<'payment_attempt'>) => Promise<Work>;
  readonly refund: (due: DueChild<'refund'>) => Promise<Work>;
  readonly delivery: (due: DueDelivery) => Promise<Work>;
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
  /** Rows of one kind in one pass. */
  readonly limit?: number;
}

/** Claimed and under way at once, of one kind; beyond it the rows wait in the database. */
const UNDER_WAY_MAX = 2_000;
const SETTLE_ROUNDS_MAX = 1_000;

export function createSweeper(options: SweeperOptions): Sweeper {
  const { db, clock, handlers } = options;
  const loops = [
    new SweepLoop(options, intentsDue, handlers.intent),
    new SweepLoop(options, attemptsDue, handlers.attempt),
    new SweepLoop(options, refundsDue, handlers.refund),
    new SweepLoop(options, deliveriesDue, handlers.delivery),
  ];
  return {
    start: () => {
      for (const loop of loops) loop.start();
    },
    wake: () => {
      for (const loop of loops) loop.wake();
    },
    settle: async () => {
      for (let round = 0; round < SETTLE_ROUNDS_MAX; round += 1) {
        for (const loop of loops) await loop.pass();
        await Promise.all(loops.map((loop) => loop.idle()));
        const next = await nextDueMs(db);
        if (next === null || next > clock.nowMs()) return next;
      }
      return clock.nowMs() + 1_000;
    },
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

type Read<T> = (db: Db, nowMs: number, share: Share, limit: number) => Promise<readonly T[]>;

class SweepLoop<T> {
  readonly #options: SweeperOptions;
  readonly #read: Read<T>;
  readonly #claim: (row: T) => Promise<Work>;
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #passing: Promise<boolean> | undefined;
  #isAwake = false;
  #isStopped = false;

  constructor(options: SweeperOptions, read: Read<T>, claim: (row: T) => Promise<Work>) {
    this.#options = options;
    this.#read = read;
    this.#claim = claim;
  }

  start(): void {
    this.#after(0);
  }

  wake(): void {
    if (this.#isAwake || this.#isStopped || this.#timer === undefined) return;
    this.#isAwake = true;
    // A pass under way may have read past the new row; the turn after it will see the flag.
    if (this.#passing === undefined) this.#after(0);
  }

  /** One pass, joined by whoever asks meanwhile; true when more is due than one pass takes. */
  pass(): Promise<boolean> {
    this.#passing ??= this.#sweep().finally(() => {
      this.#passing = undefined;
    });
    return this.#passing;
  }

  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#passing?.catch(() => undefined);
    await this.idle();
  }

  #after(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#turn(), delayMs);
  }

  async #turn(): Promise<void> {
    this.#isAwake = false;
    const hasMore = await this.pass().catch((error: unknown) => {
      this.#options.onError(error);
      return false;
    });
    if (!this.#isStopped) {
      this.#after(this.#isAwake || hasMore ? 0 : (this.#options.intervalMs ?? 1_000));
    }
  }

  async #sweep(): Promise<boolean> {
    const { db, clock, share, onError, limit = 200 } = this.#options;
    if (this.#underWay.size >= UNDER_WAY_MAX) return false;
    const rows = await this.#read(db, clock.nowMs(), share(), limit);
    const claims = await Promise.allSettled(rows.map((row) => this.#claim(row)));
    for (const claim of claims) {
      if (claim.status === 'rejected') onError(claim.reason);
      else if (claim.value !== null) this.#begin(claim.value);
    }
    return rows.length === limit;
  }

  #begin(work: () => Promise<void>): void {
    const done = work()
      .catch(this.#options.onError)
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }
}
