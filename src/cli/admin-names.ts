/** Resolves the names in an operator's commands, and the messages if a name is unknown. */
import type { Marketplace } from '../core/merchant/merchant.ts';
import type { Db } from '../database/db.ts';
import { WALLET_NAMES, type WalletName } from '../kernel/wallet-names.ts';
import { readMarketplaces } from '../store/merchant/marketplaces.ts';
import { walletModule } from '../wallets/registry.ts';

export type Print = (line: string) => void;

export async function marketplaceNamed(db: Db, name: string): Promise<Marketplace> {
  const all = await readMarketplaces(db);
  const found = all.find((row) => row.name === name || row.id === name);
  if (found !== undefined) return found;
  const known = all.map((row) => row.name).join(', ');
  throw new Error(
    `no marketplace ${name}; there ${all.length === 0 ? 'are none yet' : `are: ${known}`}`,
  );
}

export function walletNamed(text: string): WalletName {
  const name = WALLET_NAMES.find((wallet) => wallet === text);
  if (name === undefined || walletModule(name) === undefined) {
    throw new Error(
      `${text} is not a wallet of this version; there are: ${WALLET_NAMES.join(', ')}`,
    );
  }
  return name;
}
