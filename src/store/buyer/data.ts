/**
 * Erases buyers from payments and events, in short steps with a cursor in the database, so that any
 * process continues where another stopped. Payments come first: an event written meanwhile is
 * written from a payment that is already erased, or lies below the end up to which the events are
 * processed afterwards. Nothing that the ledger needs is touched.
 */
import { type BuyerErasure, buyerHash, ERASED_BUYER } from '../../core/buyer/data.ts';
import type { Db, Row, Session } from '../../database/db.ts';
import { readRow } from '../../database/one-row.ts';
import { statements } from '../../database/statements.ts';
import { toNumber, toNumberOrNull } from '../../database/table.ts';
import { formatId, type Id, idValue, packId, SHARD_COUNT } from '../../kernel/id.ts';
import { type AuditNote, writeAudited } from '../audit/audited.ts';
import { holdShard, writeInShard } from '../cell/write.ts';
import { type Cells, ofShards } from '../cells.ts';

export type Stage = 'intents' | 'events';

const ERASURES = statements('buyer_erasures', {
  add: `insert into buyer_erasures
    (id, marketplace, buyer_hash, stage, shard, up_to, intents, created_at)
  values ($1, $2, $3, 'intents', 0, 0, 0, $4) returning *`,
  read: 'select * from buyer_erasures where id = $1 and marketplace = $2',
  oldest: `select * from buyer_erasures where stage <> 'done' order by id limit 1`,
  next: `select * from buyer_erasures where stage <> 'done' order by id limit 1
  for update skip locked`,
  count: 'update buyer_erasures set intents = intents + $2 where id = $1',
  advance: `update buyer_erasures set stage = $2, shard = $3, up_to = $4, finished_at = $5
    where id = $1 and stage = $6 and shard = $7 and up_to = $8`,
});
const RETENTION = statements('buyer_retention', {
  // Of its own shards only: what is not there yet comes with the cursor that it had.
  next: `select * from buyer_retention where stage = $1 and up_to < $2 and ${ofShards('$3')}
  order by shard limit 1 for update skip locked`,
  advance: 'update buyer_retention set up_to = $3 where stage = $1 and shard = $2',
});

/** The last of the next rows, and their number. */
const windowOf = (table: string): string =>
  `select max(id) as last, count(*) as rows from (select id from ${table}
    where shard = $1 and id > $2 and id < $3 order by id limit $4) w`;
const WINDOW = statements('buyer_data.window', {
  intents: windowOf('payment_intents'),
  events: windowOf('events'),
} satisfies Record<Stage, string>);

/** As UTF-8, by immutable functions alone: Citus updates by no others (`convert_to` is stable). */
const bytesOf = (text: string) => `decode(replace(${text}, '\\', '\\\\'), 'escape')`;
/** A row with this buyer; if neither is given, any buyer. */
const OF_BUYER = (buyer: string) =>
  `($4::bigint is null or (marketplace = $4
    and sha256(${bytesOf(`marketplace::text || ':' || (${buyer})`)}) = $5::bytea))`;
/** `written_by`, too: a process's cached copy of such a payment becomes invalid. */
const ERASE = statements('buyer_data.erase', {
  intents: `update payment_intents set written_by = null,
      buyer = buyer || '{"id": "${ERASED_BUYER}", "ip": null}'::jsonb
    where shard = $1 and id > $2 and id <= $3 and buyer ->> 'id' <> '${ERASED_BUYER}'
      and ${OF_BUYER("buyer ->> 'id'")} returning id`,
  events: `update events set object = jsonb_set(object, '{buyer,id}', '"${ERASED_BUYER}"')
    where shard = $1 and id > $2 and id <= $3 and object #>> '{buyer,id}' <> '${ERASED_BUYER}'
      and ${OF_BUYER("object #>> '{buyer,id}'")} returning id`,
} satisfies Record<Stage, string>);

function toErasure(row: Row): BuyerErasure {
  return {
    id: formatId('buyer_erasure', row.id as bigint),
    marketplace: formatId('marketplace', row.marketplace as bigint),
    status: row.stage === 'done' ? 'done' : 'running',
    paymentIntents: toNumber(row.intents),
    createdAtMs: toNumber(row.created_at),
    finishedAtMs: toNumberOrNull(row.finished_at),
  };
}

export async function addErasure(
  db: Db,
  row: {
    readonly id: Id<'buyer_erasure'>;
    readonly marketplace: Id<'marketplace'>;
    readonly buyer: string;
    readonly nowMs: number;
  },
  note: AuditNote,
): Promise<BuyerErasure | undefined> {
  const marketplace = idValue(row.marketplace);
  const values = [idValue(row.id), marketplace, buyerHash(marketplace, row.buyer), row.nowMs];
  return writeAudited(db, {
    note,
    write: { statement: ERASURES.add, values },
    decode: toErasure,
    object: ({ id }) => id,
    // The audit row says that it was requested, and by whom; the buyer's number itself is what must
    // be erased.
    show: ({ status }) => ({ status }),
  });
}

export function readErasure(
  db: Db,
  marketplace: Id<'marketplace'>,
  id: Id<'buyer_erasure'>,
): Promise<BuyerErasure | undefined> {
  return readRow(db, ERASURES.read, [idValue(id), idValue(marketplace)], toErasure);
}

