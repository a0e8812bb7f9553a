/**
 * One connection that speaks PostgreSQL's protocol, to a server or to PGlite's worker, with one
 * transaction at a time. Statements are pipelined: written at once, in one packet per tick, and
 * answered in order, so a transaction costs as many round trips as its work has awaits.
 *
 * A broken connection is never used again, and a broken COMMIT is never reported as a failure.
 */
import pg from 'pg';
import { assert } from '../kernel/assert.ts';
import { type DbError, DbFailure, type Row, type Session, type Statement } from './db.ts';
import { isLoss, isStalePlan, toDbError } from './db-errors.ts';
import { typeParsers } from './db-types.ts';
import { SCRIPT_PLANNER } from './planner.ts';
import { splitScript } from './split-script.ts';

/** Longer than any healthy transaction: guards against a server that no longer answers. */
const TRANSACTION_TIMEOUT_MS = 30_000;

const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED';
const IN_FAILED_TRANSACTION = '25P02';

interface Reply {
  readonly rows: readonly Row[];
  readonly command: string;
}

type Answer = (error: DbError | null, reply: Reply | null) => void;

/** Connections that this process lost or ended, but for those that only read. */
let lost = 0;

export class Connection {
  readonly #client: pg.Client;
  readonly #isReader: boolean;
  #isUsable = true;
  #isBroken = false;
  #isCorked = false;
  #inFlight = 0;

  private constructor(client: pg.Client, isReader: boolean) {
    this.#client = client;
    this.#isReader = isReader;
    client.on('error', () => this.#break());
    client.on('end', () => this.#break());
  }

  /** Rejects with DbLost if nobody answers, and with DbFailure if we are refused for good. */
  static async open(config: pg.ClientConfig, isReader: boolean): Promise<Connection> {
    const client = new pg.Client({ ...config, pipeline: true, types: typeParsers });
    const connection = new Connection(client, isReader);
    try {
      await client.connect();
      return connection;
    } catch (error) {
      connection.#break();
      throw openingError(error);
    }
  }

  /** False once it broke, or must be reopened to prepare its statements again. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The server's process, for tests that kill it. */
  get serverPid(): number {
    return (this.#client as unknown as { processID: number }).processID;
  }

  run(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      this.send(statement, values, false, (error, reply) => {
        if (reply === null) reject(error);
        else resolve(reply.rows);
      });
    });
  }

  /** A statement without a name or values goes by the simple protocol: BEGIN, COMMIT, scripts. */
  send(statement: Statement, values: readonly unknown[], isCommit: boolean, answer: Answer): void {
    this.#cork();
    this.#inFlight += 1;
    const config =
      statement.name === ''
        ? { text: statement.text }
        : { name: statement.name, text: statement.text, values: values as unknown[] };
    this.#client.query(config, (error: Error | null, reply: Reply) => {
      this.#inFlight -= 1;
      if (error === null || error === undefined) {
        answer(null, reply);
        return;
      }
      const isReader = this.#isReader;
      if (isLoss(error, { isReader, isCommitSent: isCommit })) this.#break();
      else if (isStalePlan(error)) this.#isUsable = false;
      const context = {
        statement: statement.name === '' ? 'script' : statement.name,
        isBroken: this.#isBroken,
        isCommitSent: isCommit,
        isReader,
      };
      answer(toDbError(error, context), null);
    });
  }

  /** Ends it at once; everything in flight fails as lost. */
  destroy(): void {
    this.#break();
    this.#client.connection.stream.destroy();
  }

  async end(): Promise<void> {
    this.#isUsable = false;
    await this.#client.end().catch(() => undefined);
  }

  #break(): void {
    if (!this.#isBroken && !this.#isReader) lost += 1;
    this.#isUsable = false;
    this.#isBroken = true;
  }

  /** Holds the socket until the end of this tick: BEGIN and the next statements are one packet. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    const { stream } = this.#client.connection;
    stream.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      stream.uncork();
    });
  }
}

/**
 * A wrong password or database is not fixed by waiting; a server that is away or starting may be.
 */
