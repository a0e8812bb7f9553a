/**
 * An operator's reference data from the command line: marketplaces, their keys, wallet credentials
 * and merchants' accounts. A key is shown once; credentials are checked by the wallet's module
 * before they are sealed. Running processes see a change within two seconds, that of an account
 * within one.
 */

import type { Db } from '../database/db.ts';
import { hashKey } from '../flows/key/authenticate.ts';
import { must } from '../kernel/assert.ts';
import { type Id, parseId, shardOf } from '../kernel/id.ts';
import { isScope, SCOPES } from '../kernel/scopes.ts';
import { WALLET_NAMES, type WalletName } from '../kernel/wallet-names.ts';
import { wallClock } from '../runtime/clock.ts';
import { parseAddress, parseRange, textOfAddress } from '../runtime/ip-address.ts';
import { systemRandom } from '../runtime/random.ts';
import { addKey, type ListedKey, listKeys, revokeKey } from '../store/key/api-keys.ts';
import { addMarketplace, readMarketplaces } from '../store/merchant/marketplaces.ts';
import {
  addMerchant,
  merchantByExternalId,
  putAccount,
  readMerchants,
} from '../store/merchant/merchants.ts';
import { putInterconnect, readInterconnects } from '../store/offer/interconnects.ts';
import { readConfigs } from '../store/wallet/configs.ts';
import { checkCredentials } from '../wallets/credentials.ts';
import { walletModule } from '../wallets/registry.ts';
import { cliNote } from './actor.ts';
import { marketplaceNamed, type Print, walletNamed } from './admin-names.ts';
import type { AdminSession } from './admin-session.ts';
import { KEY_VERSION } from './demo-marketplaces.ts';

export async function createMarketplace(
  { db, ids }: AdminSession,
  input: { readonly name: string; readonly displayName: string },
  print: Print,
): Promise<void> {
  if (!/^[a-z][a-z0-9-]{1,39}$/.test(input.name)) {
    throw new Error(`a marketplace's name is 2 to 40 of a-z, 0-9 and -, not ${input.name}`);
  }
  const id = ids.next('marketplace', shardOf(input.name));
  const row = await addMarketplace(db, { id, ...input, createdAtMs: wallClock.nowMs() });
  print(`${must(row, 'the marketplace').id}  ${input.name}  ${input.displayName}`);
}

export async function listMarketplaces({ db }: AdminSession, print: Print): Promise<void> {
  const rows = await readMarketplaces(db);
  if (rows.length === 0) print('no marketplace yet; make one: hutong marketplace add NAME');
  for (const row of rows) print(`${row.id}  ${row.name}  ${row.displayName}`);
}

/** A scope that no call requires would look like a permission and grant none. */
function refuseScopes(scopes: readonly string[]): void {
  const unknown = scopes.find((scope) => !isScope(scope));
  if (unknown === undefined && scopes.length > 0) return;
  const refused =
    unknown === undefined || unknown === '' ? 'an empty scope' : `no scope ${unknown}`;
  throw new Error(`${refused}; the scopes are: ${['*', ...Object.keys(SCOPES)].join(', ')}`);
}

/** `90d`, or a date or time of RFC 3339. */
export function parseExpiry(text: string, nowMs: number): number {
  const days = /^(\d{1,4})d$/.exec(text)?.[1];
  const isDate = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  const atMs = days === undefined ? Date.parse(isDate ? text : '') : nowMs + Number(days) * DAY_MS;
  if (!(atMs > nowMs)) throw new Error(`--expires is 90d or 2027-01-31, and ahead, not ${text}`);
  return atMs;
}

/**
 * `10.0.0.0/8,192.0.2.7`: one spelling each. Bits beyond the prefix are refused, since the range
 * would be wider than its writer meant.
 */
export function parseAllowFrom(text: string): string[] {
  return text.split(',').map((entry) => {
    const wanted = entry.trim();
    const range = parseRange(wanted);
    const isMapped = range !== undefined && range.family === 6 && range.first >> 32n === 0xffffn;
    if (range === undefined || isMapped)
      throw new Error(
        `--allow-from is addresses or ranges with commas between (10.0.0.0/8,192.0.2.7), not ${text}`,
      );
    const { family, first, last } = range;
    const address = textOfAddress({ family, value: first });
    if (first === last) return address;
    const bits = wanted.slice(wanted.indexOf('/') + 1);
    const named = parseAddress(wanted.slice(0, wanted.indexOf('/')));
    if (named?.value === first) return `${address}/${Number(bits)}`;
    throw new Error(`--allow-from: ${wanted} begins at ${address}: name ${address}/${bits}`);
  });
}

