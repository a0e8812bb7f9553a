/**
 * What an admin command works with: a database, ids and a lease of its own while it runs or, if a
 * platform has the data folder open, that platform's.
 */

import type { Db } from '../database/db.ts';
import { createIdSource, type IdSource } from '../engine/ids.ts';
import { leaseProcess, newHolder, type ProcessLease } from '../engine/process-lease.ts';
import { wallClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { COMMAND_HOLDER } from '../store/cell/live.ts';
import type { Cells } from '../store/cells.ts';
import type { Print } from './admin-names.ts';
import { openCells } from './open-database.ts';
import type { Settings } from './settings.ts';

export interface AdminSession {
  /** The home, for reference data. */
  readonly db: Db;
  readonly cells: Cells;
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
  const cells = await openCells(settings, () => undefined);
  const { home: db } = cells;
  try {
    const holder = `${COMMAND_HOLDER}${newHolder(systemRandom)}`;
    const lease = await leaseProcess(db, systemRandom, () => undefined, { holder });
    try {
      await work({ db, cells, lease, ids: createIdSource(lease.number, wallClock) }, settings);
    } finally {
      await lease.release();
    }
  } finally {
    await cells.close();
  }
}
