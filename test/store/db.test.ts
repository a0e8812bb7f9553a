/** The seam's promises, the same on both engines. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Db,
  DbFailure,
  DbLost,
  DbRejected,
  DbRetry,
  type Statement,
} from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import { ENGINES, type TestHome } from './engines.ts';

const statement = (name: string, text: string): Statement => ({ name, text });

const INSERT = statement('note_insert', 'INSERT INTO note (id, body) VALUES ($1, $2)');
const COUNT = statement('note_count', 'SELECT count(*) AS n FROM note WHERE id = $1');
const SELECT_ONE = statement('one', 'SELECT 1 AS one');
const DIVIDE = statement('divide', 'SELECT 1 / $1::int AS quotient');

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(engine.name, () => {
    let home: TestHome;
    let db: Db;
    let lastId = 0n;
    const nextId = () => {
      lastId += 1n;
      return lastId;
    };
    const count = async (id: bigint) => (await db.read(COUNT, [id]))[0]?.n;

    beforeAll(async () => {
      home = await engine.open({ isMigrated: false });
      db = home.db;
      await db.script(`
        CREATE TABLE note (id bigint PRIMARY KEY, body text NOT NULL CHECK (body <> 'bad'));
        CREATE TABLE child (note bigint REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED);
      `);
    });
    afterAll(() => home.close());

    test('values come back as documented', async () => {
      const types = statement(
        'types',
        `SELECT 9007199254740993::bigint AS big, -1::bigint AS small, 7::int AS four, true AS yes,
           NULL::bigint AS nothing, '支付宝 "x"'::text AS words, DATE '2026-03-01' AS day,
           TIMESTAMPTZ '2026-03-01 00:00:00+00' IS NOT NULL AS moment, 0.10::numeric AS tenth,
           '{"a":[1,null,"分"]}'::jsonb AS doc, 'null'::jsonb AS json_null,
           ARRAY[1, NULL, 9007199254740993]::bigint[] AS bigs, '{}'::bigint[] AS none,
           ARRAY['a', NULL, 'NULL', '', 'b,"c"', E'\\\\{}']::text[] AS texts,
           ARRAY[true, false, NULL] AS flags, ARRAY[1, NULL]::int[] AS ints,
           ARRAY['{"a":"b,c"}'::jsonb, NULL] AS docs, '\\x00ff'::bytea AS bytes`,
      );
      const [row] = await db.read(types, []);
      expect(row).toEqual({
        big: 9007199254740993n,
        small: -1n,
        four: 7,
        yes: true,
        nothing: null,
        words: '支付宝 "x"',
        day: '2026-03-01',
        moment: true,
        tenth: '0.10',
        doc: { a: [1, null, '分'] },
        json_null: null,
        bigs: [1n, null, 9007199254740993n],
        none: [],
        texts: ['a', null, 'NULL', '', 'b,"c"', '\\{}'],
        flags: [true, false, null],
        ints: [1, null],
        docs: [{ a: 'b,c' }, null],
        bytes: Buffer.from([0, 255]),
      });
    });

    test('parameters go in as they are', async () => {
      const echo = statement(
        'echo',
        `SELECT $1::bigint AS a, $2::text AS b, $3::bool AS c, $4::jsonb AS d, $5::bytea AS e,
           $6::int AS f`,
      );
      const values = [2n ** 62n, null, false, '{"k":"v"}', Buffer.from('分'), 5];
      const [row] = await db.transaction(0, (session) => session.run(echo, values));
      expect(row).toEqual({
        a: 2n ** 62n,
        b: null,
        c: false,
        d: { k: 'v' },
        e: Buffer.from('分'),
        f: 5,
      });
    });

    test('a transaction commits what its work wrote and returns its value', async () => {
      const id = nextId();
      const value = await db.transaction(0, async (session) => {
        await session.run(INSERT, [id, 'kept']);
        return 'done';
      });
      expect(value).toBe('done');
      expect(await count(id)).toBe(1n);
    });

    test('work without statements costs no transaction', async () => {
      expect(await db.transaction(0, async () => 5)).toBe(5);
    });

    test('work that throws is rolled back, and its own error comes out', async () => {
      const id = nextId();
      const failure = new RangeError('no');
      const attempt = db.transaction(0, async (session) => {
        await session.run(INSERT, [id, 'gone']);
        throw failure;
      });
      await expect(attempt).rejects.toBe(failure);
      expect(await count(id)).toBe(0n);
    });

    test('isolation is read committed', async () => {
      const show = statement('isolation', 'SHOW transaction_isolation');
      const [row] = await db.transaction(0, (session) => session.run(show, []));
      expect(row).toEqual({ transaction_isolation: 'read committed' });
    });

    test('a unique violation is DbRejected with its constraint', async () => {
      const id = nextId();
      const attempt = db.transaction(0, async (session) => {
        await session.run(INSERT, [id, 'a']);
        await session.run(INSERT, [id, 'b']);
      });
      await expect(attempt).rejects.toMatchObject({
        name: 'DbRejected',
        sqlState: '23505',
        constraint: 'note_pkey',
        table: 'note',
      });
      expect(await count(id)).toBe(0n);
    });

    test('no value of a row is in an error', async () => {
      const attempt = db.transaction(0, (session) => session.run(INSERT, [nextId(), 'bad']));
      const error = await attempt.then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error).toBeInstanceOf(DbRejected);
      expect(error?.message).toContain('note_insert');
      expect(JSON.stringify(error) + error?.message).not.toContain("'bad'");
      expect(error?.message).not.toContain('Failing row');
    });

    test('an unawaited statement is sent with commit', async () => {
      const id = nextId();
      await db.transaction(0, async (session) => {
        void session.run(INSERT, [id, 'unawaited']);
      });
      expect(await count(id)).toBe(1n);
    });

    test('when it fails, commit fails with its error and nothing is written', async () => {
      const id = nextId();
      const attempt = db.transaction(0, async (session) => {
        void session.run(INSERT, [id, 'fine']);
        void session.run(DIVIDE, [0]);
        void session.run(INSERT, [id + 1_000n, 'after']);
      });
      await expect(attempt).rejects.toMatchObject({ name: 'DbRejected', sqlState: '22012' });
      expect(await count(id)).toBe(0n);
    });

    test('an error that work swallowed still rolls back', async () => {
      const id = nextId();
      const attempt = db.transaction(0, async (session) => {
        await session.run(INSERT, [id, 'a']);
        await session.run(DIVIDE, [0]).catch(() => undefined);
      });
      await expect(attempt).rejects.toMatchObject({ sqlState: '22012' });
      expect(await count(id)).toBe(0n);
    });

    test('statements after a failed one get the first error', async () => {
      const attempt = db.transaction(0, async (session) => {
        const first = session.run(DIVIDE, [0]).catch(() => undefined);
        const second = session.run(SELECT_ONE, []);
        await first;
        await second;
      });
      await expect(attempt).rejects.toMatchObject({ sqlState: '22012' });
    });

    test('a deferred constraint fails at commit as DbRejected', async () => {
      const orphan = statement('orphan', 'INSERT INTO child (note) VALUES (-5)');
      const attempt = db.transaction(0, (session) => session.run(orphan, []));
      await expect(attempt).rejects.toMatchObject({ name: 'DbRejected', sqlState: '23503' });
    });

    test('a mistake in SQL is DbFailure, and the lane goes on', async () => {
      const wrong = statement('wrong', 'SELECT no_such_column FROM note');
      await expect(db.read(wrong, [])).rejects.toBeInstanceOf(DbFailure);
      const attempt = db.transaction(0, (session) => session.run(wrong, []));
      await expect(attempt).rejects.toMatchObject({ name: 'DbFailure', sqlState: '42703' });
      expect(await db.read(SELECT_ONE, [])).toEqual([{ one: 1 }]);
    });

    test('one name for two texts is a failure, not a loss', async () => {
      await db.transaction(0, (session) => session.run(SELECT_ONE, []));
      const clash = db.transaction(0, (session) =>
        session.run(statement('one', 'SELECT 2 AS one'), []),
      );
      await expect(clash).rejects.toBeInstanceOf(DbFailure);
    });

    test('an explicit serialization failure is DbRetry', async () => {
      const raise = (sqlState: string) =>
        db.script(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '${sqlState}'; END $$`);
      for (const sqlState of ['40001', '40P01', '55P03', '57014', '53200']) {
        await expect(raise(sqlState)).rejects.toBeInstanceOf(DbRetry);
      }
      for (const sqlState of ['22003', '23514']) {
        await expect(raise(sqlState)).rejects.toBeInstanceOf(DbRejected);
      }
      for (const sqlState of ['57P01', '08006']) {
        await expect(raise(sqlState)).rejects.toBeInstanceOf(DbLost);
      }
      expect(await db.read(SELECT_ONE, [])).toEqual([{ one: 1 }]);
    });

    test('transactions of a lane queue and never mix', async () => {
      const ids = Array.from({ length: 20 }, nextId);
      const outcomes = await Promise.allSettled(
        ids.map((id, index) =>
          db.transaction(0, async (session) => {
            await session.run(INSERT, [id, 'mixed']);
            await new Promise((resolve) => setImmediate(resolve));
            if (index % 2 === 1) throw new Error('odd');
          }),
        ),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
      const counts = await Promise.all(ids.map(count));
      expect(counts).toEqual(ids.map((_, index) => (index % 2 === 0 ? 1n : 0n)));
    });

    test('a session is dead after its transaction', async () => {
      let leaked: (() => Promise<unknown>) | undefined;
      await db.transaction(0, async (session) => {
        leaked = () => session.run(SELECT_ONE, []);
      });
      expect(() => leaked?.()).toThrow('inside its transaction');
    });

    test('a script is all or nothing', async () => {
      const id = nextId();
      const script = `INSERT INTO note VALUES (${id}, 'a'); INSERT INTO note VALUES (${id}, 'b');`;
      await expect(db.script(script)).rejects.toBeInstanceOf(DbRejected);
      expect(await count(id)).toBe(0n);
    });

    test('a prepared statement survives a change of its table', async () => {
      const all = statement('all_columns', 'SELECT * FROM changing');
      const read = () => db.transaction(0, (session) => session.run(all, []));
      await db.script('CREATE TABLE changing (a int); INSERT INTO changing VALUES (1);');
      expect(await read()).toEqual([{ a: 1 }]);
      await db.script('ALTER TABLE changing ADD COLUMN b int DEFAULT 2');
      await expect(read()).rejects.toBeInstanceOf(DbRetry);
      expect(await read()).toEqual([{ a: 1, b: 2 }]);
    });

    if (engine.name === 'postgres')
      test('options of an address are kept, under ours', async () => {
        const url = new URL(home.url!);
        url.searchParams.set('options', '-csearch_path=away -c work_mem=5MB');
        const other = openPostgres({ url: url.href, schema: 'here', lanes: 1, readers: 1 });
        const [row] = await other.read(
          statement(
            'settings',
            `SELECT current_setting('search_path') AS path, current_setting('work_mem') AS memory,
            current_setting('default_transaction_read_only') AS read_only`,
          ),
          [],
        );
        expect(row).toEqual({ path: '"here"', memory: '5MB', read_only: 'on' });
        await other.close();
      });
  });
}
