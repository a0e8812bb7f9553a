/**
 * The sweeper: reads what is due in this process's shards, claims each row by a command, and only
 * then acts. There is no second queue that could disagree with the rows.
 *
 * Each kind of row has a loop of its own, and a pass waits for claims only, never for a wallet or a
 * receiver: one that hangs delays only its own requests. A pass reads the rows of each group (such
 * as a wallet configuration) page by page, in turns; a group with too much in flight is skipped
 * until some of it is done; a row that cannot be claimed is backed off and passed over. `settle`
 * steps the same sweeps until nothing is due, for a clock that is moved by hand.
 */

import type { Db } from '../database/db.ts';
import type { HutongError } from '../kernel/errors.ts';
import type { Result } from '../kernel/result.ts';
import type { Clock } from '../runtime/clock.ts';
import {
  type Due,
  type DueCursor,
  type DuePage,
  type DueSource,
  type DueTable,
  dueSource,
  FIRST,
  forgetBackoffs,
  nextDueIn,
  putOff,
  type Share,
} from '../store/batch/due.ts';

/** The work left once the claim is committed; null = none, or another process does it. */
export type Work = (() => Promise<void>) | null;

/** A due row could not be claimed: `code` says whether the row itself is the cause. */
export class ClaimFailed extends Error {
  override readonly name = 'ClaimFailed';
  readonly code: HutongError['code'];

  constructor({ code, message }: HutongError) {
    super(`a due row was not claimed: ${message}`);
    this.code = code;
  }
}

/** The answer of a claim; throws ClaimFailed for a refusal. */
export function claimed<T>(answer: Result<T, HutongError>): T {
  if (!answer.ok) throw new ClaimFailed(answer.error);
  return answer.value;
}

/** The database is unreachable, or this process is ending: the row is not the cause. */
function isTransient(error: unknown): boolean {
  return error instanceof ClaimFailed && (error.code === 'busy' || error.code === 'shutting_down');
}

/** A kind of row with due work. */
export interface DueKind<T = unknown> extends DueTable<T> {
  /** Claims the row by a command, and throws if it cannot. */
  claim(row: T): Promise<Work>;
}

export function dueKind<T>(of: DueTable<T>, claim: (row: T) => Promise<Work>): DueKind<T> {
  return { ...of, claim };
}

export interface Sweeper {
  readonly start: () => void;
  /** Sweep soon: something has just become due. */
  readonly wake: () => void;
  /**
   * Sweeps until nothing is due at the current business time; returns when the next work is due.
   */
  readonly settle: () => Promise<number | null>;
  readonly stop: () => Promise<void>;
}

export interface SweeperOptions {
  readonly db: Db;
  readonly clock: Clock;
  /** null = this process must not sweep now. */
  readonly share: () => Share | null;
  /** Each has a loop of its own; `settle` goes through them in this order. */
  readonly kinds: readonly DueKind[];
  /** False: what stands here has moved to another cell. Default: all of them are here. */
  readonly owns?: (shard: number) => boolean;
  readonly onError: (error: unknown) => void;
  readonly intervalMs?: number;
  /** Rows of one group per page. */
  readonly limit?: number;
}

/**
 * Claimed rows in flight per kind and group; beyond it, rows wait in the database. What two kinds
 * send to one wallet together stays below the socket limit per host.
 */
const UNDER_WAY_MAX = 100;
const PAGE_ROWS = 100;
const GROUPS_AT_ONCE = 20;
/** A longer pass is continued by the next one, which sees what has become due meanwhile. */
const PASS_MS = 1_000;
/** The minimum time between passes, however often the sweeper is woken. */
const WAKE_MS = 10;
const SETTLE_ROUNDS_MAX = 1_000;

