/**
 * Cached reference data (TTL `KEEP_MS`): a marketplace with its opened wallets; keys by hash;
 * endpoints with their signing keys. A write of another process is seen within `KEEP_MS`, one of
 * this process at once (`forget`). Merchants are cached one by one, and by what changed of them.
 * Secrets are decrypted only here.
 */

import type { ModeOfConfig } from '../../core/key/mode.ts';
import type { Marketplace, Merchant, WalletAccount } from '../../core/merchant/merchant.ts';
import type { Capabilities } from '../../core/wallet/capabilities.ts';
import { describeIdentity, isOfAccount } from '../../core/wallet/config.ts';
import type { Db } from '../../database/db.ts';
import type { Id } from '../../kernel/id.ts';
import type { InterconnectTable } from '../../kernel/interconnect.ts';
import type { WalletIdentity, WalletName } from '../../kernel/wallet-names.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { type ApiKeyRow, readKeys } from '../../store/key/api-keys.ts';
import { readMarketplace } from '../../store/merchant/marketplaces.ts';
import { readMerchantChanges } from '../../store/merchant/merchant-changes.ts';
import { readMerchants } from '../../store/merchant/merchants.ts';
import { readInterconnects } from '../../store/offer/interconnects.ts';
import { readConfigs, type WalletConfigRow } from '../../store/wallet/configs.ts';
import { type EndpointRow, readEndpoints } from '../../store/webhook/endpoints.ts';
import { walletModule } from '../../wallets/registry.ts';
import type { Wallet, WalletSeams } from '../../wallets/wallet.ts';
import { type WebhookKey, webhookKey } from '../../webhooks/sign.ts';
import { type Envelope, endpointSecretPlace, walletSecretPlace } from '../key/envelope.ts';
import { createKeyCache } from '../key/key-cache.ts';
import { createMerchantCache, type MerchantCache } from '../merchant/merchant-cache.ts';

const KEEP_MS = 2_000;
const ENDPOINT_LISTS_KEPT_MAX = 1_000;

export interface OpenedWallet {
  readonly config: Id<'wallet_config'>;
  readonly marketplace: Id<'marketplace'>;
  readonly name: WalletName;
  readonly capabilities: Capabilities;
  readonly wallet: Wallet;
  /** The account's identity in the wallet's own terms: a callback must name the same one. */
  readonly identity: WalletIdentity;
  /** It moves real money. */
  readonly isLivemode: boolean;
  /** New attempts may start at it; a retiring one is still verified, polled and refunded. */
  readonly isActive: boolean;
  /** Custody `settles_directly`: the marketplace has accepted it. */
  readonly acceptsDirectSettlement: boolean;
  /** The wallet's last refusal of our own credentials or permissions, as stored. */
  readonly refusedOperation: string | null;
}

export interface MarketplaceEntry {
  readonly marketplace: Marketplace;
  /** All of its configurations that can be opened, retiring ones included. */
  readonly wallets: ReadonlyMap<Id<'wallet_config'>, OpenedWallet>;
  /** The interconnection pairs that this marketplace's operator has activated. */
  readonly interconnects: InterconnectTable;
}

/** A marketplace with the merchants of one cart and their accounts, and no others. */
export interface CartEntry extends MarketplaceEntry {
  /** Without those that are not the marketplace's (rule 11). */
  readonly merchants: ReadonlyMap<Id<'merchant'>, Merchant>;
  readonly accounts: readonly WalletAccount[];
}

/** The marketplace does not exist, so no configuration of it has a mode. */
export function modesOf(entry: MarketplaceEntry | undefined): ModeOfConfig {
  return (config) => entry?.wallets.get(config)?.isLivemode;
}

export interface OpenedEndpoint {
  readonly row: EndpointRow;
  /** The current secret and, while it still signs, the previous one. */
  readonly keys: readonly WebhookKey[];
}

export interface Directory {
  readonly marketplace: (id: Id<'marketplace'>) => Promise<MarketplaceEntry | undefined>;
  readonly cart: (
    marketplace: Id<'marketplace'>,
    merchants: Iterable<Id<'merchant'>>,
  ) => Promise<CartEntry | undefined>;
  readonly wallet: (config: Id<'wallet_config'>) => Promise<OpenedWallet | undefined>;
  readonly apiKey: (hash: string, isSuspect: () => boolean) => Promise<ApiKeyRow | undefined>;
  readonly endpoint: (
    marketplace: Id<'marketplace'>,
    id: Id<'webhook_endpoint'>,
  ) => Promise<OpenedEndpoint | undefined>;
  /** Call after a write of this process. */
  readonly forget: () => void;
  readonly forgetEndpoints: (marketplace: Id<'marketplace'>) => void;
}

