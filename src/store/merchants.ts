/** Merchants and their accounts at the wallets, of one marketplace at a time. */
import { formatId, type Id, idValue } from '../core/id.ts';
import type { Merchant, WalletAccount } from '../core/merchant.ts';
import type { WalletName } from '../core/wallet.ts';
import type { Db, Row, Statement } from './db.ts';
import { toNumber, toNumberOrNull } from './table.ts';
import { writeRow } from './write-row.ts';

const READ_MERCHANTS: Statement = {
  name: 'merchants.of',
  text: 'select * from merchants where marketplace = $1 order by id',
};
const READ_ACCOUNTS: Statement = {
  name: 'wallet_accounts.of',
  text: 'select * from wallet_accounts where marketplace = $1 order by id',
};
const ADD_MERCHANT: Statement = {
  name: 'merchants.add',
  text: `insert into merchants (id, marketplace, name, external_id, created_at)
  values ($1, $2, $3, $4, $5)
  on conflict (marketplace, external_id) do update set external_id = excluded.external_id
  returning *`,
};
const ADD_ACCOUNT: Statement = {
  name: 'wallet_accounts.add',
  text: `insert into wallet_accounts
  (id, marketplace, merchant, wallet, wallet_merchant, status, consented_at, fee_bps, created_at)
  values ($1, $2, $3, $4, $5, 'active', $6, $7, $8)
  on conflict (merchant, wallet) do update set wallet_merchant = excluded.wallet_merchant,
    fee_bps = excluded.fee_bps,
    consented_at = coalesce(wallet_accounts.consented_at, excluded.consented_at)
  returning *`,
};

function toMerchant(row: Row): Merchant {
  return {
    id: formatId('merchant', row.id as bigint),
    marketplace: formatId('marketplace', row.marketplace as bigint),
    name: row.name as string,
    externalId: row.external_id as string | null,
  };
}

function toAccount(row: Row): WalletAccount {
  return {
    id: formatId('wallet_account', row.id as bigint),
    marketplace: formatId('marketplace', row.marketplace as bigint),
    merchant: formatId('merchant', row.merchant as bigint),
    wallet: row.wallet as WalletName,
    walletMerchant: row.wallet_merchant as string,
    status: row.status as WalletAccount['status'],
    consentedAtMs: toNumberOrNull(row.consented_at),
    feeBps: toNumber(row.fee_bps),
  };
}

export async function readMerchants(db: Db, marketplace: Id<'marketplace'>): Promise<Merchant[]> {
  return (await db.read(READ_MERCHANTS, [idValue(marketplace)])).map(toMerchant);
}

export async function readAccounts(
  db: Db,
  marketplace: Id<'marketplace'>,
): Promise<WalletAccount[]> {
  return (await db.read(READ_ACCOUNTS, [idValue(marketplace)])).map(toAccount);
}

/** The same external id again gives the merchant that has it. */
export function addMerchant(
  db: Db,
  row: Merchant & { readonly createdAtMs: number },
): Promise<Merchant | undefined> {
  const values = [
    idValue(row.id),
    idValue(row.marketplace),
    row.name,
    row.externalId,
    row.createdAtMs,
  ];
  return writeRow(db, ADD_MERCHANT, values, toMerchant);
}

export function addAccount(
  db: Db,
  row: Omit<WalletAccount, 'status'> & { readonly createdAtMs: number },
): Promise<WalletAccount | undefined> {
  const values = [
    idValue(row.id),
    idValue(row.marketplace),
    idValue(row.merchant),
    row.wallet,
    row.walletMerchant,
    row.consentedAtMs,
    row.feeBps,
    row.createdAtMs,
  ];
  return writeRow(db, ADD_ACCOUNT, values, toAccount);
}
