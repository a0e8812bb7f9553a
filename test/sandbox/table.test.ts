/** The kit's tables: indexes, expiry, due work, and all of it after a restart. */
import { expect, test } from 'vitest';
import { openDueIndex } from '../../sandbox/kit/due-index.ts';
import type { OpenedKit } from '../../sandbox/kit/open-kit.ts';
import { openTable } from '../../sandbox/kit/table.ts';
import { openTestKit, temporaryDir } from './support.ts';

interface Row {
  readonly key: string;
  readonly names: readonly string[];
  readonly endsMs: number | null;
  readonly dueMs: number | null;
  readonly state: 'open' | 'over' | 'done';
}

function open({ kit }: Pick<OpenedKit, 'kit'>) {
  const due = openDueIndex();
  const table = openTable<Row, 'name'>({ kit, due }, 'test.rows', {
    keyOf: ({ key }) => key,
    indexes: { name: ({ names }) => names },
    expiry: {
      at: ({ state, endsMs }) => (state === 'open' ? endsMs : null),
      ended: (row) => ({ ...row, state: 'over' }),
    },
    work: {
      at: ({ dueMs }) => dueMs,
      run: (row) => table.put({ ...row, dueMs: null, state: 'done' }),
    },
  });
  return { due, table };
}

const row = (key: string, more: Partial<Row> = {}): Row => {
  return { key, names: [], endsMs: null, dueMs: null, state: 'open', ...more };
};

test('rows are found by every name, the newest first, also after a restart', async () => {
  const dir = temporaryDir();
  const first = await openTestKit(dir);
  const { table } = open(first);
  table.put(row('a', { names: ['x', 'y'] }));
  table.put(row('b', { names: ['x'] }));
  table.put(row('a', { names: ['x', 'y', 'z'] }));
  await first.close();

  const second = await openTestKit(dir);
  const { table: again } = open(second);
  expect(['x', 'y', 'z', 'w'].map((name) => again.find('name', name)?.key)).toEqual([
    ...['b', 'a', 'a'],
    undefined,
  ]);
  expect(again.list('name', 'x').map(({ key }) => key)).toEqual(['a', 'b']);
  await second.close();
});

test('a row whose time is over has ended for whoever looks, by whatever way', async () => {
  const opened = await openTestKit(temporaryDir());
  const { table, due } = open(opened);
  const nowMs = opened.clock.nowMs();
  for (const key of ['got', 'found', 'listed', 'run']) {
    table.put(row(key, { names: [key], endsMs: nowMs + 60_000 }));
  }
  expect(due.nextDueMs()).toBe(nowMs + 60_000);
  expect(table.get('got')?.state).toBe('open');
  opened.clock.moveTo(nowMs + 60_000);
  expect(table.get('got')?.state).toBe('over');
  expect(table.find('name', 'found')?.state).toBe('over');
  due.run(opened.clock.nowMs());
  expect([...table.values()].map(({ state }) => state)).toEqual(['over', 'over', 'over', 'over']);
  expect(due.nextDueMs()).toBeNull();
  await opened.close();
});

test('work is done once, at its time; what was put off meanwhile waits', async () => {
  const opened = await openTestKit(temporaryDir());
  const { table, due } = open(opened);
  const nowMs = opened.clock.nowMs();
  table.put(row('a', { dueMs: nowMs + 1_000 }));
  table.put(row('b', { dueMs: nowMs + 1_000 }));
  table.put(row('b', { dueMs: nowMs + 5_000 }));
  due.run(nowMs + 1_000);
  expect([table.get('a')?.state, table.get('b')?.state]).toEqual(['done', 'open']);
  expect(due.nextDueMs()).toBe(nowMs + 5_000);
  due.run(nowMs + 5_000);
  expect([table.get('b')?.state, due.nextDueMs()]).toEqual(['done', null]);
  await opened.close();
});
