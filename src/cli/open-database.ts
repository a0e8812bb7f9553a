/** Opens the database that the settings name, and migrates it to this version. */
import path from 'node:path';
import { type Db, DbLost } from '../database/db.ts';
import { migrate } from '../database/migrate.ts';
import { openPglite } from '../database/pglite.ts';
import { openPostgres } from '../database/postgres.ts';
import type { Settings } from './settings.ts';

type Where = Pick<Settings, 'databaseUrl' | 'dir' | 'lanes'>;

export async function openDatabase(where: Where, print: (line: string) => void): Promise<Db> {
  const db = await openWithoutMigrating(where);
  try {
    await migrate(db, { print });
    return db;
  } catch (error) {
    await db.close();
    if (!(error instanceof DbLost)) throw error;
    throw new Error(`the database of DATABASE_URL cannot be reached: ${error.message}`);
  }
}

/** Without a migration: for reading. */
export async function openWithoutMigrating({ databaseUrl, dir, lanes }: Where): Promise<Db> {
  return databaseUrl === null
    ? openPglite({ dir: path.join(dir, 'db') })
    : openPostgres({ url: databaseUrl, lanes });
}
