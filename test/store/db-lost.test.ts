/**
 * Losing a PostgreSQL server at every moment that matters. The proxy stands between the driver and
 * the real server and cuts the line around COMMIT, on either side of the server hearing it.
 */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Db, Statement } from '../../src/database/db.ts';
import { DbFailure, DbLost } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import { startPostgres } from '../../tools/postgres.ts';
import { ASKS_TO_COMMIT } from '../helpers/commit-proxy.ts';
import { ENGINES, type TestHome } from './engines.ts';

const statement = (name: string, text: string): Statement => ({ name, text });

const INSERT = statement('note_insert', 'INSERT INTO note (id) VALUES ($1)');
const COUNT = statement('note_count', 'SELECT count(*)::int AS n FROM note WHERE id = $1');
const MY_PID = statement('my_pid', 'SELECT pg_backend_pid() AS pid');
const KILL = statement('kill', 'SELECT pg_terminate_backend($1::int)');

const postgres = ENGINES.find(({ name }) => name === 'postgres');

describe.skipIf(inject('postgresUrl') === null)('a lost connection', () => {
  let home: TestHome;
  let admin: Db;

  beforeAll(async () => {
    home = await postgres!.open({ isMigrated: false });
    admin = home.db;
    await admin.script('CREATE TABLE note (id bigint PRIMARY KEY)');
  });
  afterAll(() => home.close());

  const count = async (id: bigint) => (await admin.read(COUNT, [id]))[0]?.n;
  const insert = (db: Db, id: bigint) =>
    db.transaction(0, async (session) => {
      await session.run(INSERT, [id]);
    });

  test('killed mid-transaction: lost, not committed, and the lane comes back', async () => {
    const db = openPostgres({ url: home.url!, lanes: 1 });
    const attempt = db.transaction(0, async (session) => {
      await session.run(INSERT, [1n]);
      const [row] = await session.run<{ pid: number }>(MY_PID, []);
      await admin.transaction(1, (other) => other.run(KILL, [row!.pid]));
      await session.run(MY_PID, []);
    });
    await expect(attempt).rejects.toMatchObject({ name: 'DbLost', commitUnknown: false });
    expect(await count(1n)).toBe(0);
    await insert(db, 1n);
    expect(await count(1n)).toBe(1);
    await db.close();
  });

  test('killed between transactions: the next one is served', async () => {
    const db = openPostgres({ url: home.url!, lanes: 1 });
    const [row] = await db.transaction(0, (session) => session.run<{ pid: number }>(MY_PID, []));
    await admin.transaction(1, (other) => other.run(KILL, [row!.pid]));
    await sleep(100);
    await insert(db, 2n);
    expect(await count(2n)).toBe(1);
    await db.close();
  });

  test('a read is tried again on a new connection', async () => {
    const db = openPostgres({ url: home.url!, lanes: 1, readers: 1 });
    const [row] = await db.read<{ pid: number }>(MY_PID, []);
    await admin.transaction(1, (other) => other.run(KILL, [row!.pid]));
    const [again] = await db.read<{ pid: number }>(MY_PID, []);
    expect(again!.pid).not.toBe(row!.pid);
    await db.close();
  });

  for (const moment of ['before', 'after'] as const) {
    test(`cut ${moment} the server hears COMMIT: the fate is unknown`, async () => {
      const proxy = await startProxy(home.url!, moment);
      const db = openPostgres({ url: proxy.url, lanes: 1 });
      const id = moment === 'before' ? 10n : 11n;
      proxy.arm();
      const error = await insert(db, id).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(DbLost);
      expect(error).toMatchObject({ commitUnknown: true });
      await eventually(async () => (await count(id)) === (moment === 'after' ? 1 : 0));
      await insert(db, id + 100n);
      expect(await count(id + 100n)).toBe(1);
      await db.close();
      await proxy.close();
    });
  }

  test('a loss before COMMIT is never called unknown', async () => {
    const proxy = await startProxy(home.url!, 'before');
    const db = openPostgres({ url: proxy.url, lanes: 1 });
    const attempt = db.transaction(0, async (session) => {
      await session.run(INSERT, [20n]);
      proxy.cut();
      await session.run(MY_PID, []);
    });
    await expect(attempt).rejects.toMatchObject({ name: 'DbLost', commitUnknown: false });
    await db.close();
    await proxy.close();
  });

  test('waiting for a lock ends as DbRetry', async () => {
    const db = openPostgres({ url: home.url!, lanes: 2, lockTimeoutMs: 100 });
    const lock = statement('lock', 'LOCK TABLE note IN ACCESS EXCLUSIVE MODE');
    await db.transaction(0, async (holder) => {
      await holder.run(lock, []);
      await expect(insertOn(db, 1, 30n)).rejects.toMatchObject({
        name: 'DbRetry',
        sqlState: '55P03',
      });
    });
    await db.close();
  });

  test('a statement that takes too long ends as DbRetry', async () => {
    const db = openPostgres({ url: home.url!, lanes: 1, statementTimeoutMs: 100 });
    const nap = statement('nap', 'SELECT pg_sleep(5)');
    await expect(db.transaction(0, (session) => session.run(nap, []))).rejects.toMatchObject({
      name: 'DbRetry',
      sqlState: '57014',
    });
    await db.close();
  });

  test('idling inside a transaction ends as DbLost', async () => {
    const db = openPostgres({ url: home.url!, lanes: 1, idleInTransactionTimeoutMs: 100 });
    const attempt = db.transaction(0, async (session) => {
      await session.run(INSERT, [40n]);
      await sleep(400);
      await session.run(MY_PID, []);
    });
    await expect(attempt).rejects.toMatchObject({ name: 'DbLost', commitUnknown: false });
    await db.close();
  });

  test('two deadlocked transactions: one gets DbRetry, the other commits', async () => {
    const db = openPostgres({ url: home.url!, lanes: 2, lockTimeoutMs: 5_000 });
    await db.script('INSERT INTO note VALUES (50), (51)');
    const touch = statement('touch', 'SELECT id FROM note WHERE id = $1 FOR UPDATE');
    let meet: () => void = () => undefined;
    const bothHoldOne = new Promise<void>((resolve) => {
      let arrived = 0;
      meet = () => {
        arrived += 1;
        if (arrived === 2) resolve();
      };
    });
    const cross = (lane: number, first: bigint, second: bigint) =>
      db.transaction(lane, async (session) => {
        await session.run(touch, [first]);
        meet();
        await bothHoldOne;
        await session.run(touch, [second]);
      });
    const outcomes = await Promise.allSettled([cross(0, 50n, 51n), cross(1, 51n, 50n)]);
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    expect(failed).toHaveLength(1);
    expect((failed[0] as PromiseRejectedResult).reason).toMatchObject({
      name: 'DbRetry',
      sqlState: '40P01',
    });
    await db.close();
  });

  test('an internal error in answer to COMMIT leaves open what became of it', async () => {
    await admin.script(`CREATE TABLE unsure (id bigint);
      CREATE FUNCTION lose_it() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the worker is gone' USING ERRCODE = 'XX000'; END $$;
      CREATE CONSTRAINT TRIGGER lost AFTER INSERT ON unsure DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION lose_it()`);
    const db = openPostgres({ url: home.url!, lanes: 1 });
    const put = { name: 'unsure.put', text: 'INSERT INTO unsure VALUES ($1)' };
    await expect(db.transaction(0, (session) => session.run(put, [1n]))).rejects.toMatchObject({
      name: 'DbLost',
      commitUnknown: true,
    });
    await insert(db, 61n);
    expect(await count(61n)).toBe(1);
    await db.close();
  });

  test('the read pool cannot write', async () => {
    await expect(admin.read(INSERT, [60n])).rejects.toMatchObject({ sqlState: '25006' });
    await expect(admin.read(INSERT, [60n])).rejects.toBeInstanceOf(DbFailure);
  });

  test('no listener is DbLost; a missing database is DbFailure', async () => {
    const away = openPostgres({ url: 'postgres://postgres@127.0.0.1:1/postgres', lanes: 1 });
    await expect(insert(away, 1n)).rejects.toMatchObject({ name: 'DbLost', commitUnknown: false });
    await away.close();
    const url = new URL(home.url!);
    url.pathname = '/no_such_database';
    const wrong = openPostgres({ url: url.href, lanes: 1 });
    await expect(insert(wrong, 1n)).rejects.toMatchObject({ name: 'DbFailure', sqlState: '3D000' });
    await wrong.close();
  });
});

