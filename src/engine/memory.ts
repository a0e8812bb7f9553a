/**
 * Caches the states that this process committed last, for aggregates that ask for it. A batch locks
 * a root and compares the batch that wrote it: if it is the cached one, nothing of the state has
 * changed since and its rows need not be read again. The cache is never trusted without that lock,
 * nor over another connection than the one that committed it: after a reconnect, the server may
 * have lost what the previous one acknowledged.
 */

import type { Aggregate, Remembered } from '../store/batch/aggregate.ts';
import type { Changed } from './batch.ts';

/** Per aggregate; beyond this the oldest commit is evicted. */
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
  /** Only committed states. */
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
    keep: ({ changed, writtenBy, connection }) => {
      for (const { aggregate, states } of changed) {
        if (aggregate.isRemembered === undefined) continue;
        const known: States = remembered.get(aggregate) ?? new Map();
        remembered.set(aggregate, known);
        for (const state of states) {
          const { id } = aggregate.root(state);
          // Re-insert to keep LRU order.
          known.delete(id);
          if (aggregate.isRemembered(state)) known.set(id, { state, writtenBy, connection });
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
