/** Look-ups of refunds: their rows belong to the payment aggregate. */

import type { Statement } from '../../database/db.ts';
import { type Id, idValue, shardOfId } from '../../kernel/id.ts';
import type { Cells } from '../cells.ts';

const REFUND_ROOT: Statement = {
  name: 'refunds.root',
  text: 'select intent from refunds where shard = $1 and id = $2',
};

export async function findRefundIntent(
  cells: Cells,
  refund: Id<'refund'>,
): Promise<bigint | undefined> {
  const shard = shardOfId(refund);
  const [row] = await cells.of(shard).read(REFUND_ROOT, [shard, idValue(refund)]);
  return row?.intent as bigint | undefined;
}
