/**
 * An aggregate as the engine sees it: a state under one root, which is locked, decided upon and
 * saved as a whole. Rows that belong to a root are written only while it is locked. All aggregates
 * are registered in one list (../aggregates.ts); every batch of every process uses its order.
 *
 * Statements are sent with COMMIT: `save` is not async, so that what cannot be encoded throws
 * before COMMIT is sent.
 */

import type { Session } from '../../database/db.ts';
import type { AssertionError } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';

export interface Root {
  readonly id: string;
  readonly shard: number;
  /** null: it belongs to no marketplace, and neither posts nor emits. */
  readonly marketplace: Id<'marketplace'> | null;
  /** Incremented by every decision that changes anything (rule 9); null: it has no versions. */
  readonly version: number | null;
}

/** The stored state, and the new one. */
export interface Change<S> {
  readonly before: S;
  readonly after: S;
}

export interface Claim<S> {
  /** The root that holds the natural key. */
  readonly id: string;
  /** If this transaction inserted it: what it wrote so far, and the state that was wanted. */
  readonly inserted?: Change<S>;
}

/** A state as this process committed it, and in which batch. */
export interface Remembered<S> {
  readonly state: S;
  readonly writtenBy: bigint;
}

/** The batch, as stored in its rows. */
export interface BatchWriter {
  readonly batchId: bigint;
  /** A list position above whatever a reader has seen. */
  readonly nextPlace: (shard: number) => bigint;
}

/** `W`: what a command brings to claim a new root with: the state that it is to have. */
export interface Aggregate<S = unknown, W = unknown> {
  /** The name of one such object in error messages. */
  readonly name: string;
  /** The event types and ledger moments that its decisions may use. */
  readonly events: ReadonlySet<string>;
  readonly moments: ReadonlySet<string>;
  /** Claimed, locked and decided before the others, where commands of the batch depend on it. */
  readonly opensFirst?: true;
  /** Decided after the others, where its commands depend on theirs; it locks nothing. */
  readonly endsLast?: true;
  /**
   * Inserts new roots under their natural keys; returns the holder of each key, in `wanted`'s
   * order.
   */
  claim?(session: Session, wanted: readonly W[], batch: BatchWriter): Promise<readonly Claim<S>[]>;
  /**
   * Locks roots in one order and returns their states. `remembered` may be used if the locked root
   * was written by that very batch. For a state that cannot be read, the reason is returned.
   * `needed` are the rows of each root that the commands of the batch have to see, for an aggregate
   * whose states are too large to be loaded whole.
   */
  lock(
    session: Session,
    ids: readonly string[],
    remembered: (id: string) => Remembered<S> | undefined,
    needed: ReadonlyMap<string, readonly string[]>,
  ): Promise<ReadonlyMap<string, S | AssertionError>>;
  /** Sends what changed, one statement per table. */
  save(session: Session, changes: readonly Change<S>[], batch: BatchWriter): Promise<unknown>;
  root(state: S): Root;
  /** It will soon be needed again: this process caches it. Absent: none is cached. */
  isRemembered?(state: S): boolean;
  /** When the sweeps have to process it next, as far as the state itself says. */
  dueAtMs?(state: S): number | null;
}
