/**
 * Limits how often something may happen per key (a token of the cashier) in a time window. In
 * memory, per process, bounded: when too many keys are known, the oldest is dropped, which can only
 * be lenient.
 */
import type { Clock } from '../runtime/clock.ts';

export interface Budget {
  /** Counts one; returns 0 within the budget, else the seconds until the window ends. */
  readonly spend: (key: string) => number;
  /** Is it spent? Counts nothing; returns the seconds as above. */
  readonly secondsLeft: (key: string) => number;
}

export interface BudgetOptions {
  readonly max: number;
  readonly windowMs: number;
  /** Wall time. */
  readonly wall: Clock;
  readonly keysMax?: number;
}

interface Window {
  count: number;
  readonly untilMs: number;
}

const KEYS_MAX = 10_000;

export function createBudget(options: BudgetOptions): Budget {
  const { max, windowMs, wall } = options;
  const keysMax = options.keysMax ?? KEYS_MAX;
  const windows = new Map<string, Window>();
  const current = (key: string, nowMs: number): Window | undefined => {
    const window = windows.get(key);
    return window !== undefined && nowMs < window.untilMs ? window : undefined;
  };
  const open = (key: string, nowMs: number): Window => {
    windows.delete(key);
    if (windows.size >= keysMax) {
      const [oldest] = windows.keys();
      if (oldest !== undefined) windows.delete(oldest);
    }
    const window = { count: 0, untilMs: nowMs + windowMs };
    windows.set(key, window);
    return window;
  };
  const seconds = (window: Window, nowMs: number): number =>
    Math.max(1, Math.ceil((window.untilMs - nowMs) / 1_000));
  return {
    spend: (key) => {
      const nowMs = wall.nowMs();
      const window = current(key, nowMs) ?? open(key, nowMs);
      window.count += 1;
      return window.count <= max ? 0 : seconds(window, nowMs);
    },
    secondsLeft: (key) => {
      const nowMs = wall.nowMs();
      const window = current(key, nowMs);
      return window === undefined || window.count < max ? 0 : seconds(window, nowMs);
    },
  };
}
