/**
 * The switch between institutions: it lets a payer's wallet pay a code of another one, by its
 * table, and clears between them. At every midnight in Beijing the day's files are written: one for
 * each ordered pair that moved money, and the net positions. It moves no money of a wallet itself;
 * what it clears is what the wallets' own orders say.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../src/runtime/clock.ts';
import { beijingDate, nextBeijingMidnightMs } from '../../src/wires/beijing-time.ts';
import type { Gateway, Journal } from '../kit/kit.ts';
import { type Clearing, clearingOf, pairFile, positionsFile } from './clearing.ts';
import { openMovements } from './movements.ts';
import { openSwitchTable, type SwitchTable } from './table.ts';

export interface Switch {
  readonly table: SwitchTable;
  /** Reads the wallets' orders now: after a payment across, and before a report. */
  readonly post: () => void;
  /** For an open day, its figures so far. */
  readonly clearing: (date: string) => Clearing & { readonly state: 'open' | 'closed' };
  /** City time of the next cut-off; null while nothing has crossed. */
  readonly nextDueMs: () => number | null;
  readonly runDue: (nowMs: number) => void;
}

export interface SwitchOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly gateways: readonly Gateway[];
  /** The directory of the clearing files, with a folder per day. */
  readonly dir: string;
}

export function openSwitch(options: SwitchOptions): Switch {
  const { journal, clock, gateways } = options;
  const table = openSwitchTable(journal);
  const movements = openMovements(journal, gateways);
  const post = () => movements.post(clock.nowMs());
  const cuts = journal.collection<number>('switch.cuts');
  const nextCutMs = () => cuts.get('next') ?? nextBeijingMidnightMs(clock.nowMs());
  return {
    table,
    post: () => {
      post();
      if (movements.count() > 0 && cuts.get('next') === undefined) cuts.put('next', nextCutMs());
    },
    clearing: (date) => {
      const openFrom = movements.openFrom();
      const isClosed = openFrom !== null && date < openFrom;
      const own = clearingOf(date, movements.ofDate(date));
      return { ...own, state: isClosed ? 'closed' : 'open' };
    },
    nextDueMs: () => cuts.get('next') ?? null,
    runDue: (nowMs) => {
      for (let cutMs = cuts.get('next'); cutMs !== undefined && cutMs <= nowMs; ) {
        const date = beijingDate(cutMs - 1);
        movements.post(cutMs - 1);
        writeFiles(options.dir, clearingOf(date, movements.ofDate(date)));
        movements.closeBefore(beijingDate(cutMs));
        const nextMs = nextBeijingMidnightMs(cutMs);
        cuts.put('next', nextMs);
        cutMs = nextMs;
      }
    },
  };
}

/**
 * Complete or not at all: a reader never sees a partial file. The same day again writes the same.
 */
function writeFiles(dir: string, clearing: Clearing): void {
  if (clearing.pairs.length === 0) return;
  const folder = join(dir, clearing.date);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const pair of clearing.pairs) {
    writeWhole(join(folder, `${pair.payer}-${pair.acceptor}.csv`), pairFile(clearing.date, pair));
  }
  writeWhole(join(folder, 'positions.csv'), positionsFile(clearing));
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.next`, text, { mode: 0o600 });
  renameSync(`${path}.next`, path);
}
