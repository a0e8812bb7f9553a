/**
 * What the platforms of the storm share: a PostgreSQL of the storm's own, its shards at home or in
 * HUTONG_TEST_CELLS cells; or with HUTONG_TEST_CITUS_URL a cell on a worker of a Citus cluster of
 * this machine, whose coordinator and worker are killed in turn.
 */
import pg from 'pg';
import { startPostgres } from '../../tools/postgres.ts';
import { findRunningPostgres, type RunningPostgres } from '../../tools/running-postgres.ts';
import { WRITERS } from '../chaos/in-flight.ts';
import { CELL_COUNT, everyCellUrl, migrateTestCells } from '../store/test-cells.ts';
import { CITUS_URL, makeCitusCell } from '../store/test-citus.ts';

export interface StormServer extends RunningPostgres {
  readonly name: string;
  /** Asks the home for the backends of this server that have a batch open. */
  readonly writers: string;
}

export interface StormDatabase {
  /** The home's: what a platform is given. */
  readonly url: string;
  /** For a client that looks at the rows of every cell. */
  readonly everyCellUrl: string;
  /** Asks the home for the platforms' backends that have a batch open. */
  readonly writers: string;
  readonly servers: readonly [StormServer, ...StormServer[]];
  readonly close: () => Promise<void>;
}

/** undefined, with the reason printed, where no PostgreSQL is installed. */
export function openStormDatabase(
  print: (line: string) => void,
): Promise<StormDatabase | undefined> {
  return CITUS_URL === undefined ? openOwn(print) : openOnCitus(CITUS_URL, print);
}

async function openOwn(print: (line: string) => void): Promise<StormDatabase | undefined> {
  const server = await startPostgres({ print });
  if (server === undefined) return undefined;
  print(`database    ${server.version}, fsync on`);
  const url = await server.database('storm');
  await migrateTestCells(url);
  if (CELL_COUNT > 0) print(`cells       ${CELL_COUNT}`);
  return {
    ...{ url, everyCellUrl: everyCellUrl(url), writers: WRITERS },
    servers: [{ name: 'database', writers: WRITERS, kill9: server.kill9, start: server.start }],
    close: () => server.stop(),
  };
}

async function openOnCitus(
  coordinatorUrl: string,
  print: (line: string) => void,
): Promise<StormDatabase> {
  const { url, everyCellUrl, worker, drop } = await makeCitusCell(coordinatorUrl);
  const workerUrl = new URL(coordinatorUrl);
  workerUrl.host = worker;
  print(`database    ${await versionOf(coordinatorUrl)}, the cell on ${worker}`);
  const coordinator = await findRunningPostgres(coordinatorUrl);
  const own = await findRunningPostgres(workerUrl.href);
  const writers = `select substring(application_name from 'gpid=([0-9]+)')::bigint % 10000000000
    as pid from citus_stat_activity where ${IS_WRITER}`;
  const atWorker = `select a.pid from citus_stat_activity a join pg_dist_node using (nodeid)
    where ${IS_WRITER} and nodeport = ${workerUrl.port}`;
  return {
    ...{ url, everyCellUrl, writers },
    servers: [
      { name: 'coordinator', writers, ...coordinator },
      { name: 'worker', writers: atWorker, ...own },
    ],
    close: drop,
  };
}

/** A lane's transaction id is its worker's: the coordinator hands statements on. */
const IS_WRITER = 'is_worker_query and backend_xid is not null and xact_start is not null';

async function versionOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client
    .query<{ version: string }>(`select 'PostgreSQL ' || current_setting('server_version') ||
      ', Citus ' || extversion as version from pg_extension where extname = 'citus'`)
    .finally(() => client.end());
  return rows[0]?.version ?? 'no Citus';
}
