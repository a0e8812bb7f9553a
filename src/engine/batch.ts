/**
 * One batch, one database transaction: stamp, claim, lock and load, decide, save, as drawn in
 * docs/concepts/engine.md. It knows no aggregate by name: rows are store's, money is core's.
 */

import type { DecideContext, Decided } from '../core/draft.ts';
import { DbRetry, type Session } from '../database/db.ts';
import { AssertionError, assert, must } from '../kernel/assert.ts';
import { type HutongError, hutongError } from '../kernel/errors.ts';
import type { Id, IdKind } from '../kernel/id.ts';
import { err, type Result } from '../kernel/result.ts';
import type {
  Aggregate,
  BatchWriter,
  Change,
  Claim,
  Remembered,
} from '../store/batch/aggregate.ts';
import {
  type BatchStamp,
  holdsNumber,
  isOfCurrentMap,
  stampBatch,
  wasCommitted,
} from '../store/batch/engine-lanes.ts';
import type { EventRow, OwedDelivery } from '../store/webhook/events.ts';
import { type AnyCommand, UNANSWERED, UNDECIDED } from './command.ts';
import type { IdSource } from './ids.ts';
import { assertRegistered, newOutbox, type Outbox, putIn, sendOutbox } from './outbox.ts';
import { isOpener, permit, stepsOf } from './steps.ts';

export interface BatchEnvironment {
  /** In the order in which a batch takes them. */
  readonly aggregates: readonly Aggregate[];
  readonly stamp: BatchStamp;
  readonly nowMs: number;
  readonly ids: IdSource;
  /** The commands that their gates let pass; kept from one try of the batch to the next. */
  readonly permitted: Set<AnyCommand>;
  /** How long this process has for the first try of the deliveries that it has just created. */
  readonly firstTryMs: number;
  /** A state as this process committed it last; trusted only under its lock. */
  readonly recall: (
    aggregate: Aggregate,
    id: string,
    losses: number,
  ) => Remembered<unknown> | undefined;
}

/** A fenced process lost its number to another one and must stop writing. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

/** The batch goes by a map of cells that is over: nothing of it was committed. */
export class Moved extends Error {
  override readonly name = 'Moved';
}

/** It was committed, and what it answered cannot be read back any more. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

export type Answer = Result<unknown, HutongError>;

/** What a batch changed of one aggregate. */
export interface Changed {
  readonly aggregate: Aggregate;
  readonly states: readonly unknown[];
}

/** The states of one aggregate among the changes. */
export function statesOf<S, W>(
  changed: readonly Changed[],
  of: Aggregate<S, W>,
): readonly S[] | undefined {
  return changed.find(({ aggregate }) => aggregate === of)?.states as readonly S[] | undefined;
}

export interface BatchOutcome {
  /** One per command, in order; an Error if our own code failed an assertion. */
  readonly answers: readonly (Answer | AssertionError)[];
  readonly changed: readonly Changed[];
  /** When the first of the changes is due again; null = none of them is. */
  readonly dueAtMs: number | null;
  /** The batch that committed it, and its session's losses: a remembered state keeps them. */
  readonly writtenBy: bigint;
  readonly losses: number;
  readonly events: readonly EventRow[];
  /** Known once the transaction is committed. */
  readonly owed: Promise<readonly OwedDelivery[]>;
}

/** A batch's work on one aggregate. */
interface Part {
  readonly aggregate: Aggregate;
  readonly commands: AnyCommand[];
  /** The state in the database, and the decided one. */
  readonly before: Map<string, unknown>;
  readonly now: Map<string, unknown>;
  /** The root that each claiming command got. */
  readonly claims: Map<AnyCommand, Claim<unknown>>;
  /** States whose rows cannot be read: only their own commands fail. */
  readonly unreadable: Map<string, AssertionError>;
}

type Answers = Map<AnyCommand, Answer | AssertionError>;

/** The context of a decision; a class, since one is made for every command. */
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

