/**
 * The engine's interface for flows: submit a command, get its answer after commit. Lanes follow the
 * load (spread.ts); commands on one root always queue behind each other.
 */

import type { Db } from '../database/db.ts';
import { assert, must } from '../kernel/assert.ts';
import type { HutongError } from '../kernel/errors.ts';
import { hutongError } from '../kernel/errors.ts';
import { err, type Result } from '../kernel/result.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Aggregate } from '../store/batch/aggregate.ts';
import type { EventRow, OwedDelivery } from '../store/webhook/events.ts';
import type { Answer, BatchOutcome, Changed } from './batch.ts';
import type { AnyCommand, Command } from './command.ts';
import type { IdSource } from './ids.ts';
import { Lane, MOVED } from './lane.ts';
import { createMemory, type Memory } from './memory.ts';
import type { ProcessLease } from './process-lease.ts';
import { createSpread } from './spread.ts';
import { assertGate } from './steps.ts';

const BATCH_SIZE_MAX = { postgres: 1_000, pglite: 100 } as const;
const PATIENCE_MS = 20_000;
/** How long a committed event's first delivery is reserved for this process. */
const FIRST_TRY_MS = 15_000;

export interface Engine {
  readonly submit: <S, W, A>(command: Command<S, W, A>) => Promise<Result<A, HutongError>>;
  /** Refuses new commands and resolves when everything accepted is committed and answered. */
  readonly drain: () => Promise<void>;
  readonly queueDepth: () => number;
}

export interface EngineListener {
  readonly onChanged?: (changed: readonly Changed[]) => void;
  /** Something that is already due was committed. */
  readonly onDue?: () => void;
  readonly onOwed?: (owed: readonly OwedDelivery[], events: readonly EventRow[]) => void;
  readonly onDefect?: (command: AnyCommand, error: Error) => void;
  readonly onBatch?: (lane: number, size: number, durationMs: number) => void;
  readonly onFenced?: () => void;
  readonly onCommands?: (lane: number, commands: readonly AnyCommand[]) => void;
}

export interface EngineOptions {
  readonly db: Db;
  /** Every aggregate that commands may name, in the order in which batches process them. */
  readonly aggregates: readonly Aggregate[];
  /** Business time. */
  readonly clock: Clock;
  readonly wall: Clock;
  readonly ids: IdSource;
  readonly lease: ProcessLease;
  readonly listener: EngineListener;
  /** The epoch of the map that this process goes by; without it, shards do not move. */
  readonly epoch?: () => number;
  /** By that map: is the shard here, and not about to be moved? Default: all are. */
  readonly owns?: (shard: number) => boolean;
  /** Not committed here: its shard has moved. */
  readonly onMoved?: (command: AnyCommand) => Promise<Answer>;
  readonly patienceMs?: number;
}

export function createEngine(options: EngineOptions): Engine {
  const { db, aggregates } = options;
  options.ids.raise(options.lease.floor);
  let isDraining = false;
  const memory = createMemory();
  const lanes = Array.from({ length: db.laneCount }, (_, lane) => openLane(options, memory, lane));
  const spread = createSpread({
    laneCount: lanes.length,
    isHeldUp: (lane) => lanes[lane]?.isHeldUp() === true,
    nowMs: () => performance.now(),
  });
  const submit = (command: AnyCommand): Promise<Answer> =>
    new Promise((resolve) => {
      assert(aggregates.includes(command.aggregate), `${command.aggregate.name} is registered`);
      assertGate(command);
      if (isDraining) {
        resolve(err(hutongError('shutting_down', 'this process is shutting down')));
        return;
      }
      const root = rootIdOf(command);
      const lane = must(
        lanes[spread.enter(root, command.near ?? command.shard)],
        'a lane of the engine',
      );
      lane.submit(command, (answer) => {
        spread.leave(root);
        const { onMoved } = options;
        resolve(answer === MOVED && onMoved !== undefined ? onMoved(command) : answer);
      });
    });
  return {
    submit: submit as Engine['submit'],
    queueDepth: () => lanes.reduce((sum, lane) => sum + lane.depth, 0),
    drain: async () => {
      isDraining = true;
      await Promise.all(lanes.map((lane) => lane.idle()));
    },
  };
}

/** Of a new root too: what is sent right behind its claim finds it. */
function rootIdOf({ aggregate, root }: AnyCommand): string {
  return typeof root === 'string' ? root : aggregate.root(root).id;
}

const ownsAll = (): boolean => true;

function openLane(options: EngineOptions, memory: Memory, lane: number): Lane {
  const { db, clock, wall, ids, lease, listener } = options;
  return new Lane({
    db,
    lane,
    batchSizeMax: BATCH_SIZE_MAX[db.kind],
    owns: options.owns ?? ownsAll,
    patienceMs: options.patienceMs ?? PATIENCE_MS,
    wallMs: wall.nowMs,
    environment: () => ({
      aggregates: options.aggregates,
      stamp: {
        ...{ process: lease.number, holder: lease.holder, lane },
        batchId: ids.nextNumber(0),
        epoch: options.epoch?.() ?? 0,
      },
      nowMs: clock.nowMs(),
      ids,
      permitted: new Set(),
      firstTryMs: FIRST_TRY_MS,
      recall: memory.recall,
    }),
    onCommitted: (outcome, owed) => {
      memory.keep(outcome);
      announce(outcome, owed, options);
    },
    onDefect: (command, error) => listener.onDefect?.(command, error),
    onBatch: (size, durationMs) => listener.onBatch?.(lane, size, durationMs),
    onFenced: () => listener.onFenced?.(),
    onCommands: listener.onCommands && ((commands) => listener.onCommands?.(lane, commands)),
  });
}

function announce(
  { changed, dueAtMs, events }: BatchOutcome,
  owed: readonly OwedDelivery[],
  { listener, clock }: EngineOptions,
): void {
  if (changed.length > 0) listener.onChanged?.(changed);
  if (dueAtMs !== null && dueAtMs <= clock.nowMs()) listener.onDue?.();
  if (owed.length > 0) listener.onOwed?.(owed, events);
}
