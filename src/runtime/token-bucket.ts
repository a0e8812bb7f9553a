/**
 * A token bucket: a burst, then a fixed number per `everyMs`. It limits costly work that anyone can
 * cause. It never waits; what it refuses is over.
 */
import type { Clock } from './clock.ts';

export interface TokenBucket {
  /** false = none left. */
  readonly take: () => boolean;
  /** Returns tokens: what they were taken for turned out to cost nothing. */
  readonly release: () => void;
  /** The bucket is full. */
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
    // A clock that was set back adds nothing, and removes nothing.
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
    release: () => {
      left = Math.min(burst, left + 1);
    },
    isFull: () => {
      refill();
      return left >= burst;
    },
  };
}
