/**
 * A second aggregate, as a contributor would add one: a deposit that a merchant must make by a
 * certain day. Its parts are here in the order of the layers in which they would be files; no file
 * of src knows it. docs/guides/add-a-resource.md walks through it.
 */

import { type DecideContext, type Decision, Draft, type DraftModel } from '../../src/core/draft.ts';
import { account } from '../../src/core/ledger/chart.ts';
import { type Entry, posting } from '../../src/core/ledger/posting.ts';
import { bigintArray, idArray, smallintArray, textArray } from '../../src/database/arrays.ts';
import type { Row, Session } from '../../src/database/db.ts';
import {
  columnsOf,
  type Fields,
  fen,
  id,
  integer,
  moment,
  readerOf,
  smallint,
  text,
} from '../../src/database/row.ts';
import { statements } from '../../src/database/statements.ts';
import { type Table, table, tableValues, updateAll } from '../../src/database/table.ts';
import { AssertionError, must } from '../../src/kernel/assert.ts';
import { type HutongError, hutongError } from '../../src/kernel/errors.ts';
import { decodeBody, encodeBody, type Id, idValue } from '../../src/kernel/id.ts';
import type { LedgerMoment } from '../../src/kernel/ledger-moments.ts';
import { err } from '../../src/kernel/result.ts';
import { stateTable, transition } from '../../src/kernel/state-table.ts';
import type {
  Aggregate,
  BatchWriter,
  Change,
  Claim,
  Remembered,
} from '../../src/store/batch/aggregate.ts';
import type { DueTable } from '../../src/store/batch/due.ts';

// ------------------------------------------------- kernel: its words, and the shape of its ids

type DepositEvent = 'deposit.created' | 'deposit.paid' | 'deposit.overdue';
const EVENTS: readonly DepositEvent[] = ['deposit.created', 'deposit.paid', 'deposit.overdue'];
/** A line of kernel/ledger-moments.ts would make the cast needless. */
const DEPOSIT_PAID = 'deposit_paid' as LedgerMoment;

/** A line of kernel/id-prefixes.ts would make this `Id<'deposit'>`. */
export type DepositId = `dep_${string}`;
export const depositId = (value: bigint): DepositId => `dep_${encodeBody(value)}`;
const numberOf = (id: string): bigint => must(decodeBody(id.slice(4)), 'an id is well formed');
const shardOfDeposit = (id: string): number => Number((numberOf(id) >> 15n) & 0xffn);

// ------------------------------------------------- core: the state, and what may become of it

type Status = 'open' | 'paid' | 'overdue';

const STATES = stateTable<Status>('deposit', 'open', {
  open: ['paid', 'overdue'],
  overdue: ['paid'],
  paid: [],
});

interface Deposit {
  readonly id: DepositId;
  readonly shard: number;
  readonly marketplace: Id<'marketplace'>;
  /** The marketplace's own: its natural key. */
  readonly reference: string;
  readonly amountFen: bigint;
  readonly status: Status;
  readonly version: number;
  readonly dueAtMs: number | null;
  readonly tries: number;
}

export interface DepositState {
  readonly deposit: Deposit;
}

const MODEL: DraftModel<DepositState, 'deposit'> = {
  root: 'deposit',
  present: ({ deposit }) => ({
    id: deposit.id,
    object: 'deposit',
    reference: deposit.reference,
    amount: Number(deposit.amountFen),
    status: deposit.status,
  }),
};

class DepositDraft extends Draft<DepositState, 'deposit', DepositEvent> {
  constructor(state: DepositState) {
    super(state, MODEL);
  }
}

type DepositDecision<A = Deposit> = Decision<DepositState, A>;

export function newDeposit(
  wanted: Pick<Deposit, 'id' | 'marketplace' | 'reference' | 'amountFen'> & {
    readonly dueAtMs: number;
  },
): DepositState {
  const rest = { status: 'open', version: 1, tries: 0 } as const;
  return { deposit: { ...wanted, ...rest, shard: shardOfDeposit(wanted.id) } };
}

