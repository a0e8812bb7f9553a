/**
 * When a delivery is tried: ten tries over about 75 hours, the first at once. Each later one is
 * jittered by up to a tenth, so that an endpoint that recovers is not hit by everything at the same
 * moment.
 */
import type { Random } from '../runtime/random.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The wait before each try; the first is the one after the event. */
export const TRY_DELAYS_MS: readonly number[] = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

export const TRY_COUNT_MAX: number = TRY_DELAYS_MS.length;

/** How long to wait after `triesDone` tries; null when the last one was the last. */
export function nextTryDelayMs(triesDone: number, random: Random): number | null {
  const delayMs = TRY_DELAYS_MS[triesDone];
  if (delayMs === undefined) return null;
  if (delayMs === 0) return 0;
  const share = random.bytes(4).readUInt32BE(0) / 0x1_0000_0000;
  return Math.round(delayMs * (0.9 + 0.2 * share));
}
