/** CPU time of a process and all that descends from it: every thread, living and dead children. */
import fs from 'node:fs';

/** Linux counts in hundredths of a second, whatever the kernel's own clock. */
const TICK_MS = 10;

export function cpuMsOf(pid: number): number {
  const rows = fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(readStat);
  const wanted = new Set([pid]);
  for (let size = 0; size !== wanted.size; ) {
    size = wanted.size;
    for (const row of rows) if (wanted.has(row.parent)) wanted.add(row.pid);
  }
  const ticks = rows.filter((row) => wanted.has(row.pid)).map((row) => row.ticks);
  return ticks.reduce((sum, own) => sum + own, 0) * TICK_MS;
}

/** CPU time that the whole machine has spent, whoever asked for it; idle and waiting left out. */
export function machineCpuMs(): number {
  const [line = ''] = fs.readFileSync('/proc/stat', 'utf8').split('\n');
  // proc(5): user, nice, system, idle, iowait, irq, softirq, steal; guests are within user.
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK_MS;
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

/** proc(5): utime, stime, and those of children that were waited for, are fields 14 to 17. */
function readStat(name: string): Stat[] {
  try {
    const text = fs.readFileSync(`/proc/${name}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return [{ pid: Number(name), parent: Number(fields[1]), ticks }];
  } catch {
    return [];
  }
}
