/**
 * Is a batch in flight? Answered by freezing, not by guessing: the process that could end the batch
 * is stopped (SIGSTOP), the server is asked whether a writing transaction of the platform is open,
 * and only then is the kill -9 sent. Where none is open, the process goes on (SIGCONT).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

/** Readers never hold a transaction id; a lane holds one from its stamp to its COMMIT. */
export const WRITERS = `select pid from pg_stat_activity
  where application_name = 'hutong' and backend_xid is not null and xact_start is not null`;

const WATCH_MS_MAX = 6_000;
const LOOK_TIMEOUT_MS = 1_000;

/** Freezes the platform inside a batch; false (and nothing frozen) when none came in time. */
export async function freezePlatformInBatch(
  admin: pg.Client,
  platform: number,
  open = WRITERS,
): Promise<boolean> {
  const deadlineMs = performance.now() + WATCH_MS_MAX;
  while (performance.now() < deadlineMs) {
    if ((await writers(admin, open)).length > 0) {
      process.kill(platform, 'SIGSTOP');
      // Frozen, it gets no answer: it dies without knowing the outcome of what is open now.
      await sleep(3);
      if ((await writers(admin, open)).length > 0) return true;
      process.kill(platform, 'SIGCONT');
    }
    await sleep(1);
  }
  return false;
}

/** Freezes one backend of the database inside a batch, so that this batch cannot commit. */
export async function freezeBackendInBatch(admin: pg.Client, open = WRITERS): Promise<boolean> {
  const deadlineMs = performance.now() + WATCH_MS_MAX;
  while (performance.now() < deadlineMs) {
    const [backend] = await writers(admin, open);
    if (backend !== undefined) {
      if (!signal(backend, 'SIGSTOP')) continue;
      const isOpen = await within(LOOK_TIMEOUT_MS, writers(admin, open));
      // No answer: the frozen backend holds what the look needs. It is killed with the rest.
      if (isOpen === undefined) return false;
      if (isOpen.includes(backend)) return true;
      signal(backend, 'SIGCONT');
    }
    await sleep(1);
  }
  return false;
}

async function writers(admin: pg.Client, open: string): Promise<number[]> {
  const { rows } = await admin.query<{ pid: number | string }>(open);
  return rows.map(({ pid }) => Number(pid));
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T | undefined> {
  work.catch(() => undefined);
  return Promise.race([work, sleep(timeoutMs).then(() => undefined)]);
}
