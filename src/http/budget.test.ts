import { expect, it } from 'vitest';
import { createBudget } from './budget.ts';

it('counts each key separately, opens again after the window, and stays bounded', () => {
  let nowMs = 1_000;
  const budget = createBudget({
    max: 2,
    windowMs: 10_000,
    wall: { nowMs: () => nowMs },
    keysMax: 3,
  });
  expect([budget.spend('a'), budget.spend('a'), budget.secondsLeft('a')]).toEqual([0, 0, 10]);
  expect(budget.spend('a')).toBe(10);
  expect([budget.spend('b'), budget.secondsLeft('b')]).toEqual([0, 0]);
  nowMs += 9_500;
  expect(budget.secondsLeft('a')).toBe(1);
  nowMs += 500;
  expect([budget.secondsLeft('a'), budget.spend('a')]).toEqual([0, 0]);
  for (const key of ['c', 'd', 'e']) budget.spend(key);
  expect([budget.spend('a'), budget.spend('a'), budget.spend('a')]).toEqual([0, 0, 10]);
});