interface StepOptions {
  readonly nowMs: number;
  readonly limit: number;
}

/** One step of the oldest erasure; false = there is none that no other process is working on. */
export async function stepErasure(cells: Cells, options: StepOptions): Promise<boolean> {
  const [oldest] = await cells.home.read(ERASURES.oldest, []);
  if (oldest === undefined) return false;
  const shard = toNumber(oldest.shard);
  if (cells.of(shard) === cells.home) return stepAtHome(cells, options);
  // Its cell commits first, and nobody waits at home for it. Two processes may take one step: each
  // counts what it erased itself, and the first of them moves the place on.
  const done = await writeInShard(cells, shard, (session) =>
    eraseWindow(session, windowOfErasure(oldest, options)),
  );
  await cells.home.background((session) => advance(session, oldest, done, options));
  return true;
}

function stepAtHome(cells: Cells, options: StepOptions): Promise<boolean> {
  return cells.home.background(async (session) => {
    const [row] = await session.run(ERASURES.next, []);
    if (row === undefined) return false;
    const shard = toNumber(row.shard);
    // Its shard has moved on meanwhile: the next step sees it.
    if (cells.of(shard) !== cells.home) return true;
    await holdShard(session, cells, { db: cells.home, shard });
    const done = await eraseWindow(session, windowOfErasure(row, options));
    await advance(session, row, done, options);
    return true;
  });
}

function windowOfErasure(row: Row, { nowMs, limit }: StepOptions): Window {
  return {
    ...{ stage: row.stage as Stage, shard: toNumber(row.shard), limit },
    from: row.up_to as bigint,
    // Up to this moment: later events are made from payments that are already erased.
    before: packId({ unixMs: nowMs + 1, shard: 0, process: 0, sequence: 0 }),
    buyer: { marketplace: row.marketplace as bigint, hash: row.buyer_hash as Buffer },
  };
}

async function advance(
  session: Session,
  row: Row,
  { last, erased }: Erased,
  { nowMs }: StepOptions,
): Promise<void> {
  const stage = row.stage as Stage;
  const next = nextPlace({ stage, shard: toNumber(row.shard), last });
  const finishedAtMs = next.stage === 'done' ? nowMs : null;
  if (stage === 'intents' && erased > 0) await session.run(ERASURES.count, [row.id, erased]);
  await session.run(ERASURES.advance, [
    ...[row.id, next.stage, next.shard, next.upTo, finishedAtMs],
    ...[stage, row.shard, row.up_to],
  ]);
}

function nextPlace(at: {
  readonly stage: Stage;
  readonly shard: number;
  readonly last: bigint | null;
}): { readonly stage: Stage | 'done'; readonly shard: number; readonly upTo: bigint } {
  const { stage, shard, last } = at;
  if (last !== null) return { stage, shard, upTo: last };
  if (shard + 1 < SHARD_COUNT) return { stage, shard: shard + 1, upTo: 0n };
  return { stage: stage === 'intents' ? 'events' : 'done', shard: 0, upTo: 0n };
}

interface RetentionStep {
  readonly beforeMs: number;
  readonly limit: number;
  /** Those of the cell; null = all. */
  readonly shards?: Buffer | null;
  /** Before anything of a shard is written, within its transaction. */
  readonly hold?: (session: Session, shard: number) => Promise<void>;
}

/** One step over a cell's rows created before `beforeMs`; false = all of them are erased. */
export async function stepRetention(
  db: Db,
  { beforeMs, limit, shards = null, hold }: RetentionStep,
): Promise<boolean> {
  const before = packId({ unixMs: beforeMs, shard: 0, process: 0, sequence: 0 });
  for (const stage of ['intents', 'events'] as const) {
    const isAny = await db.background(async (session) => {
      const [row] = await session.run(RETENTION.next, [stage, before, shards]);
      if (row === undefined) return false;
      const shard = toNumber(row.shard);
      await hold?.(session, shard);
      const window = { stage, shard, limit, from: row.up_to as bigint, before, buyer: null };
      const { last } = await eraseWindow(session, window);
      await session.run(RETENTION.advance, [stage, shard, last ?? before]);
      return true;
    });
    if (isAny) return true;
  }
  return false;
}

interface Window {
  readonly stage: Stage;
  readonly shard: number;
  readonly from: bigint;
  readonly before: bigint;
  readonly limit: number;
  /** null = every buyer's. */
  readonly buyer: { readonly marketplace: bigint; readonly hash: Buffer } | null;
}

/** `last` null: the step reached the shard's end. */
interface Erased {
  readonly last: bigint | null;
  readonly erased: number;
}

async function eraseWindow(
  session: Session,
  { stage, shard, from, before, limit, buyer }: Window,
): Promise<Erased> {
  const [window] = await session.run(WINDOW[stage], [shard, from, before, limit]);
  const last = (window?.last as bigint | null | undefined) ?? null;
  if (last === null) return { last, erased: 0 };
  const erased = await session.run(ERASE[stage], [
    shard,
    from,
    last,
    buyer?.marketplace ?? null,
    buyer?.hash ?? null,
  ]);
  return { last: toNumber(window?.rows) < limit ? null : last, erased: erased.length };
}
