/**
 * Where an admin command works: a database, ids and a lease of its own for as long as it takes, or,
 * beside a platform that has the data folder, that platform's.
 */

import type { Db } from '../database/db.ts';
import { createIdSource, type IdSource } from '../engine/ids.ts';
import { leaseProcess, type ProcessLease } from '../engine/process-lease.ts';
import { wallClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import type { Print } from './admin-names.ts';
import { openDatabase } from './open-database.ts';
import type { Settings } from './settings.ts';

export interface AdminSession {
  readonly db: Db;
  readonly ids: IdSource;
}

export interface LeasedSession extends AdminSession {
  readonly lease: ProcessLease;
}

export type InSession = (
  settings: Settings,
  work: (session: LeasedSession) => Promise<void>,
) => Promise<void>;

/** What the commands are made with: once for a process of their own, once inside a platform. */
export interface AdminContext {
  readonly settings: () => Settings;
  readonly print: Print;
  /** To the reader, beside what a command prints for a file. */
  readonly aside: Print;
  readonly inSession: InSession;
  /** Where relative file names begin. */
  readonly cwd: string;
}

/** Opens the database for one command and closes it again, whatever happens. */
export const inOwnSession: InSession = async (settings, work) => {
  const db = await openDatabase(settings, () => undefined);
  try {
    const lease = await leaseProcess(db, systemRandom, () => undefined);
    try {
      await work({ db, lease, ids: createIdSource(lease.number, wallClock) });
    } finally {
      await lease.release();
    }
  } finally {
    await db.close();
  }
};
