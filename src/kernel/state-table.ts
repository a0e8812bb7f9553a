/**
 * State machines are data. A table is checked when it is made: every state is reachable from the
 * first, every target exists, and `transition` is the only way to a new status.
 */
import { assert } from './assert.ts';

export interface StateTable<S extends string> {
  readonly name: string;
  readonly initial: S;
  readonly allows: (from: S, to: S) => boolean;
  readonly isTerminal: (state: S) => boolean;
  readonly states: readonly S[];
  readonly targets: (from: S) => readonly S[];
}

export function stateTable<S extends string>(
  name: string,
  initial: S,
  table: Readonly<Record<S, readonly S[]>>,
): StateTable<S> {
  const states = Object.keys(table) as S[];
  const reached = new Set<S>([initial]);
  const open: S[] = [initial];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const target of table[state]) {
      assert(states.includes(target), `${name}: ${state} leads to an unknown state ${target}`);
      if (!reached.has(target)) {
        reached.add(target);
        open.push(target);
      }
    }
  }
  const lost = states.filter((state) => !reached.has(state));
  assert(lost.length === 0, `${name}: unreachable states ${lost.join(', ')}`);
  return Object.freeze({
    name,
    initial,
    states: Object.freeze(states),
    targets: (from: S) => table[from],
    allows: (from: S, to: S) => table[from].includes(to),
    isTerminal: (state: S) => table[state].length === 0,
  });
}

/** The next status, or an assertion: callers decide first, so a refused step is a bug of ours. */
export function transition<S extends string>(table: StateTable<S>, from: S, to: S): S {
  assert(table.allows(from, to), `${table.name}: ${from} -> ${to} is not a step`);
  return to;
}
