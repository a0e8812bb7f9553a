/**
 * The payment aggregate in the database: claimed, locked and loaded, saved as a difference.
 */
import { idValue } from '../core/id.ts';
import type { Payment, PaymentIntent } from '../core/payment.ts';
import { bigintArray, intArray, textArray } from './arrays.ts';
import type { Row, Session, Statement } from './db.ts';
import { toAttempt, toEscrow, toIntent, toLeg, toRefund, toSubOrder } from './payment-rows.ts';
import {
  ATTEMPTS,
  type Child,
  ESCROWS,
  INTENT_MUTABLE,
  INTENTS,
  LEGS,
  REFUNDS,
  SUB_ORDERS,
  UPDATE_INTENTS,
} from './payment-tables.ts';
import { tableValues, toNumber, upsertAll } from './table.ts';

const KEYS = 'unnest($1::smallint[], $2::bigint[]) as k (shard, id)';
const LOCK_INTENTS: Statement = {
  name: 'payment_intents.lock',
  // The order of the locks is the order of the keys: (shard, id), for every process alike.
  text: `select p.shard, p.id, p.version from (select * from ${KEYS} order by 1, 2) k
    join payment_intents p on p.shard = k.shard and p.id = k.id
    order by p.shard, p.id for update of p`,
};
const READ_INTENTS: Statement = {
  name: 'payment_intents.read',
  text: `select p.* from ${KEYS} join payment_intents p on p.shard = k.shard and p.id = k.id`,
};
const INTENT_BY_ORDER_NO: Statement = {
  name: 'payment_intents.by_order_no',
  text: `select p.shard, p.id, p.marketplace, p.merchant_order_no
    from unnest($1::smallint[], $2::bigint[], $3::text[])
      as k (shard, marketplace, merchant_order_no)
    join payment_intents p on p.shard = k.shard and p.marketplace = k.marketplace
      and p.merchant_order_no = k.merchant_order_no`,
};

function childrenStatement(name: string): Statement {
  // Children in the order they were made: ids grow with time, and by sequence within one moment.
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

export interface PaymentKey {
  readonly shard: number;
  readonly id: bigint;
}

export type Run = <R extends Row>(
  statement: Statement,
  values: readonly unknown[],
) => Promise<readonly R[]>;

/** Reads whole payments; to decide on them, their roots must be locked. */
export async function readPayments(
  run: Run,
  keys: readonly PaymentKey[],
): Promise<Map<bigint, Payment>> {
  const values = keyValues(keys);
  const [intents, subOrders, attempts, legs, refunds, escrows] = await Promise.all([
    run(READ_INTENTS, values),
    run(CHILDREN.subOrders, values),
    run(CHILDREN.attempts, values),
    run(CHILDREN.legs, values),
    run(CHILDREN.refunds, values),
    run(CHILDREN.escrows, values),
  ]);
  const children = {
    subOrders: grouped(subOrders, toSubOrder),
    attempts: grouped(attempts, toAttempt),
    legs: grouped(legs, toLeg),
    refunds: grouped(refunds, toRefund),
    escrows: grouped(escrows, toEscrow),
  };
  const payments = new Map<bigint, Payment>();
  for (const row of intents) {
    const key = row.id as bigint;
    payments.set(key, {
      intent: toIntent(row),
      subOrders: children.subOrders.get(key) ?? [],
      attempts: children.attempts.get(key) ?? [],
      legs: children.legs.get(key) ?? [],
      refunds: children.refunds.get(key) ?? [],
      escrows: children.escrows.get(key) ?? [],
    });
  }
  return payments;
}

function grouped<T>(rows: readonly Row[], decode: (row: Row) => T): Map<bigint, T[]> {
  const groups = new Map<bigint, T[]>();
  for (const row of rows) {
    const key = row.intent as bigint;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [decode(row)]);
    else group.push(decode(row));
  }
  return groups;
}

function keyValues(keys: readonly PaymentKey[]): string[] {
  return [intArray(keys.map((key) => key.shard)), bigintArray(keys.map((key) => key.id))];
}

/**
 * Locks the roots in (shard, id) order and gives their payments. `remembered` is what this process
 * committed last: it still stands where the locked root has its version (rule 9), since nobody
 * writes a child without its root. The rest is read behind the locks.
 */
