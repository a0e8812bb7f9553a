/**
 * The result of a command in core: a new state, ledger postings, events. A decision works on a
 * draft of its own and never changes the state that it was given. Every decision that changed
 * something increments the version by one, and events carry the state after it (rule 9).
 *
 * A state is one root and the lists of rows that belong to it; this file does not know which.
 */

import { must } from '../kernel/assert.ts';
import type { HutongError } from '../kernel/errors.ts';
import type { EventType } from '../kernel/event-types.ts';
import type { Id, IdKind } from '../kernel/id.ts';
import { ok, type Result } from '../kernel/result.ts';
import type { AuditFact } from './audit/audit.ts';
import type { NewTransfer } from './balance/transfer.ts';
import type { Posting } from './ledger/posting.ts';
import { copyOf, type Identified, placeOf, rowOf } from './rows-by-id.ts';

export interface EventFact {
  readonly type: string;
  readonly objectId: string;
  readonly objectVersion: number;
  /** The object as the API shows it. */
  readonly object: Readonly<Record<string, unknown>>;
}

export interface DecideContext {
  readonly nowMs: number;
  newId<K extends IdKind>(kind: K): Id<K>;
}

export interface Decided<S, A> {
  readonly state: S;
  readonly postings: readonly Posting[];
  readonly events: readonly EventFact[];
  /** What an operator did, for the audit log. */
  readonly audit?: readonly AuditFact[];
  /** Money on its way to another root, or asked of one. */
  readonly transfers?: readonly NewTransfer[];
  readonly answer: A;
}

export type Decision<S, A> = Result<Decided<S, A>, HutongError>;

const NONE: readonly never[] = [];

/** A decision that posts and emits nothing: only the new state. */
export function plainly<S, A>(state: S, answer: A): Decision<S, A> {
  return ok({ state, postings: NONE, events: NONE, answer });
}

interface Versioned {
  readonly version: number;
}

/** The members of a state that are lists of rows with an id. */
type ListOf<S> = {
  [K in keyof S]: S[K] extends readonly { readonly id: string }[] ? K : never;
}[keyof S];

type RowOf<S, L extends keyof S> = S[L] extends readonly (infer T extends { readonly id: string })[]
  ? T
  : never;

type Rows = readonly Identified[];

export interface DraftModel<S, R extends keyof S> {
  /** The member of the state that is its root. */
  readonly root: R;
  /** The object with this id as the API shows it. */
  readonly present: (state: S, id: string) => Readonly<Record<string, unknown>>;
}

/** A decision in progress. `E`: the event types of the state. */
export class Draft<
  S extends { readonly [K in R]: Versioned },
  R extends keyof S,
  E extends string = EventType,
> {
  readonly original: S;
  state: S;
  readonly postings: Posting[] = [];
  readonly #model: DraftModel<S, R>;
  readonly #audit: AuditFact[] = [];
  /** Money that this decision moves between roots. */
  protected readonly transfers: NewTransfer[] = [];
  readonly #emitted: { readonly type: E; readonly id: string }[] = [];

  constructor(state: S, model: DraftModel<S, R>) {
    this.original = state;
    this.state = state;
    this.#model = model;
  }

  get root(): S[R] {
    return this.state[this.#model.root];
  }

  /** Copied once per decision, then changed in place: until then the copy is this draft's. */
  setRoot(change: Partial<S[R]>): void {
    const { root } = this.#model;
    if (this.state[root] === this.original[root])
      this.state = { ...this.state, [root]: { ...this.state[root] } };
    Object.assign(this.state[root], change);
  }

  /** The current version of a row that must exist. */
  get<L extends ListOf<S>>(list: L, id: RowOf<S, L>['id']): RowOf<S, L> {
    return must(rowOf(this.#rows(list), id), `${id} of the ${String(list)}`) as RowOf<S, L>;
  }

  set<L extends ListOf<S>>(list: L, id: RowOf<S, L>['id'], change: Partial<RowOf<S, L>>): void {
    const place = placeOf(this.#rows(list), id);
    const rows = this.#ownRows(list);
    const before = must(rows[place], `${id} of the ${String(list)}`);
    rows[place] = { ...before, ...change };
  }

  /** A list to which nothing is added stays the same object: what did not change is not saved. */
  add(more: { readonly [L in ListOf<S>]?: readonly RowOf<S, L>[] }): void {
    for (const list of Object.keys(more) as (ListOf<S> & string)[]) {
      const added = more[list] as Rows;
      if (added.length === 0) continue;
      const rows = this.#ownRows(list);
      for (const row of added) rows.push(row);
    }
  }

  #rows(list: keyof S): Rows {
    return this.state[list] as unknown as Rows;
  }

  /** As the root: copied once per decision, then changed in place. */
  #ownRows(list: keyof S): Identified[] {
    const rows = this.#rows(list);
    if (this.state[list] !== this.original[list]) return rows as Identified[];
    const copy = copyOf(rows);
    this.state = { ...this.state, [list]: copy };
    return copy;
  }

  post(posting: Posting): void {
    if (posting.entries.length > 0) this.postings.push(posting);
  }

  /** An action of an operator, never something that the system does by itself. */
  audit(fact: AuditFact): void {
    this.#audit.push(fact);
  }

  emit(type: E, id: string): void {
    this.#emitted.push({ type, id });
  }

  /** Ends the decision: increments the version if anything changed, and presents the events. */
  decided<A>(answer: (state: S) => A): Decision<S, A> {
    if (this.state !== this.original)
      this.setRoot({ version: this.root.version + 1 } as Partial<S[R]>);
    const { state, postings } = this;
    const { version } = this.root;
    const events = this.#emitted.map(({ type, id }) => ({
      type,
      objectId: id,
      objectVersion: version,
      object: this.#model.present(state, id),
    }));
    const value = answer(state);
    const decided = { state, postings, events, answer: value };
    if (this.#audit.length === 0 && this.transfers.length === 0) return ok(decided);
    return ok({ ...decided, audit: this.#audit, transfers: this.transfers });
  }
}
