/** Look-ups of refunds: their rows belong to the payment aggregate. */

import type { Db, Statement } from '../../database/db.ts';
import { type Id, idValue } from '../../kernel/id.ts';

const REFUND_ROOT: Statement = {
  name: 'refunds.root',
  text: 'select intent from refunds where shard = $1 and id = $2',
};

export async function findRefundIntent(
  db: Db,
  shard: number,
  refund: Id<'refund'>,
): Promise<bigint | undefined> {
  const [row] = await db.read(REFUND_ROOT, [shard, idValue(refund)]);
  return row?.intent as bigint | undefined;
}
