/**
 * Merchants and their accounts at the wallets: by id, or a page of a marketplace's. None of these
 * reads all of them. A change of an account is noted, for the processes that cache it.
 */

import { type AuditValue, canonicalJson } from '../../core/audit/audit.ts';
import { isCurrent, type Merchant, type WalletAccount } from '../../core/merchant/merchant.ts';
import { idArray } from '../../database/arrays.ts';
import type { Db, Row, Session } from '../../database/db.ts';
import { readRow, writeRow } from '../../database/one-row.ts';
import { statements } from '../../database/statements.ts';
import { toNumber, toNumberOrNull } from '../../database/table.ts';
import { assert, must } from '../../kernel/assert.ts';
import { formatId, type Id, idValue } from '../../kernel/id.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import { type AuditNote, noteChange } from '../audit/audited.ts';
import { type Cells, homeOnly } from '../cells.ts';
import { type IdPage, type List, type Listed, listed } from '../page.ts';
import { noteMerchants } from './merchant-changes.ts';

const MERCHANTS = statements('merchants', {
  // A row for each account, or one without: what a payment needs to know is one statement.
  read: `select m.id as owner, m.marketplace as owner_of, m.name, m.external_id, a.*
    from merchants m left join wallet_accounts a on a.merchant = m.id
    where m.id = any($1::bigint[]) order by a.id`,
  byExternalId: 'select * from merchants where marketplace = $1 and external_id = $2',
  add: `insert into merchants (id, marketplace, name, external_id, created_at)
  values ($1, $2, $3, $4, $5)
  on conflict (marketplace, external_id) do update set external_id = excluded.external_id
  returning *`,
});
const LIST_MERCHANTS: List = {
  name: 'merchants.list',
  head: 'select p.*, p.id as list_id from merchants p where p.marketplace = $1',
  order: 'p.id',
  hasOwnIds: true,
};
const ACCOUNTS = statements('wallet_accounts', {
  of: 'select * from wallet_accounts where merchant = any($1::bigint[]) order by id',
  owners: 'select id, merchant, wallet from wallet_accounts where id = any($1::bigint[])',
  lock: 'select id from merchants where id = $1 for no key update',
  at: 'select * from wallet_accounts where merchant = $1 and wallet = $2 order by id',
  // The requested configuration, else the account's own if in use, else the newest in use.
  configFor: `select id from wallet_configs where marketplace = $1 and wallet = $2
    and (id = $3 or ($3 is null and status = 'active'))
  order by id = $4 desc nulls last, id desc limit 1`,
  retire: `update wallet_accounts set status = 'retiring' where id = $1 returning *`,
  put: `insert into wallet_accounts (id, marketplace, merchant, wallet, wallet_merchant, status,
    consented_at, fee_bps, created_at, wallet_config)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  on conflict (merchant, wallet, wallet_merchant) do update set status = excluded.status,
    fee_bps = excluded.fee_bps, wallet_config = excluded.wallet_config,
    consented_at = case when $11::boolean then null
      else coalesce(wallet_accounts.consented_at, excluded.consented_at) end
  returning *`,
});

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
    config:
      row.wallet_config === null ? null : formatId('wallet_config', row.wallet_config as bigint),
    status: row.status as WalletAccount['status'],
    consentedAtMs: toNumberOrNull(row.consented_at),
    feeBps: toNumber(row.fee_bps),
  };
}

/** A merchant with its accounts, oldest first. */
export interface MerchantEntry {
  readonly merchant: Merchant;
  readonly accounts: readonly WalletAccount[];
}

/** Of any marketplace: the caller compares (rule 11). */
export async function readMerchants(
  db: Db,
  ids: readonly Id<'merchant'>[],
): Promise<Map<Id<'merchant'>, MerchantEntry>> {
  const found = new Map<Id<'merchant'>, MerchantEntry>();
  for (const row of await db.read(MERCHANTS.read, [idArray(ids)])) {
    const id = formatId('merchant', row.owner as bigint);
    const known = found.get(id);
    const account = row.id === null ? [] : [toAccount(row)];
    const merchant =
      known?.merchant ?? toMerchant({ ...row, id: row.owner, marketplace: row.owner_of });
    found.set(id, { merchant, accounts: [...(known?.accounts ?? []), ...account] });
  }
  return found;
}

export async function readAccounts(
  db: Db,
  merchants: readonly Id<'merchant'>[],
): Promise<WalletAccount[]> {
  return (await db.read(ACCOUNTS.of, [idArray(merchants)])).map(toAccount);
}

function entriesOf(
  merchants: readonly Merchant[],
  accounts: readonly WalletAccount[],
): MerchantEntry[] {
  const own = new Map<Id<'merchant'>, WalletAccount[]>(merchants.map(({ id }) => [id, []]));
  for (const account of accounts) own.get(account.merchant)?.push(account);
  return merchants.map((merchant) => ({ merchant, accounts: own.get(merchant.id) ?? [] }));
}

