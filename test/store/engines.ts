/**
 * Every home of the database, for suites that must hold on each of them:
 *
 *   for (const engine of ENGINES) {
 *     describe.skipIf(!engine.isAvailable)(engine.name, () => {
 *       const home = await engine.open();   // a migrated database of its own
 *       ... home.db ...; await home.close();
 *
 * A migrated database costs little: PostgreSQL copies a template, PGlite loads a snapshot; both are
 * made by whoever comes first.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import type { Db } from '../../src/database/db.ts';
import { migrate } from '../../src/database/migrate.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import { openEmptyPglite, openMigratedPglite, schemaHash } from '../helpers/migrated-pglite.ts';

export interface TestHome {
  readonly db: Db;
  /** null on PGlite. */
  readonly url: string | null;
  readonly close: () => Promise<void>;
}

export interface OpenOptions {
  /** Default true; false gives an empty database. */
  readonly isMigrated?: boolean;
  /** PostgreSQL only. */
  readonly lanes?: number;
}

export interface TestEngine {
  readonly name: 'pglite' | 'postgres';
  readonly isAvailable: boolean;
  readonly open: (options?: OpenOptions) => Promise<TestHome>;
}

export const ENGINES: readonly TestEngine[] = [
  { name: 'pglite', isAvailable: true, open: openOnPglite },
  { name: 'postgres', isAvailable: inject('postgresUrl') !== null, open: openOnPostgres },
];

async function openOnPglite({ isMigrated = true }: OpenOptions = {}): Promise<TestHome> {
  const db = await (isMigrated ? openMigratedPglite() : openEmptyPglite());
  return { db, url: null, close: () => db.close() };
}

async function openOnPostgres(options: OpenOptions = {}): Promise<TestHome> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withServer(async (client) => {
    const template = (options.isMigrated ?? true) ? await migratedTemplate(client) : 'template1';
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const url = urlOf(name);
  const db = openPostgres({ url, lanes: options.lanes ?? 2, readers: 2 });
  return { db, url, close: () => db.close() };
}

/** Under an advisory lock, since test files run in several processes. */
async function migratedTemplate(client: pg.Client): Promise<string> {
  const name = `template_${schemaHash()}`;
  const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  if (known.rowCount !== 0) return name;
  const draft = `${name}_draft`;
  await client.query(`DROP DATABASE IF EXISTS ${draft}`);
  await client.query(`CREATE DATABASE ${draft} TEMPLATE template1`);
  const db = openPostgres({ url: urlOf(draft), lanes: 1, readers: 1 });
  try {
    await migrate(db);
  } finally {
    await db.close();
  }
  await client.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
  return name;
}

async function withServer(work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = await connectToServer();
  try {
    await client.query('SELECT pg_advisory_lock(1)');
    await work(client);
  } finally {
    await client.end();
  }
}

/** The run's server may still be starting. */
async function connectToServer(): Promise<pg.Client> {
  for (let tries = 1; ; tries += 1) {
    const client = new pg.Client({ connectionString: urlOf('postgres') });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (tries === 300) throw error;
      await sleep(100);
    }
  }
}

function urlOf(database: string): string {
  const url = new URL(inject('postgresUrl') ?? 'postgres://none');
  url.pathname = `/${database}`;
  return url.href;
}
