/**
 * PGlite: PostgreSQL inside this process, for trying Hutong out, for tests and for development.
 * It starts with fsync off, so a power cut may lose what was acknowledged; kill -9 does not.
 *
 * The driver is the one for real servers, talking through a stream that ends in a worker thread:
 * types, prepared statements and errors are therefore handled by the same code on both engines.
 * There is one connection, so everything queues, reads included.
 */
import fs from 'node:fs';
import path from 'node:path';
import { assert } from '../kernel/assert.ts';
import { Connection, runScript, runTransaction } from './connection.ts';
import { type Db, DbFailure, type Row, type Session, type Statement } from './db.ts';
import { PgliteStream, PgliteThread } from './pglite-thread.ts';
import { acquirePidLock, type PidLock } from './pid-lock.ts';
import { LANE_PLANNER } from './planner.ts';
import { tightenFolder } from './private-node-fs.ts';
import { Lane } from './reconnecting.ts';

export const PGLITE_BANNER = 'PGlite: not power-loss durable';

export interface PgliteOptions {
  /** undefined = in memory. */
  readonly dir?: string | undefined;
  /** The result of `dump`: an in-memory database starts from it, much faster than from scratch. */
  readonly snapshot?: Uint8Array | undefined;
}

export interface PgliteDb extends Db {
  readonly kind: 'pglite';
  /** The whole database as a snapshot. */
  readonly dump: () => Promise<Uint8Array>;
}

/** Throws FolderInUse if another process has the folder. */
export async function openPglite(options: PgliteOptions = {}): Promise<PgliteDb> {
  const { dir, snapshot } = options;
  assert(dir === undefined || snapshot === undefined, 'a snapshot is for memory only');
  const lock = dir === undefined ? undefined : acquirePidLock(dir);
  const start = () => (dir === undefined ? startInMemory(snapshot) : startInFolder(dir));
  try {
    return new Pglite(await start(), dir === undefined ? undefined : start, lock);
  } catch (error) {
    lock?.release();
    throw error;
  }
}

function startInMemory(snapshot: Uint8Array | undefined): Promise<PgliteThread> {
  return PgliteThread.start({ dataDir: undefined, snapshot });
}

/**
 * The first start writes some 40 MB. Until it is complete, a marker file lies next to the folder: a
 * folder with the marker has never served a transaction, so it is deleted and created again.
 */
async function startInFolder(dir: string): Promise<PgliteThread> {
  const dataDir = path.join(dir, 'pglite');
  const mark = path.join(dir, 'pglite.initialising');
  if (fs.existsSync(mark)) fs.rmSync(dataDir, { recursive: true, force: true });
  const isNew = !fs.existsSync(dataDir);
  if (isNew) fs.writeFileSync(mark, '', { mode: 0o600 });
  const thread = await PgliteThread.start({ dataDir, snapshot: undefined });
  tightenFolder(dataDir);
  fs.rmSync(mark, { force: true });
  return thread;
}

class Pglite implements PgliteDb {
  readonly kind = 'pglite';
  readonly laneCount = 1;
  readonly #lane: Lane;
  readonly #lock: PidLock | undefined;
  readonly #restart: (() => Promise<PgliteThread>) | undefined;
  #thread: PgliteThread;

  constructor(
    thread: PgliteThread,
    restart: (() => Promise<PgliteThread>) | undefined,
    lock: PidLock | undefined,
  ) {
    this.#thread = thread;
    this.#restart = restart;
    this.#lock = lock;
    this.#lane = new Lane(() => this.#connect());
  }

  transaction<T>(lane: number, work: (session: Session) => Promise<T>): Promise<T> {
    assert(lane === 0, 'PGlite has one lane');
    return this.#lane.exclusively((connection) => runTransaction(connection, work));
  }

  background<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.transaction(0, work);
  }

  read<R extends Row = Row>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly R[]> {
    assert(statement.name !== '', 'a statement has a name');
    return this.#lane.exclusively(
      async (connection) => (await connection.run(statement, values)) as readonly R[],
    );
  }

  script(text: string): Promise<void> {
    return this.#lane.exclusively((connection) => runScript(connection, text));
  }

  dump(): Promise<Uint8Array> {
    return this.#lane.exclusively(() => this.#thread.dump());
  }

  async close(): Promise<void> {
    await this.#lane.close();
    await this.#thread.close();
    this.#lock?.release();
  }

  async #connect(): Promise<Connection> {
    if (this.#thread.hasExited) {
      if (this.#restart === undefined) throw new DbFailure('the in-memory database is gone');
      this.#thread = await this.#restart();
    }
    const stream = new PgliteStream(this.#thread);
    const config = { stream: () => stream, user: 'postgres', database: 'postgres' };
    const connection = await Connection.open(config, false);
    // It takes no `options`, and its one session is lane and reader at once.
    await connection.script(`set ${LANE_PLANNER.join('; set ')}`);
    return connection;
  }
}
