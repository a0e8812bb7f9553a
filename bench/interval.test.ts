import { expect, test } from 'vitest';
import { medianInterval } from './interval.ts';

test('seven values: their ends, at 98.4 %', () => {
  const found = medianInterval([1.2, 0.9, 1, 1.1, 0.8, 1.05, 1.3]);
  expect(found).toMatchObject({ median: 1.05, low: 0.8, high: 1.3 });
  expect(found.confidence).toBeCloseTo(0.984, 3);
});

test('nine values leave out one at each end, fifteen three', () => {
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  expect(medianInterval(upTo(9))).toMatchObject({ median: 5, low: 2, high: 8 });
  expect(medianInterval(upTo(15))).toMatchObject({ median: 8, low: 4, high: 12 });
  expect(medianInterval(upTo(10)).median).toBe(5.5);
});

test('the interval holds the true median as often as it says', () => {
  let seed = 7;
  const chance = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  const held = Array.from({ length: 4_000 }, () => {
    const { low, high } = medianInterval(Array.from({ length: 9 }, chance));
    return low <= 0.5 && 0.5 <= high;
  }).filter(Boolean).length;
  expect(held / 4_000).toBeGreaterThan(0.94);
});

test('one value is no interval of any confidence', () => {
  expect(medianInterval([1])).toEqual({ median: 1, low: 1, high: 1, confidence: 0 });
});
