/**
 * Cells that are schemas of a Citus cluster: all tables of one stand on one worker, and every
 * statement of a batch is that worker's alone. The home's own tables stay the coordinator's.
 *
 * https://docs.citusdata.com/en/stable/develop/api_udf.html: citus_schema_distribute,
 * citus_schema_move
 */
import type { Db } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';

const SQL = statements('citus', {
  isThere: "select exists (select from pg_extension where extname = 'citus') as is_there",
  workers: `select nodename::text as host, nodeport as port from pg_dist_node
    where isactive and shouldhaveshards and noderole = 'primary' order by 1, 2`,
  place: `select
      (select w.nodename::text || ':' || w.nodeport from pg_dist_partition p
        join pg_dist_shard s on s.logicalrelid = p.logicalrelid
        join pg_dist_placement l on l.shardid = s.shardid
        join pg_dist_node w on w.groupid = l.groupid and w.noderole = 'primary'
        where p.colocationid = d.colocationid limit 1) as worker
    from pg_dist_schema d where d.schemaid = current_schema()::regnamespace`,
});

export interface Worker {
  readonly host: string;
  readonly port: number;
}

/** None: the database is no coordinator of a Citus cluster, or one without workers. */
export async function readWorkers(db: Db): Promise<readonly Worker[]> {
  if (!(await isCitus(db))) return [];
  const rows = await db.read(SQL.workers, []);
  return rows.map(({ host, port }) => ({ host: String(host), port: Number(port) }));
}

/** `host:port` of the worker that has the cell's schema; undefined: the server has it itself. */
export async function readPlace(cell: Db): Promise<string | undefined> {
  if (!(await isCitus(cell))) return undefined;
  const [row] = await cell.read(SQL.place, []);
  return row === undefined ? undefined : String(row.worker);
}

async function isCitus(db: Db): Promise<boolean> {
  if (db.kind === 'pglite') return false;
  const [row] = await db.read(SQL.isThere, []);
  return row?.is_there === true;
}

/** Its tables, with all that is in them, are given to a worker; writers wait until they are. */
export async function distributeSchema(coordinator: Db, schema: string): Promise<void> {
  await coordinator.script(`select citus_schema_distribute('${schema}')`);
}

/** By logical replication: writers wait at its end only. */
export async function moveSchema(
  coordinator: Db,
  schema: string,
  { host, port }: Worker,
): Promise<void> {
  const to = host.replaceAll("'", "''");
  await coordinator.script(`select citus_schema_move('${schema}', '${to}', ${port})`);
}
