/**
 * How a marketplace is known at a wallet. The credentials are sealed: this module never sees them
 * open.
 */
import { formatId, type Id, idValue } from '../core/id.ts';
import type { WalletName } from '../core/wallet.ts';
import type { Db, Row, Statement } from './db.ts';
import { writeRow } from './write-row.ts';

const READ_CONFIGS: Statement = {
  name: 'wallet_configs.all',
  text: 'select * from wallet_configs order by id',
};
const ADD_CONFIG: Statement = {
  name: 'wallet_configs.add',
  text: `insert into wallet_configs
  (id, marketplace, wallet, sealed, status, created_at, accepts_direct_settlement)
  values ($1, $2, $3, $4, 'active', $5, coalesce($6, false))
  on conflict (marketplace, wallet) do update set sealed = excluded.sealed,
    accepts_direct_settlement = coalesce($6, wallet_configs.accepts_direct_settlement)
  returning *`,
};

export interface WalletConfigRow {
  readonly id: Id<'wallet_config'>;
  readonly marketplace: Id<'marketplace'>;
  readonly wallet: WalletName;
  readonly sealed: string;
  readonly status: 'active' | 'paused';
  /** Custody `settles_directly`: the marketplace has agreed to it. */
  readonly acceptsDirectSettlement: boolean;
}

function toConfig(row: Row): WalletConfigRow {
  return {
    id: formatId('wallet_config', row.id as bigint),
    marketplace: formatId('marketplace', row.marketplace as bigint),
    wallet: row.wallet as WalletName,
    sealed: row.sealed as string,
    status: row.status as WalletConfigRow['status'],
    acceptsDirectSettlement: row.accepts_direct_settlement as boolean,
  };
}

export async function readConfigs(db: Db): Promise<WalletConfigRow[]> {
  return (await db.read(READ_CONFIGS, [])).map(toConfig);
}

export function addConfig(
  db: Db,
  row: Omit<WalletConfigRow, 'status' | 'acceptsDirectSettlement'> & {
    readonly createdAtMs: number;
    /** null = as it was; at first, no. */
    readonly acceptsDirectSettlement: boolean | null;
  },
): Promise<WalletConfigRow | undefined> {
  const values = [
    idValue(row.id),
    idValue(row.marketplace),
    row.wallet,
    row.sealed,
    row.createdAtMs,
    row.acceptsDirectSettlement,
  ];
  return writeRow(db, ADD_CONFIG, values, toConfig);
}
