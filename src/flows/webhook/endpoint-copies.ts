/** Keeps the cells' copies of the endpoints: a change that was cut off is made up for here. */
import { type Chore, startChore } from '../../runtime/chore.ts';
import { repairEndpointCopies, type Surplus } from '../../store/webhook/endpoint-copies.ts';
import type { Platform } from '../base/platform.ts';
import { describe } from '../base/wallet-call.ts';

const REPAIR_EVERY_MS = 30_000;

/** The first repair ends before it returns: a cell that is new has them when requests come. */
export async function startCopyingEndpoints(platform: Platform): Promise<Chore> {
  const surplus: Surplus = new Map();
  await repair(platform, surplus);
  return startChore(REPAIR_EVERY_MS, () => repair(platform, surplus));
}

async function repair({ cells, log }: Platform, surplus: Surplus): Promise<void> {
  try {
    const repaired = await repairEndpointCopies(cells, surplus);
    if (repaired > 0) log.warn({ repaired }, 'copies of webhook endpoints were repaired');
  } catch (error) {
    log.warn({ defect: describe(error) }, 'webhook endpoints were not copied to every cell');
  }
}