export async function runBatch(
  session: Session,
  commands: readonly AnyCommand[],
  environment: BatchEnvironment,
): Promise<BatchOutcome> {
  const { stamp, ids, aggregates } = environment;
  /** The list positions of this batch's new roots. */
  const places: bigint[] = [];
  const writer: BatchWriter = {
    batchId: stamp.batchId,
    nextPlace: (shard) => {
      const place = ids.nextNumber(shard);
      places.push(place);
      return place;
    },
  };
  const [first = [], ...others] = stepsOf(commands).map((step) => partsOf(step, aggregates));
  const ahead = lockableAhead(others);
  const [floor] = await Promise.all([
    stampBatch(session, stamp),
    open(session, first, writer, environment),
    lockAll(session, ahead, environment),
  ]);
  const isNew = floor !== undefined;
  if (!isNew) await explain(session, stamp);

  const outbox = newOutbox();
  const answers: Answers = new Map();
  const deciding = { ...environment, isReadBack: !isNew, answers };
  const decideAll = (opened: readonly Part[]): void => {
    if (isNew) raiseIds(floor, places, ids);
    else assertNothingInserted(opened);
    for (const part of opened)
      for (const command of part.commands)
        answers.set(command, decide(command, part, outbox, deciding));
  };
  decideAll(first);
  const parts = [...first];
  const { permitted } = environment;
  if (isNew) permitted.clear();
  for (const step of others) {
    if (isNew) for (const part of step) permit(part.commands, answers, permitted);
    const next = step.map((part) => ({
      ...part,
      commands: part.commands.filter((command) => permitted.has(command)),
    }));
    if (step !== ahead) await open(session, next, writer, environment);
    decideAll(next);
    parts.push(...next);
  }
  const { batchId: writtenBy } = stamp;
  const { losses } = session;
  // Committed before, its answer lost on the way: its decision stands and is only read back.
  const saved = isNew ? save(session, parts, outbox, writer, environment) : NOTHING_SAVED;
  const inOrder = commands.map((command) => answers.get(command) ?? UNDECIDED);
  return { answers: inOrder, writtenBy, losses, ...saved };
}

/**
 * The step after the first, where it claims nothing: its roots can be locked with the first, a
 * round trip less. A root whose command turns out not to be permitted is locked for nothing.
 */
function lockableAhead([next = []]: readonly Part[][]): Part[] {
  return next.some(({ commands }) => commands.some(isClaiming)) ? [] : next;
}

/** What a committed batch claimed is there: a row that is inserted only now is not of it. */
function assertNothingInserted(parts: readonly Part[]): void {
  for (const { claims } of parts)
    for (const { inserted } of claims.values())
      if (inserted !== undefined) throw new Unanswered('what it claimed is gone');
}

/** Why a batch was not stamped; it returns if it was committed before, and can be read back. */
async function explain(session: Session, stamp: BatchStamp): Promise<void> {
  if (await wasCommitted(session, stamp)) {
    if (await isOfCurrentMap(session, stamp)) return;
    // Its roots may be elsewhere by now, where it would be decided anew.
    throw new Unanswered('it was committed, and its shards have moved since');
  }
  if (await holdsNumber(session, stamp)) throw new Moved('shards have moved to another cell');
  throw new Fenced('another process holds our number');
}

/** In the order of the aggregates: every process takes them in the same order. */
function partsOf(commands: readonly AnyCommand[], aggregates: readonly Aggregate[]): Part[] {
  const byAggregate = new Map<Aggregate, AnyCommand[]>();
  for (const command of commands) {
    const own = byAggregate.get(command.aggregate);
    if (own === undefined) byAggregate.set(command.aggregate, [command]);
    else own.push(command);
  }
  return aggregates.flatMap((aggregate) => {
    const own = byAggregate.get(aggregate);
    return own === undefined ? [] : [newPart(aggregate, own)];
  });
}

function newPart(aggregate: Aggregate, commands: AnyCommand[]): Part {
  return {
    aggregate,
    commands,
    before: new Map(),
    now: new Map(),
    claims: new Map(),
    unreadable: new Map(),
  };
}

/**
 * Ids of this batch are above the floor: a list was read up to there. Positions are made with the
 * stamp; if one is too low (another process's clock is ahead), the batch runs again.
 */
function raiseIds(floor: bigint, places: readonly bigint[], ids: IdSource): void {
  ids.raise(floor);
  if (places.some((place) => place <= floor)) {
    throw new DbRetry('a list was read past the places of this batch');
  }
}

/**
 * Claims come before locks, in every step, and both are sent at once: what is locked first
 * does not depend on the claims. Then come the holders of natural keys that were there already.
 */
