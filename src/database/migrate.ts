/**
 * Forward-only migrations: `migrations/0001-name.sql`, each with its notes `0001-name.md` (what
 * changes, what it locks, how long, what to do if it fails). Each file is applied once, in order,
 * in one transaction together with its history row, under one advisory lock, so that any number of
 * processes may start at the same time.
 *
 * History is never rewritten: if an applied file was edited or removed, the start fails.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Db, Statement } from './db.ts';
import { DbFailure } from './db.ts';

export interface MigrateOptions {
  /** Default: the folder next to this file. */
  readonly folder?: string;
  /** Receives one plain line per step. */
  readonly print?: (line: string) => void;
}

export interface MigrateReport {
  readonly applied: readonly string[];
  /** The database's version now. */
  readonly version: number;
}

export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused';
}

export interface Migration {
  readonly version: number;
  /** `0001-name`, without an extension. */
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

interface HistoryRow extends Record<string, unknown> {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../store/migrations', import.meta.url));

/** An arbitrary constant; it only has to be unique in the database. */
const LOCK_KEY = '4815061972';
/** Raised by our own guard: another process applied this version while we waited for the lock. */
const ALREADY_APPLIED = 'HT001';

const HISTORY_TABLE = `
CREATE TABLE IF NOT EXISTS schema_migrations (
  version integer PRIMARY KEY,
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at_ms bigint NOT NULL
);`;

const READ_HISTORY: Statement = {
  name: 'migrate_history',
  text: 'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
};

export async function migrate(db: Db, options: MigrateOptions = {}): Promise<MigrateReport> {
  const print = options.print ?? (() => undefined);
  const migrations = readMigrations(options.folder ?? MIGRATIONS_FOLDER);
  await db.script(`${LOCKED}${HISTORY_TABLE}`);
  const history = await db.read<HistoryRow>(READ_HISTORY, []);
  refuseRewrittenHistory(migrations, history);
  const applied: string[] = [];
  for (const migration of migrations.slice(history.length)) {
    print(`migration ${migration.name} ...`);
    if (await apply(db, migration)) {
      applied.push(migration.name);
      print(`migration ${migration.name} applied`);
    } else {
      print(`migration ${migration.name} was applied by another process`);
    }
  }
  const version = migrations.at(-1)?.version ?? 0;
  print(
    applied.length === 0
      ? `schema is at version ${version}`
      : `schema is now at version ${version}`,
  );
  return { applied, version };
}

/**
 * Before its first migration. Its name is one of a cell's: letters, digits and underscores. On
 * Citus it is the coordinator's own until it is distributed: migrations of the past do what Citus
 * does not.
 */
export async function makeSchema(db: Db, schema: string): Promise<void> {
  const own = 'SET LOCAL citus.enable_schema_based_sharding = off;\n';
  await db.script(`${LOCKED}${own}CREATE SCHEMA IF NOT EXISTS "${schema}";`);
}

/** Every migration of a folder, in order; throws MigrationRefused if the folder is inconsistent. */
export function readMigrations(folder: string): Migration[] {
  const files = fs.readdirSync(folder).sort();
  const scripts = files.filter((file) => file.endsWith('.sql'));
  return scripts.map((file, index) => {
    const match = /^(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.sql$/.exec(file);
    refuseUnless(match !== null, `${file} is not named like 0001-what-it-does.sql`);
    const version = Number(match?.[1]);
    refuseUnless(version === index + 1, `${file} is out of order: expected number ${index + 1}`);
    const name = file.slice(0, -'.sql'.length);
    refuseUnless(files.includes(`${name}.md`), `${file} has no notes: write ${name}.md`);
    // A checkout may convert line ends; that is not an edit.
    const text = fs.readFileSync(path.join(folder, file), 'utf8').replaceAll('\r\n', '\n');
    return { version, name, text, checksum: createHash('sha256').update(text).digest('hex') };
  });
}

function refuseRewrittenHistory(
  migrations: readonly Migration[],
  history: readonly HistoryRow[],
): void {
  history.forEach((row, index) => {
    const migration = migrations[index];
    refuseUnless(
      migration !== undefined,
      `the database is at ${row.name}, which this version of Hutong does not have: it is older ` +
        'than the database, or the file was removed',
    );
    refuseUnless(
      migration?.version === row.version && migration.name === row.name,
      `the database knows version ${row.version} as ${row.name}, here it is ${migration?.name}`,
    );
    refuseUnless(
      migration?.checksum === row.checksum,
      `${row.name}.sql was edited after it was applied: put it back and write a new migration`,
    );
  });
}

// Waiting for another process's migration is fine; payments waiting for our DDL are not.
const LOCKED =
  "SET LOCAL lock_timeout = '5min';\n" +
  `SELECT pg_advisory_xact_lock(${LOCK_KEY});\n` +
  "SET LOCAL lock_timeout = '5s';\n";

/** False if another process was faster. */
async function apply(db: Db, migration: Migration): Promise<boolean> {
  const { version, name, checksum, text } = migration;
  try {
    await db.script(
      `${LOCKED}${guard(version)}${text}\n;\n` +
        'INSERT INTO schema_migrations (version, name, checksum, applied_at_ms) VALUES ' +
        `(${version}, '${name}', '${checksum}', ` +
        '(extract(epoch FROM clock_timestamp()) * 1000)::bigint);',
    );
    return true;
  } catch (error) {
    if (error instanceof DbFailure && error.sqlState === ALREADY_APPLIED) return false;
    throw error;
  }
}

function guard(version: number): string {
  return `DO $guard$ BEGIN
  IF EXISTS (SELECT FROM schema_migrations WHERE version = ${version}) THEN
    RAISE EXCEPTION 'version ${version} is applied' USING ERRCODE = '${ALREADY_APPLIED}';
  END IF;
END $guard$;
`;
}

function refuseUnless(condition: boolean, message: string): void {
  if (!condition) throw new MigrationRefused(message);
}
