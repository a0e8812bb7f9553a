/**
 * Reference data: marketplaces, their keys, merchants, wallet configurations and accounts, webhook
 * endpoints. Small, read often, written by operators; each write is one transaction of its own.
 */
import { formatId, type Id, idValue } from '../core/id.ts';
import type { Marketplace, Merchant, WalletAccount } from '../core/merchant.ts';
import type { WalletName } from '../core/wallet.ts';
import { textArray } from './arrays.ts';
import type { Db, Row, Statement } from './db.ts';
import { toNumber, toNumberOrNull } from './table.ts';

const statement = (name: string, text: string): Statement => ({ name, text });

const READ_MARKETPLACES = statement('marketplaces.all', 'select * from marketplaces order by id');
const READ_MERCHANTS = statement(
  'merchants.of',
  'select * from merchants where marketplace = $1 order by id',
);
const READ_ACCOUNTS = statement(
  'wallet_accounts.of',
  'select * from wallet_accounts where marketplace = $1 order by id',
);
const READ_CONFIGS = statement('wallet_configs.all', 'select * from wallet_configs order by id');
const READ_KEY = statement(
  'api_keys.by_hash',
  'select * from api_keys where hash = $1 and revoked_at is null',
);
const READ_ENDPOINTS = statement(
  'webhook_endpoints.of',
  `select * from webhook_endpoints
  where marketplace = $1 and status <> 'deleted' order by id`,
);
const READ_ALL_ENDPOINTS = statement(
  'webhook_endpoints.all',
  `select * from webhook_endpoints where status <> 'deleted'`,
);

const ADD_MARKETPLACE = statement(
  'marketplaces.add',
  `insert into marketplaces (id, name, display_name, created_at)
  values ($1, $2, $3, $4)
  on conflict (name) do update set display_name = excluded.display_name returning *`,
);
const ADD_KEY = statement(
  'api_keys.add',
  `insert into api_keys (id, marketplace, hash, hint, scopes, version, created_at)
  values ($1, $2, $3, $4, $5::text[], $6, $7) on conflict (hash) do nothing`,
);
const ADD_MERCHANT = statement(
  'merchants.add',
  `insert into merchants (id, marketplace, name, external_id, created_at)
  values ($1, $2, $3, $4, $5)
  on conflict (marketplace, external_id) do update set external_id = excluded.external_id
  returning *`,
);
const ADD_CONFIG = statement(
  'wallet_configs.add',
  `insert into wallet_configs
  (id, marketplace, wallet, sealed, status, created_at, accepts_direct_settlement)
  values ($1, $2, $3, $4, 'active', $5, coalesce($6, false))
  on conflict (marketplace, wallet) do update set sealed = excluded.sealed,
    accepts_direct_settlement = coalesce($6, wallet_configs.accepts_direct_settlement)
  returning *`,
);
const ADD_ACCOUNT = statement(
  'wallet_accounts.add',
  `insert into wallet_accounts
  (id, marketplace, merchant, wallet, wallet_merchant, status, consented_at, fee_bps, created_at)
  values ($1, $2, $3, $4, $5, 'active', $6, $7, $8)
  on conflict (merchant, wallet) do update set wallet_merchant = excluded.wallet_merchant,
    fee_bps = excluded.fee_bps,
    consented_at = coalesce(wallet_accounts.consented_at, excluded.consented_at)
  returning *`,
);
const ADD_ENDPOINT = statement(
  'webhook_endpoints.add',
  `insert into webhook_endpoints
  (id, marketplace, url, enabled_events, status, sealed, created_at)
  values ($1, $2, $3, $4::text[], 'enabled', $5, $6) returning *`,
);
const CHANGE_ENDPOINT = statement(
  'webhook_endpoints.change',
  `update webhook_endpoints
  set url = coalesce($3, url), enabled_events = coalesce($4::text[], enabled_events),
    status = coalesce($5, status)
  where marketplace = $1 and id = $2 and status <> 'deleted' returning *`,
);
const ROTATE_SECRET = statement(
  'webhook_endpoints.rotate',
  `update webhook_endpoints
  set sealed_before = sealed, before_until = $4, sealed = $3
  where marketplace = $1 and id = $2 and status <> 'deleted' returning *`,
);

const LIST_KEYS = statement(
  'api_keys.of',
  'select * from api_keys where marketplace = $1 order by id',
);
const REVOKE_KEY = statement(
  'api_keys.revoke',
  'update api_keys set revoked_at = $2 where id = $1 and revoked_at is null returning id',
);

export interface WalletConfigRow {
  readonly id: Id<'wallet_config'>;
  readonly marketplace: Id<'marketplace'>;
  readonly wallet: WalletName;
  readonly sealed: string;
  readonly status: 'active' | 'paused';
  /** Custody `settles_directly`: the marketplace has agreed to it. */
  readonly acceptsDirectSettlement: boolean;
}

export interface ApiKeyRow {
  readonly id: Id<'api_key'>;
  readonly marketplace: Id<'marketplace'>;
  readonly scopes: readonly string[];
  readonly version: string;
}

export interface EndpointRow {
  readonly id: Id<'webhook_endpoint'>;
  readonly marketplace: Id<'marketplace'>;
  readonly url: string;
  readonly enabledEvents: readonly string[];
  readonly status: 'enabled' | 'disabled';
  readonly sealed: string;
  readonly sealedBefore: string | null;
  readonly beforeUntilMs: number | null;
  readonly createdAtMs: number;
}