export interface DirectoryOptions {
  readonly db: Db;
  readonly envelope: Envelope;
  readonly wall: Clock;
  readonly walletSeams: WalletSeams;
  readonly log: Log;
}

interface Kept<T> {
  readonly get: () => Promise<T>;
  readonly forget: () => void;
}

/** A value read at most once per KEEP_MS, with one read at a time; a failed read is not cached. */
function kept<T>(wall: Clock, read: () => Promise<T>): Kept<T> {
  let value: Promise<T> | undefined;
  let readAtMs = 0;
  return {
    forget: () => {
      value = undefined;
    },
    get: () => {
      const nowMs = wall.nowMs();
      if (value !== undefined && nowMs - readAtMs < KEEP_MS) return value;
      readAtMs = nowMs;
      const reading = read();
      value = reading;
      reading.catch(() => {
        if (value === reading) value = undefined;
      });
      return reading;
    },
  };
}

export function createDirectory(options: DirectoryOptions): Directory {
  const { db, wall } = options;
  const opened: OpenedConfigs = new Map();
  const wallets = kept(wall, async () => openAll(options, await readConfigs(db), opened));
  const marketplaces = new Map<string, Kept<KnownEntry | undefined>>();
  const endpoints = keptEndpoints(options);
  const keys = createKeyCache({ wall, keepMs: KEEP_MS, read: (hashes) => readKeys(db, hashes) });
  const merchants = createMerchantCache({
    wall,
    read: (ids) => readMerchants(db, ids),
    readChanges: (snapshot) => readMerchantChanges(db, snapshot),
  });
  const keptMarketplace = (id: Id<'marketplace'>): Kept<KnownEntry | undefined> => {
    const known = marketplaces.get(id);
    if (known !== undefined) return known;
    const entry = kept(wall, () => readEntry(db, id, wallets));
    marketplaces.set(id, entry);
    return entry;
  };
  return {
    wallet: async (config) => (await wallets.get()).opened.get(config),
    endpoint: async (marketplace, id) => (await endpoints.of(marketplace)).get(id),
    marketplace: (id) => keptMarketplace(id).get(),
    cart: (id, ids) => readCart({ id, ids, entry: keptMarketplace(id), merchants, wallets }),
    apiKey: keys.find,
    forgetEndpoints: endpoints.forget,
    forget: () => {
      wallets.forget();
      endpoints.forget(null);
      for (const entry of marketplaces.values()) entry.forget();
      merchants.forget();
      keys.forget();
    },
  };
}

interface KnownEntry extends MarketplaceEntry {
  /** All configurations that were there, also those that cannot be opened. */
  readonly knownConfigs: ReadonlySet<Id<'wallet_config'>>;
}

async function readEntry(
  db: Db,
  id: Id<'marketplace'>,
  wallets: Kept<WalletConfigs>,
): Promise<KnownEntry | undefined> {
  const marketplace = await readMarketplace(db, id);
  if (marketplace === undefined) return undefined;
  const configs = await wallets.get();
  const pairs = await readInterconnects(db, id);
  return {
    marketplace,
    knownConfigs: configs.known,
    wallets: new Map([...configs.opened].filter(([, wallet]) => wallet.marketplace === id)),
    interconnects: pairs.filter((pair) => pair.status === 'active'),
  };
}

async function readCart(of: {
  readonly id: Id<'marketplace'>;
  readonly ids: Iterable<Id<'merchant'>>;
  readonly entry: Kept<KnownEntry | undefined>;
  readonly merchants: MerchantCache;
  readonly wallets: Kept<WalletConfigs>;
}): Promise<CartEntry | undefined> {
  const found = [...(await of.merchants.find(of.ids)).values()];
  const own = found.filter(({ merchant }) => merchant.marketplace === of.id);
  const accounts = own.flatMap((row) => row.accounts);
  let entry = await of.entry.get();
  const isKnown = ({ config }: WalletAccount): boolean =>
    config === null || entry?.knownConfigs.has(config) === true;
  // An account may be paid through a configuration that this process has not cached yet.
  if (!accounts.every(isKnown)) {
    of.wallets.forget();
    of.entry.forget();
    entry = await of.entry.get();
  }
  if (entry === undefined) return undefined;
  return {
    ...entry,
    merchants: new Map(own.map(({ merchant }) => [merchant.id, merchant])),
    accounts,
  };
}

type Opened = Pick<OpenedWallet, 'wallet' | 'identity' | 'isLivemode'>;