export function createDeposit(
  stored: DepositState,
  wanted: DepositState,
  isNew: boolean,
): DepositDecision<{ readonly deposit: Deposit; readonly created: boolean }> {
  const draft = new DepositDraft(stored);
  if (stored.deposit.amountFen !== wanted.deposit.amountFen) return err(otherDeposit(stored));
  if (isNew) draft.emit('deposit.created', draft.root.id);
  const created = stored.deposit.id === wanted.deposit.id;
  return draft.decided(({ deposit }) => ({ deposit, created }));
}

function otherDeposit({ deposit }: DepositState): HutongError {
  return hutongError('merchant_order_no_conflict', `${deposit.id} has this reference`);
}

export function payDeposit(state: DepositState): DepositDecision {
  const draft = new DepositDraft(state);
  const { id, status, amountFen } = draft.root;
  if (status === 'paid') return draft.decided(({ deposit }) => deposit);
  draft.setRoot({ status: transition(STATES, status, 'paid'), dueAtMs: null });
  const booked = { object: id, currency: 'cny', occurredAtMs: null } as const;
  draft.post(posting(DEPOSIT_PAID, booked, entries(amountFen)));
  draft.emit('deposit.paid', id);
  return draft.decided(({ deposit }) => deposit);
}

function entries(amountFen: bigint): Entry[] {
  return [
    { account: account('bank:deposits'), debitFen: amountFen, creditFen: 0n, config: null },
    { account: account('deposit:held'), debitFen: 0n, creditFen: amountFen, config: null },
  ];
}

const REMINDER_MS = 86_400_000;

/** The claim of the sweep: its next look is tomorrow; null = it is not due any more. */
export function remindOfDeposit(
  state: DepositState,
  { nowMs }: DecideContext,
): DepositDecision<Deposit | null> {
  const draft = new DepositDraft(state);
  const { id, status, dueAtMs, tries } = draft.root;
  if (status === 'paid' || dueAtMs === null || dueAtMs > nowMs) return draft.decided(() => null);
  draft.setRoot({ dueAtMs: nowMs + REMINDER_MS, tries: tries + 1 });
  if (status === 'open') {
    draft.setRoot({ status: transition(STATES, 'open', 'overdue') });
    draft.emit('deposit.overdue', id);
  }
  return draft.decided(({ deposit }) => deposit);
}

// ------------------------------------------------- store: its migration, rows, aggregate, due rows

export const MIGRATION = `
  create table deposits (
    shard        smallint not null,
    id           bigint   not null,
    marketplace  bigint   not null,
    reference    text     not null check (reference <> 'refused'),
    amount       bigint   not null,
    status       text     not null,
    version      integer  not null,
    due_at       bigint,
    tries        integer  not null,
    written_by   bigint   not null,
    primary key (shard, id),
    unique (shard, marketplace, reference)
  );
  create index deposits_due on deposits (due_at, id) where due_at is not null;`;

interface Written {
  readonly deposit: Deposit;
  readonly writtenBy: bigint;
}

const DEPOSIT_FIELDS: Fields<Deposit> = {
  shard: smallint('shard'),
  // With a kind of its own it would be `id('deposit', 'id')`.
  id: {
    ...{ name: 'id', type: 'bigint', fixed: false, write: numberOf },
    read: (stored) => depositId(stored as bigint),
  },
  marketplace: id('marketplace', 'marketplace', 'fixed'),
  reference: text('reference', 'fixed'),
  amountFen: fen('amount', 'fixed'),
  status: text('status'),
  version: integer('version'),
  dueAtMs: moment('due_at'),
  tries: integer('tries'),
};
const toDeposit = readerOf(DEPOSIT_FIELDS);

const DEPOSITS: Table<Written> = table(
  'deposits',
  ['shard', 'id'],
  [
    ...columnsOf(DEPOSIT_FIELDS, ({ deposit }: Written) => deposit),
    { name: 'written_by', type: 'bigint', value: ({ writtenBy }) => writtenBy },
  ],
);

