/**
 * The sweeper when something is wrong (D3, D7 of the money audit): a row that cannot be claimed, a
 * wallet that hangs, a database that is away. None of them may hide or delay what is well.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  ClaimFailed,
  claimed,
  createSweeper,
  type Sweeper,
  type SweeperOptions,
} from '../../src/engine/due.ts';
import { hutongError } from '../../src/kernel/errors.ts';
import { formatId, type Id } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import {
  type ClaimAttempt,
  claim,
  count,
  create,
  dueKinds,
  freshId,
  openEngine,
  paidPayment,
  refund,
  rows,
  start,
  started,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const HANGING = formatId('wallet_config', 701n);
const HEALTHY = formatId('wallet_config', 702n);
const CADENCE_MS = 1_000;

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`the sweeper in trouble on ${name}`, () => {
    let home: TestHome;
    let room: TestEngineRoom;
    let nowMs: number;
    let sweepers: Sweeper[];
    let done: Id[];
    let errors: unknown[];
    let release: () => void;
    let isReleased: Promise<void>;

    beforeAll(async () => {
      home = await open();
    });
    afterAll(() => home.close());
    beforeEach(async () => {
      await home.db.script(`truncate payment_intents, sub_orders, payment_attempts, payment_legs,
        refunds, escrows, due_backoffs`);
      nowMs = wallClock.nowMs();
      room = await openEngine(home.db, { clock: { nowMs: () => nowMs } });
      sweepers = [];
      done = [];
      errors = [];
      isReleased = new Promise((resolve) => {
        release = resolve;
      });
    });
    afterEach(async () => {
      release();
      for (const sweeper of sweepers) await sweeper.stop();
      await room.engine.drain();
      await room.lease.release();
    });

    interface Waiting {
      readonly attempt: Id<'payment_attempt'>;
      readonly orderNo: string;
    }

    /** Payments with one pending attempt each, due in 5 s. */
    async function waiting(howMany: number, config: Id<'wallet_config'>): Promise<Waiting[]> {
      return Promise.all(
        Array.from({ length: howMany }, async (_, index) => {
          const wanted = wantedPayment({ shard: index % 256 });
          const { id, merchantOrderNo: orderNo } = wanted.intent;
          const attempt = freshId('payment_attempt', index % 256);
          const answers = await Promise.all([
            room.engine.submit(create(wanted)),
            room.engine.submit(start(id, attempt, config)),
            room.engine.submit(started(id, attempt)),
          ]);
          expect(answers.every((answer) => answer.ok)).toBe(true);
          return { attempt, orderNo };
        }),
      );
    }

    /** A process of its own: it remembers no payment. */
    async function sweeper(
      attempt: (own: TestEngineRoom) => ClaimAttempt,
      change: Partial<SweeperOptions> = {},
    ): Promise<Sweeper> {
      const own = await openEngine(home.db, { clock: { nowMs: () => nowMs } });
      const made = createSweeper({
        db: home.db,
        clock: { nowMs: () => nowMs },
        share: () => ({ rank: 0, count: 1 }),
        kinds: dueKinds(attempt(own)),
        onError: (error) => void errors.push(error),
        intervalMs: CADENCE_MS,
        ...change,
      });
      sweepers.push(made, {
        ...made,
        stop: async () => {
          await own.engine.drain();
          await own.lease.release();
        },
      });
      return made;
    }

    const asked =
      (act: (id: Id<'payment_attempt'>) => Promise<void>) =>
      (own: TestEngineRoom): ClaimAttempt =>
      async (due) => {
        const { attempt } = claimed(await own.engine.submit(claim(due.intent, due.id)));
        return attempt === null ? null : () => act(due.id);
      };
    const note = async (id: Id): Promise<void> => void done.push(id);

    async function until(isSo: () => boolean | Promise<boolean>, timeoutMs = 10_000) {
      const deadlineMs = performance.now() + timeoutMs;
      while (!(await isSo()) && performance.now() < deadlineMs) await sleep(10);
      expect(await isSo()).toBe(true);
    }

    test('D3: a due payment that cannot be read is put off, the 40 beside it are reached', async () => {
      const [bad, ...good] = await waiting(41, HEALTHY);
      await home.db.script(`update payment_legs set parts = '{"of":"a newer version"}'
        where intent = (select id from payment_intents
          where merchant_order_no = '${bad!.orderNo}')`);
      nowMs += 5_000;
      (await sweeper(asked(note))).start();
      await until(() => done.length === 40);
      expect([...done].sort()).toEqual(good.map(({ attempt }) => attempt).sort());
      await until(async () => (await count(home.db, 'due_backoffs')) === 1);
      // Repaired, it is claimed when its time comes, and its back-off is gone.
      await home.db.script('update payment_legs set parts = null');
      nowMs += 5_000;
      await until(() => done.includes(bad!.attempt));
      await until(async () => (await count(home.db, 'due_backoffs')) === 0);
    });

    test('D7: rows whose claim fails are backed off longer and longer, and hide no others', async () => {
      const bad = new Set((await waiting(250, HEALTHY)).map(({ attempt }) => attempt));
      nowMs += 1_000;
      const [good] = await waiting(1, HEALTHY);
      nowMs += 5_000;
      let tried = 0;
      const own = await sweeper(
        (process) => async (due) => {
          if (!bad.has(due.id)) return asked(note)(process)(due);
          tried += 1;
          throw new ClaimFailed(hutongError('internal', 'as asked'));
        },
        { intervalMs: 20 },
      );
      own.start();
      await until(() => done.includes(good!.attempt));
      await sleep(1_000);
      expect(tried).toBe(250);
      const retries = async () =>
        (await rows(home.db, 'select distinct retry_at - 0 as at, failures from due_backoffs')).map(
          ({ at, failures }) => [Number(at) - nowMs, failures],
        );
      expect(await retries()).toEqual([[5_000, 1]]);
      nowMs += 5_000;
      await until(() => tried === 500);
      await until(async () => (await retries()).every(([inMs]) => inMs === 10_000));
      await sleep(200);
      expect(tried).toBe(500);
    });

    test('D7: an unreachable database backs no row off, and is not queried without a pause', async () => {
      await waiting(3, HEALTHY);
      nowMs += 5_000;
      let tried = 0;
      const own = await sweeper(
        () => async () => {
          tried += 1;
          throw new ClaimFailed(hutongError('busy', 'as asked'));
        },
        { intervalMs: 200, limit: 1 },
      );
      own.start();
      await sleep(1_000);
      expect(tried).toBeGreaterThan(1);
      expect(tried).toBeLessThan(8);
      expect(await count(home.db, 'due_backoffs')).toBe(0);
    });

    const HANGING_COUNT = name === 'postgres' ? 2_000 : 400;

    test(`D7: ${HANGING_COUNT} hanging orders of one configuration delay no look of another's`, async () => {
      const hanging = new Set(
        (await waiting(HANGING_COUNT, HANGING)).map(({ attempt }) => attempt),
      );
      nowMs += 1_000;
      const healthy = await waiting(20, HEALTHY);
      nowMs += 5_000;
      let underWay = 0;
      const act = async (id: Id<'payment_attempt'>): Promise<void> => {
        if (!hanging.has(id)) return note(id);
        underWay += 1;
        await isReleased;
        await note(id);
      };
      const own = await sweeper(asked(act));
      own.start();
      await until(() => done.length === 20);
      await until(() => underWay === 100);
      // The next look of the healthy ones, with the dead wallet's rows still first in the queue.
      for (let look = 2; look <= 3; look += 1) {
        nowMs += 60_000;
        const startedMs = performance.now();
        await until(() => done.length === look * 20);
        expect(performance.now() - startedMs).toBeLessThan(2 * CADENCE_MS);
      }
      expect(done.filter((id) => hanging.has(id as Id<'payment_attempt'>))).toEqual([]);
      expect(new Set(done).size).toBe(healthy.length);
      expect(underWay).toBe(100);
      // Whatever was held back is asked as soon as there is room, without waiting for a cadence.
      release();
      await until(() => underWay === HANGING_COUNT, 30_000);
    });

    test('D7: a pass that ran out of time begins with the configurations it did not come to', async () => {
      const configs = Array.from({ length: 21 }, (_, at) =>
        formatId('wallet_config', 801n + BigInt(at)),
      );
      for (const config of configs) await waiting(3, config);
      const [last] = await rows(home.db, 'select max(config) as config from payment_attempts');
      const ofLast = await rows(
        home.db,
        `select id from payment_attempts where config = ${String(last?.config)}`,
      );
      const isOfLast = new Set(ofLast.map(({ id }) => formatId('payment_attempt', id as bigint)));
      nowMs += 5_000;
      const order: Id[] = [];
      // A page of 20 configurations takes longer than a pass may.
      const slowly = () => async (due: { readonly id: Id<'payment_attempt'> }) => {
        order.push(due.id);
        await sleep(1_050);
        return null;
      };
      (await sweeper(slowly, { limit: 1 })).start();
      await until(() => order.length >= 40);
      expect(order.slice(0, 40).some((id) => isOfLast.has(id as Id<'payment_attempt'>))).toBe(true);
    });

    test('D7: refunds are read by the configuration that they go to', async () => {
      const { root } = await paidPayment(room, wantedPayment());
      await room.engine.submit(refund(root, freshId('refund', 0), 100n));
      const stored = await rows(
        home.db,
        `select count(*)::int as n from refunds r join payment_attempts a
           on a.intent = r.intent and a.config = r.config`,
      );
      expect(stored).toEqual([{ n: 1 }]);
    });
  });
}
