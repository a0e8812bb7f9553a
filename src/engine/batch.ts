/**
 * One batch, one database transaction: stamp, claim, lock and load, decide, save. It reads like
 * the architecture's picture; everything clever about rows is in store, about money in core.
 */

import type { DecideContext } from '../core/draft.ts';
import type { Payment, PaymentIntent } from '../core/payment/model.ts';
import { DbRetry, type Session } from '../database/db.ts';
import { AssertionError, assert, present } from '../kernel/assert.ts';
import { type HutongError, hutongError } from '../kernel/errors.ts';
import { type Id, type IdKind, idValue, unpackId } from '../kernel/id.ts';
import { err, type Result } from '../kernel/result.ts';
import { type AuditEntry, appendAudit } from '../store/audit/audit-log.ts';
import { type BatchStamp, stampBatch, wasCommitted } from '../store/batch/engine-lanes.ts';
import { claimKeys, type IdempotencyRow, saveKeys } from '../store/batch/idempotency.ts';
import { type BookedPosting, bookPostings } from '../store/ledger/balances.ts';
import { type NotificationRow, saveNotifications } from '../store/payment/notifications.ts';
import {
  claimIntents,
  type IntentClaim,
  lockPayments,
  type Remembered,
  savePayments,
} from '../store/payment/payments.ts';
import {
  type EventRow,
  type OwedDelivery,
  saveDeliveryResults,
  saveEvents,
} from '../store/webhook/events.ts';
import type { AnyCommand, DeliveryCommand, IdempotencyCommand, PaymentCommand } from './command.ts';
import type { IdSource } from './ids.ts';

export interface BatchEnvironment {
  readonly stamp: BatchStamp;
  readonly nowMs: number;
  readonly ids: IdSource;
  /** How long this process has for the first try of the deliveries it just owes. */
  readonly firstTryMs: number;
  /** A payment as this process committed it last; believed only under its lock. */
  readonly remembered: (id: Id<'payment_intent'>, connection: number) => Remembered | undefined;
}

/** A fenced process lost its number to another one and must stop writing. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

export type Answer = Result<unknown, HutongError>;

export interface BatchOutcome {
  /** One per command, in order; an Error where our own code failed an assertion. */
  readonly answers: readonly (Answer | AssertionError)[];
  readonly changed: readonly Payment[];
  /** In which batch, and over which connection: what is remembered is remembered with it. */
  readonly writtenBy: bigint;
  readonly connection: number;
  readonly events: readonly EventRow[];
  /** Known when the transaction is committed. */
  readonly owed: Promise<readonly OwedDelivery[]>;
}

/** Rows a batch works on; `before` is what stands in the database, `now` what was decided. */
interface Book {
  readonly before: Map<Id<'payment_intent'>, Payment>;
  readonly now: Map<Id<'payment_intent'>, Payment>;
  readonly created: Set<Id<'payment_intent'>>;
  /** Which root each create command ended up with. */
  readonly rootOf: Map<PaymentCommand<unknown>, Id<'payment_intent'>>;
  readonly keys: Map<string, IdempotencyRow | 'claimed'>;
  /** Where the intents of this batch stand in lists. */
  readonly places: readonly bigint[];
  /** Payments whose rows cannot be read: their own commands fail, and no others. */
  readonly unreadable: Map<Id<'payment_intent'>, AssertionError>;
}

/** What a decision may ask for; a class, since one is made for every command. */
class ShardContext implements DecideContext {
  readonly nowMs: number;
  readonly #ids: IdSource;
  readonly #shard: number;

  constructor({ nowMs, ids }: BatchEnvironment, shard: number) {
    this.nowMs = nowMs;
    this.#ids = ids;
    this.#shard = shard;
  }

  newId<K extends IdKind>(kind: K): Id<K> {
    return this.#ids.next(kind, this.#shard);
  }
}

interface Writes {
  readonly audit: AuditEntry[];
  readonly postings: BookedPosting[];
  readonly events: EventRow[];
  readonly notifications: NotificationRow[];
  readonly keys: Map<string, IdempotencyRow>;
}