const SQL = statements('deposits', {
  lock: `select d.* from unnest($1::smallint[], $2::bigint[]) as k (shard, id)
    join deposits d on d.shard = k.shard and d.id = k.id
    order by d.shard, d.id for update of d`,
  byReference: `select d.marketplace, d.reference, d.id
    from unnest($1::smallint[], $2::bigint[], $3::text[]) as k (shard, marketplace, reference)
    join deposits d on d.shard = k.shard and d.marketplace = k.marketplace
      and d.reference = k.reference`,
});

function toState(row: Row): DepositState | AssertionError {
  const deposit = toDeposit(row);
  if (STATES.states.includes(deposit.status)) return { deposit };
  return new AssertionError(`${deposit.id} can be read from its row: it is ${deposit.status}`);
}

const keyOf = ({ marketplace, reference }: Deposit): string =>
  `${idValue(marketplace)} ${reference}`;

async function claimDeposits(
  session: Session,
  wanted: readonly DepositState[],
  { batchId: writtenBy }: BatchWriter,
): Promise<readonly Claim<DepositState>[]> {
  const rows = wanted.map(({ deposit }) => ({ deposit, writtenBy }));
  // Sorted, so that two processes wait for each other in one direction only.
  rows.sort(
    ({ deposit: a }, { deposit: b }) => a.shard - b.shard || (keyOf(a) < keyOf(b) ? -1 : 1),
  );
  const inserted = await session.run(DEPOSITS.claim, tableValues(DEPOSITS, rows));
  const ours = new Set(inserted.map((row) => depositId(row.id as bigint)));
  const others = wanted.map(({ deposit }) => deposit).filter(({ id }) => !ours.has(id));
  const holders =
    others.length === 0 ? new Map<string, string>() : await holdersOf(session, others);
  return wanted.map((state) => {
    const { deposit } = state;
    if (ours.has(deposit.id)) return { id: deposit.id, inserted: { before: state, after: state } };
    return { id: must(holders.get(keyOf(deposit)), 'whose reference this is') };
  });
}

async function holdersOf(
  session: Session,
  deposits: readonly Deposit[],
): Promise<ReadonlyMap<string, string>> {
  const held = await session.run(SQL.byReference, [
    smallintArray(deposits.map(({ shard }) => shard)),
    idArray(deposits.map(({ marketplace }) => marketplace)),
    textArray(deposits.map(({ reference }) => reference)),
  ]);
  const named = held.map(({ marketplace, reference, id }) => [
    `${marketplace} ${reference}`,
    depositId(id as bigint),
  ]);
  return new Map(named as [string, string][]);
}

async function lockDeposits(
  session: Session,
  ids: readonly string[],
  remembered: (id: string) => Remembered<DepositState> | undefined,
): Promise<ReadonlyMap<string, DepositState | AssertionError>> {
  const keys = [smallintArray(ids.map(shardOfDeposit)), bigintArray(ids.map(numberOf))];
  const states = new Map<string, DepositState | AssertionError>();
  for (const row of await session.run(SQL.lock, keys)) {
    const id = depositId(row.id as bigint);
    const known = remembered(id);
    const isStill = known !== undefined && known.writtenBy === row.written_by;
    states.set(id, isStill ? known.state : toState(row));
  }
  return states;
}

function saveDeposits(
  session: Session,
  changes: readonly Change<DepositState>[],
  { batchId: writtenBy }: BatchWriter,
): Promise<unknown> {
  const rows = changes.map(({ after: { deposit } }) => ({ deposit, writtenBy }));
  return updateAll(session, DEPOSITS, rows);
}

export const DEPOSIT: Aggregate<DepositState, DepositState> = {
  name: 'deposit',
  events: new Set(EVENTS),
  moments: new Set([DEPOSIT_PAID]),
  claim: claimDeposits,
  lock: lockDeposits,
  save: saveDeposits,
  root: ({ deposit }) => deposit,
  isRemembered: ({ deposit }) => deposit.status !== 'paid',
  dueAtMs: ({ deposit }) => deposit.dueAtMs,
};

export const DUE_DEPOSITS: DueTable<DepositId> = {
  name: 'deposit',
  table: 'deposits',
  columns: { group: null, id: 'id', part: null, more: [] },
  decode: (row) => depositId(row.due_id as bigint),
};