const DAY_MS = 24 * 3_600_000;

export async function createKey(
  { db, ids }: AdminSession,
  input: {
    readonly marketplace: string;
    readonly scopes: readonly string[];
    readonly isLive: boolean;
    /** null = it does not expire. */
    readonly expiresAtMs?: number | null;
    /** null = from any address. */
    readonly allowFrom?: readonly string[] | null;
  },
  print: Print,
): Promise<void> {
  refuseScopes(input.scopes);
  const { id: marketplace } = await marketplaceNamed(db, input.marketplace);
  const kind = input.scopes.includes('*') ? 'sk' : 'rk';
  const mode = input.isLive ? 'live' : 'test';
  const secretKey = `${kind}_${mode}_${systemRandom.bytes(20).toString('hex')}`;
  const id = ids.next('api_key', shardOf(marketplace));
  const row = {
    id,
    marketplace,
    scopes: input.scopes,
    version: KEY_VERSION,
    hash: hashKey(secretKey),
    hint: secretKey.slice(0, 12),
    createdAtMs: wallClock.nowMs(),
    expiresAtMs: input.expiresAtMs ?? null,
    allowFrom: input.allowFrom ?? null,
  };
  await addKey(db, row, cliNote(ids, marketplace, 'api_key.created'));
  print(`${id}  ${secretKey}`);
  print('This is the only time the key is shown.');
}

function stateOfKey({ revokedAtMs, expiresAtMs }: ListedKey, nowMs: number): string {
  if (revokedAtMs !== null) return 'revoked';
  if (expiresAtMs === null) return 'in use';
  const when = new Date(expiresAtMs).toISOString();
  return expiresAtMs > nowMs ? `in use until ${when}` : `expired ${when}`;
}

/** The minute of its last use: a process writes once a minute what it saw. */
function minuteOf(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16)}Z`;
}

export async function printKeys(
  { db }: AdminSession,
  marketplace: string,
  print: Print,
): Promise<void> {
  const { id } = await marketplaceNamed(db, marketplace);
  const rows = await listKeys(db, id);
  if (rows.length === 0) print('no key yet; make one: hutong key create MARKETPLACE');
  for (const row of rows) {
    const state = stateOfKey(row, wallClock.nowMs());
    const from = row.allowFrom === null ? 'anywhere' : row.allowFrom.join(',');
    const used = row.lastUsedAtMs === null ? 'no use seen' : `used ${minuteOf(row.lastUsedAtMs)}`;
    print(`${row.id}  ${row.hint}…  ${row.scopes.join(',')}  from ${from}  ${used}  ${state}`);
  }
}

export async function endKey({ db, ids }: AdminSession, text: string, print: Print): Promise<void> {
  const id = parseId('api_key', text);
  if (id === undefined)
    throw new Error(`${text} is not a key's id (key_…); hutong key list shows them`);
  const noteOf = (owner: Id<'marketplace'>) => cliNote(ids, owner, 'api_key.revoked');
  const isGone = await revokeKey(db, id, wallClock.nowMs(), noteOf);
  if (!isGone) throw new Error(`no key ${id} in use`);
  print(`${id} revoked; running processes refuse it within two seconds`);
}

export async function setAccount(
  { db, cells, ids }: AdminSession,
  input: {
    readonly marketplace: string;
    readonly merchant: string;
    readonly wallet: string;
    readonly walletMerchant: string;
    readonly feeBps: number;
    readonly hasConsented: boolean;
    readonly withdrawsConsent?: boolean;
    /** null = the one it has, if active, else the newest active one. */
    readonly config?: string | null;
  },
  print: Print,
): Promise<void> {
  const wallet = walletNamed(input.wallet);
  const { id: marketplace } = await marketplaceNamed(db, input.marketplace);
  refuseNumber(wallet, input.walletMerchant);
  const isRate = Number.isInteger(input.feeBps) && input.feeBps >= 0 && input.feeBps <= 10_000;
  if (!isRate) throw new Error('--fee-bps is 0 to 10000 (60 = 0.60 %)');
  if (input.hasConsented && input.withdrawsConsent === true)
    throw new Error('a merchant has agreed (--consented) or agrees no longer (--withdrawn)');
  const createdAtMs = wallClock.nowMs();
  const config = await configNamed(db, { marketplace, wallet, text: input.config ?? null });
  const merchant = await merchantNamed({ db, cells, ids }, marketplace, input.merchant, print);
  const row = {
    id: ids.next('wallet_account', shardOf(merchant)),
    marketplace,
    merchant,
    wallet,
    walletMerchant: input.walletMerchant,
    config,
    consentedAtMs: input.hasConsented ? createdAtMs : null,
    withdrawsConsent: input.withdrawsConsent ?? false,
    feeBps: input.feeBps,
    createdAtMs,
  };
  const note = cliNote(ids, marketplace, 'wallet_account.put');
  const { account, retired } = await putAccount(db, row, note);
  const consent =
    account.consentedAtMs === null ? 'not consented: never offered (rule 10)' : 'consented';
  const through = account.config ?? `nothing: ${wallet} has no configuration yet`;
  print(`${account.id}  ${merchant}  ${wallet} ${account.walletMerchant}  ${consent}`);
  print(`paid through ${through}`);
  if (retired !== null)
    print(`${retired.id}  ${retired.walletMerchant} retires: what was paid there stays there`);
}

