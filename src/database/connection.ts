/**
 * One connection that speaks PostgreSQL's protocol, to a server or to PGlite's worker, with one
 * transaction at a time. Statements are pipelined: all of a tick are written at once and answered
 * in one piece (exchange.ts), so a transaction costs as many round trips as its work has awaits.
 *
 * A broken connection is never used again, and a broken COMMIT is never reported as a failure.
 */
import pg from 'pg';
import { assert } from '../kernel/assert.ts';
import { type DbError, DbFailure, type Row, type Session, type Statement } from './db.ts';
import { isLoss, isStalePlan, toDbError } from './db-errors.ts';
import { typeParsers } from './db-types.ts';
import { Exchange, NoAnswer, type PreparedStatements, type Reply } from './exchange.ts';
import { SCRIPT_PLANNER } from './planner.ts';
import { splitScript } from './split-script.ts';

/** Longer than any healthy transaction: guards against a server that no longer answers. */
const TRANSACTION_TIMEOUT_MS = 30_000;

const BEGIN: Statement = {
  name: 'transaction.begin',
  text: 'BEGIN ISOLATION LEVEL READ COMMITTED',
};
const COMMIT: Statement = { name: 'transaction.commit', text: 'COMMIT' };
const ROLLBACK: Statement = { name: 'transaction.rollback', text: 'ROLLBACK' };
const IN_FAILED_TRANSACTION = '25P02';
/** Errors that only say that a statement before had failed. */
const CONSEQUENCES = new Set([IN_FAILED_TRANSACTION, '26000']);

type Answer = (error: DbError | null, reply: Reply | null) => void;

interface Sent {
  /** Empty: a script. */
  readonly statement: string;
  readonly isCommit: boolean;
  readonly answer: Answer;
}

const NO_REPLY: Reply = { rows: [], command: '' };

/** Connections that this process lost or ended, but for those that only read. */
let lost = 0;

export class Connection {
  readonly #client: pg.Client;
  readonly #isReader: boolean;
  #isUsable = true;
  #isBroken = false;
  #inFlight = 0;
  readonly #prepared: PreparedStatements = new Map();
  /** Sent at the end of this tick. */
  #waiting: Exchange[] = [];
  /** The last of them takes what a transaction adds. */
  #open: Exchange | null = null;

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

  /** By itself: what fails beside it does not concern it. */
  run(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      const answer: Answer = (error, reply) => {
        if (reply === null) reject(error);
        else resolve(reply.rows);
      };
      this.#open = null;
      this.send(statement, values, answer);
      this.#open = null;
    });
  }

  /** With all else that is sent in this tick: the first that fails takes along what follows it. */
  send(statement: Statement, values: readonly unknown[], answer: Answer, isCommit = false): void {
    if (this.#open === null) {
      this.#open = new Exchange(this.#prepared);
      this.#wait(this.#open);
    }
    const sent = { statement: statement.name, isCommit, answer };
    this.#open.add(statement, values, (error, reply, wasSkipped) =>
      this.#settle(sent, error, reply, wasSkipped),
    );
    this.#inFlight += 1;
  }

  /** By the simple protocol: any number of statements, without parameters. */
  script(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const answer: Answer = (error) => (error === null ? resolve() : reject(error));
      const sent = { statement: '', isCommit: false, answer };
      this.#flush();
      this.#inFlight += 1;
      this.#client.query({ text }, (error: Error | null) =>
        this.#settle(sent, error ?? null, NO_REPLY, false),
      );
    });
  }

  #settle(sent: Sent, error: Error | null, reply: Reply | null, wasSkipped: boolean): void {
    this.#inFlight -= 1;
    if (error === null) {
      sent.answer(null, reply);
      return;
    }
    const { isCommit } = sent;
    if (error instanceof NoAnswer) this.#break();
    const isReader = this.#isReader;
    const hasLost = isLoss(error, { isReader, isCommitSent: isCommit && !wasSkipped });
    if (hasLost) this.#break();
    else if (isStalePlan(error)) this.#isUsable = false;
    const isBroken = this.#isBroken;
    // A server that names its error answers for what it skipped; else nothing is known of it.
    if (wasSkipped && !hasLost && !isBroken && error instanceof pg.DatabaseError) {
      sent.answer(new DbFailure('skipped', { sqlState: IN_FAILED_TRANSACTION }), null);
      return;
    }
    const statement = sent.statement === '' ? 'script' : sent.statement;
    const context = { statement, isBroken, isCommitSent: isCommit, isReader };
    sent.answer(toDbError(error, context), null);
  }

  /** Ends it at once; everything in flight fails as lost. */
  destroy(): void {
    this.#break();
    this.#client.connection.stream.destroy();
  }

  async end(): Promise<void> {
    this.#flush();
    this.#isUsable = false;
    await this.#client.end().catch(() => undefined);
  }

  #break(): void {
    if (!this.#isBroken && !this.#isReader) lost += 1;
    this.#isUsable = false;
    this.#isBroken = true;
  }

  #wait(exchange: Exchange): void {
    this.#waiting.push(exchange);
    if (this.#waiting.length === 1) process.nextTick(() => this.#flush());
  }

  /** One packet. */
  #flush(): void {
    const exchanges = this.#waiting;
    this.#waiting = [];
    this.#open = null;
    const { stream } = this.#client.connection;
    stream.cork();
    for (const exchange of exchanges) this.#client.query(exchange);
    stream.uncork();
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
  /** What was never sent: nothing may be committed without it, awaited or not. */
  #unsent: { readonly error: unknown } | null = null;
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
    this.#begin();
    await this.#connection.script(text);
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
    if (this.#unsent !== null) {
      await this.#rollback();
      throw this.#unsent.error;
    }
    // Answers come in order: when COMMIT is answered, so is every statement before it.
    const command = await this.#committed();
    if (command === 'COMMIT') return;
    // An aborted transaction answers COMMIT with ROLLBACK: some statement failed, awaited or not.
    throw this.#firstError ?? new DbFailure('commit: the server rolled back');
  }

  async #committed(): Promise<string> {
    try {
      return (await this.#sendNow(COMMIT, [], true)).command;
    } catch (error) {
      // Skipped behind a statement that failed: the transaction is still open.
      await this.#rollback();
      throw error;
    }
  }

  async #rollback(): Promise<void> {
    if (!this.#hasBegun) return;
    // Skipped behind a statement that failed, it is sent again.
    for (let tries = 0; tries < 2 && this.#connection.isUsable; tries += 1) {
      try {
        await this.#sendNow(ROLLBACK, []);
        return;
      } catch {}
    }
    this.#connection.destroy();
  }

  #send(statement: Statement, values: readonly unknown[]): Promise<Reply> {
    this.#begin();
    return this.#sendNow(statement, values);
  }

  #begin(): void {
    assert(!this.#isOver, 'a session is used inside its transaction only');
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#sendNow(BEGIN, []).catch(ignore);
  }

  #sendNow(statement: Statement, values: readonly unknown[], isCommit = false): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const answer: Answer = (error, reply) => {
        if (reply !== null) resolve(reply);
        else reject(this.#rootCause(error));
      };
      try {
        this.#connection.send(statement, values, answer, isCommit);
      } catch (error) {
        this.#unsent ??= { error };
        reject(error);
      }
    });
  }

  /** After a failure all else fails with it; the first error is the real one. */
  #rootCause(error: DbError | null): DbError {
    assert(error !== null, 'an answer is a reply or an error');
    this.#firstError ??= error;
    return CONSEQUENCES.has(error.sqlState) ? this.#firstError : error;
  }
}

function ignore(): void {}
