/**
 * A connection that reconnects. Work on it queues; if the connection broke, the next work opens a
 * new one. Attempts to open are spaced out (50 ms, doubling to 5 s), and each failure reaches its
 * caller as DbLost: whether to retry is always the caller's decision.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../kernel/assert.ts';
import type { Connection } from './connection.ts';

const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 5_000;

export class Lane {
  readonly #open: () => Promise<Connection>;
  #connection: Connection | null = null;
  #opening: Promise<Connection> | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #backoffMs = 0;
  #isClosed = false;

  constructor(open: () => Promise<Connection>) {
    this.#open = open;
  }

  /** One at a time, first come, first served. */
  exclusively<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    assert(!this.#isClosed, 'the database is not used after it is closed');
    const turn = this.#tail.then(async () => work(await this.#ready()));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** The open connection, opened first if needed. */
  connection(): Promise<Connection> | Connection {
    assert(!this.#isClosed, 'the database is not used after it is closed');
    return this.#ready();
  }

  #ready(): Promise<Connection> | Connection {
    if (this.#connection?.isUsable === true) return this.#connection;
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  get load(): number {
    if (this.#opening !== null) return 1;
    return this.#connection?.isUsable === true ? this.#connection.inFlight : 0;
  }

  get isOpen(): boolean {
    return this.#connection?.isUsable === true;
  }

  /** Refuses new work, finishes what is queued, then ends the connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#tail;
    await this.#opening?.catch(() => undefined);
    await this.#connection?.end();
  }

  async #reopen(): Promise<Connection> {
    void this.#connection?.end();
    this.#connection = null;
    if (this.#backoffMs > 0) await sleep(this.#backoffMs);
    try {
      this.#connection = await this.#open();
      this.#backoffMs = 0;
      return this.#connection;
    } catch (error) {
      this.#backoffMs = Math.min(Math.max(this.#backoffMs * 2, BACKOFF_MS_MIN), BACKOFF_MS_MAX);
      throw error;
    }
  }
}