export async function listMerchants(
  cells: Cells,
  marketplace: Id<'marketplace'>,
  page: IdPage,
): Promise<Listed<MerchantEntry>> {
  const owner = idValue(marketplace);
  const { rows, hasMore } = await listed(homeOnly(cells), LIST_MERCHANTS, owner, page, []);
  const merchants = rows.map(toMerchant);
  const accounts = await readAccounts(
    cells.home,
    merchants.map(({ id }) => id),
  );
  return { rows: entriesOf(merchants, accounts), hasMore };
}

/** By the marketplace's own number for it. */
export function merchantByExternalId(
  db: Db,
  marketplace: Id<'marketplace'>,
  externalId: string,
): Promise<Merchant | undefined> {
  return readRow(db, MERCHANTS.byExternalId, [idValue(marketplace), externalId], toMerchant);
}

export type AccountOwner = Pick<WalletAccount, 'merchant' | 'wallet'>;

/** Whose accounts these are. */
export async function readOwners(
  db: Db,
  ids: readonly Id<'wallet_account'>[],
): Promise<ReadonlyMap<Id<'wallet_account'>, AccountOwner>> {
  const rows = ids.length === 0 ? [] : await db.read(ACCOUNTS.owners, [idArray(ids)]);
  return new Map(
    rows.map((row) => [
      formatId('wallet_account', row.id as bigint),
      { merchant: formatId('merchant', row.merchant as bigint), wallet: row.wallet as WalletName },
    ]),
  );
}

/** The same external id again returns the merchant that has it. */
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
  return writeRow(db, MERCHANTS.add, values, toMerchant);
}

export interface PutAccount {
  readonly account: WalletAccount;
  /** Current until now: its balance stays separate, and it gets no new payments. */
  readonly retired: WalletAccount | null;
}

/**
 * Sets the merchant's number at a wallet. The same number again changes fee, consent and
 * configuration of the account that has it; another one adds an account, and the previous one
 * retires. `config` null = the one it is paid through, if that is in use, else the newest in use.
 * Consent once given stays, unless it is withdrawn.
 */
export function putAccount(
  db: Db,
  row: Omit<WalletAccount, 'status'> & {
    readonly createdAtMs: number;
    readonly withdrawsConsent?: boolean;
  },
  note: AuditNote,
): Promise<PutAccount> {
  return db.transaction(0, async (session) => {
    const [, found] = await Promise.all([
      session.run(ACCOUNTS.lock, [idValue(row.merchant)]),
      session.run(ACCOUNTS.at, [idValue(row.merchant), row.wallet]),
    ]);
    const known = found.map(toAccount);
    const same = known.find(({ walletMerchant }) => walletMerchant === row.walletMerchant);
    const before = known.find((account) => isCurrent(account) && account !== same);
    const retired = before === undefined ? null : await retireAccount(session, before);
    const config = await configFor(session, row, same);
    const status = same !== undefined && isCurrent(same) ? same.status : 'active';
    // A merchant consents to a wallet, not to a number there (rule 10).
    const { withdrawsConsent = false } = row;
    const given = row.consentedAtMs ?? before?.consentedAtMs ?? null;
    const [put] = await session.run(ACCOUNTS.put, [
      idValue(row.id),
      idValue(row.marketplace),
      idValue(row.merchant),
      row.wallet,
      row.walletMerchant,
      status,
      withdrawsConsent ? null : given,
      row.feeBps,
      row.createdAtMs,
      config,
      withdrawsConsent,
    ]);
    const account = toAccount(must(put, 'the account'));
    const old = same === undefined ? null : shownAccount(same);
    const after = { ...shownAccount(account), retired: retired?.id ?? null };
    // The demo repeats its writes at each start: none of them is a change.
    const isNews = retired !== null || canonicalJson(old) !== canonicalJson(shownAccount(account));
    if (isNews) {
      await Promise.all([
        noteChange(session, note, { object: account.id, before: old, after }),
        noteMerchants(session, [row.merchant]),
      ]);
    }
    return { account, retired };
  });
}

function shownAccount(account: WalletAccount): AuditValue {
  const { merchant, wallet, walletMerchant, config, status, consentedAtMs, feeBps } = account;
  return {
    ...{ merchant, wallet, config, status },
    wallet_merchant: walletMerchant,
    consented_at: consentedAtMs,
    fee_bps: feeBps,
  };
}

async function retireAccount(session: Session, { id }: WalletAccount): Promise<WalletAccount> {
  const [row] = await session.run(ACCOUNTS.retire, [idValue(id)]);
  return toAccount(must(row, 'the account before'));
}

async function configFor(
  session: Session,
  row: Pick<WalletAccount, 'marketplace' | 'wallet' | 'config'>,
  same: WalletAccount | undefined,
): Promise<bigint | null> {
  const own = same?.config ?? null;
  const [found] = await session.run(ACCOUNTS.configFor, [
    idValue(row.marketplace),
    row.wallet,
    row.config === null ? null : idValue(row.config),
    own === null ? null : idValue(own),
  ]);
  assert(found !== undefined || row.config === null, 'a configuration of this wallet and tenant');
  // If none is in use, it stays as it was.
  return (found?.id as bigint | undefined) ?? (own === null ? null : idValue(own));
}
