/** What the benchmarks of cells have in common: the engine's payments, over all cells at once. */
import { createCellRouter } from '../src/engine/cell-router.ts';
import { createSweeper } from '../src/engine/due.ts';
import { createIdSource } from '../src/engine/ids.ts';
import { leaseProcess } from '../src/engine/process-lease.ts';
import { createEngine } from '../src/engine/submit.ts';
import { wallClock } from '../src/runtime/clock.ts';
import { systemRandom } from '../src/runtime/random.ts';
import { AGGREGATES } from '../src/store/aggregates.ts';
import type { Cells } from '../src/store/cells.ts';
import { runPayments } from './engine-workload.ts';

export const ROUNDS = 7;
export const LANES = 4;
export const PAYMENT_COUNT = 8_000;
export const WARM_UP_COUNT = 16_000;
const CONCURRENCY = 2_000;
export const ENTRIES_EACH = 3;

export async function drive(cells: Cells, paymentCount: number) {
  const router = createCellRouter(cells, async () => undefined);
  let [commands, batches] = [0, 0];
  for (const cell of cells.all) {
    const { name, db } = cell;
    const lease = await leaseProcess(db, systemRandom, () => undefined);
    const ids = createIdSource(lease.number, wallClock);
    const engine = createEngine({
      ...{ db, aggregates: AGGREGATES, clock: wallClock, wall: wallClock, ids, lease },
      epoch: () => cells.map.epochs.get(name) ?? 0,
      onMoved: router.again,
      listener: {
        onDefect: (_command, error) => process.stderr.write(`${error.message}\n`),
        onBatch: (_lane, size) => {
          commands += size;
          batches += 1;
        },
      },
    });
    const sweeper = createSweeper({
      ...{ db, clock: wallClock, share: lease.share, kinds: [] },
      onError: (error) => process.stderr.write(`${String(error)}\n`),
    });
    router.add(cell, { lease, ids, engine, sweeper });
  }
  const { engine, ids } = router;
  const { tookMs } = await runPayments({ engine, ids, paymentCount, concurrency: CONCURRENCY });
  await engine.drain();
  await router.release();
  return { tookMs, commandsPerBatch: commands / batches };
}