export async function runBatch(
  session: Session,
  commands: readonly AnyCommand[],
  environment: BatchEnvironment,
): Promise<BatchOutcome> {
  const payments = commands.filter((command) => command.book === 'payment');
  const keys = commands.filter((command) => command.book === 'idempotency');
  const deliveries = commands.filter((command) => command.book === 'delivery');

  const stamped = stampBatch(session, environment.stamp);
  const opened = openBook(session, payments, keys, environment);
  const [floor, book] = await Promise.all([stamped, opened]);
  const isNew = floor !== undefined;
  if (isNew) raiseIds(floor, book, environment);
  if (!isNew && !(await wasCommitted(session, environment.stamp))) {
    throw new Fenced('another process holds our number');
  }

  const writes: Writes = {
    audit: [],
    postings: [],
    events: [],
    notifications: [],
    keys: new Map(),
  };
  const answers = commands.map((command) => decide(command, book, writes, environment));
  // Committed before, its answer lost on the way: what it decided stands, and is only read back.
  const written = { writtenBy: environment.stamp.batchId, connection: session.connection };
  if (!isNew) return { answers, ...written, changed: [], events: [], owed: Promise.resolve([]) };
  return { answers, ...written, ...save(session, book, writes, deliveries, environment) };
}

/**
 * What this batch makes is above the floor: a list was read up to there. Places are made beside the
 * stamp; where one is too low (another process's clock is ahead), the batch goes again.
 */
function raiseIds(floor: bigint, { places }: Book, { ids }: BatchEnvironment): void {
  ids.raise(floor);
  if (places.some((place) => place <= floor)) {
    throw new DbRetry('a list was read past the places of this batch');
  }
}

async function openBook(
  session: Session,
  payments: readonly PaymentCommand<unknown>[],
  keys: readonly IdempotencyCommand<unknown>[],
  environment: BatchEnvironment,
): Promise<Book> {
  // Claims come before locks in every transaction; where there are none, none is waited for.
  const isClaiming = keys.length > 0 || payments.some(({ root }) => typeof root !== 'string');
  const book = isClaiming ? await claim(session, payments, keys, environment) : newBook();
  await loadExisting(session, payments, book, environment);
  return book;
}

function newBook(): Book {
  return {
    before: new Map(),
    now: new Map(),
    created: new Set(),
    rootOf: new Map(),
    keys: new Map(),
    places: [],
    unreadable: new Map(),
  };
}

async function claim(
  session: Session,
  payments: readonly PaymentCommand<unknown>[],
  keys: readonly IdempotencyCommand<unknown>[],
  { stamp, ids }: BatchEnvironment,
): Promise<Book> {
  const creating = payments.filter((command) => typeof command.root !== 'string');
  const roots = creating.map((command) => (command.root as Payment).intent);
  const places = roots.map(({ shard }) => ids.nextNumber(shard));
  const [held, holders] = await Promise.all([
    keys.length === 0
      ? new Map()
      : claimKeys(session, {
          claimed: keys.filter((command) => !command.isClaimed).map((command) => command.row),
          known: keys.filter((command) => command.isClaimed).map((command) => command.row),
        }),
    roots.length === 0
      ? new Map<PaymentIntent, IntentClaim>()
      : claimIntents(session, roots, places, stamp.batchId),
  ]);
  const book: Book = { ...newBook(), keys: new Map(held), places };
  for (const command of creating) {
    const wanted = command.root as Payment;
    const { holder, isNew } = present(
      holders.get(wanted.intent),
      'the holder of a merchant_order_no',
    );
    book.rootOf.set(command, holder);
    // A create that is resumed with its own id finds its row, and perhaps a paid one: only a row
    // that this transaction inserted may be taken from the command.
    if (!isNew || book.now.has(holder)) continue;
    book.created.add(holder);
    book.before.set(holder, { ...wanted, subOrders: [] });
    book.now.set(holder, wanted);
  }
  return book;
}

async function loadExisting(
  session: Session,
  payments: readonly PaymentCommand<unknown>[],
  book: Book,
  environment: BatchEnvironment,
): Promise<void> {
  const wanted = new Set<Id<'payment_intent'>>();
  for (const command of payments) {
    const root = rootOf(command, book);
    if (!book.now.has(root)) wanted.add(root);
  }
  if (wanted.size === 0) return;
  const loaded = await lockPayments(session, [...wanted], environment.remembered);
  for (const [id, payment] of loaded) {
    if (payment instanceof AssertionError) {
      book.unreadable.set(id, payment);
      continue;
    }
    book.before.set(id, payment);
    book.now.set(id, payment);
  }
}

function rootOf(command: PaymentCommand<unknown>, book: Book): Id<'payment_intent'> {
  if (typeof command.root === 'string') return command.root;
  return present(book.rootOf.get(command), 'a claimed root');
}

