/**
 * The demo's marketplaces: created from the sandbox's credentials, written to the database once and
 * found again on later starts, and published in demo.json, mode 0600.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Marketplace } from '../core/merchant/merchant.ts';
import { auditNote } from '../flows/audit/audit-log.ts';
import type { Platform } from '../flows/base/platform.ts';
import { hashKey } from '../flows/key/authenticate.ts';
import { walletSecretPlace } from '../flows/key/envelope.ts';
import { must } from '../kernel/assert.ts';
import { type Id, shardOf } from '../kernel/id.ts';
import { ANNOUNCED_PAIRS } from '../kernel/interconnect.ts';
import { WALLET_NAMES, type WalletName } from '../kernel/wallet-names.ts';
import type { AuditNote } from '../store/audit/audited.ts';
import { addKey } from '../store/key/api-keys.ts';
import { addMarketplace } from '../store/merchant/marketplaces.ts';
import { addMerchant, putAccount } from '../store/merchant/merchants.ts';
import { addInterconnect } from '../store/offer/interconnects.ts';
import { putConfig } from '../store/wallet/configs.ts';
import { walletModule } from '../wallets/registry.ts';

export interface SandboxCredentials {
  readonly marketplaces: Readonly<
    Record<string, Readonly<Partial<Record<WalletName, WalletCredentials>>>>
  >;
  readonly demo: { readonly sandbox: { readonly url: string }; readonly credentials: unknown };
}

interface WalletCredentials {
  readonly credentials: unknown;
  readonly subMerchants: readonly { readonly name: string; readonly walletMerchant: string }[];
}

export interface DemoMarketplace {
  readonly secretKey: string;
  readonly merchants: readonly string[];
}

const DISPLAY_NAMES: Readonly<Record<string, string>> = { taobao: '淘宝', tmall: '天猫' };
const FEE_BPS = 60;
export const KEY_VERSION = '2026-12-01';

export function readSandboxCredentials(dir: string): SandboxCredentials {
  return JSON.parse(fs.readFileSync(path.join(dir, 'papers.json'), 'utf8')) as SandboxCredentials;
}

/**
 * Creates the marketplaces of `papers.json` or finds them: the same values until the folder is
 * deleted.
 */
export async function seedMarketplaces(
  platform: Platform,
  dir: string,
  sandbox: SandboxCredentials,
): Promise<ReadonlyMap<string, DemoMarketplace>> {
  const keys = readKeys(dir, Object.keys(sandbox.marketplaces), platform);
  const seeded = new Map<string, DemoMarketplace>();
  for (const [name, wallets] of Object.entries(sandbox.marketplaces)) {
    const secretKey = must(keys[name], 'the marketplace key');
    seeded.set(name, {
      secretKey,
      merchants: await seedMarketplace(platform, name, secretKey, wallets),
    });
  }
  platform.directory.forget();
  return seeded;
}

function readKeys(
  dir: string,
  names: readonly string[],
  platform: Platform,
): Readonly<Record<string, string>> {
  const file = path.join(dir, 'keys.json');
  const kept = (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {}) as Record<
    string,
    string
  >;
  for (const name of names) kept[name] ??= `sk_test_${platform.random.bytes(20).toString('hex')}`;
  writePrivate(file, kept);
  return kept;
}

async function seedMarketplace(
  platform: Platform,
  name: string,
  secretKey: string,
  wallets: SandboxCredentials['marketplaces'][string],
): Promise<string[]> {
  const { db, ids, envelope } = platform;
  const createdAtMs = platform.wall.nowMs();
  const shard = shardOf(name);
  const marketplace = must(
    await addMarketplace(db, {
      id: ids.next('marketplace', shard),
      name,
      displayName: DISPLAY_NAMES[name] ?? name,
      createdAtMs,
    }),
    'the marketplace',
  );
  const noteOf = (action: string) => seedNote(platform, marketplace.id, action);
  const key = {
    id: ids.next('api_key', shard),
    marketplace: marketplace.id,
    scopes: ['*'],
    version: KEY_VERSION,
    hash: hashKey(secretKey),
    hint: secretKey.slice(0, 12),
    createdAtMs,
  };
  await addKey(db, key, noteOf('api_key.created'));
  for (const pair of ANNOUNCED_PAIRS) await addInterconnect(db, marketplace.id, pair, createdAtMs);
  const merchants = new Map<string, string>();
  const seal = await envelope.sealer(marketplace.id);
  for (const wallet of WALLET_NAMES) {
    const own = wallets[wallet];
    if (own === undefined) continue;
    const identity = walletModule(wallet)?.identityOf(own.credentials);
    await putConfig(
      db,
      {
        id: ids.next('wallet_config', shard),
        marketplace: marketplace.id,
        wallet,
        identity: must(identity, 'the identity of the credentials'),
        createdAtMs,
        // The demo's marketplaces accept every wallet's custody of the money.
        acceptsDirectSettlement: true,
        keepsActive: false,
        movesAccounts: false,
      },
      (row) => seal(JSON.stringify(own.credentials), walletSecretPlace(row, wallet)),
      noteOf('wallet_config.put'),
    );
    await seedAccounts(platform, marketplace, wallet, own, merchants);
  }
  return [...merchants.values()];
}

function seedNote(platform: Platform, marketplace: Id<'marketplace'>, action: string): AuditNote {
  return auditNote(platform, { marketplace, actor: 'system', action });
}

async function seedAccounts(
  platform: Platform,
  marketplace: Marketplace,
  wallet: WalletName,
  sandbox: WalletCredentials,
  merchants: Map<string, string>,
): Promise<void> {
  const { db, ids } = platform;
  const createdAtMs = platform.wall.nowMs();
  for (const { name, walletMerchant } of sandbox.subMerchants) {
    const id = ids.next('merchant', shardOf(marketplace.id, name));
    const merchant = must(
      await addMerchant(db, {
        id,
        marketplace: marketplace.id,
        name,
        externalId: name,
        createdAtMs,
      }),
      'the merchant',
    );
    merchants.set(name, merchant.id);
    const row = {
      id: ids.next('wallet_account', shardOf(merchant.id)),
      marketplace: marketplace.id,
      merchant: merchant.id,
      wallet,
      walletMerchant,
      config: null,
      consentedAtMs: createdAtMs,
      feeBps: FEE_BPS,
      createdAtMs,
    };
    await putAccount(db, row, seedNote(platform, marketplace.id, 'wallet_account.put'));
  }
}

export interface DemoFacts {
  readonly platformUrl: string;
  readonly bazaarUrl: string | null;
  readonly sandbox: SandboxCredentials;
  readonly marketplaces: ReadonlyMap<string, DemoMarketplace>;
}

/** The content of demo.json. */
export function writeDemoJson(dir: string, facts: DemoFacts): void {
  writePrivate(path.join(dir, 'demo.json'), {
    platform: { url: facts.platformUrl },
    sandbox: facts.sandbox.demo.sandbox,
    ...(facts.bazaarUrl === null ? {} : { bazaar: { url: facts.bazaarUrl } }),
    marketplaces: Object.fromEntries(
      [...facts.marketplaces].map(([name, { secretKey, merchants }]) => [
        name,
        { secret_key: secretKey, merchants },
      ]),
    ),
    credentials: facts.sandbox.demo.credentials,
  });
}

function writePrivate(file: string, value: unknown): void {
  fs.writeFileSync(`${file}.next`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(`${file}.next`, file);
}
