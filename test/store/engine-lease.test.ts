/**
 * The lease of a process: its share of the sweeps ends soon after it died (D16 of the money audit),
 * and while its wall clock is wrong it has none (D8).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { claimAttempt } from '../../src/core/payment/claim.ts';
import { claimed, createSweeper } from '../../src/engine/due.ts';
import { leaseProcess, type ProcessLease } from '../../src/engine/process-lease.ts';
import type { Id } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { everyWallet } from '../helpers/payments.ts';
import {
  claim,
  create,
  dueKinds,
  freshId,
  openEngine,
  start,
  started,
  stored,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CHILD = fileURLToPath(new URL('./sweeping-process.ts', import.meta.url));
/** What the finding asks for. */
const TAKEN_OVER_MS = 10_000;

async function until(isSo: () => boolean, timeoutMs: number): Promise<number> {
  const startedMs = performance.now();
  while (!isSo() && performance.now() - startedMs < timeoutMs) await sleep(20);
  expect(isSo()).toBe(true);
  return performance.now() - startedMs;
}

describe.skipIf(inject('postgresUrl') === null)('processes that are killed', () => {
  let home: TestHome;
  beforeAll(async () => {
    home = await ENGINES.find(({ name }) => name === 'postgres')!.open();
  });
  afterAll(() => home.close());

  async function born(): Promise<{ child: ChildProcess; share: () => string }> {
    const args = ['--import', 'tsx', CHILD, home.url!];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let share = '';
    child.stdout!.on('data', (bytes: Buffer) => {
      share = bytes.toString().trim().split('\n').at(-1) ?? share;
    });
    await until(() => share !== '', 60_000);
    return { child, share: () => share };
  }

  test('D16: after kill -9 of one or of two, the rest sweep everything within 10 s', async () => {
    const room = await openEngine(home.db);
    const done = new Set<Id>();
    const sweeper = createSweeper({
      db: home.db,
      clock: wallClock,
      share: room.lease.share,
      kinds: dueKinds(async (due) => {
        const { attempt } = claimed(await room.engine.submit(claim(due.intent, due.id)));
        if (attempt === null) return null;
        return async () => void done.add(due.id);
      }),
      onError: (error) => {
        throw error;
      },
    });
    for (let round = 0; round < 5; round += 1) {
      const children = await Promise.all([born(), born()]);
      await until(() => room.lease.share()?.count === 3, TAKEN_OVER_MS);
      sweeper.start();
      const attempts = await waiting(room, 24);
      // Due at once, in every share; what the children's shares hold they never claim.
      await home.db.script(`update payment_attempts set due_at = ${Date.now() - 100}
        where due_at is not null and tries = 0`);
      const killed = round % 2 === 0 ? children : children.slice(0, 1);
      for (const { child } of children) {
        if (killed.some((one) => one.child === child)) child.kill('SIGKILL');
      }
      const count = 3 - killed.length;
      const tookMs = await until(() => room.lease.share()?.count === count, TAKEN_OVER_MS);
      expect(tookMs).toBeLessThan(TAKEN_OVER_MS);
      for (const { child } of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await until(() => attempts.every((id) => done.has(id)), TAKEN_OVER_MS);
    }
    await sweeper.stop();
    await room.engine.drain();
    await room.lease.release();
  });

  test('D16: one that ends in order leaves its share at the next renewal', async () => {
    const lease = await leaseProcess(home.db, systemRandom, () => undefined);
    const other = await leaseProcess(home.db, systemRandom, () => undefined);
    await until(() => lease.share()?.count === 2, TAKEN_OVER_MS);
    await other.release();
    expect(await until(() => lease.share()?.count === 1, TAKEN_OVER_MS)).toBeLessThan(4_000);
    await lease.release();
  });

  test('D16: its number is not given again meanwhile', async () => {
    const { child } = await born();
    const held = await numbers();
    child.kill('SIGKILL');
    const next = await leaseProcess(home.db, systemRandom, () => undefined);
    expect(held).not.toContain(next.number);
    await next.release();
  });

  async function numbers(): Promise<number[]> {
    const name = `held_${Math.random().toString(36).slice(2)}`;
    const text = 'select number from process_leases where expires_at > clock_timestamp()';
    return (await home.db.read({ name, text }, [])).map((row) => Number(row.number));
  }
});

async function waiting(room: TestEngineRoom, howMany: number): Promise<Id[]> {
  return Promise.all(
    Array.from({ length: howMany }, async (_, index) => {
      const wanted = wantedPayment({ shard: index });
      const attempt = freshId('payment_attempt', index);
      await room.engine.submit(create(wanted));
      await room.engine.submit(start(wanted.intent.id, attempt));
      await room.engine.submit(started(wanted.intent.id, attempt));
      return attempt;
    }),
  );
}

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`clocks on ${name}`, () => {
    let home: TestHome;
    let offMs: number;
    let heard: boolean[];
    let lease: ProcessLease;
    const wall = { nowMs: () => Date.now() + offMs };

    beforeAll(async () => {
      home = await open();
    });
    afterAll(() => home.close());

    async function leased(): Promise<void> {
      offMs = 0;
      heard = [];
      lease = await leaseProcess(home.db, systemRandom, () => undefined, {
        wall,
        onSkew: (isSkewed) => void heard.push(isSkewed),
      });
    }

    test('D8: a wall clock that jumps is seen at once, and when it is right again', async () => {
      await leased();
      expect(lease.share()).not.toBeNull();
      for (const jumpMs of [DAY_MS, -DAY_MS, 5_500, -5_500]) {
        offMs = jumpMs;
        expect(lease.share()).toBeNull();
        offMs = 0;
        expect(lease.share()).not.toBeNull();
      }
      for (const driftMs of [4_000, -4_000]) {
        offMs = driftMs;
        expect(lease.share()).not.toBeNull();
      }
      expect(heard).toEqual([true, false, true, false, true, false, true, false]);
      await lease.release();
    });

    test('D8: one that starts with a wrong clock has no share, and others take it', async () => {
      await leased();
      await lease.release();
      offMs = DAY_MS;
      lease = await leaseProcess(home.db, systemRandom, () => undefined, { wall });
      expect(lease.share()).toBeNull();
      const right = await leaseProcess(home.db, systemRandom, () => undefined);
      await until(() => right.share()?.count === 1, TAKEN_OVER_MS);
      await right.release();
      await lease.release();
    });

    test('D8: a clock 24 h ahead claims nothing: the next look stays where it was', async () => {
      await leased();
      const room = await openEngine(home.db, { clock: wall });
      const [attempt] = await waiting(room, 1);
      const sweeper = createSweeper({
        db: home.db,
        clock: wall,
        share: lease.share,
        kinds: dueKinds(async (due) => {
          claimed(await room.engine.submit(claim(due.intent, due.id)));
          return null;
        }),
        onError: () => undefined,
      });
      offMs = DAY_MS;
      await sweeper.settle();
      const due = async () => {
        const name = `due_${Math.random().toString(36).slice(2)}`;
        const text = 'select intent, due_at from payment_attempts where due_at is not null';
        return home.db.read({ name, text }, []);
      };
      const [row] = await due();
      expect(Number(row?.due_at)).toBeLessThan(Date.now() + 60_000);
      expect(attempt).toBeDefined();
      await room.engine.drain();
      await room.lease.release();
      await lease.release();
    });

    test('D8: a claim puts an open attempt off by an hour at most', async () => {
      const room = await openEngine(home.db);
      const wanted = wantedPayment({ shard: 5 });
      const { id } = wanted.intent;
      const attempt = freshId('payment_attempt', 5);
      await room.engine.submit(create(wanted));
      await room.engine.submit(start(id, attempt));
      // Its own end, when it is looked at in any case, is far away.
      const change = 'due_at = 1, expires_at = 4000000000000';
      await home.db.script(`update payment_attempts set ${change} where shard = 5`);
      const other = await openEngine(home.db);
      const daily = everyWallet({ pollDelaysMs: [DAY_MS] });
      const answer = await other.engine.submit({
        ...claim(id, attempt),
        decide: (payment, context) =>
          claimAttempt(payment, { attempt, capabilities: daily }, context),
      });
      const inMs = answer.ok ? Number(answer.value.attempt?.dueAtMs) - Date.now() : null;
      expect(inMs).toBeGreaterThan(HOUR_MS - 60_000);
      expect(inMs).toBeLessThanOrEqual(HOUR_MS);
      for (const { engine, lease: held } of [room, other]) {
        await engine.drain();
        await held.release();
      }
    });

    test('D8: a city 40 days ahead is business time, and is swept', async () => {
      await leased();
      let nowMs = Date.now();
      const city = { nowMs: () => nowMs };
      const room = await openEngine(home.db, { clock: city });
      const wanted = wantedPayment({ shard: 3 });
      const attempt = freshId('payment_attempt', 3);
      await room.engine.submit(create(wanted));
      await room.engine.submit(start(wanted.intent.id, attempt));
      nowMs += 40 * DAY_MS;
      const sweeper = createSweeper({
        db: home.db,
        clock: city,
        share: lease.share,
        kinds: dueKinds(async (due) => {
          claimed(await room.engine.submit(claim(due.intent, due.id)));
          return null;
        }),
        onError: () => undefined,
      });
      await sweeper.settle();
      const [row] = (await stored(home.db, wanted.intent.id))?.attempts ?? [];
      expect(row).toMatchObject({ tries: 1, dueAtMs: nowMs + 60_000 });
      expect(heard).toEqual([]);
      await sweeper.stop();
      await room.engine.drain();
      await room.lease.release();
      await lease.release();
    });
  });
}
