/**
 * The city's clock is the wall clock plus an offset that only grows and survives a restart. Nothing
 * but the control's advance moves it; whoever waits for city time listens and arms anew.
 */
import type { Clock } from '../../src/runtime/clock.ts';
import type { Journal } from './kit.ts';

export interface CityClock extends Clock {
  readonly offsetMs: () => number;
  /** Moves forward to that city time; an earlier one changes nothing. */
  readonly moveTo: (nowMs: number) => void;
  /** One millisecond forward: whoever follows the clock settles anew. */
  readonly nudge: () => void;
  /** Gives the function that stops listening. */
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
