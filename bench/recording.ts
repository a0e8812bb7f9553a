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

export type RecordedTransaction = readonly Sent[];

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
      const recorder: Session = {
        connection: session.connection,
        run: (statement, values) => {
          sent.push({ statement, values });
          return session.run(statement, values);
        },
      };
      const value = await work(recorder);
      lanes[lane]?.push(sent);
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
  const startedMs = performance.now();
  await Promise.all(lanes.map((transactions, lane) => replayLane(clients[lane]!, transactions)));
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

async function replayLane(
  client: pg.Client,
  transactions: readonly RecordedTransaction[],
): Promise<void> {
  const { stream } = client.connection;
  for (const transaction of transactions) {
    stream.cork();
    const answers = [client.query('BEGIN ISOLATION LEVEL READ COMMITTED')];
    for (const { statement, values } of transaction) {
      answers.push(client.query({ ...statement, values: [...values] }));
    }
    answers.push(client.query('COMMIT'));
    stream.uncork();
    const [last] = (await Promise.all(answers)).slice(-1);
    assert.equal(last?.command, 'COMMIT', 'the recorded transaction commits again');
  }
}
