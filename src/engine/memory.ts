/**
 * The states that this process committed last, as they then stood, where their aggregate has them
 * remembered. A batch locks a root and compares the batch that wrote it: where it is the remembered
 * one, nothing of the state has changed since and its rows need not be read again. It is never
 * believed without that lock, nor over another connection than the one that committed it: behind a
 * reconnect may stand a server that has lost what this one acknowledged.
 */

import type { Aggregate, Remembered } from '../store/batch/aggregate.ts';
import type { Changed } from './batch.ts';

/** Of one aggregate; beyond this the oldest commit is forgotten. */
const STATE_COUNT_MAX = 4_096;

/** What a batch committed. */
interface Committed {
  readonly changed: readonly Changed[];
  readonly writtenBy: bigint;
  readonly connection: number;
}

export interface Memory {
  readonly recall: (
    aggregate: Aggregate,
    id: string,
    connection: number,
  ) => Remembered<unknown> | undefined;
  /** Only what has been committed. */
  readonly keep: (committed: Committed) => void;
}

type States = Map<string, Remembered<unknown> & { readonly connection: number }>;

export function createMemory(): Memory {
  const remembered = new Map<Aggregate, States>();
  return {
    recall: (aggregate, id, connection) => {
      const known = remembered.get(aggregate)?.get(id);
      return known?.connection === connection ? known : undefined;
    },
    keep: ({ changed, ...written }) => {
      for (const { aggregate, states } of changed) {
        if (aggregate.isRemembered === undefined) continue;
        const known: States = remembered.get(aggregate) ?? new Map();
        remembered.set(aggregate, known);
        for (const state of states) {
          const { id } = aggregate.root(state);
          // Re-insert to keep the order of commits: a Map is walked in the order of insertion.
          known.delete(id);
          if (aggregate.isRemembered(state)) known.set(id, { state, ...written });
        }
        forgetOldest(known);
      }
    },
  };
}

function forgetOldest(states: States): void {
  for (const id of states.keys()) {
    if (states.size <= STATE_COUNT_MAX) break;
    states.delete(id);
  }
}
