/**
 * PGlite in memory with our schema. Migrating takes seconds, loading what a migrated one dumped a
 * fraction of one: the dump is made by whoever comes first, and kept between runs under the name of
 * what it was made from. Scripts that are no test open it too.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { MIGRATIONS_FOLDER, migrate, readMigrations } from '../../src/database/migrate.ts';
import { openPglite, type PgliteDb } from '../../src/database/pglite.ts';

declare const WebAssembly: { readonly compile: (bytes: Uint8Array) => Promise<unknown> };
const WASM = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite')),
  'pglite.wasm',
);
/**
 * While somebody keeps PGlite's machine code, V8 gives it to every thread that compiles the same
 * bytes: a database opens in less than two thirds of the work.
 */
const compiled = WebAssembly.compile(fs.readFileSync(WASM));

export async function openMigratedPglite(): Promise<PgliteDb> {
  await compiled;
  return openPglite({ snapshot: await snapshotNamed(schemaHash(), (db) => migrate(db)) });
}

export async function openEmptyPglite(): Promise<PgliteDb> {
  return openPglite({ snapshot: await snapshotNamed('empty', async () => undefined) });
}

/** Names a schema by its migrations: nothing else makes it. */
export function schemaHash(): string {
  const hash = createHash('sha256');
  for (const { name, checksum } of readMigrations(MIGRATIONS_FOLDER)) hash.update(name + checksum);
  return hash.digest('hex').slice(0, 16);
}

async function snapshotNamed(
  name: string,
  prepare: (db: PgliteDb) => Promise<unknown>,
): Promise<Uint8Array> {
  const file = path.join(os.tmpdir(), `hutong-test-${name}.pglite`);
  if (fs.existsSync(file)) return fs.readFileSync(file);
  const db = await openPglite();
  await prepare(db);
  const snapshot = await db.dump();
  await db.close();
  const draft = `${file}.${process.pid}`;
  fs.writeFileSync(draft, snapshot);
  fs.renameSync(draft, file);
  return snapshot;
}
