/** Opens and migrates the database that the settings name. */
import path from 'node:path';
import { type Db, DbLost } from '../store/db.ts';
import { migrate } from '../store/migrate.ts';
import { openPglite } from '../store/pglite.ts';
import { openPostgres } from '../store/postgres.ts';
import type { Settings } from './settings.ts';

export async function openDatabase(
  settings: Pick<Settings, 'databaseUrl' | 'dir' | 'lanes'>,
  print: (line: string) => void,
): Promise<Db> {
  const { databaseUrl, dir, lanes } = settings;
  const db =
    databaseUrl === null
      ? await openPglite({ dir: path.join(dir, 'db') })
      : openPostgres({ url: databaseUrl, lanes });
  try {
    await migrate(db, { print });
    return db;
  } catch (error) {
    await db.close();
    if (!(error instanceof DbLost)) throw error;
    throw new Error(`the database of DATABASE_URL cannot be reached: ${error.message}`);
  }
}
