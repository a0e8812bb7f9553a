/**
 * The payment aggregate in the database: claimed, locked and loaded, saved as a difference.
 */

import type { Payment, PaymentIntent } from '../../core/payment/model.ts';
import { placeOf } from '../../core/rows-by-id.ts';
import { idArray, smallintArray, textArray } from '../../database/arrays.ts';
import type { Row, Session, Statement } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { type Table, tableValues, together, updateAll, upsertAll } from '../../database/table.ts';
import { AssertionError, must } from '../../kernel/assert.ts';
import { formatId, type Id, idValue, shardOfId } from '../../kernel/id.ts';
import { compareTexts } from '../../kernel/order.ts';
import type { BatchWriter, Change, Claim, Remembered } from '../batch/aggregate.ts';
import {
  ATTEMPTS,
  type Child,
  ESCROWS,
  INTENTS,
  LEGS,
  REFUNDS,
  SUB_ORDERS,
  toAttempt,
  toEscrow,
  toIntent,
  toLeg,
  toRefund,
  toSubOrder,
} from './rows.ts';

const KEYS = 'unnest($1::smallint[], $2::bigint[]) as k (shard, id)';
const SQL = statements('payment_intents', {
  // Locks are taken in key order: (shard, id), the same in every process.
  lock: `select k.place, p.version, p.written_by
    from (select shard, id, place::integer from unnest($1::smallint[], $2::bigint[])
      with ordinality as k (shard, id, place) order by 1, 2) k
    join payment_intents p on p.shard = k.shard and p.id = k.id
    order by p.shard, p.id for update of p`,
  read: `select p.* from ${KEYS} join payment_intents p on p.shard = k.shard and p.id = k.id`,
  byOrderNo: `select p.shard, p.id, p.marketplace, p.merchant_order_no
    from unnest($1::smallint[], $2::bigint[], $3::text[])
      as k (shard, marketplace, merchant_order_no)
    join payment_intents p on p.shard = k.shard and p.marketplace = k.marketplace
      and p.merchant_order_no = k.merchant_order_no`,
});

function childrenStatement(name: string): Statement {
  // Children in the order of creation: ids grow with time, and by sequence within a millisecond.
  const text = `select c.* from ${KEYS} join ${name} c on c.shard = k.shard and c.intent = k.id order by c.id`;
  return { name: `${name}.of`, text };
}
const CHILDREN = {
  subOrders: childrenStatement('sub_orders'),
  attempts: childrenStatement('payment_attempts'),
  legs: childrenStatement('payment_legs'),
  refunds: childrenStatement('refunds'),
  escrows: childrenStatement('escrows'),
} as const;

export type Run = <R extends Row>(
  statement: Statement,
  values: readonly unknown[],
) => Promise<readonly R[]>;

/** The rows of one payment, as stored. */
interface StoredRows {
  readonly intent: Row;
  readonly subOrders: readonly Row[];
  readonly attempts: readonly Row[];
  readonly legs: readonly Row[];
  readonly refunds: readonly Row[];
  readonly escrows: readonly Row[];
}

/** Reads whole payments; for a decision, their roots must be locked. */
export async function readPayments(
  run: Run,
  ids: readonly Id<'payment_intent'>[],
): Promise<Map<Id<'payment_intent'>, Payment>> {
  const payments = new Map<Id<'payment_intent'>, Payment>();
  for (const [id, rows] of await readRows(run, ids)) payments.set(id, toPayment(rows));
  return payments;
}

