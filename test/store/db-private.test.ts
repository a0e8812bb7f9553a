/** The data folder of PGlite is its owner's alone, file by file: a copy of it stays so (S18). */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPglite } from '../../src/database/pglite.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-private-'));
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true, force: true });
});

/** Files and folders that others may read, write or enter. */
function open(): string[] {
  return fs
    .readdirSync(dir, { withFileTypes: true, recursive: true })
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => (fs.lstatSync(file).mode & 0o077) !== 0);
}

test('S18: no file of PGlite can be read by others, new, grown or of an older start', async () => {
  const first = await openPglite({ dir });
  await first.script('create table a (b text)');
  expect(open()).toEqual([]);
  await first.script("insert into a select repeat('x', 1000) from generate_series(1, 5000)");
  await first.close();
  expect(open()).toEqual([]);

  const files = fs.readdirSync(path.join(dir, 'pglite'), { recursive: true }).map(String);
  for (const file of files) {
    const whole = path.join(dir, 'pglite', file);
    if (fs.statSync(whole).isFile()) fs.chmodSync(whole, 0o666);
  }
  expect(open().length).toBeGreaterThan(500);
  const second = await openPglite({ dir });
  const [row] = await second.read<{ n: number }>(
    { name: 'count', text: 'select count(*)::int as n from a' },
    [],
  );
  expect(row?.n).toBe(5_000);
  expect(open()).toEqual([]);
  await second.close();
});
