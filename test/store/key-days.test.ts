/**
 * A key across midnight: whatever processes claim it, whenever the day turns, one of them runs.
 * Every statement of both processes, and of whoever turns the day, is delayed by chance.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Db, DbRetry, type Session } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import { claimIdempotency, completeIdempotency } from '../../src/flows/base/idempotency.ts';
import { dropOldKeyDays, turnKeyDay } from '../../src/flows/base/key-day.ts';
import type { Platform } from '../../src/flows/base/platform.ts';
import type { Envelope } from '../../src/flows/key/envelope.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { closeKeyDay, readKeyDays } from '../../src/store/batch/key-days.ts';
import {
  count,
  envelopeOf,
  freshId,
  MARKETPLACE,
  openEngine,
  type TestEngineRoom,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const DAY_MS = 86_400_000;
/** Most pauses are short, some as long as a whole turn of the day. */
const DELAY_MS_MAX = 80;
const pauseMs = () => Math.random() ** 3 * DELAY_MS_MAX;

/** The same database, with pauses before each statement and before the end of each transaction. */
function delayed(db: Db): Db {
  const pause = () => sleep(pauseMs());
  const slow =
    <T>(work: (session: Session) => Promise<T>) =>
    async (session: Session): Promise<T> => {
      let tail: Promise<unknown> = Promise.resolve();
      const answer = await work({
        losses: session.losses,
        run: (statement, values) => {
          const sent = tail.then(pause).then(() => session.run(statement, values));
          tail = sent.catch(() => undefined);
          return sent as never;
        },
      });
      await tail;
      await pause();
      return answer;
    };
  return {
    kind: db.kind,
    laneCount: db.laneCount,
    transaction: (lane, work) => db.transaction(lane, slow(work)),
    background: (work) => db.background(slow(work)),
    read: async (statement, values) => {
      await pause();
      return db.read(statement, values);
    },
    script: (text) => db.script(text),
    close: () => db.close(),
  };
}

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`days of keys on ${name}`, () => {
    const ROUNDS = name === 'postgres' ? 48 : 12;
    let home: TestHome;
    let otherDb: Db;
    let envelope: Envelope;
    let processes: { readonly db: Db; readonly room: TestEngineRoom }[];
    let nowMs = Math.ceil(wallClock.nowMs() / DAY_MS) * DAY_MS;

    beforeAll(async () => {
      home = await open();
      // PGlite is one process's own: there two engines share its one connection.
      otherDb = home.url === null ? home.db : openPostgres({ url: home.url, lanes: 2 });
      envelope = await envelopeOf(home.db);
      processes = [];
      for (const own of [home.db, otherDb]) {
        const db = delayed(own);
        processes.push({ db, room: await openEngine(db) });
      }
    });
    afterAll(async () => {
      for (const { room } of processes) {
        await room.engine.drain();
        await room.lease.release();
      }
      if (otherDb !== home.db) await otherDb.close();
      await home.close();
    });

    const request = (key: string) => ({
      marketplace: MARKETPLACE,
      principal: 'key_1',
      key,
      method: 'POST',
      path: '/v1/payment_intents',
      bodyHash: 'h',
      targetId: freshId('payment_intent', 0),
    });
    const platformOf = ({ engine }: TestEngineRoom) =>
      ({ engine, wall: wallClock, envelope }) as Platform;
    const claim = ({ room }: (typeof processes)[number], key: string) =>
      claimIdempotency(platformOf(room), request(key));
    const rowsOf = (key: string) => count(home.db, 'idempotency_keys', `key = '${key}'`);

    test('a key that is claimed while the day turns runs once', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const key = `midnight-${round}`;
        nowMs += DAY_MS;
        const late = async (process: (typeof processes)[number]) => {
          await sleep(Math.random() * DELAY_MS_MAX);
          return claim(process, key);
        };
        // One of them quickly, so that batches which began before are still in flight.
        const turning = [home.db, ...processes.map(({ db }) => db)].map(async (db) => {
          await sleep(Math.random() * DELAY_MS_MAX);
          // Its lock may be the other's: in the product it is tried again.
          return turnKeyDay(db, nowMs).catch((error: unknown) => {
            if (!(error instanceof DbRetry)) throw error;
          });
        });
        const claims = await Promise.all([...processes, ...processes, ...processes].map(late));
        await Promise.all(turning);
        const runs = claims.filter((one) => one.ok && one.value.kind === 'run');
        expect(runs).toHaveLength(1);
        for (const one of claims)
          if (!one.ok) expect(one.error.code).toBe('idempotency_key_in_flight');
        expect(await rowsOf(key)).toBe(1);
      }
      const turned = (await readKeyDays(home.db)).length - 1;
      expect(turned).toBeGreaterThan(ROUNDS / 2);
    });

    test('is replayed on every day for a week, and forgotten after that', async () => {
      const [first, second] = processes;
      if (first === undefined || second === undefined) throw new Error('there are two');
      const asked = request('kept');
      await claimIdempotency(platformOf(first.room), asked);
      await completeIdempotency(platformOf(first.room), asked, { status: 201, body: '"a"' });
      for (let day = 1; day <= 7; day += 1) {
        nowMs += DAY_MS;
        expect(await turnKeyDay(second.db, nowMs)).toBe(true);
        await dropOldKeyDays(second.db, nowMs);
        expect(await claim(second, 'kept')).toMatchObject({
          value: { kind: 'replay', body: '"a"' },
        });
        expect(await rowsOf('kept')).toBe(1);
      }
      nowMs += DAY_MS;
      await turnKeyDay(second.db, nowMs);
      await dropOldKeyDays(second.db, nowMs);
      expect(await rowsOf('kept')).toBe(1);
      expect(await dropOldKeyDays(second.db, nowMs + 1)).toBe(1);
      expect(await rowsOf('kept')).toBe(0);
      expect(await claim(second, 'kept')).toMatchObject({ value: { kind: 'run' } });
      expect((await readKeyDays(home.db)).length).toBeLessThanOrEqual(9);
    });

    test('a day that was closed and left is followed by whoever comes', async () => {
      const [first, second] = processes;
      if (first === undefined || second === undefined) throw new Error('there are two');
      nowMs += DAY_MS;
      await closeKeyDay(home.db, Math.floor(nowMs / DAY_MS), nowMs);
      const waiting = claim(first, 'left');
      // Not yet: its process may be about to open the next.
      expect(await turnKeyDay(second.db, nowMs + 1_000)).toBe(false);
      expect(await turnKeyDay(second.db, nowMs + 4_000)).toBe(true);
      expect(await waiting).toMatchObject({ value: { kind: 'run' } });
      const open = (await readKeyDays(home.db)).filter(({ closedAtMs }) => closedAtMs === null);
      expect(open).toHaveLength(1);
    });

    if (name === 'postgres') {
      test('a batch that does not end puts off the new day, and keys go on', async () => {
        const [first, second] = processes;
        if (first === undefined || second === undefined) throw new Error('there are two');
        nowMs += DAY_MS;
        let isOver = false;
        const holding = home.db.transaction(1, async (session) => {
          const { number } = first.room.lease;
          await session.run(
            {
              name: 'hold_lane',
              text: 'select 1 from engine_lanes where process = $1 and lane = 1 for update',
            },
            [number],
          );
          // Slow, not frozen: the server ends a transaction that is idle.
          while (!isOver) {
            await session.run({ name: 'busy', text: 'select 1' }, []);
            await sleep(20);
          }
        });
        await sleep(100);
        const turning = turnKeyDay(otherDb, nowMs);
        await sleep(100);
        const key = 'goes-on';
        const claimed = await claimIdempotency(platformOf(second.room), request(key));
        expect(claimed).toMatchObject({ value: { kind: 'run' } });
        expect(await turning).toBe(false);
        isOver = true;
        await holding;
        expect(await turnKeyDay(otherDb, nowMs)).toBe(true);
        expect(await claim(second, key)).toMatchObject({
          error: { code: 'idempotency_key_in_flight' },
        });
        expect(await rowsOf(key)).toBe(1);
      });
    }
  });
}
