/**
 * A lane: commands queue while its batch is in flight; when it is free, all waiting commands go
 * together. When idle, a command goes at once; under load, batches fill by themselves. Only a
 * piggyback command waits for a batch to join, and only briefly.
 *
 * How a failure is handled: retry the whole batch (deadlock, lock wait, lost connection), stop
 * (fenced), give it back (its shards have moved), or otherwise bisect the batch until the failing
 * command is alone. A batch whose COMMIT was not answered is sent again under its own id, and the
 * stamp tells whether it was committed.
 */

import { type Db, DbLost, DbRetry } from '../database/db.ts';
import { AssertionError } from '../kernel/assert.ts';
import { hutongError } from '../kernel/errors.ts';
import { err } from '../kernel/result.ts';
import type { OwedDelivery } from '../store/webhook/events.ts';
import {
  type Answer,
  type BatchEnvironment,
  type BatchOutcome,
  Fenced,
  Moved,
  runBatch,
  Unanswered,
} from './batch.ts';
import { type AnyCommand, UNANSWERED, UNDECIDED } from './command.ts';

export interface LaneOptions {
  readonly db: Db;
  readonly lane: number;
  readonly batchSizeMax: number;
  /** How long a batch is retried before its commands are answered `busy`. */
  readonly patienceMs: number;
  readonly environment: () => BatchEnvironment;
  /** False: the shard has moved since the command was queued. */
  readonly owns: (shard: number) => boolean;
  readonly wallMs: () => number;
  readonly onCommitted: (outcome: BatchOutcome, owed: readonly OwedDelivery[]) => void;
  readonly onDefect: (command: AnyCommand, error: Error) => void;
  readonly onBatch: (size: number, durationMs: number) => void;
  readonly onFenced: () => void;
  /** Sees every batch before it runs: for recordings by benchmarks. */
  readonly onCommands?: ((commands: readonly AnyCommand[]) => void) | undefined;
}

interface Waiting {
  readonly command: AnyCommand;
  readonly resolve: (answer: Answer) => void;
}

/**
 * Most of what a batch costs is the same for one command and for fifty. So where commands come
 * close behind each other, a batch waits for more: not where fewer than COMPANY are to be expected
 * in that time, since at a thin load the wait costs more time than it saves work, and in full where
 * twice as many are. It goes when nothing has come for a while, or GATHERED are there. Who is
 * alone, however fast, waits for nobody.
 */
const GATHER_MS_MAX = 20;
const COMPANY = 3;
const GATHERED = 64;
/** So many mean gaps without a command: whoever was to come has come. */
const QUIET_GAPS = 3;
/** After a longer pause, the gap before it says nothing. */
const GAP_MS_MAX = 1_000;
/** Of the newest in a mean. */
const WEIGHT = 0.1;
/** Longer than any batch takes that waits for nobody's lock. */
const HELD_UP_MS = 500;

const BUSY = err(
  hutongError('busy', 'the database is busy or away; nothing was committed, send the same again'),
);
/** Not an answer: the command was not committed here, and goes where its shard is now. */
export const MOVED: Answer = err(hutongError('busy', 'its shard has moved; send the same again'));
const INTERNAL = err(
  hutongError('internal', 'a defect of ours stopped this command; nothing was written'),
);

