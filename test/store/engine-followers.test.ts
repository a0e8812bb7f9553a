/**
 * D14 of the money audit: whoever follows a list by its last id sees every row, however ids and
 * commits overtake each other in lanes and processes whose clocks differ.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Db, Session, Statement } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import { createCellRouter } from '../../src/engine/cell-router.ts';
import { createSweeper } from '../../src/engine/due.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { leaseProcess } from '../../src/engine/process-lease.ts';
import { createEngine, type Engine } from '../../src/engine/submit.ts';
import { type Id, idValue, shardOf } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { AGGREGATES } from '../../src/store/aggregates.ts';
import { inOrder, settledUpTo } from '../../src/store/batch/settled-ids.ts';
import { type Cells, oneCell } from '../../src/store/cells.ts';
import { listTransactions } from '../../src/store/ledger/queries.ts';
import type { IdPage } from '../../src/store/page.ts';
import { listPayments } from '../../src/store/payment/queries.ts';
import { listEvents } from '../../src/store/webhook/queries.ts';
import {
  create,
  freshId,
  MARKETPLACE,
  reported,
  rows,
  start,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';
import { openTestCells } from './test-cells.ts';

const ANY = {
  status: null,
  merchantOrderNo: null,
  createdAfterMs: null,
  createdBeforeMs: null,
  walletTransactionId: null,
  intent: null,
};

type Reader = (cells: Cells, page: IdPage) => Promise<{ rows: readonly { id: string }[] }>;
const LISTS: Readonly<Record<string, Reader>> = {
  events: (cells, page) => listEvents(cells, MARKETPLACE, null, page),
  'ledger transactions': (cells, page) => listTransactions(cells, MARKETPLACE, null, page),
  'payment intents': async (cells, page) => {
    const listed = await listPayments(cells, MARKETPLACE, ANY, page);
    return { rows: listed.rows.map(({ intent }) => intent) };
  },
};

/** Goes on behind the newest row that it has seen. */
class Follower {
  readonly seen = new Set<string>();
  readonly #cells: Cells;
  readonly #read: Reader;
  #afterId: bigint;

  constructor(cells: Cells, read: Reader, afterId: bigint) {
    this.#cells = cells;
    this.#read = read;
    this.#afterId = afterId;
  }

  async look(): Promise<number> {
    const page = { limit: 50, beforeId: null, afterId: this.#afterId };
    const { rows: found } = await this.#read(this.#cells, page);
    for (const { id } of found) this.seen.add(id);
    const [newest] = found;
    if (newest !== undefined) this.#afterId = idValue(newest.id as Id);
    return found.length;
  }

  async until(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.look();
      await sleep(Math.random() * 4);
    }
    while ((await this.look()) > 0);
  }
}

/** A database whose batches are slow where ids and commits may overtake each other. */
function slowed(db: Db, seams: RegExp, pauseMs: number): Db {
  const slow = (session: Session): Session => ({
    losses: session.losses,
    run: async (statement: Statement, values) => {
      const answer = await session.run(statement, values);
      if (seams.test(statement.name)) await sleep(Math.random() * pauseMs);
      return answer as never;
    },
  });
  return {
    kind: db.kind,
    laneCount: db.laneCount,
    transaction: (lane, work) =>
      db.transaction(lane, async (session) => {
        await sleep(Math.random() * pauseMs);
        const value = await work(slow(session));
        // Between the making of ids and COMMIT.
        await sleep(Math.random() * pauseMs);
        return value;
      }),
    background: (work) => db.background(work),
    read: (statement, values) => db.read(statement, values),
    script: (text) => db.script(text),
    close: () => db.close(),
  };
}

interface Process {
  readonly engine: Engine;
  readonly close: () => Promise<void>;
}

async function process(cells: Cells, offMs: number, pauseMs: number): Promise<Process> {
  const wall = { nowMs: () => Date.now() + offMs };
  const router = createCellRouter(cells, async () => undefined);
  for (const cell of cells.all) {
    const lease = await leaseProcess(cell.db, systemRandom, () => undefined);
    const ids = createIdSource(lease.number, wall);
    const engine = createEngine({
      aggregates: AGGREGATES,
      db: slowed(cell.db, /^(engine_lanes\.stamp|payment_intents\.(claim|lock))$/, pauseMs),
      clock: wallClock,
      ...{ wall, ids, lease },
      epoch: () => cells.map.epochs.get(cell.name) ?? 0,
      listener: {},
    });
    const quiet = { kinds: [], share: lease.share, onError: () => undefined };
    const sweeper = createSweeper({ db: cell.db, clock: wallClock, ...quiet });
    router.add(cell, { lease, ids, engine, sweeper });
  }
  return {
    engine: router.engine,
    close: async () => {
      await router.engine.drain();
      await router.release();
    },
  };
}

/** Every database, and on PostgreSQL several cells. */
const PLACES = ENGINES.flatMap((engine) => [
  { ...engine, where: engine.name, cells: 0 },
  ...(engine.name === 'postgres'
    ? [2, 8].map((cells) => ({ ...engine, where: `${cells} cells`, cells }))
    : []),
]);