function openingError(error: unknown): DbError {
  const context = { isBroken: true, isCommitSent: false, isReader: false, statement: 'connect' };
  if (error instanceof pg.DatabaseError && /^(?:28|3D|42)/.test(error.code ?? '')) {
    return new DbFailure(`connect: ${error.message}`, { sqlState: error.code });
  }
  return toDbError(error, context);
}

/** Runs `work` in a transaction; see Db.transaction and Session.run for the contract. */
export async function runTransaction<T>(
  connection: Connection,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const transaction = new Transaction(connection);
  const watchdog = setTimeout(() => connection.destroy(), TRANSACTION_TIMEOUT_MS);
  try {
    const value = await transaction.guard(() => work(transaction));
    await transaction.commit();
    return value;
  } finally {
    clearTimeout(watchdog);
  }
}

/**
 * A script of many statements in one transaction: no statement timeout, any plan. They are sent at
 * once, each by itself, since Citus has its workers run the client's text of some of them.
 */
export async function runScript(connection: Connection, text: string): Promise<void> {
  const transaction = new Transaction(connection);
  const settings = ['statement_timeout=0', ...SCRIPT_PLANNER].map((one) => `SET LOCAL ${one}`);
  const statements = [...settings, ...splitScript(text)];
  await transaction.guard(() => Promise.all(statements.map((one) => transaction.script(one))));
  await transaction.commit();
}

class Transaction implements Session {
  readonly losses = lost;
  readonly #connection: Connection;
  #firstError: DbError | null = null;
  #hasBegun = false;
  #isOver = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  run<R extends Row = Row>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly R[]> {
    assert(statement.name !== '', 'a statement has a name');
    const answer = this.#send(statement, values).then((reply) => reply.rows as readonly R[]);
    // A statement may be left unawaited: its failure then surfaces at commit, not as an unhandled
    // rejection.
    answer.catch(ignore);
    return answer;
  }

  async script(text: string): Promise<void> {
    await this.#send({ name: '', text }, []);
  }

  /**
   * The work's own error takes precedence; the transaction is rolled back before it is rethrown.
   */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.#rollback();
      throw error;
    } finally {
      this.#isOver = true;
    }
  }

  async commit(): Promise<void> {
    if (!this.#hasBegun) return;
    // Answers come in order: when COMMIT is answered, so is every statement before it.
    const { command } = await this.#sendNow({ name: '', text: 'COMMIT' }, [], true);
    if (command === 'COMMIT') return;
    // An aborted transaction answers COMMIT with ROLLBACK: some statement failed, awaited or not.
    throw this.#firstError ?? new DbFailure('commit: the server rolled back');
  }

  async #rollback(): Promise<void> {
    if (!this.#hasBegun) return;
    if (!this.#connection.isUsable) {
      this.#connection.destroy();
      return;
    }
    try {
      await this.#sendNow({ name: '', text: 'ROLLBACK' }, [], false);
    } catch {
      this.#connection.destroy();
    }
  }

  #send(statement: Statement, values: readonly unknown[]): Promise<Reply> {
    assert(!this.#isOver, 'a session is used inside its transaction only');
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#sendNow({ name: '', text: BEGIN }, [], false).catch(ignore);
    }
    return this.#sendNow(statement, values, false);
  }

  #sendNow(statement: Statement, values: readonly unknown[], isCommit: boolean): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#connection.send(statement, values, isCommit, (error, reply) => {
        if (reply !== null) resolve(reply);
        else reject(this.#rootCause(error));
      });
    });
  }

  /** After a failure the server answers everything with 25P02; the first error is the real one. */
  #rootCause(error: DbError | null): DbError {
    assert(error !== null, 'an answer is a reply or an error');
    this.#firstError ??= error;
    return error.sqlState === IN_FAILED_TRANSACTION ? this.#firstError : error;
  }
}

function ignore(): void {}
