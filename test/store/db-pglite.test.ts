/** What only PGlite has: a folder with one owner, a first start that may be cut short, a thread. */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Db, Statement } from '../../src/database/db.ts';
import { openPglite, PGLITE_BANNER } from '../../src/database/pglite.ts';
import { acquirePidLock, FolderInUse } from '../../src/database/pid-lock.ts';
import { ENGINES } from './engines.ts';

const COUNT: Statement = { name: 'count', text: 'SELECT count(*)::int AS n FROM a' };
const INSERT: Statement = { name: 'insert', text: 'INSERT INTO a VALUES ($1)' };

const pglite = ENGINES.find(({ name }) => name === 'pglite');

// initdb runs inside the wasm: seconds alone, many more on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-pglite-'));
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true, force: true });
});

const pidFile = () => path.join(dir, 'hutong.pid');

describe('the owner of a folder', () => {
  test('is one process, and the second learns which', () => {
    const lock = acquirePidLock(dir);
    expect(() => acquirePidLock(dir)).toThrow(FolderInUse);
    expect(() => acquirePidLock(dir)).toThrow(`in use by process ${process.pid}`);
    lock.release();
    acquirePidLock(dir).release();
    expect(fs.readdirSync(dir)).toEqual([]);
  });

  test('that died is replaced', () => {
    const dead = spawnSync(process.execPath, ['-e', '0']).pid;
    fs.writeFileSync(pidFile(), `${dead} \n`);
    acquirePidLock(dir).release();
    expect(fs.readdirSync(dir)).toEqual([]);
  });

  test('whose id was given to another is replaced', () => {
    // A restarted container: the id is alive, but it is not the process that wrote the file.
    // If the system does not provide a process's start time, the id alone must do.
    if (process.platform !== 'linux') return;
    fs.writeFileSync(pidFile(), `${process.pid} another-boot/1\n`);
    acquirePidLock(dir).release();
  });

  test('cannot be read from a torn file, which is replaced', () => {
    fs.writeFileSync(pidFile(), '');
    acquirePidLock(dir).release();
  });

  test('in another process keeps us out until it ends', async () => {
    const module = fileURLToPath(new URL('../../src/database/pid-lock.ts', import.meta.url));
    const script = `import { acquirePidLock } from ${JSON.stringify(module)};
      acquirePidLock(${JSON.stringify(dir)}); console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const exited = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await expect(openPglite({ dir })).rejects.toThrow(`in use by process ${child.pid}`);
    child.kill('SIGKILL');
    await exited;
    acquirePidLock(dir).release();
  });
});

describe('a folder', () => {
  test('keeps its rows between starts, and survives a first start cut short', async () => {
    fs.mkdirSync(path.join(dir, 'pglite'));
    fs.writeFileSync(path.join(dir, 'pglite', 'PG_VERSION'), '18');
    fs.writeFileSync(path.join(dir, 'pglite.initialising'), '');
    const first = await openPglite({ dir });
    await first.script('CREATE TABLE a (id int)');
    await first.transaction(0, (session) => session.run(INSERT, [1]));
    await first.close();
    const second = await openPglite({ dir });
    expect(await second.read(COUNT, [])).toEqual([{ n: 1 }]);
    await second.close();
    expect(fs.readdirSync(dir)).toEqual(['pglite']);
  });

  test('that cannot be opened leaves no lock behind', async () => {
    fs.mkdirSync(path.join(dir, 'pglite'));
    fs.writeFileSync(path.join(dir, 'pglite', 'PG_VERSION'), 'not a number');
    await expect(openPglite({ dir })).rejects.toThrow();
    expect(fs.existsSync(pidFile())).toBe(false);
  });
});

describe('in memory', () => {
  test('a snapshot starts another database like it, and they part ways', async () => {
    const origin = await openPglite();
    await origin.script('CREATE TABLE a (id int); INSERT INTO a VALUES (1)');
    const snapshot = await origin.dump();
    const copies = await Promise.all([openPglite({ snapshot }), openPglite({ snapshot })]);
    await copies[0]!.transaction(0, (session) => session.run(INSERT, [2]));
    const counts = (db: Db) => db.read(COUNT, []).then(([row]) => row?.n);
    expect(await Promise.all([origin, ...copies].map(counts))).toEqual([1, 2, 1]);
    await Promise.all([origin, ...copies].map((db) => db.close()));
  });

  test('a long query never stops this thread', async () => {
    const { db } = await pglite!.open({ isMigrated: false });
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 10);
    const slow = 'SELECT count(*)::int AS n FROM generate_series(1, 3000000)';
    const [row] = await db.read({ name: 'slow', text: slow }, []);
    clearInterval(timer);
    expect(row?.n).toBe(3_000_000);
    expect(ticks).toBeGreaterThan(5);
    await db.close();
  });

  test('the banner says what it is not', () => {
    expect(PGLITE_BANNER).toBe('PGlite: not power-loss durable');
  });
});
