/**
 * The main thread's side of PGlite's worker: numbered requests, and a stream that the driver takes
 * for a socket to a server. A new stream is a new session: whatever an earlier one left open or
 * prepared is cleared before its first statement.
 */
import { Duplex } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { assert } from '../kernel/assert.ts';
import type { FromWorker, PgliteWorkerData, ToWorker } from './pglite-worker.ts';

type Settle = (error: Error | null, bytes: Uint8Array) => void;

export class PgliteThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Settle>();
  readonly #exited: Promise<void>;
  #lastId = 0;
  #hasExited = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#fail(new Error('the PGlite thread ended'));
        resolve();
      });
    });
    worker.on('error', (error) => this.#fail(error));
    worker.on('message', (message: FromWorker) => this.#receive(message));
  }

  /** Resolves when PGlite serves; rejects with its own error if it cannot start. */
  static async start(data: PgliteWorkerData): Promise<PgliteThread> {
    const worker = new Worker(new URL('./pglite-worker.js', import.meta.url), {
      workerData: data,
      execArgv: [],
      name: 'pglite',
    });
    const thread = new PgliteThread(worker);
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`PGlite did not start (exit ${code})`)));
    });
    return thread;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  wire(bytes: Uint8Array, settle: Settle): void {
    // The driver's buffers are shared and reused; the copy can be transferred.
    const copy = new Uint8Array(bytes);
    this.#request((id) => ({ type: 'wire', id, bytes: copy }), settle, [copy.buffer]);
  }

  dump(): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#request(
        (id) => ({ type: 'dump', id }),
        (error, bytes) => (error === null ? resolve(bytes) : reject(error)),
      );
    });
  }

  async close(): Promise<void> {
    if (!this.#hasExited)
      this.#request(
        (id) => ({ type: 'close', id }),
        () => undefined,
      );
    await this.#exited;
  }

  #request(make: (id: number) => ToWorker, settle: Settle, transfer: ArrayBuffer[] = []): void {
    if (this.#hasExited) {
      settle(new Error('the PGlite thread has ended'), new Uint8Array());
      return;
    }
    this.#lastId += 1;
    this.#waiting.set(this.#lastId, settle);
    this.#worker.postMessage(make(this.#lastId), transfer);
  }

  #receive(message: FromWorker): void {
    if (message.type === 'ready') return;
    const settle = this.#waiting.get(message.id);
    assert(settle !== undefined, 'an answer has its request');
    this.#waiting.delete(message.id);
    settle(null, message.bytes);
  }

  #fail(error: Error): void {
    this.#hasExited = true;
    for (const settle of this.#waiting.values()) settle(error, new Uint8Array());
    this.#waiting.clear();
  }
}

/** AuthenticationOk, ReadyForQuery(idle). */
const GREETING = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
const TERMINATE = 0x58;

export class PgliteStream extends Duplex {
  readonly #thread: PgliteThread;
  #hasGreeted = false;

  constructor(thread: PgliteThread) {
    super({ allowHalfOpen: false });
    this.#thread = thread;
  }

  /** The socket methods that the driver calls. */
  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (!this.#hasGreeted) this.#greet(done);
    else if (chunk[0] === TERMINATE) done();
    else this.#exchange(chunk, done);
  }

  override _writev(
    chunks: { readonly chunk: Buffer }[],
    done: (error?: Error | null) => void,
  ): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', done);
  }

  override _final(done: (error?: Error | null) => void): void {
    done();
    this.destroy();
  }

  #exchange(bytes: Uint8Array, done: (error?: Error | null) => void): void {
    this.#thread.wire(bytes, (error, answer) => {
      if (error === null && !this.destroyed) this.push(answer);
      done(error);
    });
  }

  #greet(done: (error?: Error | null) => void): void {
    this.#hasGreeted = true;
    this.#thread.wire(simpleQuery('ROLLBACK'), (rollbackError) => {
      if (rollbackError !== null) {
        done(rollbackError);
        return;
      }
      this.#thread.wire(simpleQuery('DISCARD ALL'), (error) => {
        if (error === null && !this.destroyed) this.push(GREETING);
        done(error);
      });
    });
  }
}

function simpleQuery(text: string): Uint8Array {
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.alloc(5);
  head.write('Q', 0);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