async function open(
  session: Session,
  parts: readonly Part[],
  writer: BatchWriter,
  environment: BatchEnvironment,
): Promise<void> {
  const claiming = parts.filter(({ commands }) => commands.some(isClaiming));
  const claims = claiming.map((part) => claim(session, part, writer));
  await Promise.all([...claims, lockAll(session, parts, environment)]);
  await Promise.all(claiming.map((part) => lockHolders(session, part, environment)));
}

async function lockAll(
  session: Session,
  parts: readonly Part[],
  environment: BatchEnvironment,
): Promise<void> {
  await Promise.all(parts.map((part) => lock(session, part, rootsBesideClaims(part), environment)));
}

/** The roots that commands name, but for those that this batch may insert. */
function rootsBesideClaims({ aggregate, commands }: Part): ReadonlySet<string> {
  const roots = new Set<string>();
  for (const { root } of commands) if (typeof root === 'string') roots.add(root);
  if (roots.size === 0) return roots;
  for (const { root } of commands)
    if (typeof root !== 'string') roots.delete(aggregate.root(root).id);
  return roots;
}

async function lockHolders(
  session: Session,
  part: Part,
  environment: BatchEnvironment,
): Promise<void> {
  const { now, unreadable, claims } = part;
  const asked = rootsBesideClaims(part);
  const left = new Set<string>();
  for (const command of part.commands) {
    const id = rootOf(command, part);
    if (!now.has(id) && !asked.has(id)) left.add(id);
  }
  await lock(session, part, left, environment);
  for (const { id } of claims.values()) {
    if (now.has(id) || unreadable.has(id)) continue;
    throw new DbRetry(`a ${part.aggregate.name} was deleted between its claim and its lock`);
  }
}

function isClaiming({ root }: AnyCommand): boolean {
  return typeof root !== 'string';
}

async function claim(session: Session, part: Part, writer: BatchWriter): Promise<void> {
  const { aggregate, before, now, claims } = part;
  const claiming = part.commands.filter(isClaiming);
  assert(aggregate.claim !== undefined, `a ${aggregate.name} can be claimed`);
  const wanted = claiming.map(({ root }) => root);
  const held = await aggregate.claim(session, wanted, writer);
  for (const [index, command] of claiming.entries()) {
    const { id, inserted } = must(held[index], 'the holder of a natural key');
    // Two commands that claim one key with the same id: the first of them inserted it.
    const isFirst = inserted !== undefined && !now.has(id);
    claims.set(command, isFirst ? { id, inserted } : { id });
    if (!isFirst) continue;
    before.set(id, inserted.before);
    now.set(id, inserted.after);
  }
}

async function lock(
  session: Session,
  part: Part,
  roots: ReadonlySet<string>,
  { recall }: Pick<BatchEnvironment, 'recall'>,
): Promise<void> {
  if (roots.size === 0) return;
  const { aggregate, before, now, unreadable } = part;
  const needed = new Map<string, readonly string[]>();
  for (const command of part.commands) {
    if (command.needs === undefined) continue;
    const id = typeof command.root === 'string' ? command.root : part.claims.get(command)?.id;
    if (id === undefined || !roots.has(id)) continue;
    needed.set(id, [...(needed.get(id) ?? []), ...command.needs]);
  }
  const { losses } = session;
  const remembered = (id: string) => recall(aggregate, id, losses);
  const locked = await aggregate.lock(session, [...roots], remembered, needed);
  for (const [id, state] of locked) {
    if (state instanceof AssertionError) {
      unreadable.set(id, state);
      continue;
    }
    before.set(id, state);
    now.set(id, state);
  }
}

function rootOf(command: AnyCommand, { claims }: Part): string {
  if (typeof command.root === 'string') return command.root;
  return must(claims.get(command), 'a claimed root').id;
}

