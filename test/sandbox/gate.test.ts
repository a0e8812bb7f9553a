/** The kit's small pieces: the fault gate, the due index, what is made once, random digits. */
import { describe, expect, test } from 'vitest';
import { randomDigits, randomText } from '../../sandbox/kit/digits.ts';
import { openDueIndex } from '../../sandbox/kit/due-index.ts';
import { gated, LOST, PROXY_502 } from '../../sandbox/kit/gate.ts';
import type { CityKit, FaultName, Operation, WireResponse } from '../../sandbox/kit/kit.ts';
import { keptOnce } from '../../sandbox/kit/once.ts';

const answer = (body: string): WireResponse => ({ status: 200, headers: {}, body });

async function through(fault: FaultName | undefined, operation: Operation = 'create') {
  let runs = 0;
  const handled = await gated({
    operation,
    take: (kinds) => kinds.find((kind) => kind === fault),
    limited: () => answer('limited'),
    run: () => {
      runs += 1;
      return 'done';
    },
    broken: () => answer('broken'),
    seal: (said, late) => answer(`${said} ${late ?? 'whole'}`),
  });
  return { handled, runs };
}

describe('the fault gate', () => {
  test.each<[FaultName | undefined, Operation, unknown, number]>([
    [undefined, 'create', answer('done whole'), 1],
    ['close_lost', 'close', LOST, 0],
    ['close_lost', 'create', answer('done whole'), 1],
    ['html_502', 'query', PROXY_502, 0],
    ['rate_limited', 'query', answer('limited'), 0],
    ['answer_lost', 'refund', LOST, 1],
    ['server_error', 'refund', answer('broken'), 1],
    ['signtest', 'query', answer('done signtest'), 1],
  ])('%s in %s', async (fault, operation, handled, runs) => {
    expect(await through(fault, operation)).toEqual({ handled, runs });
  });
});

test('the due index skips times that were overtaken', () => {
  const dueMs = new Map([
    ['a', 30],
    ['b', 20],
  ]);
  const done: string[] = [];
  const index = openDueIndex();
  const watch = (key: string, ms: number) =>
    index.watch({
      dueMs: ms,
      owed: () => (dueMs.get(key) === ms ? () => void done.push(key) : undefined),
    });
  for (const [key, ms] of dueMs) watch(key, ms);
  expect(index.nextDueMs()).toBe(20);
  dueMs.set('b', 40);
  watch('b', 40);
  const after = [29, 30, 39].map((nowMs) => {
    index.run(nowMs);
    return [...done];
  });
  expect(after).toEqual([[], ['a'], ['a']]);
  index.run(40);
  expect([done, index.nextDueMs()]).toEqual([['a', 'b'], null]);
});

test('what is made once is made once, also for callers side by side', async () => {
  const kept = new Map<string, unknown>();
  const collection = () => ({
    get: (key: string) => kept.get(key),
    put: (key: string, value: unknown) => void kept.set(key, value),
  });
  const kit = { journal: { collection } } as unknown as CityKit;
  let builds = 0;
  const identity = keptOnce('x.house', async () => {
    builds += 1;
    return { n: builds };
  });
  expect(identity.read(kit)).toBeUndefined();
  const opened = await Promise.all([identity.open(kit), identity.open(kit)]);
  expect([...opened, await identity.open(kit)]).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
  identity.replace(kit, { n: 9 });
  expect(identity.read(kit)).toEqual({ n: 9 });
});

test('digits are even: bytes above the last whole round are left out', () => {
  let next = 256;
  const random = {
    bytes: (n: number) => Buffer.from(Array.from({ length: n }, () => --next & 255)),
  };
  const text = randomText({ ...random } as CityKit['random'], '0123456789', 250);
  const counts = [...'0123456789'].map((digit) => text.split(digit).length - 1);
  expect(counts).toEqual(Array.from({ length: 10 }, () => 25));
  expect(randomDigits(random as CityKit['random'], 3, '62')).toMatch(/^62\d{3}$/);
});
