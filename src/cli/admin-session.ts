/**
 * What an admin command works with: a database, ids and a lease of its own while it runs or, if a
 * platform has the data folder open, that platform's.
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

type Work = (session: LeasedSession, settings: Settings) => Promise<void>;
export type InSession = (work: Work) => Promise<void>;

/** The dependencies of the commands: created once per process, or by the platform. */
export interface AdminContext {
  readonly print: Print;
  /** For the reader, separate from what a command prints into a file. */
  readonly aside: Print;
  readonly inSession: InSession;
  /** The directory that relative file names refer to. */
  readonly cwd: string;
}

/** Opens the database for one command and closes it again, whatever happens. */
export async function inOwnSession(settings: Settings, work: Work): Promise<void> {
  const db = await openDatabase(settings, () => undefined);
  try {
    const lease = await leaseProcess(db, systemRandom, () => undefined);
    try {
      await work({ db, lease, ids: createIdSource(lease.number, wallClock) }, settings);
    } finally {
      await lease.release();
    }
  } finally {
    await db.close();
  }
}
