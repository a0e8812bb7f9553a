/**
 * What a process runs in each of its cells (a leased number, a source of ids, an engine, a sweeper)
 * behind the interfaces of one: a command goes to the engine of its shard's cell, and waits while
 * the shard is on its way to another.
 *
 * Process numbers are leased cell by cell: an id of a shard is made under the number that this
 * process holds in the shard's cell, one of reference data under its number at home.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../database/db.ts';
import { must } from '../kernel/assert.ts';
import { hutongError } from '../kernel/errors.ts';
import { isReferenceKind } from '../kernel/id-prefixes.ts';
import { err } from '../kernel/result.ts';
import type { Cell, Cells } from '../store/cells.ts';
import type { Answer } from './batch.ts';
import { type AnyCommand, UNDECIDED } from './command.ts';
import type { Sweeper } from './due.ts';
import type { IdSource } from './ids.ts';
import type { ProcessLease } from './process-lease.ts';
import type { Engine } from './submit.ts';

export interface CellRuntime {
  readonly lease: ProcessLease;
  readonly ids: IdSource;
  readonly engine: Engine;
  readonly sweeper: Sweeper;
}

export interface CellRouter {
  readonly ids: IdSource;
  readonly engine: Engine;
  readonly sweeper: Sweeper;
  /** What runs in a cell, from now on; each cell before a map names it. */
  readonly add: (cell: Cell, runtime: CellRuntime) => void;
  /** A batch of an old map gave the command back: it goes where its shard is by now. */
  readonly again: (command: AnyCommand) => Promise<Answer>;
  /** Of every cell; when nothing is written any more. */
  readonly release: () => Promise<void>;
}

/** Longer than a shard is fenced in any move that goes well. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 20;

const MOVING: Answer = err(
  hutongError('busy', 'its shard is being moved; nothing was committed, send the same again'),
);

/** `refresh`: reads the map of cells, and goes by it from then on. */
export function createCellRouter(cells: Cells, refresh: () => Promise<void>): CellRouter {
  const runtimes = new Map<Db, CellRuntime>();
  const at = (db: Db): CellRuntime => must(runtimes.get(db), 'what runs in a cell');
  const each = <T>(work: (runtime: CellRuntime) => Promise<T>): Promise<T[]> =>
    Promise.all([...runtimes.values()].map(work));
  const send = (command: AnyCommand): Promise<Answer> =>
    at(cells.of(command.shard)).engine.submit(command);
  let isSweeping = false;

  /** By command: until when it is sent again, however often it is given back. */
  const deadlines = new WeakMap<AnyCommand, number>();
  const again = async (command: AnyCommand): Promise<Answer> => {
    const known = deadlines.get(command);
    const endMs = known ?? performance.now() + PATIENCE_MS;
    deadlines.set(command, endMs);
    if (known !== undefined) await sleep(LOOK_EVERY_MS);
    while (performance.now() < endMs) {
      const isCurrent = await succeeds(refresh());
      if (isCurrent && !cells.map.moving.has(command.shard)) return send(command);
      await sleep(LOOK_EVERY_MS);
    }
    return MOVING;
  };
  const submit = (command: AnyCommand): Promise<Answer> => {
    const { shard, gate } = command;
    const isMoving = cells.map.moving.has(shard);
    // Another cell is another batch, and so is whatever is sent later.
    if (gate !== undefined && (isMoving || cells.of(gate.of.shard) !== cells.of(shard)))
      return Promise.resolve(UNDECIDED);
    return isMoving ? again(command) : send(command);
  };

  return {
    ids: {
      next: (kind, shard) =>
        at(isReferenceKind(kind) ? cells.home : cells.of(shard)).ids.next(kind, shard),
      nextNumber: (shard) => at(cells.of(shard)).ids.nextNumber(shard),
      raise: (floor) => {
        for (const { ids } of runtimes.values()) ids.raise(floor);
      },
    },
    engine: {
      submit: submit as Engine['submit'],
      queueDepth: () => {
        let depth = 0;
        for (const { engine } of runtimes.values()) depth += engine.queueDepth();
        return depth;
      },
      drain: async () => {
        await each(({ engine }) => engine.drain());
      },
    },
    sweeper: {
      start: () => {
        isSweeping = true;
        for (const { sweeper } of runtimes.values()) sweeper.start();
      },
      wake: () => {
        for (const { sweeper } of runtimes.values()) sweeper.wake();
      },
      // One after the other: a clock that is moved by hand wants the same order every time.
      settle: async () => {
        let nextMs: number | null = null;
        for (const { sweeper } of runtimes.values()) {
          const dueMs = await sweeper.settle();
          if (dueMs !== null && (nextMs === null || dueMs < nextMs)) nextMs = dueMs;
        }
        return nextMs;
      },
      stop: async () => {
        await each(({ sweeper }) => sweeper.stop());
      },
    },
    add: (cell, runtime) => {
      runtimes.set(cell.db, runtime);
      if (isSweeping) runtime.sweeper.start();
    },
    again,
    release: async () => {
      await each(({ lease }) => lease.release());
    },
  };
}

async function succeeds(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch {
    return false;
  }
}
