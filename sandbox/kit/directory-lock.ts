/**
 * Two processes that append to one journal would corrupt it, so a directory has one owner: a lock
 * file with its process id. A lock whose process is gone is taken over. It guards against mistakes,
 * not against malice.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const FILE_NAME = 'lock';
/** Directories that this process holds: a lock file with its own id alone would not tell. */
const held = new Set<string>();

/** Returns the function that unlocks; throws if another live process holds the directory. */
export function lockDirectory(dir: string): () => void {
  const path = resolve(join(dir, FILE_NAME));
  if (held.has(path)) throw new Error(`${dir} is already open in this process`);
  if (!tryCreate(path)) {
    const owner = Number.parseInt(readFileSync(path, 'utf8'), 10);
    if (owner !== process.pid && isAlive(owner)) {
      throw new Error(
        `${dir} belongs to process ${owner}; stop it first, or delete ${path} if it is not a sandbox`,
      );
    }
    rmSync(path, { force: true });
    if (!tryCreate(path)) throw new Error(`${dir} was taken by another process just now`);
  }
  held.add(path);
  return () => {
    if (held.delete(path)) rmSync(path, { force: true });
  };
}

function tryCreate(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
