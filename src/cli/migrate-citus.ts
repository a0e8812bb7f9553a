/** `hutong migrate --citus`: shards in cells of a Citus cluster, the home on its coordinator. */
import { SHARD_COUNT } from '../kernel/id.ts';
import { readPlace } from '../store/cell/citus.ts';
import { readCells } from '../store/cell/map.ts';
import { readMoves } from '../store/cell/moves.ts';
import { rangesOf } from '../store/cell/ranges.ts';
import { HOME_CELL } from '../store/cells.ts';
import type { Print } from './admin-names.ts';
import type { InSession, LeasedSession } from './admin-session.ts';
import { addNewCell, moveToCell } from './cells.ts';
import type { Settings } from './settings.ts';

/** Cut off, it is run again: what is done is passed over, a move that is under way goes on. */
export async function spreadOverCitus(
  inSession: InSession,
  cellCount: number,
  print: Print,
): Promise<void> {
  const names = Array.from({ length: cellCount }, (_, index) => `c${index + 1}`);
  // What a single command would say to do next is done here.
  const say = (line: string) => (/^(?:next:|a mistake\?)/.test(line) ? undefined : print(line));
  for (const name of names)
    await inSession((session, settings) => addUnlessThere(session, settings, name, say));
  await inSession(async (session) => {
    const moves = await readMoves(session.cells.home);
    const shards = rangesOf(moves.map(({ shard }) => shard));
    if (moves[0] !== undefined) await moveToCell(session, shards, moves[0].target, say);
  });
  for (const [index, name] of names.entries())
    await inSession(async (session) => {
      const { map } = await readCells(session.cells.home);
      const shards = map.cellOf.flatMap((cell, shard) =>
        cell === HOME_CELL && Math.floor((shard * cellCount) / SHARD_COUNT) === index
          ? [shard]
          : [],
      );
      if (shards.length > 0) await moveToCell(session, rangesOf(shards), name, say);
    });
  print('no shard is at home any more: hutong cells list');
}

async function addUnlessThere(
  session: LeasedSession,
  settings: Settings,
  name: string,
  print: Print,
): Promise<void> {
  const known = session.cells.everywhere.find((cell) => cell.name === name);
  if (known === undefined) {
    const address = { name, urlSetting: null, schema: name, isOnCitus: true } as const;
    return addNewCell(session, settings, address, print);
  }
  if ((await readPlace(known.db)) === undefined)
    throw new Error(`there is a cell ${name} that is not on Citus: hutong cells list`);
}
