/**
 * The database seam. One dialect of SQL (PostgreSQL), two engines: PGlite in a worker thread of
 * this process (the default) and a PostgreSQL server. Callers can tell them apart only by `kind`.
 *
 * Both return the same: int8 is a bigint, int4 and bool are themselves, jsonb is parsed once, bytea
 * is a Buffer, `date` and every time stamp stay text (a bill day must not shift with a time zone;
 * moments are stored as bigint milliseconds). Parameters are text, numbers, bigints, booleans,
 * null, Buffers, and arrays encoded by arrays.ts.
 *
 * Every failure is one of the four classes below, chosen by SQLSTATE and never by message, and
 * carries the statement's name but none of its values.
 */
export interface Statement {
  /** The prepared statement's name on each connection: unique per text. */
  readonly name: string;
  readonly text: string;
}

export type Row = Readonly<Record<string, unknown>>;

/** Statements inside one transaction. */
export interface Session {
  /**
   * How many of its connections this process had lost when the transaction began. While the number
   * is the same, the same server has answered.
   */
  readonly losses: number;
  /**
   * Statements are sent at once and in order, without waiting for the answers of earlier ones:
   * `Promise.all` of several costs one round trip. A statement that is not awaited travels with
   * COMMIT; if it fails, the transaction is rolled back and rejects with its error.
   */
  run<R extends Row = Row>(statement: Statement, values: readonly unknown[]): Promise<readonly R[]>;
}

export interface Db {
  readonly kind: 'pglite' | 'postgres';
  readonly laneCount: number;
  /**
   * One READ COMMITTED transaction on the lane's own connection; transactions of a lane queue.
   * Commits when `work` resolves, rolls back when it throws. Inside `work`, use only its session,
   * never the db itself: on PGlite that would deadlock.
   */
  transaction<T>(lane: number, work: (session: Session) => Promise<T>): Promise<T>;
  /**
   * The same on a connection outside the lanes (on PGlite: the one connection): for the engine's
   * own housekeeping, so that it and the batches never wait for each other.
   */
  background<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** One reading statement, from the read pool (on PGlite: the one connection). */
  read<R extends Row = Row>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly R[]>;
  /** A SQL script in one transaction, without a statement timeout: for migrations. */
  script(text: string): Promise<void>;
  close(): Promise<void>;
}

/** What every error class knows from the server; `sqlState` is empty if the server sent none. */
export interface DbErrorDetails {
  readonly sqlState?: string | undefined;
  readonly constraint?: string | undefined;
  readonly table?: string | undefined;
}

export abstract class DbError extends Error {
  readonly sqlState: string;
  readonly constraint: string | undefined;
  readonly table: string | undefined;

  constructor(message: string, details: DbErrorDetails = {}) {
    super(message);
    this.sqlState = details.sqlState ?? '';
    this.constraint = details.constraint;
    this.table = details.table;
  }
}

/**
 * The connection is gone. `commitUnknown`: it broke after COMMIT was sent, so the transaction may
 * or may not be committed, and only a look at its own (lane, batch_id) row can tell.
 */
export class DbLost extends DbError {
  override readonly name = 'DbLost';
  readonly commitUnknown: boolean;

  constructor(message: string, details: DbErrorDetails & { readonly commitUnknown: boolean }) {
    super(message, details);
    this.commitUnknown = details.commitUnknown;
  }
}

/**
 * Rolled back through no fault of the commands: deadlock, lock wait, time or resources exhausted.
 */
export class DbRetry extends DbError {
  override readonly name = 'DbRetry';
}

/** Rolled back because of the data (22xxx, 23xxx). */
export class DbRejected extends DbError {
  override readonly name = 'DbRejected';
}

/** Anything else: a mistake in our SQL, a missing privilege. Not worth retrying. */
export class DbFailure extends DbError {
  override readonly name = 'DbFailure';
}
