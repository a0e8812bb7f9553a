/**
 * An aggregate as the engine sees it: a state under one root, which is locked, decided upon and
 * saved as a whole. Nobody writes what hangs on a root without holding it. All are registered in
 * one list (../aggregates.ts); every batch of every process takes them in its order.
 *
 * Statements travel with COMMIT: `save` is no async function, so that what cannot be encoded throws
 * before COMMIT is sent.
 */

import type { Session } from '../../database/db.ts';
import type { AssertionError } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';

export interface Root {
  readonly id: string;
  readonly shard: number;
  /** null: it is nobody's in particular, and neither posts nor emits. */
  readonly marketplace: Id<'marketplace'> | null;
  /** Grows with every decision that changes anything (rule 9); null: it has no versions. */
  readonly version: number | null;
}

/** What stands in the tables, and what shall. */
export interface Change<S> {
  readonly before: S;
  readonly after: S;
}

export interface Claim<S> {
  /** The root that holds the natural key. */
  readonly id: string;
  /** Where this transaction inserted it: what it wrote so far, and the state that was wanted. */
  readonly inserted?: Change<S>;
}

/** A state as this process committed it, and in which batch. */
export interface Remembered<S> {
  readonly state: S;
  readonly writtenBy: bigint;
}

/** The batch as its rows know it. */
export interface BatchWriter {
  readonly batchId: bigint;
  /** A place in followed lists, above whatever a reader has seen. */
  readonly nextPlace: (shard: number) => bigint;
}

/** `W`: what a command brings to claim a new root with. */
export interface Aggregate<S = unknown, W = unknown> {
  /** Of one of them, as errors name it. */
  readonly name: string;
  /** The event types and ledger moments that a decision on it may use. */
  readonly events: ReadonlySet<string>;
  readonly moments: ReadonlySet<string>;
  /** Inserts new roots under their natural keys; who holds each key, in the order of `wanted`. */
  claim?(session: Session, wanted: readonly W[], batch: BatchWriter): Promise<readonly Claim<S>[]>;
  /**
   * Locks roots in one order and gives their states. `remembered` may be believed where the locked
   * root was written by that very batch. A state that cannot be read is the reason why.
   */
  lock(
    session: Session,
    ids: readonly string[],
    remembered: (id: string) => Remembered<S> | undefined,
  ): Promise<ReadonlyMap<string, S | AssertionError>>;
  /** Sends what changed, one statement a table. */
  save(session: Session, changes: readonly Change<S>[], batch: BatchWriter): Promise<unknown>;
  root(state: S): Root;
  /** It will soon be asked for again: this process remembers it. Absent: none is remembered. */
  isRemembered?(state: S): boolean;
  /** When the sweeps have to do with it next, as far as it says so itself. */
  dueAtMs?(state: S): number | null;
}