for (const { where, isAvailable, open, cells: cellCount } of PLACES) {
  describe.skipIf(!isAvailable)(`followers on ${where}`, () => {
    let home: TestHome;
    const opened: { readonly close: () => Promise<void> }[] = [];

    beforeAll(async () => {
      home = await open({ cells: cellCount });
    });
    afterEach(async () => {
      for (const one of opened.splice(0).reverse()) await one.close();
    });
    afterAll(() => home.close());

    /** Another process's connections; PGlite has one for all. */
    async function another(): Promise<Cells> {
      if (home.url === null) return home.cells;
      const cells =
        cellCount === 0
          ? oneCell(openPostgres({ url: home.url, lanes: 3, readers: 2 }))
          : await openTestCells(home.url);
      opened.push(cells);
      return cells;
    }

    async function newest(): Promise<bigint> {
      const [row] = await rows(
        home.db,
        `select greatest((select max(id) from events), (select max(id) from ledger_transactions),
           (select max(coalesce(place, id)) from payment_intents), 0)::bigint as id`,
      );
      return row?.id as bigint;
    }

    async function everything(): Promise<Map<string, Set<string>>> {
      const all = new Map<string, Set<string>>();
      for (const [list, read] of Object.entries(LISTS)) {
        const page = { limit: 100_000, beforeId: null, afterId: null };
        all.set(list, new Set((await read(home.cells, page)).rows.map(({ id }) => id)));
      }
      return all;
    }

    const ROUNDS = { pglite: 4, postgres: 24 }[where] ?? 4;
    /** The second process's clock: behind, ahead, right. */
    const OFF_MS = [-3_000, 3_000, 0, -40] as const;

    test(`D14: nothing is missed in ${ROUNDS} rounds of two processes with delays at the seams`, async () => {
      const [one, two] = [await another(), await another()];
      let made = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = await everything();
        const from = await newest();
        const processes = await Promise.all([
          process(one, 0, 6),
          process(two, OFF_MS[round % OFF_MS.length] ?? 0, 6),
        ]);
        let isOver = false;
        const followers = Object.entries(LISTS).map(([list, read], index) => ({
          list,
          follower: new Follower(index % 2 === 0 ? one : two, read, from),
        }));
        const following = Promise.all(
          followers.map(({ follower }) => follower.until(() => isOver)),
        );
        await Promise.all(
          Array.from({ length: 40 }, async (_, index) => {
            const { engine } = processes[index % 2] as Process;
            const shard = (round * 40 + index) % 256;
            // Its id is chosen now, as with an idempotency key, and committed whenever.
            const wanted = wantedPayment({ shard });
            const attempt = freshId('payment_attempt', shard);
            await sleep(Math.random() * 60);
            const answers = [
              await engine.submit(create(wanted)),
              await engine.submit(start(wanted.intent.id, attempt)),
              await engine.submit(reported(wanted.intent.id, attempt, 'succeeded')),
            ];
            expect(answers.every((answer) => answer.ok)).toBe(true);
          }),
        );
        for (const own of processes) await own.close();
        isOver = true;
        await following;
        const after = await everything();
        for (const { list, follower } of followers) {
          const news = [...(after.get(list) ?? [])].filter((id) => !before.get(list)?.has(id));
          expect(news.length).toBeGreaterThanOrEqual(40);
          expect(news.filter((id) => !follower.seen.has(id))).toEqual([]);
          made += news.length;
        }
      }
      expect(made).toBeGreaterThanOrEqual(ROUNDS * 120);
    });

    test('D14: at rest a follower sees what was acknowledged, at once', async () => {
      const cells = await another();
      const room = await process(home.cells, 0, 0);
      for (let round = 0; round < 20; round += 1) {
        const follower = new Follower(cells, LISTS.events as Reader, await newest());
        const wanted = wantedPayment({ shard: round });
        await room.engine.submit(create(wanted));
        expect(await follower.look()).toBe(1);
      }
      await room.close();
    });

    test('D14: a first page shows everything that was acknowledged, whatever is in flight', async () => {
      if (home.url === null) return;
      const [slow, cells] = [await another(), await another()];
      const held = await process(slow, 0, 300);
      const room = await process(home.cells, 0, 0);
      const going = held.engine.submit(create(wantedPayment({ shard: 1 })));
      const orderNo = `FIRST-${Date.now()}`;
      const wanted = wantedPayment({ shard: shardOf(MARKETPLACE, orderNo), orderNo });
      await room.engine.submit(create(wanted));
      const page = { limit: 5, beforeId: null, afterId: null };
      const [first] = (await listPayments(cells, MARKETPLACE, ANY, page)).rows;
      expect(first?.intent.id).toBe(wanted.intent.id);
      const query = { ...ANY, merchantOrderNo: orderNo };
      expect((await listPayments(cells, MARKETPLACE, query, page)).rows).toHaveLength(1);
      await going;
      await held.close();
      await room.close();
    });

    test('D14: what is written outside of the engine is ordered by the lane as well', async () => {
      const db = (await another()).home;
      const lease = await leaseProcess(db, systemRandom, () => undefined);
      // A clock an hour behind, and nothing that has taught it better.
      const ids = createIdSource(lease.number, { nowMs: () => Date.now() - 3_600_000 });
      const made: bigint[] = [];
      for (let round = 0; round < 10; round += 1) {
        const settled = await settledUpTo(
          home.cells.home,
          createIdSource(255, wallClock).nextNumber(0),
          0,
        );
        await inOrder(db, lease.number, ids, async () => void made.push(ids.nextNumber(round)));
        expect(made.at(-1)).toBeGreaterThan(settled);
      }
      await lease.release();
    });
  });
}