function decide(
  command: AnyCommand,
  part: Part,
  outbox: Outbox,
  environment: Deciding,
): Answer | AssertionError {
  try {
    return decideCommand(command, part, outbox, environment);
  } catch (error) {
    // A decision is pure: an exception affects only its own draft, and the other commands go on.
    if (error instanceof AssertionError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return new AssertionError(`a decision decides: ${reason}`, { cause: error });
  }
}

interface Deciding extends BatchEnvironment {
  /** Committed before: the answers are read back from the state, and nothing is saved. */
  readonly isReadBack: boolean;
  /** Those of this batch so far. */
  readonly answers: Answers;
}

function doesMore({ postings, events, audit = [] }: Decided<unknown, unknown>): boolean {
  return postings.length > 0 || events.length > 0 || audit.length > 0;
}

/** What the command at its gate was answered. */
function givenTo({ gate }: AnyCommand, { answers }: Deciding): Answer | undefined {
  const answer = gate === undefined ? undefined : answers.get(gate.of);
  return answer instanceof AssertionError ? undefined : answer;
}

function decideCommand(
  command: AnyCommand,
  part: Part,
  outbox: Outbox,
  environment: Deciding,
): Answer {
  const { aggregate } = part;
  const id = rootOf(command, part);
  const unreadable = part.unreadable.get(id);
  if (unreadable !== undefined) throw unreadable;
  const state = part.now.get(id);
  const root = state === undefined ? undefined : aggregate.root(state);
  const isForeign = command.marketplace !== null && root?.marketplace !== command.marketplace;
  if (root === undefined || isForeign)
    return err(hutongError('not_found', `no such ${aggregate.name}`));
  // What was made of another answer could be made of a later state now.
  const isFromAnswer = command.gate !== undefined && !isOpener(command.gate.of);
  if (environment.isReadBack && isFromAnswer) return UNANSWERED;
  const isNew = part.claims.get(command)?.inserted?.after === state;
  const given = givenTo(command, environment);
  const context = new ShardContext(environment, root.shard);
  const decision = command.decide(state, context, isNew, given);
  if (!decision.ok) return decision;
  const { value } = decision;
  assertRegistered(aggregate, root, value);
  // A note, which has no version, is the same as often as it is made; others may depend on a key.
  const isJudged = root.version !== null || isOpener(command);
  const isChanged = value.state !== state && isJudged;
  if (environment.isReadBack && (isChanged || doesMore(value))) return UNANSWERED;
  if (value.state !== state) {
    const { version } = aggregate.root(value.state);
    const isNewer = version === null || root.version === null || version > root.version;
    assert(isNewer, 'rule 9: whatever changes is a new version');
    part.now.set(id, value.state);
  }
  putIn(outbox, value, { command, root }, environment);
  return { ok: true, value: value.answer };
}

type Saved = Pick<BatchOutcome, 'changed' | 'dueAtMs' | 'events' | 'owed'>;

const NOTHING_SAVED: Saved = { changed: [], dueAtMs: null, events: [], owed: Promise.resolve([]) };

/**
 * One statement per table, balances last. They are sent with COMMIT: none is awaited before it, and
 * the first that fails makes COMMIT fail. What cannot be encoded throws here, before COMMIT.
 */
function save(
  session: Session,
  parts: readonly Part[],
  outbox: Outbox,
  writer: BatchWriter,
  environment: BatchEnvironment,
): Saved {
  const changed: Changed[] = [];
  const sent: Promise<unknown>[] = [];
  for (const { aggregate, before, now } of parts) {
    const changes: Change<unknown>[] = [];
    now.forEach((after, id) => {
      const known = must(before.get(id), 'a loaded state');
      if (known !== after) changes.push({ before: known, after });
    });
    if (changes.length === 0) continue;
    changed.push({ aggregate, states: changes.map(({ after }) => after) });
    sent.push(unwaited(aggregate.save(session, changes, writer)));
  }
  const leaving = sendOutbox(session, outbox, environment);
  sent.push(...leaving.sent.map(unwaited));
  const owed = unwaited(Promise.all([leaving.owed, ...sent]).then(([rows]) => rows));
  const dueAtMs = earliestDueMs(changed, outbox);
  return { changed, dueAtMs, events: outbox.events, owed };
}

/** COMMIT reports a failure: the statement itself need not be awaited. */
function unwaited<T>(sent: Promise<T>): Promise<T> {
  sent.catch(() => undefined);
  return sent;
}

function earliestDueMs(changed: readonly Changed[], { transfers }: Outbox): number | null {
  let earliestMs: number | null = null;
  for (const { transfer } of transfers) {
    if (earliestMs === null || transfer.dueAtMs < earliestMs) earliestMs = transfer.dueAtMs;
  }
  for (const { aggregate, states } of changed) {
    for (const state of aggregate.dueAtMs === undefined ? [] : states) {
      const dueAtMs = aggregate.dueAtMs?.(state) ?? null;
      if (dueAtMs !== null && (earliestMs === null || dueAtMs < earliestMs)) earliestMs = dueAtMs;
    }
  }
  return earliestMs;
}
