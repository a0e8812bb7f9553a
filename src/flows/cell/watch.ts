/**
 * Goes by the newest map of cells: read every second, and at once where a batch was given back. A
 * cell that is new is opened before anything is sent to it; while it cannot be, the old map holds,
 * and what its shards are sent is answered `busy`.
 */
import { type Chore, startChore } from '../../runtime/chore.ts';
import type { Log } from '../../runtime/log.ts';
import { type CellAddress, readCells } from '../../store/cell/map.ts';
import { abandonFences, raiseEpoch } from '../../store/cell/moves.ts';
import type { Cell, CellMap, Cells } from '../../store/cells.ts';
import { describe } from '../base/wallet-call.ts';

const LOOK_EVERY_MS = 1_000;
const OPEN_AGAIN_MS = 30_000;

export interface CellWatchOptions {
  readonly cells: Cells;
  readonly log: Log;
  /** Connects to a cell and migrates it. */
  readonly connect: (address: CellAddress) => Promise<Cell>;
  /** Begins to work in it. */
  readonly begin: (cell: Cell) => Promise<void>;
}

export interface CellWatch {
  /** Callers at the same time share one look. */
  readonly refresh: () => Promise<void>;
  readonly start: () => Chore;
}

export function createCellWatch({ cells, log, connect, begin }: CellWatchOptions): CellWatch {
  let looking: Promise<void> | undefined;
  let reported = '';
  /** The version by which the cells' own epochs were last raised. */
  let raisedFor: number | undefined;
  /** By name, when opening a cell without shards is tried again. */
  const waitUntilMs = new Map<string, number>();
  const reportOnce = (defect: string): void => {
    // Once for as long as it is the same.
    if (defect !== reported) log.error({ defect }, 'the map of cells could not be followed');
    reported = defect;
  };
  /** The error, where it cannot be opened; one that is open stays so, whatever comes after it. */
  const open = async (address: CellAddress): Promise<unknown> => {
    try {
      const cell = await connect(address);
      try {
        await begin(cell);
      } catch (error) {
        await cell.db.close();
        throw error;
      }
      cells.use(cells.map, [cell]);
      log.info({ cell: cell.name }, 'a cell is open');
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const look = async (): Promise<void> => {
    const read = await readCells(cells.home);
    const isAbandoned = read.map.moving.size > 0 && (await abandonFences(cells.home));
    if (isAbandoned) log.warn({}, 'a fence whose mover is gone was taken back');
    const { map, addresses } = isAbandoned ? await readCells(cells.home) : read;
    const known = new Set(cells.everywhere.map(({ name }) => name));
    for (const address of addresses.filter(({ name }) => !known.has(name))) {
      const hasShards = map.cellOf.includes(address.name);
      if (!hasShards && performance.now() < (waitUntilMs.get(address.name) ?? 0)) continue;
      const failed = await open(address);
      if (failed === undefined) continue;
      // One without shards can wait; without another's shards the old map must do.
      if (hasShards) throw failed;
      waitUntilMs.set(address.name, performance.now() + OPEN_AGAIN_MS);
      reportOnce(describe(failed));
    }
    cells.use(map);
    void raiseAll(map);
  };
  /** A mover that was cut off may have changed the map only. A cell that is away delays nobody. */
  const raiseAll = async (map: CellMap): Promise<void> => {
    if (raisedFor === map.version) return;
    raisedFor = map.version;
    const raised = await Promise.allSettled(
      cells.everywhere.map(({ name, db }) => raiseEpoch(db, map.epochs.get(name) ?? 0)),
    );
    const isDone = raised.every(({ status }) => status === 'fulfilled');
    if (!isDone && raisedFor === map.version) raisedFor = undefined;
  };
  const refresh = (): Promise<void> => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const lookOut = async (): Promise<void> => {
    try {
      await refresh();
    } catch (error) {
      reportOnce(describe(error));
    }
  };
  return { refresh, start: () => startChore(LOOK_EVERY_MS, lookOut) };
}