function toMarketplace(row: Row): Marketplace {
  return {
    id: formatId('marketplace', row.id as bigint),
    name: row.name as string,
    displayName: row.display_name as string,
  };
}

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

function toEndpoint(row: Row): EndpointRow {
  return {
    id: formatId('webhook_endpoint', row.id as bigint),
    marketplace: formatId('marketplace', row.marketplace as bigint),
    url: row.url as string,
    enabledEvents: row.enabled_events as string[],
    status: row.status as EndpointRow['status'],
    sealed: row.sealed as string,
    sealedBefore: row.sealed_before as string | null,
    beforeUntilMs: toNumberOrNull(row.before_until),
    createdAtMs: toNumber(row.created_at),
  };
}

async function write<T>(
  db: Db,
  text: Statement,
  values: readonly unknown[],
  decode: (row: Row) => T,
): Promise<T | undefined> {
  const rows = await db.transaction(0, (session) => session.run(text, values));
  const [row] = rows;
  return row === undefined ? undefined : decode(row);
}

export async function readMarketplaces(db: Db): Promise<Marketplace[]> {
  return (await db.read(READ_MARKETPLACES, [])).map(toMarketplace);
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

export async function readConfigs(db: Db): Promise<WalletConfigRow[]> {
  return (await db.read(READ_CONFIGS, [])).map(toConfig);
}

export async function readKey(db: Db, hash: string): Promise<ApiKeyRow | undefined> {
  const [row] = await db.read(READ_KEY, [hash]);
  if (row === undefined) return undefined;
  return {
    id: formatId('api_key', row.id as bigint),
    marketplace: formatId('marketplace', row.marketplace as bigint),
    scopes: row.scopes as string[],
    version: row.version as string,
  };
}

export async function readEndpoints(
  db: Db,
  marketplace: Id<'marketplace'> | null,
): Promise<EndpointRow[]> {
  const rows =
    marketplace === null
      ? await db.read(READ_ALL_ENDPOINTS, [])
      : await db.read(READ_ENDPOINTS, [idValue(marketplace)]);
  return rows.map(toEndpoint);
}

export function addMarketplace(
  db: Db,
  row: Marketplace & { readonly createdAtMs: number },
): Promise<Marketplace | undefined> {
  return write(
    db,
    ADD_MARKETPLACE,
    [idValue(row.id), row.name, row.displayName, row.createdAtMs],
    toMarketplace,
  );
}

/** Only the hash is kept; `hint` is the key's first characters, to recognise it by. */
export async function addKey(
  db: Db,
  row: ApiKeyRow & { readonly hash: string; readonly hint: string; readonly createdAtMs: number },
): Promise<void> {
  const values = [
    idValue(row.id),
    idValue(row.marketplace),
    row.hash,
    row.hint,
    textArray(row.scopes),
    row.version,
    row.createdAtMs,
  ];
  await db.transaction(0, (session) => session.run(ADD_KEY, values));
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
  return write(db, ADD_MERCHANT, values, toMerchant);
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
  return write(db, ADD_CONFIG, values, toConfig);
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
  return write(db, ADD_ACCOUNT, values, toAccount);
}

export function addEndpoint(
  db: Db,
  row: Pick<EndpointRow, 'id' | 'marketplace' | 'url' | 'enabledEvents' | 'sealed' | 'createdAtMs'>,
): Promise<EndpointRow | undefined> {
  const values = [
    idValue(row.id),
    idValue(row.marketplace),
    row.url,
    textArray(row.enabledEvents),
    row.sealed,
    row.createdAtMs,
  ];
  return write(db, ADD_ENDPOINT, values, toEndpoint);
}

export function changeEndpoint(
  db: Db,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
  change: {
    readonly url?: string;
    readonly enabledEvents?: readonly string[];
    readonly status?: string;
  },
): Promise<EndpointRow | undefined> {
  const events = change.enabledEvents === undefined ? null : textArray(change.enabledEvents);
  const values = [
    idValue(marketplace),
    idValue(id),
    change.url ?? null,
    events,
    change.status ?? null,
  ];
  return write(db, CHANGE_ENDPOINT, values, toEndpoint);
}

export function rotateEndpointSecret(
  db: Db,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
  secret: { readonly sealed: string; readonly beforeUntilMs: number },
): Promise<EndpointRow | undefined> {
  return write(
    db,
    ROTATE_SECRET,
    [idValue(marketplace), idValue(id), secret.sealed, secret.beforeUntilMs],
    toEndpoint,
  );
}

export interface ListedKey extends ApiKeyRow {
  readonly hint: string;
  readonly revokedAtMs: number | null;
}

export async function listKeys(db: Db, marketplace: Id<'marketplace'>): Promise<ListedKey[]> {
  return (await db.read(LIST_KEYS, [idValue(marketplace)])).map((row) => ({
    id: formatId('api_key', row.id as bigint),
    marketplace,
    scopes: row.scopes as string[],
    version: row.version as string,
    hint: row.hint as string,
    revokedAtMs: toNumberOrNull(row.revoked_at),
  }));
}

/** False when there is no such key in use. */
export async function revokeKey(db: Db, id: Id<'api_key'>, nowMs: number): Promise<boolean> {
  const values = [idValue(id), nowMs];
  const rows = await db.transaction(0, (session) => session.run(REVOKE_KEY, values));
  return rows.length === 1;
}
