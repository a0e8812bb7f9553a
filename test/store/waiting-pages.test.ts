/** Waiting pages: what they cost is the process's, not theirs, and no change passes them by. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Payment } from '../../src/core/payment/model.ts';
import type { Db } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import { statesOf } from '../../src/engine/batch.ts';
import { type ChangeHub, createChangeHub, type Seen } from '../../src/flows/base/change-hub.ts';
import { oneCell } from '../../src/store/cells.ts';
import { PAYMENT } from '../../src/store/payment/aggregate.ts';
import { readMoved } from '../../src/store/payment/queries.ts';
import {
  cancel,
  create,
  openEngine,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const WAITERS = 10_000;
const A_STATEMENT = 1_000;
const EVERY_MS = 500;

describe.skipIf(inject('postgresUrl') === null)('waiting pages', () => {
  let home: TestHome;
  let otherDb: Db;
  let room: TestEngineRoom;
  let reads: number[] = [];
  let hub: ChangeHub;
  let isAway = false;
  const gone = new Set<AbortController>();

  beforeAll(async () => {
    home = await ENGINES[1]!.open();
    otherDb = openPostgres({ url: home.url!, lanes: 1, readers: 1 });
    room = await openEngine(otherDb);
    hub = createChangeHub((seen) => {
      reads.push(seen.length);
      return isAway ? Promise.reject(new Error('away')) : readMoved(oneCell(home.db), seen);
    });
  });
  afterEach(async () => {
    isAway = false;
    for (const page of gone) page.abort();
    gone.clear();
    await sleep(EVERY_MS + 50);
    reads = [];
  });
  afterAll(async () => {
    await room.engine.drain();
    await room.lease.release();
    await otherDb.close();
    await home.close();
  });

  async function made(): Promise<Payment> {
    const answer = await room.engine.submit(create(wantedPayment()));
    if (!answer.ok) throw new Error(answer.error.message);
    return answer.value.payment;
  }

  function page(seen: Seen): Promise<boolean> {
    const leaves = new AbortController();
    gone.add(leaves);
    return hub.wait(seen, { timeoutMs: 30_000, signal: leaves.signal });
  }

  test('10,000 pages: ten statements in half a second, whoever waits; one page: one', async () => {
    const payments = await Promise.all(Array.from({ length: WAITERS }, made));
    const states = payments.map(({ intent }) => page(intent));
    const [twice] = payments;
    void page(twice!.intent);
    let woken = 0;
    for (const state of states) void state.then((isChanged) => (woken += isChanged ? 1 : 0));
    const rounds = 6;
    await sleep(rounds * EVERY_MS);
    expect(reads.every((size) => size <= A_STATEMENT)).toBe(true);
    expect(reads.length).toBeLessThanOrEqual((rounds * WAITERS) / A_STATEMENT);
    expect(reads.length).toBeGreaterThanOrEqual((2 * WAITERS) / A_STATEMENT);
    expect(woken).toBe(0);

    // Another process changes a hundred of them: those wake, and nobody else.
    const changed = payments.slice(5_000, 5_100);
    const askedMs = performance.now();
    await Promise.all(changed.map(({ intent }) => room.engine.submit(cancel(intent.id))));
    const seen = await Promise.all(states.slice(5_000, 5_100));
    expect(seen).toEqual(Array(100).fill(true));
    expect(performance.now() - askedMs).toBeLessThan(1_500);
    expect(woken).toBe(100);

    for (const one of gone) one.abort();
    await sleep(EVERY_MS + 50);
    reads = [];
    const alone = page(payments[0]!.intent);
    await sleep(3 * EVERY_MS);
    expect(new Set(reads)).toEqual(new Set([1]));
    expect(reads.length).toBeLessThanOrEqual(3);
    for (const one of gone) one.abort();
    expect(await alone).toBe(false);
    reads = [];
    await sleep(3 * EVERY_MS);
    expect(reads).toEqual([]);
  }, 60_000);

  test('a change of this process wakes at once, what it knew already does not', async () => {
    const { intent } = await made();
    const waiting = page(intent);
    hub.announce([{ intent } as Payment]);
    await sleep(20);
    const startedMs = performance.now();
    const own = await openEngine(otherDb, {
      listener: { onChanged: (changed) => hub.announce(statesOf(changed, PAYMENT) ?? []) },
    });
    await own.engine.submit(cancel(intent.id));
    expect(await waiting).toBe(true);
    expect(performance.now() - startedMs).toBeLessThan(EVERY_MS);
    await own.engine.drain();
    await own.lease.release();
  });

  test('what had changed before the page began to wait is found', async () => {
    const { intent } = await made();
    await room.engine.submit(cancel(intent.id));
    expect(await page(intent)).toBe(true);
  });

  test('a database that does not answer wakes nobody, and is not asked without end', async () => {
    const { intent } = await made();
    const waiting = page(intent);
    isAway = true;
    await room.engine.submit(cancel(intent.id));
    const first = await Promise.race([waiting, sleep(3_000, 'asleep')]);
    expect(first).toBe('asleep');
    expect(reads.length).toBeLessThanOrEqual(2);
    isAway = false;
    expect(await waiting).toBe(true);
  });

  test('a page whose time is over learns nothing, and is forgotten', async () => {
    const { intent } = await made();
    expect(await hub.wait(intent, { timeoutMs: 30 })).toBe(false);
    await sleep(3 * EVERY_MS);
    expect(reads).toEqual([]);
    const left = new AbortController();
    left.abort();
    expect(await hub.wait(intent, { timeoutMs: 30_000, signal: left.signal })).toBe(false);
  });
});