async function readRows(
  run: Run,
  ids: readonly Id<'payment_intent'>[],
): Promise<[Id<'payment_intent'>, StoredRows][]> {
  const values = keyValues(ids);
  const [intents, subOrders, attempts, legs, refunds, escrows] = await Promise.all([
    run(SQL.read, values),
    run(CHILDREN.subOrders, values).then(byIntent),
    run(CHILDREN.attempts, values).then(byIntent),
    run(CHILDREN.legs, values).then(byIntent),
    run(CHILDREN.refunds, values).then(byIntent),
    run(CHILDREN.escrows, values).then(byIntent),
  ]);
  return intents.map((intent) => {
    const key = intent.id as bigint;
    const rows: StoredRows = {
      intent,
      subOrders: subOrders.get(key) ?? [],
      attempts: attempts.get(key) ?? [],
      legs: legs.get(key) ?? [],
      refunds: refunds.get(key) ?? [],
      escrows: escrows.get(key) ?? [],
    };
    return [formatId('payment_intent', key), rows];
  });
}

function byIntent(rows: readonly Row[]): Map<bigint, Row[]> {
  const groups = new Map<bigint, Row[]>();
  for (const row of rows) {
    const key = row.intent as bigint;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

function toPayment(rows: StoredRows): Payment {
  return {
    intent: toIntent(rows.intent),
    subOrders: rows.subOrders.map(toSubOrder),
    attempts: rows.attempts.map(toAttempt),
    legs: rows.legs.map(toLeg),
    refunds: rows.refunds.map(toRefund),
    escrows: rows.escrows.map(toEscrow),
  };
}

/** A row of a format that this version does not know fails only its own payment. */
function toPaymentOrWhyNot(id: Id<'payment_intent'>, rows: StoredRows): Payment | AssertionError {
  try {
    return toPayment(rows);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return new AssertionError(`${id} can be read from its rows: ${reason}`);
  }
}

function keyValues(ids: readonly Id<'payment_intent'>[]): Buffer[] {
  return [smallintArray(ids.map(shardOfId)), idArray(ids)];
}

/**
 * A version alone may be assigned twice after a lost commit (failover, restore); a batch's number
 * is not. A process of an earlier version writes no number, but increments the version (rule 9).
 */
function isStill({ state, writtenBy }: Remembered<Payment>, row: Row): boolean {
  return row.written_by === writtenBy && row.version === state.intent.version;
}

/**
 * Locks the roots in (shard, id) order and returns their payments. `remembered` is what this
 * process committed last: it is still valid if the locked root was written by that very batch,
 * since children are only written with their root. The rest is read under the locks; for a payment
 * that cannot be read, the reason is returned instead.
 */
export async function lockPayments(
  session: Session,
  wanted: readonly string[],
  remembered: (id: string) => Remembered<Payment> | undefined,
): Promise<ReadonlyMap<string, Payment | AssertionError>> {
  const ids = wanted as readonly Id<'payment_intent'>[];
  const payments = new Map<string, Payment | AssertionError>();
  const read = (unknown: readonly Id<'payment_intent'>[]) =>
    unknown.length === 0
      ? Promise.resolve([])
      : readRows((statement, values) => session.run(statement, values), unknown);
  // What was never remembered is read behind the locks, in the same round trip.
  const strangers = ids.filter((id) => remembered(id) === undefined);
  const [locked, found] = await Promise.all([
    session.run(SQL.lock, keyValues(ids)),
    read(strangers),
  ]);
  const ahead = new Map(found);
  const changed: Id<'payment_intent'>[] = [];
  for (const row of locked) {
    const id = must(ids[(row.place as number) - 1], 'a locked root was asked for');
    const known = remembered(id);
    const rows = ahead.get(id);
    if (rows !== undefined) payments.set(id, toPaymentOrWhyNot(id, rows));
    else if (known !== undefined && isStill(known, row)) payments.set(id, known.state);
    else changed.push(id);
  }
  for (const [id, rows] of await read(changed)) payments.set(id, toPaymentOrWhyNot(id, rows));
  return payments;
}

/**
 * Claims merchant_order_nos by inserting the new roots; for those that exist already, returns the
 * id that holds the number: a create that resumes with its own id finds its row, perhaps already
 * paid. Sorted, so that two processes wait in one direction only.
 */
export async function claimPayments(
  session: Session,
  wanted: readonly Payment[],
  { batchId: writtenBy, nextPlace }: BatchWriter,
): Promise<readonly Claim<Payment>[]> {
  const rows = wanted.map(({ intent }) => ({ intent, place: nextPlace(intent.shard), writtenBy }));
  rows.sort(
    ({ intent: a }, { intent: b }) =>
      a.shard - b.shard ||
      compareTexts(a.marketplace, b.marketplace) ||
      compareTexts(a.merchantOrderNo, b.merchantOrderNo),
  );
  const inserted = await session.run(INTENTS.claim, tableValues(INTENTS, rows));
  const ours = new Set(inserted.map((row) => row.id as bigint));
  const isOurs = wanted.map(({ intent }) => ours.has(idValue(intent.id)));
  const others = wanted.flatMap(({ intent }, index) => (isOurs[index] ? [] : [intent]));
  const holders = others.length === 0 ? NO_HOLDERS : await readHolders(session, others);
  return wanted.map((after, index) => {
    const { intent } = after;
    // Its children are not stored yet: they are new to whoever saves it.
    if (isOurs[index])
      return { id: intent.id, inserted: { before: { ...after, subOrders: [] }, after } };
    return { id: must(holders.get(orderKey(intent)), 'the holder of a merchant_order_no') };
  });
}

const NO_HOLDERS: ReadonlyMap<string, string> = new Map();

function orderKey({ marketplace, merchantOrderNo }: PaymentIntent): string {
  return `${idValue(marketplace)} ${merchantOrderNo}`;
}

async function readHolders(
  session: Session,
  others: readonly PaymentIntent[],
): Promise<ReadonlyMap<string, string>> {
  const held = await session.run(SQL.byOrderNo, [
    smallintArray(others.map((intent) => intent.shard)),
    idArray(others.map((intent) => intent.marketplace)),
    textArray(others.map((intent) => intent.merchantOrderNo)),
  ]);
  return new Map(
    held.map((row) => [
      `${row.marketplace} ${row.merchant_order_no}`,
      formatId('payment_intent', row.id as bigint),
    ]),
  );
}

/**
 * Writes the difference between two states of the payments: new rows in full, existing ones in
 * part.
 */
export function savePayments(
  session: Session,
  changes: readonly Change<Payment>[],
  { batchId: writtenBy }: BatchWriter,
): Promise<unknown> {
  const intents = changes.filter(({ before, after }) => before.intent !== after.intent);
  return together<unknown[]>([
    updateAll(
      session,
      INTENTS,
      intents.map(({ after }) => ({ intent: after.intent, place: null, writtenBy })),
    ),
    ...saveChildren(session, SUB_ORDERS, changes, (payment) => payment.subOrders),
    ...saveChildren(session, ATTEMPTS, changes, (payment) => payment.attempts),
    ...saveChildren(session, LEGS, changes, (payment) => payment.legs),
    ...saveChildren(session, REFUNDS, changes, (payment) => payment.refunds),
    ...saveChildren(session, ESCROWS, changes, (payment) => payment.escrows),
  ]);
}

function saveChildren<T extends { readonly id: Id }>(
  session: Session,
  into: Table<Child<T>>,
  changes: readonly Change<Payment>[],
  rowsOf: (payment: Payment) => readonly T[],
): Promise<unknown>[] {
  const added: Child<T>[] = [];
  const changed: Child<T>[] = [];
  for (const { before, after } of changes) {
    const known = rowsOf(before);
    if (known === rowsOf(after)) continue;
    const { shard, id: intent } = after.intent;
    let place = -1;
    for (const row of rowsOf(after)) {
      place += 1;
      // A draft leaves rows where they are and appends new ones.
      if (known[place] === row) continue;
      const isKnown = known[place]?.id === row.id || placeOf(known, row.id) >= 0;
      (isKnown ? changed : added).push({ shard, intent, row, payment: after });
    }
  }
  return [upsertAll(session, into, added), updateAll(session, into, changed)];
}
