/**
 * Moves of shards in the home's map. Each step is one transaction that holds only while the mover
 * is still the one that the rows name; a fence whose mover has not been heard of is taken back by
 * whichever process comes first.
 */
import { smallintArray } from '../../database/arrays.ts';
import type { Db, Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { type AuditNote, noteChange } from '../audit/audited.ts';
import { HOME_CELL } from '../cells.ts';
import { MoveLost } from './mover.ts';
import { rangesOf } from './ranges.ts';

export type MoveStage = 'copying' | 'copied' | 'fenced' | 'moved';

export interface Move {
  readonly shard: number;
  readonly source: string;
  readonly target: string;
  readonly stage: MoveStage;
}

/** A mover renews several times in it. */
const MOVER_SECONDS = 15;
const IS_GONE = `renewed_at < clock_timestamp() - interval '${MOVER_SECONDS} seconds'`;
const OWN = 'shard = any($1::smallint[]) and mover = $2';

const SQL = statements('cell_moves', {
  all: 'select shard, source, target, stage from cell_moves order by shard',
  // One move at a time: what changes in a source is noted once.
  begin: `insert into cell_moves (shard, source, target, stage, mover, renewed_at)
    select shard, $3, $4, 'copying', $2, clock_timestamp() from unnest($1::smallint[]) as shard
    where not exists (select 1 from cell_moves) and not exists (
      select from unnest($1::smallint[]) as s (shard) left join cell_shards c on c.shard = s.shard
      where coalesce(c.cell, '${HOME_CELL}') <> $3) returning shard`,
  alone: 'lock table cell_moves in share row exclusive mode',
  take: `update cell_moves set mover = $2, renewed_at = clock_timestamp()
    where shard = any($1::smallint[]) and source = $3 and target = $4
      and (mover = $2 or ${IS_GONE}) returning stage`,
  renew: `update cell_moves set renewed_at = clock_timestamp() where ${OWN} returning shard`,
  become: `update cell_moves set stage = $3 where ${OWN} and stage = any($4::text[])
    returning shard`,
  place: `insert into cell_shards (shard, cell)
    select shard, $2 from unnest($1::smallint[]) as shard
    on conflict (shard) do update set cell = excluded.cell`,
  placeAtHome: 'delete from cell_shards where shard = any($1::smallint[])',
  end: `delete from cell_moves where ${OWN} returning shard`,
  raiseEpoch: 'update cells set epoch = epoch + 1 where name = $1',
  raiseVersion: 'update cell_map set version = version + 1',
  abandon: `update cell_moves set stage = 'copied' where stage = 'fenced' and ${IS_GONE}
    returning source`,
});
const EPOCH = statements('cell_epoch', {
  raise: 'update cell_epoch set epoch = $1 where epoch < $1',
});

export async function readMoves(home: Db): Promise<readonly Move[]> {
  return (await home.read(SQL.all, [])).map((row) => ({
    shard: toNumber(row.shard),
    source: row.source as string,
    target: row.target as string,
    stage: row.stage as MoveStage,
  }));
}

export interface Mover {
  readonly home: Db;
  readonly name: string;
  readonly shards: readonly number[];
}

const ownOf = ({ shards, name }: Mover): [Buffer, string] => [smallintArray(shards), name];

/**
 * Undertakes what nobody has, or whose mover is gone, and says where it stands; undefined if
 * another one is at it, another move is not finished, or the source does not have the shards.
 */
export function undertake(
  mover: Mover,
  source: string,
  target: string,
): Promise<MoveStage | undefined> {
  return mover.home.transaction(0, async (session) => {
    await session.run(SQL.alone, []);
    await session.run(SQL.begin, [...ownOf(mover), source, target]);
    const taken = await session.run(SQL.take, [...ownOf(mover), source, target]);
    const [first] = taken;
    return taken.length === mover.shards.length ? (first?.stage as MoveStage) : undefined;
  });
}

/** False: another mover has taken over. */
export async function renewMove(mover: Mover): Promise<boolean> {
  const rows = await mover.home.background((session) => session.run(SQL.renew, ownOf(mover)));
  return rows.length === mover.shards.length;
}

/** Copied, or not fenced any more. */
export function markCopied(mover: Mover): Promise<void> {
  return step(mover, ['copying', 'copied'], 'copied', async () => undefined);
}

/** From here on neither cell takes batches of the shards. */
export function fence(mover: Mover, source: string): Promise<void> {
  return step(mover, ['copied'], 'fenced', (session) => changeMap(session, source));
}

export function takeFenceBack(mover: Mover, source: string): Promise<void> {
  return step(mover, ['fenced'], 'copied', (session) => changeMap(session, source));
}

/** The target has the shards. */
export function switchOver(
  mover: Mover,
  {
    source,
    target,
    note,
  }: { readonly source: string; readonly target: string; readonly note: AuditNote },
): Promise<void> {
  const shards = smallintArray(mover.shards);
  return step(mover, ['fenced'], 'moved', async (session) => {
    if (target === HOME_CELL) await session.run(SQL.placeAtHome, [shards]);
    else await session.run(SQL.place, [shards, target]);
    await changeMap(session, target);
    const change = { before: { cell: source }, after: { cell: target } };
    await noteChange(session, note, { object: `shards ${rangesOf(mover.shards)}`, ...change });
  });
}

export async function endMove(mover: Mover): Promise<void> {
  await mover.home.transaction(0, (session) => session.run(SQL.end, ownOf(mover)));
}

/** The cell's batches are stamped under another epoch: every process looks at the map again. */
async function changeMap(session: Session, cell: string): Promise<void> {
  await session.run(SQL.raiseEpoch, [cell]);
  await session.run(SQL.raiseVersion, []);
}

function step(
  mover: Mover,
  from: readonly MoveStage[],
  to: MoveStage,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  return mover.home.transaction(0, async (session) => {
    const stages = `{${from.join(',')}}`;
    const rows = await session.run(SQL.become, [...ownOf(mover), to, stages]);
    if (rows.length !== mover.shards.length) throw new MoveLost();
    await work(session);
  });
}

/** Fences whose mover is gone; true if there was one: the map has changed. */
export function abandonFences(home: Db): Promise<boolean> {
  return home.background(async (session) => {
    const rows = await session.run(SQL.abandon, []);
    for (const source of new Set(rows.map((row) => row.source as string)))
      await changeMap(session, source);
    return rows.length > 0;
  });
}

/** In the cell itself: batches of a lower epoch are not stamped any more. */
export async function raiseEpoch(cell: Db, epoch: number): Promise<void> {
  await cell.background((session) => session.run(EPOCH.raise, [epoch]));
}
