/**
 * Commands: every state change is one of these. A command names the root that it needs and decides
 * purely; the engine commits it together with whatever else is waiting.
 */
import type { DecideContext, Decision } from '../core/draft.ts';
import type { Id } from '../kernel/id.ts';
import type { WalletName } from '../kernel/wallet-names.ts';
import type { Aggregate } from '../store/batch/aggregate.ts';

/** `W`: what claims a new root; `A`: what the command is answered. */
export interface Command<S, W, A> {
  readonly aggregate: Aggregate<S, W>;
  readonly name: string;
  readonly shard: number;
  /** Rule 11: what is another marketplace's is not found; null = the platform itself asks. */
  readonly marketplace: Id<'marketplace'> | null;
  /** An existing root, or a new state to claim its natural key with. */
  readonly root: string | W;
  /** The wallet's message behind it, kept so that a re-delivery can be told from news. */
  readonly notification?: { readonly wallet: WalletName; readonly id: string };
  /**
   * A note of what is done already: it goes with its lane's next batch, and makes one of its own
   * only when none comes for a moment.
   */
  readonly piggyback?: boolean;
  /** Pure. Deciding again on what it made gives the same answer and no writes. */
  decide(state: S, context: DecideContext, isNew: boolean): Decision<S, A>;
}

/** A lane holds commands of every aggregate. */
export type AnyCommand = Command<unknown, unknown, unknown>;
