/** `hutong migrate --citus`: shards in cells of a Citus cluster, the home on its coordinator. */
import { readCells } from '../store/cell/map.ts';
import { rangesOf } from '../store/cell/ranges.ts';
import { HOME_CELL } from '../store/cells.ts';
import type { Print } from './admin-names.ts';
import type { InSession } from './admin-session.ts';
import { addNewCell, moveToCell } from './cells.ts';

/** Cut off, it is run again: what is done is passed over. */
export async function spreadOverCitus(
  inSession: InSession,
  cellCount: number,
  print: Print,
): Promise<void> {
  const names = Array.from({ length: cellCount }, (_, index) => `c${index + 1}`);
  for (const name of names)
    await inSession(async (session, settings) => {
      if (session.cells.everywhere.some((cell) => cell.name === name)) return;
      await addNewCell(
        session,
        settings,
        { name, urlSetting: null, schema: name, isOnCitus: true },
        print,
      );
    });
  for (const [index, name] of names.entries())
    await inSession(async (session) => {
      const { map } = await readCells(session.cells.home);
      const shards = map.cellOf.flatMap((cell, shard) =>
        cell === HOME_CELL && shard % cellCount === index ? [shard] : [],
      );
      if (shards.length > 0) await moveToCell(session, rangesOf(shards), name, print);
    });
  print('every shard is in a cell of the cluster: hutong cells list');
}
