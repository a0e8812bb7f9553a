/**
 * The city's clock is the wall clock plus an offset that only grows and survives a restart. Only
 * the control's advance moves it; whoever waits for city time listens and sets its timer again.
 */
import type { Clock } from '../../src/runtime/clock.ts';
import type { Journal } from './kit.ts';

export interface CityClock extends Clock {
  readonly offsetMs: () => number;
  /** Moves forward to that city time; an earlier one is ignored. */
  readonly moveTo: (nowMs: number) => void;
  /** One millisecond forward: followers of the clock settle again. */
  readonly nudge: () => void;
  /** Returns the function that stops listening. */
  readonly onMoved: (listener: () => void) => () => void;
}

const KEY = 'offset_ms';

export function openCityClock(options: {
  readonly wall: Clock;
  readonly journal: Journal;
}): CityClock {
  const kept = options.journal.collection<number>('clock');
  const listeners = new Set<() => void>();
  let offsetMs = kept.get(KEY) ?? 0;
  const adopt = (nextMs: number) => {
    offsetMs = nextMs;
    kept.put(KEY, offsetMs);
    for (const listener of listeners) listener();
  };
  return {
    nowMs: () => options.wall.nowMs() + offsetMs,
    offsetMs: () => offsetMs,
    moveTo: (nowMs) => {
      const next = Math.ceil(nowMs - options.wall.nowMs());
      if (next > offsetMs) adopt(next);
    },
    nudge: () => adopt(offsetMs + 1),
    onMoved: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
