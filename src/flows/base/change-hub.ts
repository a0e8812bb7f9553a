/**
 * Live status: who waits for a payment to change. A change of this process wakes at once. For those
 * of other processes, one shared read, at most every 500 ms, asks which of all the payments that
 * are waited for have moved: waiting costs by the process, not by the buyer. Where nobody waits,
 * there is no statement.
 *
 * A failed read wakes nobody, and the next one comes later. Whoever goes away is forgotten at once,
 * so what is kept is one small entry an open page.
 */

import type { Payment } from '../../core/payment/model.ts';
import type { Id } from '../../kernel/id.ts';

/** A payment, and the version of it that somebody knows. */
export interface Seen {
  readonly id: Id<'payment_intent'>;
  readonly version: number;
}

export interface ChangeHub {
  readonly announce: (payments: readonly Payment[]) => void;
  /** True: it is past the version that was seen; false: the time or the signal came first. */
  readonly wait: (seen: Seen, until: Until) => Promise<boolean>;
}

export interface Until {
  readonly timeoutMs: number;
  /** Whoever waits has gone away. */
  readonly signal?: AbortSignal;
}

/** Those of the payments that are past the version seen, as they are now. One statement. */
type ReadMoved = (seen: readonly Seen[]) => Promise<readonly Seen[]>;

const LOOK_EVERY_MS = 500;
const AFTER_FAILURE_MS = 2_000;
/** Of one statement. */
const PAYMENTS_A_READ = 1_000;

interface Waiter {
  readonly version: number;
  readonly wake: () => void;
}

type Waiting = Map<Id<'payment_intent'>, Set<Waiter>>;

export function createChangeHub(readMoved: ReadMoved): ChangeHub {
  const waiting: Waiting = new Map();
  let isLooking = false;
  const lookWhileWaited = async (): Promise<void> => {
    for (let pauseMs = LOOK_EVERY_MS; ; ) {
      await pause(pauseMs);
      if (waiting.size === 0) break;
      const startedMs = performance.now();
      const isDone = await look(waiting, readMoved);
      const tookMs = performance.now() - startedMs;
      pauseMs = isDone ? Math.max(LOOK_EVERY_MS - tookMs, LOOK_EVERY_MS / 5) : AFTER_FAILURE_MS;
    }
    isLooking = false;
  };
  return {
    announce: (payments) => {
      if (waiting.size === 0) return;
      for (const { intent } of payments) wake(waiting, intent);
    },
    wait: (seen, until) => {
      const changed = enter(waiting, seen, until);
      if (!isLooking && waiting.size > 0) {
        isLooking = true;
        void lookWhileWaited();
      }
      return changed;
    },
  };
}

function enter(
  waiting: Waiting,
  { id, version }: Seen,
  { timeoutMs, signal }: Until,
): Promise<boolean> {
  if (signal?.aborted === true) return Promise.resolve(false);
  return new Promise((resolve) => {
    const group = waiting.get(id) ?? new Set();
    waiting.set(id, group);
    const end = (isChanged: boolean): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
      group.delete(waiter);
      if (group.size === 0 && waiting.get(id) === group) waiting.delete(id);
      resolve(isChanged);
    };
    const leave = (): void => end(false);
    const waiter = { version, wake: () => end(true) };
    const timer = setTimeout(leave, timeoutMs);
    signal?.addEventListener('abort', leave, { once: true });
    group.add(waiter);
  });
}

function wake(waiting: Waiting, { id, version }: Seen): void {
  for (const waiter of waiting.get(id) ?? []) if (waiter.version < version) waiter.wake();
}

/** One round over all that are waited for now; false if the database did not answer. */
async function look(waiting: Waiting, readMoved: ReadMoved): Promise<boolean> {
  const seen = [...waiting].map(([id, group]) => ({ id, version: oldestOf(group) }));
  try {
    for (let first = 0; first < seen.length; first += PAYMENTS_A_READ) {
      const moved = await readMoved(seen.slice(first, first + PAYMENTS_A_READ));
      for (const now of moved) wake(waiting, now);
    }
    return true;
  } catch {
    return false;
  }
}

function oldestOf(group: ReadonlySet<Waiter>): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { version } of group) oldest = Math.min(oldest, version);
  return oldest;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs).unref();
  });
}
