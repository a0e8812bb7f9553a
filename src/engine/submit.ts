/**
 * The engine as flows see it: submit a command, get its answer after commit. A command's shard
 * chooses its lane, so that commands on one payment always queue behind each other.
 */

import type { Payment } from '../core/payment/model.ts';
import type { Db } from '../database/db.ts';
import { present } from '../kernel/assert.ts';
import type { HutongError } from '../kernel/errors.ts';
import { hutongError } from '../kernel/errors.ts';
import { err, type Result } from '../kernel/result.ts';
import type { Clock } from '../runtime/clock.ts';
import type { EventRow, OwedDelivery } from '../store/webhook/events.ts';
import type { BatchOutcome } from './batch.ts';
import type { AnyCommand, DeliveryCommand, IdempotencyCommand, PaymentCommand } from './command.ts';
import type { IdSource } from './ids.ts';
import { Lane } from './lane.ts';
import { createPaymentMemory, type PaymentMemory } from './payment-memory.ts';
import type { ProcessLease } from './process-lease.ts';

const BATCH_SIZE_MAX = { postgres: 1_000, pglite: 100 } as const;
const PATIENCE_MS = 20_000;
/** A committed event's first delivery is this process's own for so long. */
const FIRST_TRY_MS = 15_000;

export interface Engine {
  readonly submit: {
    <A>(command: PaymentCommand<A>): Promise<Result<A, HutongError>>;
    <A>(command: IdempotencyCommand<A>): Promise<Result<A, HutongError>>;
    (command: DeliveryCommand): Promise<Result<undefined, HutongError>>;
  };
  /** Refuses new commands and resolves when everything taken is committed and answered. */
  readonly drain: () => Promise<void>;
  readonly queueDepth: () => number;
}

export interface EngineListener {
  readonly onChanged?: (payments: readonly Payment[]) => void;
  readonly onOwed?: (owed: readonly OwedDelivery[], events: readonly EventRow[]) => void;
  readonly onDefect?: (command: AnyCommand, error: Error) => void;
  readonly onBatch?: (lane: number, size: number, durationMs: number) => void;
  readonly onFenced?: () => void;
  readonly onCommands?: (lane: number, commands: readonly AnyCommand[]) => void;
}

export interface EngineOptions {
  readonly db: Db;
  /** Business time. */
  readonly clock: Clock;
  readonly wall: Clock;
  readonly ids: IdSource;
  readonly lease: ProcessLease;
  readonly listener: EngineListener;
  readonly patienceMs?: number;
}

export function createEngine(options: EngineOptions): Engine {
  const { db } = options;
  options.ids.raise(options.lease.floor);
  let isDraining = false;
  const memory = createPaymentMemory();
  const lanes = Array.from({ length: db.laneCount }, (_, lane) => openLane(options, memory, lane));
  const submit = async (command: AnyCommand): Promise<Result<unknown, HutongError>> => {
    if (isDraining) return err(hutongError('shutting_down', 'this process is shutting down'));
    return present(lanes[command.shard % lanes.length], 'the lane of a shard').submit(command);
  };
  return {
    submit: submit as Engine['submit'],
    queueDepth: () => lanes.reduce((sum, lane) => sum + lane.depth, 0),
    drain: async () => {
      isDraining = true;
      await Promise.all(lanes.map((lane) => lane.idle()));
    },
  };
}

function openLane(options: EngineOptions, memory: PaymentMemory, lane: number): Lane {
  const { db, clock, wall, ids, lease, listener } = options;
  return new Lane({
    db,
    lane,
    batchSizeMax: BATCH_SIZE_MAX[db.kind],
    patienceMs: options.patienceMs ?? PATIENCE_MS,
    wallMs: wall.nowMs,
    environment: () => ({
      stamp: { process: lease.number, lane, batchId: ids.nextNumber(0), holder: lease.holder },
      nowMs: clock.nowMs(),
      ids,
      firstTryMs: FIRST_TRY_MS,
      remembered: memory.recall,
    }),
    onCommitted: (outcome, owed) => {
      memory.keep(outcome);
      announce(outcome, owed, listener);
    },
    onDefect: (command, error) => listener.onDefect?.(command, error),
    onBatch: (size, durationMs) => listener.onBatch?.(lane, size, durationMs),
    onFenced: () => listener.onFenced?.(),
    onCommands: listener.onCommands && ((commands) => listener.onCommands?.(lane, commands)),
  });
}

function announce(
  { changed, events }: BatchOutcome,
  owed: readonly OwedDelivery[],
  listener: EngineListener,
): void {
  if (changed.length > 0) listener.onChanged?.(changed);
  if (owed.length > 0) listener.onOwed?.(owed, events);
}
