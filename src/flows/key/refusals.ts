/**
 * Limits how many refusals (unknown keys, unknown paths) a caller may cause in a window, over all
 * processes. A refusal costs no statement: each process counts in memory, and once a second writes
 * what it has counted, in one statement outside the lanes that returns the sums. So a caller gets
 * at most the limit plus what passes at all processes within a second.
 *
 * Where the database does not answer, or more callers are refused than a statement takes, the
 * process's own count stands alone. Memory is bounded: when too many callers are known, the oldest
 * is dropped, which can only be lenient.
 */

import { createHash } from 'node:crypto';
import { type Chore, startChore, startWriting } from '../../runtime/chore.ts';
import type { Clock } from '../../runtime/clock.ts';
import {
  forgetRefusals,
  type RefusalCount,
  type RefusalSum,
  sumRefusals,
} from '../../store/key/refusals.ts';
import type { Platform } from '../base/platform.ts';

export interface Refusals {
  /** Counts one; returns 0 within the limit, else the seconds until the window ends. */
  readonly note: (caller: string) => number;
  /** Is the limit reached? Counts nothing; returns the seconds as above. */
  readonly secondsLeft: (caller: string) => number;
  /** Writes what was counted since the last call, and learns the sums. */
  readonly share: (sum: Sum) => Promise<void>;
}

type Sum = (counts: readonly RefusalCount[]) => Promise<ReadonlyMap<string, RefusalSum>>;

interface RefusalLimits {
  readonly max: number;
  readonly windowMs: number;
  readonly callersMax: number;
}

/** Of one address. */
const LIMITS: RefusalLimits = { max: 120, windowMs: 60_000, callersMax: 10_000 };

interface Window {
  /** By this process, and what of it is written. */
  own: number;
  written: number;
  others: number;
  untilMs: number;
}

/** A window as it is written. */
interface Sent {
  readonly caller: string;
  readonly window: Window;
  readonly own: number;
}

const CALLERS_A_STATEMENT = 1_000;
const SHARE_EVERY_MS = 1_000;
const FORGET_EVERY_MS = 60_000;

export function createRefusals(wall: Clock, limits: Partial<RefusalLimits> = {}): Refusals {
  const { max, windowMs, callersMax } = { ...LIMITS, ...limits };
  const windows = new Map<string, Window>();
  /** Callers with refusals that are not written yet, the first of them first. */
  const unwritten = new Set<string>();
  const current = (caller: string, nowMs: number): Window | undefined => {
    const window = windows.get(caller);
    return window !== undefined && nowMs < window.untilMs ? window : undefined;
  };
  const open = (caller: string, nowMs: number): Window => {
    windows.delete(caller);
    if (windows.size >= callersMax) {
      const [oldest = caller] = windows.keys();
      windows.delete(oldest);
      unwritten.delete(oldest);
    }
    const window = { own: 0, written: 0, others: 0, untilMs: nowMs + windowMs };
    windows.set(caller, window);
    return window;
  };
  return {
    note: (caller) => {
      const nowMs = wall.nowMs();
      const window = current(caller, nowMs) ?? open(caller, nowMs);
      window.own += 1;
      unwritten.add(caller);
      return window.own + window.others <= max ? 0 : secondsOf(window, nowMs);
    },
    secondsLeft: (caller) => {
      const nowMs = wall.nowMs();
      const window = current(caller, nowMs);
      if (window === undefined || window.own + window.others < max) return 0;
      return secondsOf(window, nowMs);
    },
    share: async (sum) => {
      const nowMs = wall.nowMs();
      const sent = new Map<string, Sent>();
      for (const caller of unwritten) {
        if (sent.size === CALLERS_A_STATEMENT) break;
        unwritten.delete(caller);
        const window = current(caller, nowMs);
        if (window !== undefined) sent.set(nameOf(caller), { caller, window, own: window.own });
      }
      if (sent.size === 0) return;
      const sums = await sum([...sent].map(([name, one]) => countOf(name, one, nowMs))).catch(
        (error: unknown) => {
          for (const { caller } of sent.values()) unwritten.add(caller);
          throw error;
        },
      );
      for (const [name, { window, own }] of sent) {
        const known = sums.get(name);
        if (known === undefined) continue;
        window.written = own;
        window.others = known.count - own;
        window.untilMs = wall.nowMs() + known.leftMs;
      }
    },
  };
}

function secondsOf({ untilMs }: Window, nowMs: number): number {
  return Math.max(1, Math.ceil((untilMs - nowMs) / 1_000));
}

function countOf(name: string, { window, own }: Sent, nowMs: number): RefusalCount {
  return { caller: name, count: own - window.written, leftMs: window.untilMs - nowMs };
}

/** An address is stored by its hash, for the length of its window. */
function nameOf(caller: string): string {
  return createHash('sha256').update(caller).digest('base64url');
}

/** Shares what this process counts, and deletes what is over, until it is stopped. */
export function startSharingRefusals(platform: Platform): Chore {
  const chores = [
    startWriting(SHARE_EVERY_MS, () => shareRefusals(platform)),
    startChore(FORGET_EVERY_MS, () => forgetRefusals(platform.db).catch(() => undefined)),
  ];
  return {
    stop: async () => {
      await Promise.all(chores.map((chore) => chore.stop()));
    },
  };
}

async function shareRefusals({ db, refusals }: Platform): Promise<void> {
  // Not shared in this second: the next one writes it, too.
  await refusals.share((counts) => sumRefusals(db, counts)).catch(() => undefined);
}
