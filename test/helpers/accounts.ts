/** All accounts of a test's small marketplace, oldest first. */
import type { WalletAccount } from '../../src/core/merchant/merchant.ts';
import type { Db } from '../../src/database/db.ts';
import type { Id } from '../../src/kernel/id.ts';
import { compareTexts } from '../../src/kernel/order.ts';
import { oneCell } from '../../src/store/cells.ts';
import { listMerchants } from '../../src/store/merchant/merchants.ts';

export async function accountsOf(db: Db, marketplace: Id<'marketplace'>): Promise<WalletAccount[]> {
  const { rows } = await listMerchants(oneCell(db), marketplace, {
    ...{ limit: 1_000, beforeId: null, afterId: null },
  });
  return rows.flatMap(({ accounts }) => accounts).sort((a, b) => compareTexts(a.id, b.id));
}