describe.skipIf(inject('postgresUrl') === null)('a whole server', () => {
  test('after kill -9 and a restart, acknowledged rows exist and lanes reconnect', async () => {
    const server = (await startPostgres())!;
    const db = openPostgres({ url: server.url, lanes: 2 });
    await db.script('CREATE TABLE note (id bigint PRIMARY KEY)');
    await insertOn(db, 0, 1n);
    await server.kill9();
    await expect(insertOn(db, 0, 2n)).rejects.toBeInstanceOf(DbLost);
    await server.start();
    await eventually(() =>
      insertOn(db, 0, 3n).then(
        () => true,
        () => false,
      ),
    );
    expect((await db.read(COUNT, [1n]))[0]?.n).toBe(1);
    expect((await db.read(COUNT, [3n]))[0]?.n).toBe(1);
    await db.close();
    await server.stop();
  });
});

function insertOn(db: Db, lane: number, id: bigint): Promise<unknown> {
  return db.transaction(lane, (session) => session.run(INSERT, [id]));
}

async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await check()) return;
    await sleep(50);
  }
  throw new Error('it did not become true within 5 s');
}

interface Proxy {
  readonly url: string;
  /** Cut at the next COMMIT. */
  readonly arm: () => void;
  readonly cut: () => void;
  readonly close: () => Promise<void>;
}

/** `before`: COMMIT is swallowed. `after`: it reaches the server, the answer is swallowed. */
async function startProxy(target: string, moment: 'before' | 'after'): Promise<Proxy> {
  const upstream = new URL(target);
  const pairs = new Set<readonly [net.Socket, net.Socket]>();
  let isArmed = false;
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    pairs.clear();
  };
  const server = net.createServer((client) => {
    const database = net.connect(Number(upstream.port), upstream.hostname);
    pairs.add([client, database]);
    let isSwallowing = false;
    client.on('data', (chunk) => {
      const isCommit = isArmed && chunk.includes(ASKS_TO_COMMIT);
      if (isCommit && moment === 'before') {
        isArmed = false;
        cut();
        return;
      }
      if (isCommit) {
        isArmed = false;
        isSwallowing = true;
      }
      database.write(chunk);
    });
    database.on('data', (chunk) => {
      if (isSwallowing) cut();
      else client.write(chunk);
    });
    for (const socket of [client, database]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        database.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = new URL(target);
  url.port = String((server.address() as net.AddressInfo).port);
  return {
    url: url.href,
    arm: () => {
      isArmed = true;
    },
    cut,
    close: () =>
      new Promise((resolve) => {
        cut();
        server.close(() => resolve());
      }),
  };
}