/** Opened once per sealed text. */
type OpenedConfigs = Map<Id<'wallet_config'>, { readonly sealed: string } & Opened>;

interface WalletConfigs {
  /** Includes those that cannot be opened. */
  readonly known: ReadonlySet<Id<'wallet_config'>>;
  readonly opened: ReadonlyMap<Id<'wallet_config'>, OpenedWallet>;
}

/**
 * A configuration that does not open, or holds another account's credentials, is logged and
 * skipped.
 */
async function openAll(
  options: DirectoryOptions,
  rows: readonly WalletConfigRow[],
  opened: OpenedConfigs,
): Promise<WalletConfigs> {
  const wallets = new Map<Id<'wallet_config'>, OpenedWallet>();
  for (const row of rows) {
    const module = walletModule(row.wallet);
    if (module === undefined) continue;
    let known = opened.get(row.id);
    if (known?.sealed !== row.sealed) {
      const one = await openOne(options, row);
      if (one === undefined) continue;
      known = { sealed: row.sealed, ...one };
      opened.set(row.id, known);
    }
    wallets.set(row.id, {
      config: row.id,
      marketplace: row.marketplace,
      name: row.wallet,
      capabilities: module.capabilities,
      wallet: known.wallet,
      identity: known.identity,
      isLivemode: known.isLivemode,
      isActive: row.status === 'active',
      acceptsDirectSettlement: row.acceptsDirectSettlement,
      refusedOperation: row.refusal?.operation ?? null,
    });
  }
  return { opened: wallets, known: new Set(rows.map(({ id }) => id)) };
}

async function openOne(
  options: DirectoryOptions,
  row: WalletConfigRow,
): Promise<Opened | undefined> {
  const refuse = (problem: string, more: object = {}): undefined => {
    options.log.error({ wallet_config: row.id, wallet: row.wallet, ...more }, problem);
  };
  const clear = await options.envelope.open(row.sealed, walletSecretPlace(row, row.wallet));
  if (!clear.ok) return refuse(clear.error);
  const module = walletModule(row.wallet);
  const credentials: unknown = JSON.parse(clear.value);
  const opened = module?.open(credentials, options.walletSeams);
  const identity = module?.identityOf(credentials);
  if (module === undefined || opened === undefined || identity === undefined) return undefined;
  if (!opened.ok) return refuse(opened.error.message, { field: opened.error.field });
  if (row.identity !== null && !isOfAccount(row.identity, identity)) {
    const stored = describeIdentity(row.identity);
    return refuse(`is of ${stored}, but its credentials are of ${describeIdentity(identity)}`);
  }
  return { wallet: opened.value, identity, isLivemode: module.isLivemode(credentials) };
}

type EndpointsById = ReadonlyMap<Id<'webhook_endpoint'>, OpenedEndpoint>;

/** Only endpoints of marketplaces that this process delivers for. */
function keptEndpoints(options: DirectoryOptions): {
  readonly of: (marketplace: Id<'marketplace'>) => Promise<EndpointsById>;
  readonly forget: (marketplace: Id<'marketplace'> | null) => void;
} {
  const entries = new Map<Id<'marketplace'>, Kept<EndpointsById>>();
  return {
    of: (marketplace) => {
      const entry =
        entries.get(marketplace) ??
        kept(options.wall, async () =>
          openEndpoints(options, await readEndpoints(options.db, marketplace)),
        );
      // Re-insert to keep LRU order.
      entries.delete(marketplace);
      entries.set(marketplace, entry);
      const [oldest] = entries.keys();
      if (entries.size > ENDPOINT_LISTS_KEPT_MAX && oldest !== undefined) entries.delete(oldest);
      return entry.get();
    },
    forget: (marketplace) => {
      if (marketplace === null) entries.clear();
      else entries.delete(marketplace);
    },
  };
}

async function openEndpoints(
  options: DirectoryOptions,
  rows: readonly EndpointRow[],
): Promise<EndpointsById> {
  const nowMs = options.wall.nowMs();
  const opened = new Map<Id<'webhook_endpoint'>, OpenedEndpoint>();
  for (const row of rows) {
    const sealed = [row.sealed];
    if (row.sealedBefore !== null && (row.beforeUntilMs ?? 0) > nowMs)
      sealed.push(row.sealedBefore);
    const keys: WebhookKey[] = [];
    for (const text of sealed) {
      const clear = await options.envelope.open(text, endpointSecretPlace(row));
      const key = clear.ok ? webhookKey(clear.value) : clear;
      if (key.ok) keys.push(key.value);
      else options.log.error({ webhook_endpoint: row.id }, key.error);
    }
    opened.set(row.id, { row, keys });
  }
  return opened;
}
