/**
 * PostgreSQL: one dedicated connection per lane, one for housekeeping, and a small separate
 * read-only pool, so that a burst of reads never waits for a batch nor a batch for reads.
 * Connections are opened when first used and reconnect by themselves.
 *
 * Every session has its timeouts set: no session may hold a lock for longer than the lanes of other
 * processes are willing to wait for it.
 */
import type pg from 'pg';
import { assert } from '../kernel/assert.ts';
import { Connection, runScript, runTransaction } from './connection.ts';
import { type Db, DbLost, type Row, type Session, type Statement } from './db.ts';
import { asOptions, LANE_PLANNER, LANE_PLANS, PLANS_ON_CITUS, READER_PLANNER } from './planner.ts';
import { Lane } from './reconnecting.ts';

const LANES_DEFAULT = 4;
const READERS_DEFAULT = 4;
const CONNECT_TIMEOUT_MS = 5_000;
/** For a lock: longer than whoever holds it may stand still. */
const LOCK_MS = 2_000;
const STATEMENT_MS = 10_000;
/**
 * A process that is frozen inside a batch holds up the others for so long. One that was only slow
 * (garbage, a busy machine) loses its connection, not its batch: that is sent again.
 */
const IDLE_IN_TRANSACTION_MS = 1_500;
/** The same where it no longer reads: the server waits to send, and is not idle. */
const UNREAD_MS = 1_200;

export interface PostgresOptions {
  readonly url: string;
  /** Where its tables are; default: what the server says. */
  readonly schema?: string;
  readonly lanes?: number;
  readonly readers?: number;
  readonly lockTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
  readonly idleInTransactionTimeoutMs?: number;
}

export function openPostgres(options: PostgresOptions): Db {
  const laneCount = options.lanes ?? LANES_DEFAULT;
  const readerCount = options.readers ?? READERS_DEFAULT;
  assert(Number.isInteger(laneCount) && laneCount >= 1 && laneCount <= 256, 'lanes are 1 to 256');
  assert(Number.isInteger(readerCount) && readerCount >= 1, 'there is at least one reader');
  const { connectionString, ownOptions } = addressOf(options.url);
  const config = { ...sessionConfig(options), connectionString };
  const withOwn = (settings: readonly string[]): string =>
    [...ownOptions, asOptions(settings)].join(' ');
  const inSchema = options.schema === undefined ? [] : [`search_path="${options.schema}"`];
  const laneOptions = [...LANE_PLANNER, LANE_PLANS, `tcp_user_timeout=${UNREAD_MS}`, ...inSchema];
  const laneConfig = { ...config, options: withOwn(laneOptions) };
  const readerOptions = [...READER_PLANNER, 'default_transaction_read_only=on', ...inSchema];
  const readerConfig = { ...config, options: withOwn(readerOptions) };
  const lanes = Array.from({ length: laneCount }, () => new Lane(() => openLane(laneConfig)));
  const readers = Array.from(
    { length: readerCount },
    () => new Lane(() => Connection.open(readerConfig, true)),
  );
  const background = new Lane(() => openLane(laneConfig));
  return new Postgres(lanes, background, readers);
}

async function openLane(config: pg.ClientConfig): Promise<Connection> {
  const connection = await Connection.open(config, false);
  const watchdog = setTimeout(() => connection.destroy(), CONNECT_TIMEOUT_MS);
  try {
    await connection.script(PLANS_ON_CITUS);
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    clearTimeout(watchdog);
  }
}

/**
 * What an address has as `options` stands before ours, which overrule it: the driver would take the
 * address's alone, and a reader that may write is none.
 */
function addressOf(address: string): {
  readonly connectionString: string;
  readonly ownOptions: readonly string[];
} {
  if (!URL.canParse(address)) return { connectionString: address, ownOptions: [] };
  const url = new URL(address);
  const ownOptions = url.searchParams.getAll('options');
  url.searchParams.delete('options');
  // The driver's own timer would give up a COMMIT that the server may still carry out.
  url.searchParams.delete('query_timeout');
  return { connectionString: url.href, ownOptions };
}

function sessionConfig(options: PostgresOptions): pg.ClientConfig {
  return {
    application_name: 'hutong',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    lock_timeout: options.lockTimeoutMs ?? LOCK_MS,
    statement_timeout: options.statementTimeoutMs ?? STATEMENT_MS,
    idle_in_transaction_session_timeout:
      options.idleInTransactionTimeoutMs ?? IDLE_IN_TRANSACTION_MS,
  };
}

class Postgres implements Db {
  readonly kind = 'postgres';
  readonly #lanes: readonly Lane[];
  readonly #background: Lane;
  readonly #readers: readonly Lane[];

  constructor(lanes: readonly Lane[], background: Lane, readers: readonly Lane[]) {
    this.#lanes = lanes;
    this.#background = background;
    this.#readers = readers;
  }

  get laneCount(): number {
    return this.#lanes.length;
  }

  transaction<T>(lane: number, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#lane(lane).exclusively((connection) => runTransaction(connection, work));
  }

  background<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#background.exclusively((connection) => runTransaction(connection, work));
  }

  async read<R extends Row = Row>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly R[]> {
    assert(statement.name !== '', 'a statement has a name');
    try {
      return await this.#readOnce<R>(statement, values);
    } catch (error) {
      // Repeating a read is harmless, and most losses are a connection that idled too long.
      if (!(error instanceof DbLost)) throw error;
      return await this.#readOnce<R>(statement, values);
    }
  }

  script(text: string): Promise<void> {
    return this.#lane(0).exclusively((connection) => runScript(connection, text));
  }

  async close(): Promise<void> {
    const all = [...this.#lanes, this.#background, ...this.#readers];
    await Promise.all(all.map((lane) => lane.close()));
  }

  async #readOnce<R extends Row>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly R[]> {
    const connection = await this.#leastBusyReader().connection();
    return (await connection.run(statement, values)) as readonly R[];
  }

  /** An idle open reader, else one not opened yet, else the one with the shortest queue. */
  #leastBusyReader(): Lane {
    let best = this.#readers[0];
    for (const reader of this.#readers) {
      if (reader.load === 0 && reader.isOpen) return reader;
      if (best === undefined || reader.load < best.load) best = reader;
    }
    assert(best !== undefined, 'there is at least one reader');
    return best;
  }

  #lane(index: number): Lane {
    const lane = this.#lanes[index];
    assert(lane !== undefined, `lane ${index} is below laneCount`);
    return lane;
  }
}
