/**
 * What changes in a cell while its shards are copied: triggers note the keys of the rows, and the
 * rows are copied again, as they are by then. They are there during a move only.
 */
import { bigintArray, textArray } from '../../database/arrays.ts';
import { statements } from '../../database/statements.ts';
import { asMover, defineAsMover, type MovedCell } from './mover.ts';
import { dropRowsByKey, putRowTexts, readRowsByKey, type ShardTable } from './tables.ts';

const SQL = statements('cell_changes', {
  next: 'select number, tbl, key::text as key from cell_changes order by number limit $1',
  drop: 'delete from cell_changes where number = any($1::bigint[])',
  late: 'select distinct tbl from cell_changes where tbl <> all($1::text[]) order by tbl',
});

/** Of a move that was given up; before anything is noted for a new one. */
export async function forgetChanges(source: MovedCell): Promise<void> {
  await defineAsMover(source, `set local lock_timeout = '1s'; truncate cell_changes;`);
}

/** Tables that were written to since the last of it was copied, but for those of no weight. */
export function readLateChanges(
  source: MovedCell,
  passing: readonly string[],
): Promise<readonly string[]> {
  return asMover(source, async (session) =>
    (await session.run(SQL.late, [textArray(passing)])).map(({ tbl }) => tbl as string),
  );
}

/** One table after the other, each in a short transaction: batches wait for no more than that. */
export async function noteChanges(
  source: MovedCell,
  { name, key }: ShardTable,
  shards: readonly number[],
): Promise<void> {
  const isMoving = (row: string) => `${row}.shard = any ('{${shards.join(',')}}'::smallint[])`;
  const noted = (row: string) =>
    `insert into cell_changes (tbl, key) values ('${name}',
      jsonb_build_array(${key.map((column) => `${row}.${column.name}`).join(', ')}));`;
  await defineAsMover(
    source,
    `create or replace function note_change_of_${name}() returns trigger language plpgsql as $note$
    begin
      if tg_op = 'DELETE' then
        if ${isMoving('old')} then ${noted('old')} end if;
      elsif ${isMoving('new')} then ${noted('new')} end if;
      return null;
    end $note$;
    set local lock_timeout = '200ms';
    drop trigger if exists note_change on ${name};
    create trigger note_change after insert or update or delete on ${name}
      for each row execute function note_change_of_${name}();`,
  );
}

export async function stopNoting(source: MovedCell, { name }: ShardTable): Promise<void> {
  await defineAsMover(
    source,
    `set local lock_timeout = '200ms';
    drop trigger if exists note_change on ${name};
    drop function if exists note_change_of_${name}();`,
  );
}

const CHANGES_A_STEP = 2_000;

/** Copies what has changed, and returns how many changes it found; 0: the target has it all. */
export async function catchUp(
  source: MovedCell,
  target: MovedCell,
  tables: readonly ShardTable[],
): Promise<number> {
  const changes = await asMover(source, (session) => session.run(SQL.next, [CHANGES_A_STEP]));
  if (changes.length === 0) return 0;
  for (const table of tables) {
    const own = changes.filter(({ tbl }) => tbl === table.name);
    if (own.length === 0) continue;
    const keys = [...new Set(own.map(({ key }) => key as string))];
    const rows = await readRowsByKey(source.db, table, keys);
    await asMover(target, async (session) => {
      await dropRowsByKey(session, table, keys);
      await putRowTexts(session, table, rows);
    });
  }
  const numbers = bigintArray(changes.map(({ number }) => number as bigint));
  await asMover(source, (session) => session.run(SQL.drop, [numbers]));
  return changes.length;
}
