/**
 * One process per data folder. PGlite itself lets two processes open the same folder and corrupt
 * it, so the folder has a file that names its owner: process id and, where the system provides it,
 * the process's start time, because a restarted container gets the same ids again.
 *
 * The file appears complete (it is linked, not written in place) and a dead owner's file is moved
 * aside before it is replaced, so that two processes that start together cannot both win.
 */
import fs from 'node:fs';
import path from 'node:path';

export interface PidLock {
  readonly release: () => void;
}

/** Another live process has the folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

const FILE_NAME = 'hutong.pid';

export function acquirePidLock(folder: string): PidLock {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, FILE_NAME);
  const mine = `${process.pid} ${startedAt(process.pid)}\n`;
  for (let tries = 0; tries < 10; tries += 1) {
    if (place(file, mine)) return { release: () => release(file, mine) };
    const theirs = read(file);
    if (theirs === undefined) continue;
    if (isAlive(theirs)) throw new FolderInUse(refusal(folder, file, theirs));
    moveAside(file, theirs);
  }
  throw new FolderInUse(`${file} changes hands faster than it can be taken; try again`);
}

function place(file: string, content: string): boolean {
  const draft = `${file}.${process.pid}`;
  fs.writeFileSync(draft, content, { mode: 0o600 });
  try {
    fs.linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Renaming is atomic: of two that see the same dead owner, one moves the file and one finds none.
 */
function moveAside(file: string, dead: string): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // What was moved may be a live owner's file that replaced the dead one meanwhile: put it back.
  if (read(aside) !== dead) fs.renameSync(aside, file);
  else fs.rmSync(aside, { force: true });
}

function release(file: string, mine: string): void {
  if (read(file) === mine) fs.rmSync(file, { force: true });
}

function isAlive(content: string): boolean {
  const [pidText, start = ''] = content.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startedAt(pid) === start;
}

/** Boot id and start tick on Linux; empty elsewhere, where the process id alone must do. */
function startedAt(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const startTick = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return `${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${startTick}`;
  } catch {
    return '';
  }
}

function refusal(folder: string, file: string, theirs: string): string {
  const pid = theirs.split(' ')[0];
  return (
    `the data folder ${folder} is in use by process ${pid}: two processes on one PGlite folder ` +
    `would destroy it. Stop that process, or give this one a folder of its own (${file})`
  );
}
