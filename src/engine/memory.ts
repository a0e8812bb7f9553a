/**
 * Caches the states that this process committed last, for aggregates that ask for it. A batch locks
 * a root and compares the batch that wrote it: if it is the cached one, nothing of the state has
 * changed since and its rows need not be read again. The cache is never trusted without that lock,
 * nor after a connection was lost: the server that answers now may not have what the previous one
 * acknowledged.
 */

import type { Aggregate, Remembered } from '../store/batch/aggregate.ts';
import type { Changed } from './batch.ts';

/** Per aggregate; beyond this the oldest commit is evicted. */
const STATE_COUNT_MAX = 4_096;

/** What a batch committed. */
interface Committed {
  readonly changed: readonly Changed[];
  readonly writtenBy: bigint;
  readonly losses: number;
}

export interface Memory {
  readonly recall: (
    aggregate: Aggregate,
    id: string,
    losses: number,
  ) => Remembered<unknown> | undefined;
  /** Only committed states. */
  readonly keep: (committed: Committed) => void;
}

type States = Map<string, Remembered<unknown> & { readonly losses: number }>;

export function createMemory(): Memory {
  const remembered = new Map<Aggregate, States>();
  return {
    recall: (aggregate, id, losses) => {
      const known = remembered.get(aggregate)?.get(id);
      return known?.losses === losses ? known : undefined;
    },
    keep: ({ changed, writtenBy, losses }) => {
      for (const { aggregate, states } of changed) {
        if (aggregate.isRemembered === undefined) continue;
        const known: States = remembered.get(aggregate) ?? new Map();
        remembered.set(aggregate, known);
        for (const state of states) {
          const { id } = aggregate.root(state);
          // Re-insert to keep LRU order.
          known.delete(id);
          if (aggregate.isRemembered(state)) known.set(id, { state, writtenBy, losses });
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