export function createSweeper(options: SweeperOptions): Sweeper {
  const { db, clock, kinds } = options;
  const loops = kinds.map((kind) => new SweepLoop(options, kind));
  const nextDueMs = nextDueIn(kinds);
  return {
    start: () => {
      for (const loop of loops) loop.start();
    },
    wake: () => {
      for (const loop of loops) loop.wake();
    },
    settle: async () => {
      for (let round = 0; round < SETTLE_ROUNDS_MAX; round += 1) {
        for (const loop of loops) await loop.pass();
        await Promise.all(loops.map((loop) => loop.idle()));
        const share = options.share();
        if (share === null) break;
        const next = await nextDueMs(db, share);
        if (next === null || next > clock.nowMs()) return next;
      }
      return clock.nowMs() + 1_000;
    },
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

class SweepLoop {
  readonly #options: SweeperOptions;
  readonly #kind: DueKind;
  readonly #source: DueSource<unknown>;
  /** By group. */
  readonly #underWay = new Map<bigint, Set<Promise<void>>>();
  /** Groups skipped because of what they have in flight. */
  readonly #full = new Set<bigint>();
  /** Groups that the last pass did not finish, and the row that it stopped at. */
  readonly #unfinished = new Map<bigint, DueCursor>();
  #timer: NodeJS.Timeout | undefined;
  #passing: Promise<boolean> | undefined;
  #isAwake = false;
  #isStopped = false;

  constructor(options: SweeperOptions, kind: DueKind) {
    this.#options = options;
    this.#kind = kind;
    this.#source = dueSource(kind);
  }

  start(): void {
    this.#after(0);
  }

  wake(): void {
    if (this.#isAwake || this.#isStopped || this.#timer === undefined) return;
    this.#isAwake = true;
    // A pass in progress may have read past the new row; the next one will see the flag.
    if (this.#passing === undefined) this.#after(WAKE_MS);
  }

  /** One pass, shared by concurrent callers; true if it is to be continued at once. */
  pass(): Promise<boolean> {
    this.#passing ??= this.#sweep().finally(() => {
      this.#passing = undefined;
    });
    return this.#passing;
  }

  async idle(): Promise<void> {
    for (;;) {
      const work = [...this.#underWay.values()].flatMap((group) => [...group]);
      if (work.length === 0) return;
      await Promise.all(work);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#passing?.catch(() => undefined);
    await this.idle();
  }

  #after(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#turn(), delayMs);
  }

  async #turn(): Promise<void> {
    this.#isAwake = false;
    const hasMore = await this.pass().catch((error: unknown) => {
      this.#options.onError(error);
      return false;
    });
    if (this.#isStopped) return;
    this.#after(this.#isAwake || hasMore ? WAKE_MS : (this.#options.intervalMs ?? 1_000));
  }

  async #sweep(): Promise<boolean> {
    const { db, clock } = this.#options;
    const share = this.#options.share();
    if (share === null) return false;
    const at = { nowMs: clock.nowMs(), share };
    const groups = await this.#source.groups(db);
    const waiting = this.#inTurn(groups);
    this.#unfinished.clear();
    const endMs = performance.now() + PASS_MS;
    // Round robin: a group whose page was full goes behind all others.
    while (waiting.length > 0 && performance.now() < endMs && !this.#isStopped) {
      const pages = this.#pagesOf(waiting.splice(0, GROUPS_AT_ONCE));
      if (pages.length === 0) continue;
      const rows = await this.#source.read(db, pages, at);
      const { owns = () => true } = this.#options;
      const own = rows.filter(({ key }) => owns(key.shard));
      // If the row is not the cause, it is not backed off: the next pass tries again.
      if (!(await this.#claimAll(own, at.nowMs))) return false;
      waiting.push(...unfinished(pages, rows));
    }
    for (const { group, after } of waiting) this.#unfinished.set(group, after);
    return waiting.length > 0;
  }

  /** Groups that the last pass did not reach go first, in its order: no group starves. */
  #inTurn(groups: readonly bigint[]): Omit<DuePage, 'limit'>[] {
    const open = new Set(groups);
    const left = [...this.#unfinished.keys()].filter((group) => open.has(group));
    const others = groups.filter((group) => !this.#unfinished.has(group));
    return [...left, ...others].map((group) => ({
      group,
      after: this.#unfinished.get(group) ?? FIRST,
    }));
  }

  #pagesOf(waiting: readonly Omit<DuePage, 'limit'>[]): DuePage[] {
    const { limit = PAGE_ROWS } = this.#options;
    return waiting.flatMap(({ group, after }) => {
      const room = UNDER_WAY_MAX - (this.#underWay.get(group)?.size ?? 0);
      if (room <= 0) this.#full.add(group);
      return room <= 0 ? [] : [{ group, after, limit: Math.min(limit, room) }];
    });
  }

  /** False if the database is unreachable or the process is ending. */
  async #claimAll(rows: readonly Due<unknown>[], nowMs: number): Promise<boolean> {
    const claims = await Promise.allSettled(rows.map(({ row }) => this.#kind.claim(row)));
    const failed: Due<unknown>[] = [];
    const healed: Due<unknown>[] = [];
    let isAway = false;
    for (const [index, claim] of claims.entries()) {
      const due = rows[index] as Due<unknown>;
      if (claim.status === 'rejected') {
        if (isTransient(claim.reason)) isAway = true;
        else {
          failed.push(due);
          this.#options.onError(claim.reason);
        }
        continue;
      }
      if (due.failures > 0) healed.push(due);
      if (claim.value !== null) this.#begin(due.group, claim.value);
    }
    const { db } = this.#options;
    await putOff(db, keysOf(failed), nowMs);
    await forgetBackoffs(db, keysOf(healed));
    return !isAway;
  }

  #begin(group: bigint, work: () => Promise<void>): void {
    const underWay = this.#underWay.get(group) ?? new Set();
    this.#underWay.set(group, underWay);
    const done = work()
      .catch(this.#options.onError)
      .finally(() => {
        underWay.delete(done);
        if (underWay.size === 0) this.#underWay.delete(group);
        if (this.#full.delete(group)) this.wake();
      });
    underWay.add(done);
  }
}

const keysOf = (rows: readonly Due<unknown>[]) => rows.map(({ key }) => key);

/** The groups whose page was full, each with its last row. */
function unfinished(
  pages: readonly DuePage[],
  rows: readonly Due<unknown>[],
): Omit<DuePage, 'limit'>[] {
  const read = new Map<bigint, { count: number; last: DueCursor }>();
  for (const { group, cursor } of rows) {
    read.set(group, { count: (read.get(group)?.count ?? 0) + 1, last: cursor });
  }
  return pages.flatMap(({ group, limit }) => {
    const found = read.get(group);
    return found === undefined || found.count < limit ? [] : [{ group, after: found.last }];
  });
}
