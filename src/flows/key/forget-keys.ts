/**
 * Idempotency keys are kept for 7 days of wall time, then deleted: in small steps on a connection
 * outside the lanes, shard by shard of this process's share, until none is left. A step reads one
 * shard only, so it stays short however many keys there are.
 */

import type { Db } from '../../database/db.ts';
import { SHARD_COUNT } from '../../kernel/id.ts';
import type { Share } from '../../store/batch/due.ts';
import { expireKeys } from '../../store/batch/idempotency.ts';

const STEP_ROWS = 500;

/** The number of deleted keys. */
export async function forgetKeys(db: Db, share: Share, beforeMs: number): Promise<number> {
  let deleted = 0;
  for (let shard = share.rank; shard < SHARD_COUNT; shard += share.count) {
    for (;;) {
      const count = await expireKeys(db, { shard, beforeMs, countMax: STEP_ROWS });
      deleted += count;
      if (count < STEP_ROWS) break;
    }
  }
  return deleted;
}
