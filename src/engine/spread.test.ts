import { expect, it } from 'vitest';
import { SHARD_COUNT } from '../kernel/id.ts';
import { createSpread, FULL } from './spread.ts';

function opened(laneCount: number) {
  let nowMs = 0;
  const heldUp = new Set<number>();
  const spread = createSpread({
    laneCount,
    isHeldUp: (lane) => heldUp.has(lane),
    nowMs: () => nowMs,
  });
  let roots = 0;
  const enter = (shard: number): number => {
    roots += 1;
    return spread.enter(`root-${roots}`, shard);
  };
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { spread, enter, heldUp, pass };
}

/** So many under way, one after the other, with time between. */
function fill({ enter, pass }: ReturnType<typeof opened>, count: number): void {
  for (let index = 0; index < count; index += 1) {
    enter(index % SHARD_COUNT);
    pass(1);
  }
}

const everyShard = Array.from({ length: SHARD_COUNT }, (_, shard) => shard);

it('leaves everything to one lane until that is full, and uses all under load', () => {
  const room = opened(4);
  for (let index = 0; index < FULL; index += 1) expect(room.enter(index)).toBe(0);
  expect(room.spread.inUse()).toBe(1);
  fill(room, FULL);
  expect(room.spread.inUse()).toBe(2);
  fill(room, 3 * FULL);
  expect(room.spread.inUse()).toBe(4);
});

it('moves a shard only to the lane that begins, and shares them evenly', () => {
  const room = opened(5);
  let before = everyShard.map(() => 0);
  for (let count = 2; count <= 5; count += 1) {
    while (room.spread.inUse() < count) fill(room, 1);
    const now = everyShard.map((shard) => room.spread.enter(`look-${shard}`, shard));
    for (const shard of everyShard) {
      if (now[shard] !== before[shard]) expect(now[shard]).toBe(count - 1);
    }
    for (let lane = 0; lane < count; lane += 1) {
      const own = now.filter((one) => one === lane).length;
      expect(Math.abs(own - SHARD_COUNT / count)).toBeLessThan(SHARD_COUNT / count / 4);
    }
    before = now;
    for (const shard of everyShard) room.spread.leave(`look-${shard}`);
  }
});

it('ends lanes when the load has been low for a while, not at once', () => {
  const room = opened(4);
  fill(room, 5 * FULL);
  const leave = (count: number) => {
    for (let index = 0; index < count; index += 1) room.spread.leave(`answered-${index}`);
  };
  leave(5 * FULL - 10);
  expect(room.spread.inUse()).toBe(4);
  room.pass(2_500);
  leave(1);
  // The peak of the seconds that have just passed was still high.
  expect(room.spread.inUse()).toBe(4);
  room.pass(2_500);
  leave(1);
  expect(room.spread.inUse()).toBe(1);
});

it('keeps the commands of one root in one lane while any of them is there', () => {
  const room = opened(4);
  const shard = 255;
  const first = room.spread.enter('root', shard);
  fill(room, 5 * FULL);
  expect(room.spread.enter('another', shard)).not.toBe(first);
  expect(room.spread.enter('root', shard)).toBe(first);
  room.spread.leave('root');
  expect(room.spread.enter('root', shard)).toBe(first);
  room.spread.leave('root');
  room.spread.leave('root');
  expect(room.spread.enter('root', shard)).not.toBe(first);
});

it('goes around a lane that is held up, but for what must queue there', () => {
  const room = opened(3);
  expect(room.spread.enter('root', 1)).toBe(0);
  room.heldUp.add(0);
  expect(room.enter(1)).toBe(1);
  room.heldUp.add(1);
  expect(room.enter(1)).toBe(2);
  expect(room.spread.enter('root', 1)).toBe(0);
  room.heldUp.add(2);
  expect(room.enter(1)).toBe(0);
});