export class Lane {
  readonly #options: LaneOptions;
  #queue: Waiting[] = [];
  /** Waits for a batch, and goes in front of the commands that the batch was made for. */
  #piggybacks: Waiting[] = [];
  #piggybackTimer: NodeJS.Timeout | undefined;
  #piggybackAtMs = 0;
  #running: Promise<void> | undefined;
  /** Means of the last: between commands, and how many of them a batch had. */
  #meanGapMs = GAP_MS_MAX;
  #meanCount = 1;
  #cameAtMs = 0;
  /** When the first of those that wait came. */
  #waitingSinceMs = 0;
  /** A note's time is over. */
  #isHurried = false;
  /** When the batch in flight was taken; null = there is none. */
  #takenAtMs: number | null = null;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get depth(): number {
    return this.#queue.length + this.#piggybacks.length;
  }

  /** Its batch is in flight for so long that it must wait for somebody else. */
  isHeldUp(): boolean {
    return this.#takenAtMs !== null && performance.now() - this.#takenAtMs > HELD_UP_MS;
  }

  submit(command: AnyCommand, resolve: (answer: Answer) => void): void {
    if (command.piggybackMs !== undefined) {
      this.#piggybacks.push({ command, resolve });
      this.#takeAlongWithin(command.piggybackMs);
      return;
    }
    // One with a gate comes with another.
    if (command.gate === undefined) this.#noteArrival();
    this.#takeAlong();
    this.#queue.push({ command, resolve });
    this.#running ??= this.#drain();
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    this.#takeAlong();
    while (this.#running !== undefined) await this.#running;
  }

  #noteArrival(): void {
    const atMs = performance.now();
    const gapMs = Math.min(atMs - this.#cameAtMs, GAP_MS_MAX);
    this.#meanGapMs += (gapMs - this.#meanGapMs) * WEIGHT;
    this.#cameAtMs = atMs;
    if (this.#queue.length === 0) this.#waitingSinceMs = atMs;
  }

  async #gather(): Promise<void> {
    const worthMs = GATHER_MS_MAX * this.#companyShare();
    const endMs = this.#waitingSinceMs + worthMs;
    const quietMs = QUIET_GAPS * this.#meanGapMs;
    while (!this.#isHurried && this.#queue.length < GATHERED) {
      const leftMs = Math.min(endMs, this.#cameAtMs + quietMs) - performance.now();
      if (leftMs < 1) return;
      await pause(leftMs);
    }
  }

  /** 0: nobody is worth waiting for; 1: as long as may be. */
  #companyShare(): number {
    const expected = GATHER_MS_MAX / this.#meanGapMs;
    const share = Math.min(1, Math.max(0, expected / COMPANY - 1));
    return share * Math.min(1, this.#meanCount - 1);
  }

  #takeAlongWithin(durationMs: number): void {
    const atMs = performance.now() + durationMs;
    if (this.#piggybackTimer !== undefined && this.#piggybackAtMs <= atMs) return;
    clearTimeout(this.#piggybackTimer);
    this.#piggybackAtMs = atMs;
    this.#piggybackTimer = setTimeout(() => {
      this.#isHurried = true;
      this.#takeAlong();
    }, durationMs);
  }

  /** Piggyback commands keep their place in the queue: before everything submitted after them. */
  #takeAlong(): void {
    clearTimeout(this.#piggybackTimer);
    this.#piggybackTimer = undefined;
    if (this.#piggybacks.length === 0) return;
    this.#queue = this.#queue.concat(this.#piggybacks);
    this.#piggybacks = [];
    this.#running ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // One turn of the event loop lets everything that arrived with the first command join it.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      await this.#gather();
      this.#takeAlong();
      this.#isHurried = false;
      const size = this.#options.batchSizeMax;
      const batch = this.#queue.length <= size ? this.#queue : this.#queue.slice(0, size);
      this.#queue = batch === this.#queue ? [] : this.#queue.slice(size);
      this.#meanCount += (countOf(batch) - this.#meanCount) * WEIGHT;
      const startedMs = this.#options.wallMs();
      this.#takenAtMs = performance.now();
      await this.#settle(batch);
      this.#takenAtMs = null;
      this.#options.onBatch(batch.length, this.#options.wallMs() - startedMs);
    }
    this.#running = undefined;
  }

  /** The map may change while they wait: what a batch holds and its epoch are of one moment. */
  async #settle(waiting: readonly Waiting[]): Promise<void> {
    const batch = withGates(this.#own(waiting));
    if (batch.length === 0) return;
    const commands = batch.map(({ command }) => command);
    this.#options.onCommands?.(commands);
    const result = await this.#commit(commands);
    if (result.kind === 'committed') {
      this.#options.onCommitted(result.outcome, result.owed);
      this.#answer(batch, result.outcome);
      return;
    }
    if (result.kind === 'failed' && batch.length > 1) {
      // Data that the database refuses, an unreadable row, a defect of ours: the batch is bisected
      // until the failing command is alone, and the others pass.
      const middle = batch.length >> 1;
      await this.#settle(batch.slice(0, middle));
      await this.#settle(batch.slice(middle));
      return;
    }
    for (const waiting of batch) {
      if (result.kind === 'moved') waiting.resolve(MOVED);
      else if (result.kind === 'unanswered') waiting.resolve(UNANSWERED);
      else if (result.kind === 'busy') waiting.resolve(BUSY);
      else {
        this.#options.onDefect(waiting.command, result.error);
        waiting.resolve(INTERNAL);
      }
    }
  }

  #own(waiting: readonly Waiting[]): readonly Waiting[] {
    const { owns } = this.#options;
    if (waiting.every(({ command }) => owns(command.shard))) return waiting;
    return waiting.filter(({ command, resolve }) => {
      if (owns(command.shard)) return true;
      resolve(MOVED);
      return false;
    });
  }

  #answer(batch: readonly Waiting[], outcome: BatchOutcome): void {
    batch.forEach((waiting, index) => {
      const answer = outcome.answers[index];
      if (answer === undefined || answer instanceof AssertionError) {
        this.#options.onDefect(
          waiting.command,
          answer ?? new AssertionError('a command got no answer'),
        );
        waiting.resolve(INTERNAL);
      } else waiting.resolve(answer);
    });
  }

  async #commit(commands: readonly AnyCommand[]): Promise<
    | {
        readonly kind: 'committed';
        readonly outcome: BatchOutcome;
        readonly owed: readonly OwedDelivery[];
      }
    | { readonly kind: 'busy' }
    | { readonly kind: 'moved' }
    | { readonly kind: 'unanswered' }
    | { readonly kind: 'failed'; readonly error: Error }
  > {
    const { db, lane, patienceMs, wallMs } = this.#options;
    const environment = this.#options.environment();
    const deadlineMs = wallMs() + patienceMs;
    for (let round = 0; ; round += 1) {
      try {
        const outcome = await db.transaction(lane, (session) =>
          runBatch(session, commands, environment),
        );
        return { kind: 'committed', outcome, owed: await outcome.owed };
      } catch (error) {
        if (error instanceof Fenced) {
          this.#options.onFenced();
          return { kind: 'busy' };
        }
        if (error instanceof Moved) return { kind: 'moved' };
        if (error instanceof Unanswered) return { kind: 'unanswered' };
        if (error instanceof DbRetry || error instanceof DbLost) {
          if (wallMs() >= deadlineMs) return { kind: 'busy' };
          await pause(Math.min(1_000, 10 * 2 ** Math.min(round, 7)));
        } else if (error instanceof Error) return { kind: 'failed', error };
        else return { kind: 'failed', error: new Error(String(error)) };
      }
    }
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** Those that somebody waits for: a command with a gate comes with another, and a note has time. */
function countOf(batch: readonly Waiting[]): number {
  let count = 0;
  for (const { command } of batch)
    if (command.gate === undefined && command.piggybackMs === undefined) count += 1;
  return Math.max(1, count);
}

/** Those whose gates are of another batch are answered at once: no transaction is made for them. */
function withGates(waiting: readonly Waiting[]): readonly Waiting[] {
  if (waiting.every(({ command }) => command.gate === undefined)) return waiting;
  const here = new Set(waiting.map(({ command }) => command));
  return waiting.filter(({ command, resolve }) => {
    if (command.gate === undefined || here.has(command.gate.of)) return true;
    here.delete(command);
    resolve(UNDECIDED);
    return false;
  });
}
