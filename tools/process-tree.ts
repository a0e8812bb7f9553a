/** The processes of this machine by their parents, and signals to those that may be gone. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

/** From /proc where there is one, since small images have no ps. */
export function childrenOf(parent: number): number[] {
  const pairs = fs.existsSync('/proc/self/stat') ? processesOfProc() : processesOfPs();
  return pairs.filter(({ ppid }) => ppid === parent).map(({ pid }) => pid);
}

interface ProcessRow {
  readonly pid: number;
  readonly ppid: number;
}

function processesOfProc(): ProcessRow[] {
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      const ppid = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
      return [{ pid: Number(pid), ppid: Number(ppid) }];
    } catch {
      return [];
    }
  });
}

function processesOfPs(): ProcessRow[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [pid = 0, ppid = 0] = line.trim().split(/\s+/).map(Number);
    return { pid, ppid };
  });
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
