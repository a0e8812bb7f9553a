/**
 * A process that is frozen inside a batch holds its locks: for how long others wait for it. And one
 * that is only slow loses nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openPostgres } from '../../src/database/postgres.ts';
import type { Id } from '../../src/kernel/id.ts';
import {
  count,
  create,
  freshId,
  openEngine,
  type PaymentCommand,
  start,
  started,
  stored,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const CHILD = fileURLToPath(new URL('./freezing-process.ts', import.meta.url));
const FREEZES = 10;
const HOLDS_UP_MS = 2_000;
const PAUSE_MS = 1_900;

describe.skipIf(inject('postgresUrl') === null)('beside a process that stands still', () => {
  let home: TestHome;
  let room: TestEngineRoom;
  beforeAll(async () => {
    home = await ENGINES[1]!.open({ lanes: 4 });
    room = await openEngine(home.db);
  });
  afterAll(async () => {
    await room.engine.drain();
    await room.lease.release();
    await home.close();
  });

  async function born(): Promise<{ child: ChildProcess; said: AsyncIterator<string> }> {
    const args = ['--import', 'tsx', CHILD, home.url!];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const said = readline.createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    expect((await said.next()).value).toBe('ready');
    return { child, said };
  }

  async function untilStopped({ pid }: ChildProcess): Promise<void> {
    const state = () => /\) (\w)/.exec(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    while (state() !== 'T') await sleep(5);
  }

  /** Work of this process without a break; the longest time between two acknowledgements. */
  function openLoad(): { stop: () => Promise<number> } {
    let isOpen = true;
    let lastMs = performance.now();
    let longestMs = 0;
    const note = (): void => {
      const nowMs = performance.now();
      longestMs = Math.max(longestMs, nowMs - lastMs);
      lastMs = nowMs;
    };
    const work = async (worker: number): Promise<void> => {
      for (let index = 0; isOpen; index += 1) {
        const shard = (worker * 16 + index) % 256;
        const answer = await room.engine.submit(create(wantedPayment({ shard })));
        expect(answer.ok).toBe(true);
        note();
      }
    };
    const workers = Promise.all(Array.from({ length: 16 }, (_, worker) => work(worker)));
    return {
      stop: async () => {
        isOpen = false;
        note();
        await workers;
        return longestMs;
      },
    };
  }

  async function made(shard: number): Promise<Id<'payment_intent'>> {
    const wanted = wantedPayment({ shard });
    expect(await room.engine.submit(create(wanted))).toMatchObject({ ok: true });
    return wanted.intent.id;
  }

  test('SIGSTOP inside a batch: nobody waits for 2 s, ten times', async () => {
    const { child, said } = await born();
    const gaps: number[] = [];
    const waits: number[] = [];
    try {
      for (let round = 0; round < FREEZES; round += 1) {
        const id = await made(round * 7);
        const load = openLoad();
        child.stdin!.write(`${id}\n`);
        await untilStopped(child);
        // The very payment that it has locked: its whole batch waits with it.
        const askedMs = performance.now();
        const attempt = freshId('payment_attempt', round * 7);
        expect(await room.engine.submit(start(id, attempt))).toMatchObject({ ok: true });
        waits.push(performance.now() - askedMs);
        gaps.push(await load.stop());
        child.kill('SIGCONT');
        expect((await said.next()).value).toBe('committed');
        const ids = (await stored(home.db, id))?.attempts.map((one) => one.id);
        expect(ids).toHaveLength(2);
        expect(ids).toContain(attempt);
      }
    } finally {
      child.kill('SIGKILL');
      child.kill('SIGCONT');
      await once(child, 'exit');
    }
    expect(Math.max(...waits)).toBeLessThan(HOLDS_UP_MS);
    expect(Math.max(...gaps)).toBeLessThan(HOLDS_UP_MS);
  }, 120_000);

  test('nor for one that is frozen while the server still sends to it', async () => {
    let isFrozen = false;
    const ends = new Set<net.Socket>();
    const server = net.createServer((client) => {
      const upstream = net.connect(Number(new URL(home.url!).port), '127.0.0.1');
      for (const end of [client, upstream]) ends.add(end.on('error', () => undefined));
      client.pipe(upstream);
      upstream.on('data', (bytes) => (isFrozen ? upstream.pause() : client.write(bytes)));
      upstream.on('close', () => client.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(home.url!);
    url.port = String((server.address() as net.AddressInfo).port);
    const db = openPostgres({ url: url.href, lanes: 1, readers: 1 });
    const id = await made(3);
    const lock = 'select id from payment_intents where shard = 3 for update';
    const large = `select repeat('x', 1000000) from generate_series(1, 100)`;
    const frozen = db
      .transaction(0, async (session) => {
        await session.run({ name: 'lock', text: lock }, []);
        isFrozen = true;
        await session.run({ name: 'large', text: large }, []);
      })
      .catch((error: unknown) => error);
    while (!isFrozen) await sleep(5);
    const askedMs = performance.now();
    const answer = await room.engine.submit(start(id, freshId('payment_attempt', 3)));
    expect(answer).toMatchObject({ ok: true });
    expect(performance.now() - askedMs).toBeLessThan(HOLDS_UP_MS);
    for (const end of ends) end.destroy();
    expect(await frozen).toMatchObject({ name: 'DbLost' });
    await db.close();
    server.close();
  }, 30_000);

  test(`an event loop that pauses for ${PAUSE_MS} ms in a batch loses nothing`, async () => {
    const db = openPostgres({ url: home.url!, lanes: 4, readers: 1 });
    const slow = await openEngine(db);
    for (let round = 0; round < 3; round += 1) {
      const wanted = wantedPayment({ shard: round });
      const { id } = wanted.intent;
      const attempt = freshId('payment_attempt', round);
      expect(await slow.engine.submit(create(wanted))).toMatchObject({ ok: true });
      let decided = 0;
      const pausing = <A>(command: PaymentCommand<A>): PaymentCommand<A> => ({
        ...command,
        decide: (...asked) => {
          decided += 1;
          if (decided === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
          return command.decide(...asked);
        },
      });
      const neighbours = Array.from({ length: 300 }, (_, index) =>
        wantedPayment({ shard: index % 256 }),
      );
      const answers = await Promise.all([
        ...neighbours.slice(0, 150).map((one) => slow.engine.submit(create(one))),
        slow.engine.submit(pausing(start(id, attempt))),
        ...neighbours.slice(150).map((one) => slow.engine.submit(create(one))),
      ]);
      expect(answers.filter((answer) => !answer.ok)).toEqual([]);
      // The server took the pause for a freeze: the batch was decided again.
      expect(decided).toBe(2);
      expect(await slow.engine.submit(started(id, attempt))).toMatchObject({ ok: true });
      expect((await stored(home.db, id))?.attempts).toHaveLength(1);
      const numbers = neighbours.map(({ intent }) => `'${intent.merchantOrderNo}'`).join();
      const where = `merchant_order_no in (${numbers})`;
      expect(await count(home.db, 'payment_intents', where)).toBe(neighbours.length);
    }
    expect(slow.defects).toEqual([]);
    await slow.engine.drain();
    await slow.lease.release();
    await db.close();
  }, 60_000);
});
