/**
 * Once a run: one real PostgreSQL for every test that wants one. It starts beside the first tests,
 * which do not wait for it; `test/store/engines.ts` does. Without an installed PostgreSQL those
 * tests are skipped, and tools/run-tests.js says so.
 */
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { builtCommand } from '../tools/built-command.ts';
import { preparePostgres, type TestPostgres } from '../tools/postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser url of the run's own server; null where PostgreSQL is not installed. */
    readonly postgresUrl: string | null;
  }
}

const COUNT_EVERY_MS = 200;
const COUNT = `select count(*)::int as n from pg_stat_activity
  where backend_type = 'client backend' and pid <> pg_backend_pid()`;

let server: TestPostgres | undefined;
let started: Promise<unknown> = Promise.resolve();
let counting: NodeJS.Timeout | undefined;
let connectionsMax = 0;

export async function setup(project: TestProject): Promise<void> {
  server = await preparePostgres({ fsync: false, settings: { max_connections: 200 } });
  project.provide('postgresUrl', server?.url ?? null);
  // Made once, before every process would make its own.
  builtCommand();
  // A failed start is told by the tests that need the server: they cannot connect.
  started =
    server
      ?.start()
      .then(() => countConnections(server?.url ?? ''))
      .catch((error: unknown) => console.error(error)) ?? Promise.resolve();
}

/** How many connections all tests together have had open at once: a server has few. */
async function countConnections(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  counting = setInterval(() => {
    client.query<{ n: number }>(COUNT).then(
      ({ rows }) => {
        connectionsMax = Math.max(connectionsMax, rows[0]?.n ?? 0);
      },
      () => undefined,
    );
  }, COUNT_EVERY_MS);
  counting.unref();
}

export async function teardown(): Promise<void> {
  await started;
  clearInterval(counting);
  if (server !== undefined)
    console.log(`PostgreSQL: at most ${connectionsMax} connections at once`);
  await server?.stop();
}
