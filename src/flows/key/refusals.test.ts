import { expect, it } from 'vitest';
import type { RefusalCount } from '../../store/key/refusals.ts';
import { createRefusals } from './refusals.ts';

let nowMs = 1_000;
const wall = { nowMs: () => nowMs };
const LIMITS = { max: 2, windowMs: 10_000, callersMax: 3 };

const none = async () => new Map();

it('counts each caller separately, opens again after the window, and stays bounded', () => {
  const refusals = createRefusals(wall, LIMITS);
  expect([refusals.note('a'), refusals.note('a'), refusals.secondsLeft('a')]).toEqual([0, 0, 10]);
  expect(refusals.note('a')).toBe(10);
  expect([refusals.note('b'), refusals.secondsLeft('b')]).toEqual([0, 0]);
  nowMs += 9_500;
  expect(refusals.secondsLeft('a')).toBe(1);
  nowMs += 500;
  expect([refusals.secondsLeft('a'), refusals.note('a')]).toEqual([0, 0]);
  for (const caller of ['c', 'd', 'e']) refusals.note(caller);
  expect([refusals.note('a'), refusals.note('a'), refusals.note('a')]).toEqual([0, 0, 10]);
});

it('writes only what is new, by hash, and adds what other processes counted', async () => {
  const refusals = createRefusals(wall, { ...LIMITS, max: 5 });
  const written: (readonly RefusalCount[])[] = [];
  const othersHave = (count: number) => async (counts: readonly RefusalCount[]) => {
    written.push(counts);
    return new Map(counts.map(({ caller }) => [caller, { count, leftMs: 4_000 }]));
  };
  await refusals.share(othersHave(9));
  expect(written).toEqual([]);

  refusals.note('203.0.113.9');
  refusals.note('203.0.113.9');
  await refusals.share(othersHave(4));
  expect(written).toMatchObject([[{ count: 2, leftMs: 10_000 }]]);
  expect(JSON.stringify(written)).not.toContain('203.0.113.9');
  expect(refusals.secondsLeft('203.0.113.9')).toBe(0);
  expect(refusals.note('203.0.113.9')).toBe(0);
  // The window is everybody's by now, and ends with the first of them.
  expect(refusals.note('203.0.113.9')).toBe(4);
  await refusals.share(othersHave(6));
  expect(written[1]).toMatchObject([{ count: 2, leftMs: 4_000 }]);
  await refusals.share(othersHave(6));
  expect(written).toHaveLength(2);
});

it('writes again what was not written, and forgets what is over', async () => {
  const refusals = createRefusals(wall, LIMITS);
  refusals.note('a');
  await expect(refusals.share(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
  const sent: (readonly RefusalCount[])[] = [];
  const keep = async (counts: readonly RefusalCount[]) => {
    sent.push(counts);
    return none();
  };
  await refusals.share(keep);
  expect(sent).toMatchObject([[{ count: 1 }]]);
  refusals.note('b');
  nowMs += 10_000;
  await refusals.share(keep);
  expect(sent).toHaveLength(1);
});