/** A number that the wallet cannot have issued: a typing error, or another wallet's. */
function refuseNumber(wallet: WalletName, walletMerchant: string): void {
  const { merchantSchema } = must(walletModule(wallet), 'a known wallet');
  const checked = checkCredentials(merchantSchema, walletMerchant);
  if (!checked.ok)
    throw new Error(
      `a merchant's number at ${wallet} ${checked.error.message}; not ${walletMerchant}`,
    );
}

async function configNamed(
  db: Db,
  wanted: {
    readonly marketplace: Id<'marketplace'>;
    readonly wallet: WalletName;
    readonly text: string | null;
  },
): Promise<Id<'wallet_config'> | null> {
  if (wanted.text === null) return null;
  const found = (await readConfigs(db)).find(
    ({ id, marketplace, wallet }) =>
      id === wanted.text && marketplace === wanted.marketplace && wallet === wanted.wallet,
  );
  if (found === undefined)
    throw new Error(
      `no configuration ${wanted.text} of ${wanted.wallet} there; see hutong wallet list`,
    );
  return found.id;
}

/** A merchant by its id, or by the marketplace's own number for it, created if new. */
async function merchantNamed(
  { db, ids }: AdminSession,
  marketplace: Id<'marketplace'>,
  text: string,
  print: Print,
): Promise<Id<'merchant'>> {
  const known = parseId('merchant', text);
  const byId = known && (await readMerchants(db, [known])).get(known)?.merchant;
  if (byId?.marketplace === marketplace) return byId.id;
  const byNumber = await merchantByExternalId(db, marketplace, text);
  if (byNumber !== undefined) return byNumber.id;
  if (text.startsWith('mer_')) throw new Error(`no merchant ${text} of this marketplace`);
  const id = ids.next('merchant', shardOf(marketplace, text));
  const createdAtMs = wallClock.nowMs();
  const row = await addMerchant(db, { id, marketplace, name: text, externalId: text, createdAtMs });
  const made = must(row, 'the merchant').id;
  print(`made merchant ${text} (${made}): there was none with that number`);
  return made;
}

export async function printInterconnects(
  { db }: AdminSession,
  name: string,
  print: Print,
): Promise<void> {
  const { id } = await marketplaceNamed(db, name);
  const rows = await readInterconnects(db, id);
  if (rows.length === 0) print('no pair yet; make one: hutong interconnect set');
  for (const row of rows) print(`${row.payer} -> ${row.acceptor}  ${row.status}`);
}

/** Any two wallets may be paired: a payer's wallet needs no module here, it only scans. */
export async function setInterconnect(
  { db, ids }: AdminSession,
  input: {
    readonly marketplace: string;
    readonly payer: string;
    readonly acceptor: string;
    readonly status: 'active' | 'paused';
  },
  print: Print,
): Promise<void> {
  const { id } = await marketplaceNamed(db, input.marketplace);
  const payer = WALLET_NAMES.find((wallet) => wallet === input.payer);
  const acceptor = WALLET_NAMES.find((wallet) => wallet === input.acceptor);
  if (payer === undefined || acceptor === undefined || payer === acceptor) {
    throw new Error(`an interconnection is of two wallets among ${WALLET_NAMES.join(', ')}`);
  }
  const { status } = input;
  const note = cliNote(ids, id, 'interconnect.set');
  const pair = { payer, acceptor, status, changedAtMs: wallClock.nowMs() };
  await putInterconnect(db, id, pair, note);
  print(`${payer} -> ${acceptor}  ${status}; offers follow within two seconds`);
}
