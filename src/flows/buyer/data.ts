/**
 * Erasure of personal data: a marketplace requests it for a buyer, and data older than the
 * retention period is erased automatically. Both run in the background, one short step at a time.
 */
import type { BuyerErasure } from '../../core/buyer/data.ts';
import { hutongError } from '../../kernel/errors.ts';
import { type Id, shardOf } from '../../kernel/id.ts';
import { type Chore, startChore } from '../../runtime/chore.ts';
import { addErasure, readErasure, stepErasure, stepRetention } from '../../store/buyer/data.ts';
import { holdShard } from '../../store/cell/write.ts';
import { shardsIn } from '../../store/cells.ts';
import { auditNote } from '../audit/audit-log.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind } from '../base/read-payment.ts';
import { describe } from '../base/wallet-call.ts';

const LOOK_EVERY_MS = 5_000;
const ROWS_A_STEP = 500;
const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;

export function eraseBuyer(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  buyer: string,
  by: string,
): Outcome<BuyerErasure> {
  const id = platform.ids.next('buyer_erasure', shardOf(marketplace));
  const row = { id, marketplace, buyer, nowMs: platform.wall.nowMs() };
  const note = auditNote(platform, { marketplace, actor: by, action: 'buyer_erasure.created' });
  const unstored = hutongError('internal', 'the erasure was not stored');
  return attemptFind(() => addErasure(platform.db, row, note), unstored);
}

export function getBuyerErasure(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'buyer_erasure'>,
): Outcome<BuyerErasure> {
  const unknown = hutongError('not_found', 'no such buyer_erasure');
  return attemptFind(() => readErasure(platform.db, marketplace, id), unknown);
}

/** `retentionDays` null: buyers are kept until a marketplace requests their erasure. */
export function startErasing(platform: Platform, retentionDays: number | null): Chore {
  let isStopped = false;
  const chore = startChore(LOOK_EVERY_MS, () => eraseAll(platform, retentionDays, () => isStopped));
  return {
    stop: () => {
      isStopped = true;
      return chore.stop();
    },
  };
}

async function eraseAll(
  { cells, wall, log }: Platform,
  retentionDays: number | null,
  isStopped: () => boolean,
): Promise<void> {
  try {
    while (!isStopped() && (await stepErasure(cells, { nowMs: wall.nowMs(), limit: ROWS_A_STEP })));
    if (retentionDays === null) return;
    // Rounded to the hour, so that a finished pass does not start again at every check.
    const hour = Math.floor(wall.nowMs() / HOUR_MS);
    const beforeMs = (hour - retentionDays * DAY_HOURS) * HOUR_MS;
    for (const { name, db } of cells.all) {
      const step = () =>
        stepRetention(db, {
          ...{ beforeMs, limit: ROWS_A_STEP, shards: shardsIn(cells, name) },
          hold: (session, shard) => holdShard(session, cells, { db, shard }),
        });
      while (!isStopped() && (await step()));
    }
  } catch (error) {
    log.warn({ defect: describe(error) }, 'buyers were not erased; the next run continues');
  }
}
