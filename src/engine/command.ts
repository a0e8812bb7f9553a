/**
 * Commands: every state change is one. A command names the root that it needs and decides purely;
 * the engine commits it together with whatever else is waiting.
 */
import type { DecideContext, Decision } from '../core/draft.ts';
import { type HutongError, hutongError } from '../kernel/errors.ts';
import type { Id } from '../kernel/id.ts';
import { err, type Result } from '../kernel/result.ts';
import type { WalletName } from '../kernel/wallet-names.ts';
import type { Aggregate } from '../store/batch/aggregate.ts';

/** `W`: what claims a new root; `A`: the command's answer. */
export interface Command<S, W, A> {
  readonly aggregate: Aggregate<S, W>;
  readonly name: string;
  readonly shard: number;
  /** Rule 11: another marketplace's root is not found; null = the platform itself. */
  readonly marketplace: Id<'marketplace'> | null;
  /** An existing root, or a new state to claim its natural key with. */
  readonly root: string | W;
  /** The rows of the root that it has to see, by id; see `Aggregate.lock`. */
  readonly needs?: readonly string[];
  /**
   * Another command: only if that is in the same batch, and its answer opens the gate, is this one
   * decided. Else it claims and changes nothing, and is answered UNDECIDED. The other one's
   * aggregate opens first, or this one's comes last.
   */
  readonly gate?: Gate;
  /** The shard of another command that it is sent with: both go to one lane. */
  readonly near?: number;
  /** The wallet's message that caused it, stored so that a re-delivery is recognized. */
  readonly notification?: { readonly wallet: WalletName; readonly id: string };
  /**
   * Of a low-priority command that records something already done: how long it waits for its lane's
   * next batch to join it, before it makes one.
   */
  readonly piggybackMs?: number;
  /**
   * Pure. Deciding again on its own result gives the same answer and no writes. `given`: what the
   * command at its gate was answered.
   */
  decide(
    state: S,
    context: DecideContext,
    isNew: boolean,
    given?: Result<unknown, HutongError>,
  ): Decision<S, A>;
}

export interface Gate {
  /** The very object that is submitted. */
  readonly of: AnyCommand;
  isOpen(answer: Result<unknown, HutongError>): boolean;
}

/** Of a command whose gate was closed: nothing was claimed or decided. */
export const UNDECIDED = err(hutongError('busy', 'what it depends on was not granted'));

/**
 * Decided otherwise than when it was committed, because others have changed the state since: that
 * answer is not known, and what this one promises would never be saved. It is asked again.
 */
export const UNANSWERED = err(
  hutongError('busy', 'it was decided, and its answer was lost; send the same again'),
);

export const isUndecided = (answer: Result<unknown, HutongError>): boolean => answer === UNDECIDED;

export const isUnanswered = (answer: Result<unknown, HutongError>): boolean =>
  answer === UNANSWERED;

/** A lane holds commands of every aggregate. */
export type AnyCommand = Command<unknown, unknown, unknown>;
