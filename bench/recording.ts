/**
 * What the engine sends, and a bare loop that sends it again. The recording keeps the statements
 * and values of every transaction by lane; the replay writes each transaction to a plain connection
 * at once (BEGIN, statements, COMMIT: one packet, prepared statements, nothing between) and waits
 * for its COMMIT. The same SQL cannot be sent with less work, so the difference to its rate is the
 * engine: queues, decisions, encoding, decoding.
 */
import assert from 'node:assert/strict';
import pg from 'pg';
import type { Db, Session, Statement } from '../src/database/db.ts';
import { asOptions, LANE_PLANNER, LANE_PLANS } from '../src/database/planner.ts';

interface Sent {
  readonly statement: Statement;
  readonly values: readonly unknown[];
}

export interface RecordedTransaction {
  readonly sent: readonly Sent[];
  /** By lane, how many were committed when it began: a shard may have moved here from there. */
  readonly behind: readonly number[];
}

export interface Recording {
  readonly db: Db;
  /** By lane, in the order of commit. */
  readonly lanes: readonly RecordedTransaction[][];
}

/** The same database, remembering what its lanes committed. */
export function recordingDb(db: Db): Recording {
  const lanes: RecordedTransaction[][] = Array.from({ length: db.laneCount }, () => []);
  const transaction: Db['transaction'] = (lane, work) =>
    db.transaction(lane, async (session) => {
      const sent: Sent[] = [];
      const behind = lanes.map(({ length }) => length);
      const recorder: Session = {
        losses: session.losses,
        run: (statement, values) => {
          sent.push({ statement, values });
          return session.run(statement, values);
        },
      };
      const value = await work(recorder);
      lanes[lane]?.push({ sent, behind });
      return value;
    });
  return {
    lanes,
    db: {
      kind: db.kind,
      laneCount: db.laneCount,
      transaction,
      background: (work) => db.background(work),
      read: (statement, values) => db.read(statement, values),
      script: (text) => db.script(text),
      close: () => db.close(),
    },
  };
}

/** Sends every lane's transactions through a connection of its own; how long it took. */
export async function replay(
  url: string,
  lanes: readonly (readonly RecordedTransaction[])[],
): Promise<{ readonly tookMs: number }> {
  const clients = await Promise.all(lanes.map(() => openClient(url)));
  const order = newOrder(lanes.length);
  const startedMs = performance.now();
  await Promise.all(
    lanes.map((transactions, lane) => replayLane(clients[lane]!, transactions, { lane, order })),
  );
  const tookMs = performance.now() - startedMs;
  await Promise.all(clients.map((client) => client.end()));
  return { tookMs };
}

async function openClient(url: string): Promise<pg.Client> {
  // As a lane's own connection: the same plans.
  const options = asOptions([...LANE_PLANNER, LANE_PLANS]);
  const client = new pg.Client({ connectionString: url, pipeline: true, options });
  await client.connect();
  return client;
}

interface Order {
  /** Resolves when so many of every lane are committed. */
  readonly behind: (counts: readonly number[]) => Promise<void>;
  readonly committed: (lane: number) => void;
}

function newOrder(laneCount: number): Order {
  const done = new Array<number>(laneCount).fill(0);
  let waiting: (() => void)[] = [];
  const isBehind = (counts: readonly number[]): boolean =>
    counts.every((count, lane) => (done[lane] ?? 0) >= count);
  return {
    behind: async (counts) => {
      while (!isBehind(counts)) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    committed: (lane) => {
      done[lane] = (done[lane] ?? 0) + 1;
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
  };
}

async function replayLane(
  client: pg.Client,
  transactions: readonly RecordedTransaction[],
  { lane, order }: { readonly lane: number; readonly order: Order },
): Promise<void> {
  const { stream } = client.connection;
  for (const transaction of transactions) {
    await order.behind(transaction.behind);
    stream.cork();
    const answers = [client.query('BEGIN ISOLATION LEVEL READ COMMITTED')];
    for (const { statement, values } of transaction.sent) {
      answers.push(client.query({ ...statement, values: [...values] }));
    }
    answers.push(client.query('COMMIT'));
    stream.uncork();
    const [last] = (await Promise.all(answers)).slice(-1);
    assert.equal(last?.command, 'COMMIT', 'the recorded transaction commits again');
    order.committed(lane);
  }
}
