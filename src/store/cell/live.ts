/** Which processes are at work in a cell. */
import type { Db } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';

/** A command's lease: it works at home only. */
export const COMMAND_HOLDER = 'cli:';

const SQL = statements('process_leases', {
  live: `select holder from process_leases
    where expires_at > clock_timestamp() and holder not like '${COMMAND_HOLDER}%'`,
  behind: `select count(*) as count from process_leases
    where expires_at > clock_timestamp() and holder not like '${COMMAND_HOLDER}%'
      and coalesce(map_version, -1) < $1`,
});

/** Of the processes at work, those that do not say yet that they go by this version of the map. */
export async function countBehind(home: Db, version: number): Promise<number> {
  const [row] = await home.read(SQL.behind, [version]);
  return toNumber(row?.count);
}

/** By the name that a process has in all its cells. */
export async function readLiveHolders(cell: Db): Promise<ReadonlySet<string>> {
  const rows = await cell.read(SQL.live, []);
  return new Set(rows.map(({ holder }) => holder as string));
}