function decide(
  command: AnyCommand,
  book: Book,
  writes: Writes,
  environment: BatchEnvironment,
): Answer | AssertionError {
  try {
    if (command.book === 'payment') return decidePayment(command, book, writes, environment);
    if (command.book === 'idempotency') return decideKey(command, book, writes, environment.nowMs);
    return { ok: true, value: undefined };
  } catch (error) {
    // A decision is pure: what it broke is its own draft, and its neighbours go on.
    if (error instanceof AssertionError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return new AssertionError(`a decision decides: ${reason}`, { cause: error });
  }
}

function decidePayment(
  command: PaymentCommand<unknown>,
  book: Book,
  writes: Writes,
  environment: BatchEnvironment,
): Answer {
  const root = rootOf(command, book);
  const unreadable = book.unreadable.get(root);
  if (unreadable !== undefined) throw unreadable;
  const payment = book.now.get(root);
  const isForeign =
    command.marketplace !== null && payment?.intent.marketplace !== command.marketplace;
  if (payment === undefined || isForeign)
    return err(hutongError('not_found', 'no such payment_intent'));
  const { shard, marketplace } = payment.intent;
  const context = new ShardContext(environment, shard);
  const isNew =
    book.created.has(root) &&
    typeof command.root !== 'string' &&
    book.now.get(root) === command.root;
  const decision = command.decide(payment, context, isNew);
  if (!decision.ok) return decision;
  const { value } = decision;
  assert(
    value.state === payment || value.state.intent.version > payment.intent.version,
    'rule 9: whatever changes is a new version',
  );
  book.now.set(root, value.state);
  noteNotification(command, value.state, writes, environment.nowMs);
  for (const fact of value.audit ?? []) {
    const id = environment.ids.next('audit_entry', shard);
    // Wall time, as its id has it: the log is about people, not about the business clock.
    writes.audit.push({ id, atMs: unpackId(idValue(id)).unixMs, fact });
  }
  for (const posting of value.postings) {
    const id = environment.ids.next('ledger_transaction', shard);
    writes.postings.push({
      id,
      shard,
      marketplace,
      intent: payment.intent.id,
      createdAtMs: environment.nowMs,
      posting,
    });
  }
  for (const event of value.events) {
    const id = environment.ids.next('event', shard);
    // Field by field: a literal that grows out of a spread gets a shape of its own every time.
    writes.events.push({
      shard,
      id,
      marketplace,
      type: event.type,
      objectId: event.objectId,
      objectVersion: event.objectVersion,
      object: event.object,
      createdAtMs: environment.nowMs,
    });
  }
  return { ok: true, value: value.answer };
}

function noteNotification(
  command: PaymentCommand<unknown>,
  payment: Payment,
  writes: Writes,
  nowMs: number,
): void {
  if (command.notification === undefined) return;
  writes.notifications.push({
    shard: payment.intent.shard,
    intent: payment.intent.id,
    wallet: command.notification.wallet,
    notificationId: command.notification.id,
    receivedAtMs: nowMs,
  });
}

function decideKey(
  command: IdempotencyCommand<unknown>,
  book: Book,
  writes: Writes,
  nowMs: number,
): Answer {
  const name = `${command.row.marketplace} ${command.row.key}`;
  const held = book.keys.get(name);
  const { save, answer } = command.decide(held === 'claimed' ? undefined : held, nowMs);
  // A later command of this batch with the same key sees what the earlier one left.
  const after = save ?? (held === 'claimed' ? command.row : held);
  if (after !== undefined) book.keys.set(name, after);
  if (save !== undefined) writes.keys.set(name, save);
  return answer;
}

/**
 * One statement a table, balances last. They travel with COMMIT: none is waited for before it, and
 * the first that fails is why COMMIT does. What cannot be encoded throws here, before COMMIT.
 */
function save(
  session: Session,
  book: Book,
  writes: Writes,
  deliveries: readonly DeliveryCommand[],
  environment: BatchEnvironment,
): Pick<BatchOutcome, 'changed' | 'events' | 'owed'> {
  const changes = [...book.now]
    .map(([id, after]) => ({ before: present(book.before.get(id), 'a loaded payment'), after }))
    .filter(({ before, after }) => before !== after);
  const saved = Promise.all([
    saveEvents(session, writes.events, environment.firstTryMs),
    savePayments(session, changes, environment.stamp.batchId),
    saveNotifications(session, writes.notifications),
    saveKeys(session, [...writes.keys.values()]),
    saveDeliveryResults(
      session,
      deliveries.map((command) => command.result),
    ),
    bookPostings(session, writes.postings, environment.stamp.process),
    // A person's deeds are few: one statement each.
    ...writes.audit.map((row) => appendAudit(session, row)),
  ]);
  const owed = saved.then(([rows]) => rows);
  owed.catch(() => undefined);
  return { changed: changes.map(({ after }) => after), events: writes.events, owed };
}
