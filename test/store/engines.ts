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
import { type Cells, oneCell } from '../../src/store/cells.ts';
import { openEmptyPglite, openMigratedPglite, schemaHash } from '../helpers/migrated-pglite.ts';
import {
  CELL_COUNT,
  EVERY_CELL,
  inSchemas,
  makeMigratedSchema,
  makeTestCells,
  openTestCells,
} from './test-cells.ts';
import { CITUS_URL, makeCitusCell, makeCitusSchema } from './test-citus.ts';

export interface TestHome {
  /** Sees the rows of every cell. */
  readonly db: Db;
  /** As a platform opens them. */
  readonly cells: Cells;
  /** null on PGlite. */
  readonly url: string | null;
  readonly close: () => Promise<void>;
}

export interface OpenOptions {
  /** Default true; false gives an empty database. */
  readonly isMigrated?: boolean;
  /** PostgreSQL only. */
  readonly lanes?: number;
  /**
   * PostgreSQL only: so many cells hold the shards, beside a home that has none; 0 = the home.
   * Default 0, and with HUTONG_TEST_CELLS a schema of its own: one database, beside an empty home.
   */
  readonly cells?: number;
  /** Default false: on Citus too, a server's own, as a home is, and as cells are that it moves. */
  readonly isPlain?: boolean;
}

export interface TestEngine {
  readonly name: 'pglite' | 'postgres';
  readonly isAvailable: boolean;
  readonly open: (options?: OpenOptions) => Promise<TestHome>;
}

/** Where one database's tables are with HUTONG_TEST_CELLS: beside a home that is empty. */
const SCHEMA = 'beside_home';

export const ENGINES: readonly TestEngine[] = [
  { name: 'pglite', isAvailable: true, open: openOnPglite },
  CITUS_URL === undefined
    ? { name: 'postgres', isAvailable: inject('postgresUrl') !== null, open: openOnPostgres }
    : { name: 'postgres', isAvailable: true, open: openOnCitus },
];

async function openOnPglite({ isMigrated = true }: OpenOptions = {}): Promise<TestHome> {
  const db = await (isMigrated ? openMigratedPglite() : openEmptyPglite());
  return { db, cells: oneCell(db), url: null, close: () => db.close() };
}

async function openOnPostgres(options: OpenOptions = {}): Promise<TestHome> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const { isMigrated = true, cells: cellCount = 0 } = options;
  const isInSchema = CELL_COUNT > 0 && isMigrated && options.cells === undefined;
  await withServer(async (client) => {
    const template = isMigrated
      ? await migratedTemplate(client, isInSchema ? SCHEMA : cellCount)
      : 'template1';
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const url = isInSchema ? inSchemas(urlOf(name), SCHEMA) : urlOf(name);
  const lanes = options.lanes ?? 2;
  if (cellCount === 0 || !isMigrated) {
    const db = openPostgres({ url, lanes, readers: 2 });
    return { db, cells: oneCell(db), url, close: () => db.close() };
  }
  const cells = await openTestCells(url);
  const db = openPostgres({ url, lanes, readers: 2, schema: EVERY_CELL });
  return {
    ...{ db, cells, url },
    close: async () => {
      await Promise.all([db.close(), cells.close()]);
    },
  };
}

async function openOnCitus(options: OpenOptions = {}): Promise<TestHome> {
  if (options.isMigrated === false || options.isPlain === true) return openOnPostgres(options);
  const lanes = options.lanes ?? 2;
  if ((options.cells ?? 0) === 0) {
    const { url, drop } = await makeCitusSchema(CITUS_URL!);
    const db = openPostgres({ url, lanes, readers: 2 });
    return { db, cells: oneCell(db), url, close: () => db.close().then(drop) };
  }
  const { url, everyCellUrl, drop } = await makeCitusCell(CITUS_URL!);
  const cells = await openTestCells(url);
  const db = openPostgres({ url: everyCellUrl, lanes, readers: 2 });
  return { db, cells, url, close: () => Promise.all([db.close(), cells.close()]).then(drop) };
}

/** Under an advisory lock, since test files run in several processes. */
async function migratedTemplate(
  client: pg.Client,
  layout: number | typeof SCHEMA,
): Promise<string> {
  const name = `template_${schemaHash()}_${layout}`;
  const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  if (known.rowCount !== 0) return name;
  const draft = `${name}_draft`;
  await client.query(`DROP DATABASE IF EXISTS ${draft}`);
  await client.query(`CREATE DATABASE ${draft} TEMPLATE template1`);
  const db = openPostgres({ url: urlOf(draft), lanes: 1, readers: 1 });
  try {
    await migrate(db);
    if (layout === SCHEMA) await makeMigratedSchema(urlOf(draft), SCHEMA);
    else if (layout > 0) await makeTestCells(db, urlOf(draft), layout);
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
