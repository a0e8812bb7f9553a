/** The sweeper on every database: what is due is claimed and done once, by whose share it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSweeper, type Sweeper, type SweeperOptions } from '../../src/engine/due.ts';
import type { Id } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import {
  type ClaimAttempt,
  claim,
  create,
  dueKinds,
  freshId,
  openEngine,
  start,
  started,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const HOUR_MS = 3_600_000;

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`the sweeper on ${name}`, () => {
    let home: TestHome;
    let room: TestEngineRoom;
    let nowMs: number;
    let sweepers: Sweeper[];
    /** Attempts in the order they were acted upon, after their claim. */
    let done: Id<'payment_attempt'>[];
    let errors: unknown[];

    beforeAll(async () => {
      home = await open();
    });
    afterAll(() => home.close());
    beforeEach(async () => {
      await home.db.script('truncate payment_intents, sub_orders, payment_attempts, payment_legs');
      nowMs = wallClock.nowMs();
      room = await openEngine(home.db, { clock: { nowMs: () => nowMs } });
      sweepers = [];
      done = [];
      errors = [];
    });
    afterEach(async () => {
      for (const sweeper of sweepers) await sweeper.stop();
      await room.engine.drain();
      await room.lease.release();
    });

    /** A payment with one pending attempt, due in 5 s. */
    async function waiting(shard = 0): Promise<Id<'payment_attempt'>> {
      const wanted = wantedPayment({ shard });
      const { id } = wanted.intent;
      const attempt = freshId('payment_attempt', shard);
      await room.engine.submit(create(wanted));
      await room.engine.submit(start(id, attempt));
      await room.engine.submit(started(id, attempt));
      return attempt;
    }

    const claimed =
      (act: (id: Id<'payment_attempt'>) => Promise<void>): ClaimAttempt =>
      async (due) => {
        const answer = await room.engine.submit(claim(due.intent, due.id));
        if (!answer.ok || answer.value.attempt === null) return null;
        return () => act(due.id);
      };
    const note = async (id: Id<'payment_attempt'>): Promise<void> => void done.push(id);

    function sweeper(change: Partial<SweeperOptions> = {}): Sweeper {
      const made = createSweeper({
        db: home.db,
        clock: { nowMs: () => nowMs },
        share: () => ({ rank: 0, count: 1 }),
        kinds: dueKinds(claimed(note)),
        onError: (error) => void errors.push(error),
        intervalMs: HOUR_MS,
        ...change,
      });
      sweepers.push(made);
      return made;
    }
    const withAttempt = (attempt: ClaimAttempt) => ({ kinds: dueKinds(attempt) });

    async function until(isSo: () => boolean, timeoutMs = 5_000): Promise<void> {
      const deadlineMs = performance.now() + timeoutMs;
      while (!isSo() && performance.now() < deadlineMs) await sleep(10);
      expect(isSo()).toBe(true);
    }

    test('settle does what is due now, once, and says when the next is', async () => {
      const own = sweeper();
      expect(await own.settle()).toBeNull();
      const attempts = [await waiting(), await waiting(1), await waiting(255)];
      expect(await own.settle()).toBe(nowMs + 5_000);
      expect(done).toEqual([]);
      nowMs += 5_000;
      expect(await own.settle()).toBe(nowMs + 60_000);
      expect([...done].sort()).toEqual([...attempts].sort());
      expect(await own.settle()).toBe(nowMs + 60_000);
      expect(done).toHaveLength(3);
    });

    test('settle waits for the work itself, and for what the work makes due', async () => {
      await waiting();
      let isSecond = false;
      const own = sweeper(
        withAttempt(
          claimed(async (id) => {
            await sleep(50);
            done.push(id);
            if (isSecond) return;
            isSecond = true;
            await waiting(4);
            nowMs += 5_000;
          }),
        ),
      );
      nowMs += 5_000;
      await own.settle();
      expect(done).toHaveLength(2);
    });

    test('more than one pass takes is taken in several, at once', async () => {
      for (let index = 0; index < 7; index += 1) await waiting(index);
      nowMs += 5_000;
      sweeper({ limit: 3 }).start();
      await until(() => done.length === 7);
      expect(new Set(done).size).toBe(7);
    });

    test('each of two processes takes its share of the shards', async () => {
      const even = [await waiting(0), await waiting(2), await waiting(254)];
      const odd = [await waiting(1), await waiting(255)];
      nowMs += 5_000;
      // One pass each, not settle: that continues until nothing is due.
      sweeper({ share: () => ({ rank: 1, count: 2 }) }).start();
      await until(() => done.length === 2);
      expect([...done].sort()).toEqual([...odd].sort());
      sweeper({ share: () => ({ rank: 0, count: 2 }) }).start();
      await until(() => done.length === 5);
      expect([...done.slice(2)].sort()).toEqual([...even].sort());
    });

    test("what a dead process's share left lying is anybody's after a while", async () => {
      const attempt = await waiting(0);
      nowMs += 5_000 + 19_000;
      const own = sweeper({ share: () => ({ rank: 1, count: 2 }), intervalMs: 20 });
      own.start();
      await sleep(200);
      expect(done).toEqual([]);
      nowMs += 1_000;
      await until(() => done.length === 1);
      expect(done).toEqual([attempt]);
    });

    test('two that sweep the same row act once: the claim decides', async () => {
      const attempts = await Promise.all([0, 1, 2, 3].map((shard) => waiting(shard)));
      nowMs += 5_000;
      await Promise.all([sweeper().settle(), sweeper().settle(), sweeper().settle()]);
      expect([...done].sort()).toEqual([...attempts].sort());
    });

    test('woken, it sweeps at once; not woken, at its interval', async () => {
      const own = sweeper();
      own.start();
      await sleep(100);
      await waiting();
      nowMs += 5_000;
      await sleep(150);
      expect(done).toEqual([]);
      own.wake();
      await until(() => done.length === 1);
    });

    test('woken during a pass, it sweeps again behind it', async () => {
      let release = (): void => undefined;
      let isHeld = true;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const take = claimed(note);
      const own = sweeper(
        withAttempt(async (due) => {
          if (isHeld) await held;
          return take(due);
        }),
      );
      await waiting(0);
      nowMs += 5_000;
      own.start();
      await sleep(150);
      await waiting(1);
      nowMs += 5_000;
      own.wake();
      isHeld = false;
      release();
      await until(() => done.length === 2);
    });

    test('a claim that fails is reported, and delays no other', async () => {
      const [bad, good] = [await waiting(0), await waiting(1)];
      const take = claimed(note);
      const own = sweeper(
        withAttempt(async (due) => {
          if (due.id === bad) throw new Error('as asked');
          return take(due);
        }),
      );
      nowMs += 5_000;
      own.start();
      await until(() => done.length === 1);
      expect(done).toEqual([good]);
      expect(errors).toMatchObject([{ message: 'as asked' }]);
    });

    test('work that hangs holds up neither the next pass nor another row, but the stop', async () => {
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const slow = await waiting(0);
      const own = sweeper({
        ...withAttempt(
          claimed(async (id) => {
            if (id === slow) await held;
            done.push(id);
          }),
        ),
        intervalMs: 20,
      });
      nowMs += 5_000;
      own.start();
      await sleep(150);
      const quick = await waiting(1);
      nowMs += 5_000;
      await until(() => done.length === 1);
      expect(done).toEqual([quick]);
      let isStopped = false;
      const stopping = own.stop().then(() => {
        isStopped = true;
      });
      await sleep(100);
      expect(isStopped).toBe(false);
      release();
      await stopping;
      expect(done).toEqual([quick, slow]);
    });

    test('stopped, it sweeps no more', async () => {
      const own = sweeper({ intervalMs: 10 });
      own.start();
      await own.stop();
      await waiting();
      nowMs += 5_000;
      own.wake();
      await sleep(100);
      expect(done).toEqual([]);
    });
  });
}
