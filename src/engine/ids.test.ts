import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idValue, parseId, unpackId } from '../kernel/id.ts';
import { createIdSource } from './ids.ts';

const START_MS = Date.UTC(2026, 10, 22);

/** A clock that shows the given times; the last one stays. */
function clockOf(...times: number[]): { nowMs: () => number } {
  let at = 0;
  return { nowMs: () => times[Math.min(at++, times.length - 1)] as number };
}

describe('ids', () => {
  test('carry their moment, shard, process and sequence', () => {
    const ids = createIdSource(200, clockOf(START_MS));
    expect(unpackId(ids.nextNumber(255))).toEqual({
      unixMs: START_MS,
      shard: 255,
      process: 200,
      sequence: 0,
    });
    const id = ids.next('payment_intent', 3);
    expect(parseId('payment_intent', id)).toBe(id);
    expect(unpackId(idValue(id))).toMatchObject({ shard: 3, sequence: 1 });
  });

  test('when the 128 numbers of a millisecond are spent, the next one is borrowed', () => {
    const ids = createIdSource(1, clockOf(START_MS));
    const made = Array.from({ length: 300 }, () => unpackId(ids.nextNumber(0)));
    expect(made[127]).toMatchObject({ unixMs: START_MS, sequence: 127 });
    expect(made[128]).toMatchObject({ unixMs: START_MS + 1, sequence: 0 });
    expect(made[299]).toMatchObject({ unixMs: START_MS + 2, sequence: 43 });
  });

  test('what was borrowed is not used again when the clock gets there', () => {
    const times = [...Array<number>(129).fill(START_MS), START_MS + 1, START_MS + 2];
    const ids = createIdSource(1, clockOf(...times));
    const made = times.map(() => unpackId(ids.nextNumber(0)));
    expect(made[129]).toMatchObject({ unixMs: START_MS + 1, sequence: 1 });
    expect(made[130]).toMatchObject({ unixMs: START_MS + 2, sequence: 0 });
  });

  test('a clock that is set back makes no id again', () => {
    const ids = createIdSource(1, clockOf(START_MS, START_MS - 60_000, START_MS - 59_999));
    const made = [0, 1, 2].map(() => unpackId(ids.nextNumber(0)));
    expect(made.map(({ unixMs, sequence }) => [unixMs - START_MS, sequence])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
  });

  test('property: whatever the clock does, ids of a shard grow, and none comes twice', () => {
    const step = fc.tuple(fc.integer({ min: -500, max: 50 }), fc.nat(255), fc.nat(300));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), fc.nat(255), (steps, number) => {
        let nowMs = START_MS;
        const ids = createIdSource(number, { nowMs: () => nowMs });
        const seen = new Set<bigint>();
        const last = new Map<number, bigint>();
        for (const [moveMs, shard, count] of steps) {
          nowMs += moveMs;
          for (let index = 0; index < count; index += 1) {
            const value = ids.nextNumber(shard);
            if (seen.has(value) || value <= (last.get(shard) ?? 0n)) return false;
            seen.add(value);
            last.set(shard, value);
          }
        }
        return true;
      }),
      { numRuns: 30 },
    );
  });
});
