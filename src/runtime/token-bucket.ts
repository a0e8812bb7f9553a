/**
 * So many at once, and then so many for each `everyMs`: what something costly that strangers can
 * cause is counted by. It never waits; what it refuses is over.
 */
import type { Clock } from './clock.ts';

export interface TokenBucket {
  /** false = none left. */
  readonly take: () => boolean;
  /** What was taken turned out to cost nothing. */
  readonly giveBack: () => void;
  /** Nothing is missing from it. */
  readonly isFull: () => boolean;
}

export function createTokenBucket(
  wall: Clock,
  limits: { readonly burst: number; readonly refill: number; readonly everyMs: number },
): TokenBucket {
  const { burst, refill: count, everyMs } = limits;
  let left = burst;
  let atMs = wall.nowMs();

  function refill(): void {
    const nowMs = wall.nowMs();
    // A clock that was set back earns nothing, and takes nothing away.
    left = Math.min(burst, left + (Math.max(0, nowMs - atMs) * count) / everyMs);
    atMs = nowMs;
  }

  return {
    take: () => {
      refill();
      if (left < 1) return false;
      left -= 1;
      return true;
    },
    giveBack: () => {
      left = Math.min(burst, left + 1);
    },
    isFull: () => {
      refill();
      return left >= burst;
    },
  };
}