export async function lockPayments(
  session: Session,
  keys: readonly PaymentKey[],
  remembered: (id: bigint) => Payment | undefined,
): Promise<Map<bigint, Payment>> {
  const payments = new Map<bigint, Payment>();
  const unknown: PaymentKey[] = [];
  for (const row of await session.run(LOCK_INTENTS, keyValues(keys))) {
    const id = row.id as bigint;
    const payment = remembered(id);
    if (payment !== undefined && payment.intent.version === row.version) payments.set(id, payment);
    else unknown.push({ id, shard: toNumber(row.shard) });
  }
  if (unknown.length === 0) return payments;
  const read = await readPayments((statement, values) => session.run(statement, values), unknown);
  for (const [id, payment] of read) payments.set(id, payment);
  return payments;
}

/** Who holds a merchant_order_no; `isNew`: this transaction inserted it. */
export interface IntentClaim {
  readonly holder: bigint;
  readonly isNew: boolean;
}

/**
 * Claims merchant_order_nos by inserting the new roots; for those that exist already, says which
 * id holds the number. Sorted, so that two processes wait in one direction only.
 */
export async function claimIntents(
  session: Session,
  intents: readonly PaymentIntent[],
): Promise<ReadonlyMap<PaymentIntent, IntentClaim>> {
  const sorted = [...intents].sort(
    (a, b) =>
      a.shard - b.shard ||
      compare(a.marketplace, b.marketplace) ||
      compare(a.merchantOrderNo, b.merchantOrderNo),
  );
  const inserted = await session.run(INTENTS.claim, tableValues(INTENTS, sorted));
  const ours = new Set(inserted.map((row) => row.id as bigint));
  const holders = new Map(
    intents
      .filter((intent) => ours.has(idValue(intent.id)))
      .map((intent) => [intent, { holder: idValue(intent.id), isNew: true }]),
  );
  const others = intents.filter((intent) => !holders.has(intent));
  if (others.length === 0) return holders;
  const rows = await session.run(INTENT_BY_ORDER_NO, [
    intArray(others.map((intent) => intent.shard)),
    bigintArray(others.map((intent) => idValue(intent.marketplace))),
    textArray(others.map((intent) => intent.merchantOrderNo)),
  ]);
  const byNumber = new Map(
    rows.map((row) => [`${row.marketplace} ${row.merchant_order_no}`, row.id as bigint]),
  );
  for (const intent of others) {
    const holder = byNumber.get(`${idValue(intent.marketplace)} ${intent.merchantOrderNo}`);
    if (holder !== undefined) holders.set(intent, { holder, isNew: false });
  }
  return holders;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Writes what changed between two states of the payments, one statement a table. */
export function savePayments(
  session: Session,
  changes: readonly { readonly before: Payment; readonly after: Payment }[],
): Promise<unknown> {
  const intents = changes
    .filter(({ before, after }) => before.intent !== after.intent)
    .map(({ after }) => after.intent);
  return Promise.all([
    intents.length === 0
      ? undefined
      : session.run(UPDATE_INTENTS, tableValues({ columns: INTENT_MUTABLE }, intents)),
    upsertAll(
      session,
      SUB_ORDERS,
      changed(changes, (payment) => payment.subOrders),
    ),
    upsertAll(
      session,
      ATTEMPTS,
      changed(changes, (payment) => payment.attempts),
    ),
    upsertAll(
      session,
      LEGS,
      changed(changes, (payment) => payment.legs),
    ),
    upsertAll(
      session,
      REFUNDS,
      changed(changes, (payment) => payment.refunds),
    ),
    upsertAll(
      session,
      ESCROWS,
      changed(changes, (payment) => payment.escrows),
    ),
  ]);
}

function changed<T extends object>(
  changes: readonly { readonly before: Payment; readonly after: Payment }[],
  rowsOf: (payment: Payment) => readonly T[],
): Child<T>[] {
  const rows: Child<T>[] = [];
  for (const { before, after } of changes) {
    const known = rowsOf(before);
    if (known === rowsOf(after)) continue;
    for (const row of rowsOf(after)) {
      if (known.includes(row)) continue;
      rows.push({ shard: after.intent.shard, intent: idValue(after.intent.id), row });
    }
  }
  return rows;
}
