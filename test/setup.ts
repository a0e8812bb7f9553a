/**
 * Once a run: one real PostgreSQL for every test that wants one. It starts beside the first tests,
 * which do not wait for it; `test/store/engines.ts` does. Without an installed PostgreSQL those
 * tests are skipped, and tools/run-tests.js says so.
 */
import type { TestProject } from 'vitest/node';
import { preparePostgres, type TestPostgres } from '../tools/postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser url of the run's own server; null where PostgreSQL is not installed. */
    readonly postgresUrl: string | null;
  }
}

let server: TestPostgres | undefined;
let started: Promise<unknown> = Promise.resolve();

export async function setup(project: TestProject): Promise<void> {
  server = await preparePostgres({ fsync: false, settings: { max_connections: 200 } });
  project.provide('postgresUrl', server?.url ?? null);
  // A failed start is told by the tests that need the server: they cannot connect.
  started = server?.start().catch((error: unknown) => console.error(error)) ?? Promise.resolve();
}

export async function teardown(): Promise<void> {
  await started;
  await server?.stop();
}
