/**
 * Load, two ways, always bounded in time and count.
 *
 * `openLoad` lets work arrive at a fixed rate whatever becomes of what arrived before, as buyers
 * do, and hands every piece of work the moment at which it was due: latency is counted from there,
 * so a stall of the system shows in everything that should have happened during it (coordinated
 * omission). `closedLoad` keeps a fixed number under way: it finds what the system can do at most.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** `dueMs` is on performance.now()'s scale. */
export type Work = (dueMs: number) => Promise<void>;

export interface LoadResult {
  readonly started: number;
  readonly done: number;
  /** Of `done`, those that ended before the load stopped arriving: what a rate is made of. */
  readonly doneInTime: number;
  readonly errors: readonly string[];
  readonly tookMs: number;
}

export async function openLoad(
  work: Work,
  options: {
    readonly ratePerS: number;
    readonly durationMs: number;
    /** Work that arrives beyond it is an error, not a queue without end. */
    readonly underWayMax: number;
  },
): Promise<LoadResult> {
  const count = Math.floor((options.ratePerS * options.durationMs) / 1_000);
  const startMs = performance.now();
  const tally = openTally(work, startMs + options.durationMs);
  for (let index = 0; index < count; ) {
    const dueMs = startMs + (index * 1_000) / options.ratePerS;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(Math.ceil(waitMs));
    else {
      if (tally.underWay() < options.underWayMax) tally.start(dueMs);
      else tally.refuse(`more than ${options.underWayMax} under way`);
      index += 1;
    }
  }
  return tally.close(startMs);
}

export async function closedLoad(
  work: Work,
  options: {
    readonly underWay: number;
    readonly durationMs: number;
    /** Ends earlier when so many have been started. */
    readonly countMax?: number;
  },
): Promise<LoadResult> {
  const startMs = performance.now();
  const endMs = startMs + options.durationMs;
  const tally = openTally(work, endMs);
  const countMax = options.countMax ?? Number.POSITIVE_INFINITY;
  const worker = async (): Promise<void> => {
    while (performance.now() < endMs && tally.started() < countMax)
      await tally.start(performance.now());
  };
  await Promise.all(Array.from({ length: options.underWay }, worker));
  return tally.close(startMs);
}

interface Tally {
  readonly start: (dueMs: number) => Promise<void>;
  readonly refuse: (why: string) => void;
  readonly underWay: () => number;
  readonly started: () => number;
  /** Waits for all that is under way. */
  readonly close: (startMs: number) => Promise<LoadResult>;
}

function openTally(work: Work, endMs: number): Tally {
  const open = new Set<Promise<void>>();
  const errors: string[] = [];
  let started = 0;
  let done = 0;
  let doneInTime = 0;
  const run = async (dueMs: number): Promise<void> => {
    try {
      await work(dueMs);
      done += 1;
      if (performance.now() <= endMs) doneInTime += 1;
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  };
  return {
    start: (dueMs) => {
      started += 1;
      const running = run(dueMs).finally(() => open.delete(running));
      open.add(running);
      return running;
    },
    refuse: (why) => void errors.push(why),
    underWay: () => open.size,
    started: () => started,
    close: async (startMs) => {
      await Promise.all(open);
      return { started, done, doneInTime, errors, tookMs: performance.now() - startMs };
    },
  };
}
