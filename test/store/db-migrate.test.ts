/** Migrations on both engines: once each, in order, and never over an edited past. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Db, Statement } from '../../src/database/db.ts';
import { DbFailure } from '../../src/database/db.ts';
import { MigrationRefused, migrate, readMigrations } from '../../src/database/migrate.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import { ENGINES, type TestHome } from './engines.ts';

const COUNT: Statement = { name: 'count_a', text: 'SELECT count(*)::int AS n FROM a' };

describe('our own migrations', () => {
  test('are numbered without gaps, each with notes', () => {
    expect(() => readMigrations('src/store/migrations')).not.toThrow();
  });

  for (const engine of ENGINES) {
    test.skipIf(!engine.isAvailable)(
      `apply on ${engine.name}, and again change nothing`,
      async () => {
        const home = await engine.open({ isMigrated: false });
        const names = readMigrations('src/store/migrations').map(({ name }) => name);
        expect((await migrate(home.db)).applied).toEqual(names);
        expect((await migrate(home.db)).applied).toEqual([]);
        await home.close();
      },
    );
  }
});

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`the runner on ${engine.name}`, () => {
    let home: TestHome;
    let db: Db;
    let folder: string;
    const write = (name: string, sql: string, notes: string | null = '# Notes') => {
      fs.writeFileSync(path.join(folder, `${name}.sql`), sql);
      if (notes !== null) fs.writeFileSync(path.join(folder, `${name}.md`), notes);
    };
    const remove = (name: string) => {
      for (const ext of ['sql', 'md']) fs.rmSync(path.join(folder, `${name}.${ext}`));
    };

    beforeAll(async () => {
      home = await engine.open({ isMigrated: false });
      db = home.db;
    });
    afterAll(() => home.close());
    beforeEach(async () => {
      await db.script('DROP TABLE IF EXISTS a, schema_migrations');
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-migrations-'));
      write('0001-a', 'CREATE TABLE a (id int); INSERT INTO a VALUES (1)');
      write('0002-more', 'INSERT INTO a VALUES (2); -- the last line is a comment');
    });
    afterEach(() => fs.rmSync(folder, { recursive: true }));

    test('applies what is new, in order, with plain progress', async () => {
      const lines: string[] = [];
      const print = (line: string) => lines.push(line);
      const report = await migrate(db, { folder, print });
      expect(report).toEqual({ applied: ['0001-a', '0002-more'], version: 2 });
      expect(lines).toEqual([
        'migration 0001-a ...',
        'migration 0001-a applied',
        'migration 0002-more ...',
        'migration 0002-more applied',
        'schema is now at version 2',
      ]);
      write('0003-third', 'INSERT INTO a VALUES (3)');
      expect((await migrate(db, { folder })).applied).toEqual(['0003-third']);
      expect((await migrate(db, { folder, print })).applied).toEqual([]);
      expect(lines.at(-1)).toBe('schema is at version 3');
      expect(await db.read(COUNT, [])).toEqual([{ n: 3 }]);
    });

    test('a failing migration leaves nothing, and is applied once it is fixed', async () => {
      write('0003-broken', 'INSERT INTO a VALUES (3); SELECT no_such_function();');
      await expect(migrate(db, { folder })).rejects.toBeInstanceOf(DbFailure);
      expect(await db.read(COUNT, [])).toEqual([{ n: 2 }]);
      write('0003-broken', 'INSERT INTO a VALUES (3);');
      expect((await migrate(db, { folder })).applied).toEqual(['0003-broken']);
    });

    test('refuses an edited, a removed and a renamed past', async () => {
      await migrate(db, { folder });
      write('0002-more', 'INSERT INTO a VALUES (22);');
      await expect(migrate(db, { folder })).rejects.toThrow('edited after it was applied');
      remove('0002-more');
      await expect(migrate(db, { folder })).rejects.toThrow('does not have');
      write('0002-other', 'INSERT INTO a VALUES (2); -- the last line is a comment');
      await expect(migrate(db, { folder })).rejects.toThrow('knows version 2 as 0002-more');
      await expect(migrate(db, { folder })).rejects.toBeInstanceOf(MigrationRefused);
    });

    test('line ends that a checkout turned are not an edit', async () => {
      write('0003-lines', 'INSERT INTO a\nVALUES (3);\n');
      await migrate(db, { folder });
      write('0003-lines', 'INSERT INTO a\r\nVALUES (3);\r\n');
      expect((await migrate(db, { folder })).applied).toEqual([]);
    });

    test('refuses a folder that is not sound', async () => {
      write('0003-quiet', 'SELECT 1', null);
      await expect(migrate(db, { folder })).rejects.toThrow('has no notes');
      fs.rmSync(path.join(folder, '0003-quiet.sql'));
      write('0004-gap', 'SELECT 1');
      await expect(migrate(db, { folder })).rejects.toThrow('out of order');
      remove('0004-gap');
      write('3-short', 'SELECT 1');
      await expect(migrate(db, { folder })).rejects.toThrow('is not named like');
    });

    // PGlite has one process by nature (db-pglite.test.ts).
    if (engine.name === 'postgres') {
      test('many processes may start at once', async () => {
        const others = Array.from({ length: 4 }, () => openPostgres({ url: home.url!, lanes: 1 }));
        const reports = await Promise.all(others.map((other) => migrate(other, { folder })));
        const applied = reports.flatMap((report) => report.applied).sort();
        expect(applied).toEqual(['0001-a', '0002-more']);
        expect(await db.read(COUNT, [])).toEqual([{ n: 2 }]);
        await Promise.all(others.map((other) => other.close()));
      });
    }
  });
}
