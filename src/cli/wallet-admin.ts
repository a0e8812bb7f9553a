/**
 * `hutong wallet`: a marketplace's configurations at its wallets. Credentials of a known account
 * renew it in place; those of another account add a configuration. A command states its effect, and
 * what stays behind, before it acts; no secret is printed.
 */
import fs from 'node:fs';
import { describeIdentity, planConfig } from '../core/wallet/config.ts';
import type { Db } from '../database/db.ts';
import { type Envelope, walletSecretPlace } from '../flows/key/envelope.ts';
import { identifyConfigs } from '../flows/wallet/identities.ts';
import { must } from '../kernel/assert.ts';
import { parseId, shardOf } from '../kernel/id.ts';
import { rfc3339 } from '../kernel/rfc3339.ts';
import type { WalletIdentity, WalletName } from '../kernel/wallet-names.ts';
import { wallClock } from '../runtime/clock.ts';
import { createHttpClient } from '../runtime/http-client.ts';
import { systemRandom } from '../runtime/random.ts';
import { clearAddresses } from '../runtime/web-address.ts';
import type { Cells } from '../store/cells.ts';
import { readMarketplaces } from '../store/merchant/marketplaces.ts';
import { type ConfigUse, readConfigUse, USE_COUNTED_MAX } from '../store/wallet/config-use.ts';
import {
  type CredentialsRefusal,
  putConfig,
  readConfigs,
  setConfigStatus,
  type WalletConfigRow,
} from '../store/wallet/configs.ts';
import { type ConfigProblem, unfilledField } from '../wallets/credentials.ts';
import { walletModule } from '../wallets/registry.ts';
import { cliNote } from './actor.ts';
import { marketplaceNamed, type Print, walletNamed } from './admin-names.ts';
import type { AdminSession } from './admin-session.ts';
import { envelopeAt } from './open-envelope.ts';
import { readKeyRing, type Settings } from './settings.ts';

export interface WalletInput {
  readonly marketplace: string;
  readonly wallet: string;
  readonly file: string;
  /** null = unchanged. */
  readonly acceptsDirectSettlement: boolean | null;
  /** The active configurations stay active beside a new one. */
  readonly keepsActive?: boolean;
  /** The merchants of the retiring ones keep their numbers, and are paid through the new one. */
  readonly movesAccounts?: boolean;
  /** Prints what it would do, and does nothing. */
  readonly isRehearsal?: boolean;
}

/** Credentials come from a file, never from the command line, which every process can read. */
export async function setWallet(
  { db, cells, ids }: AdminSession,
  settings: Settings,
  input: WalletInput,
  print: Print,
): Promise<void> {
  const wallet = walletNamed(input.wallet);
  const { id: marketplace, name } = await marketplaceNamed(db, input.marketplace);
  const { credentials, identity } = readCredentials(wallet, input.file);
  const envelope = await envelopeAt(db, settings);
  const seal = await envelope.sealer(marketplace);
  await identifyStored(db, envelope, print);
  const keepsActive = input.keepsActive === true;
  const movesAccounts = input.movesAccounts === true;
  const known = (await readConfigs(db)).filter(
    (row) => row.marketplace === marketplace && row.wallet === wallet,
  );
  const { renews, retires } = planConfig(known, identity, { keepsActive });
  const would = input.isRehearsal === true ? 'would be ' : '';
  const account = `${wallet} of ${name} (${describeIdentity(identity)})`;
  if (renews !== null) print(`${renews.id}  ${account}: its credentials ${would || 'are '}renewed`);
  for (const old of retires) await printRetiring(cells, old, print);
  if (input.isRehearsal === true) {
    if (renews === null) print(`a new configuration ${would}added: ${account}`);
    printNature(wallet, credentials, print);
    return;
  }
  const id = ids.next('wallet_config', shardOf(marketplace));
  const more = { acceptsDirectSettlement: input.acceptsDirectSettlement };
  const put = await putConfig(
    db,
    {
      ...{ id, marketplace, wallet, identity, keepsActive, movesAccounts, ...more },
      createdAtMs: wallClock.nowMs(),
    },
    (row) => seal(JSON.stringify(credentials), walletSecretPlace(row, wallet)),
    cliNote(ids, marketplace, 'wallet_config.put'),
  );
  printPut(put, account, print);
  printNature(wallet, credentials, print);
  print(
    `callbacks arrive at ${settings.publicUrl}/notify/${wallet}/${put.config.id}/payment (sent with every order)`,
  );
}

/** The keys that move its money, and warnings. */
function printNature(wallet: WalletName, credentials: unknown, print: Print): void {
  const module = walletModule(wallet);
  print(modeLine(module?.isLivemode(credentials) === true));
  for (const { field, message } of module?.advise(credentials) ?? [])
    print(`! ${field} ${message}`);
}

function modeLine(isLivemode: boolean): string {
  return isLivemode
    ? 'its addresses are live: keys of hutong key create --live move its money, test keys do not'
    : 'its addresses are for tests: test keys (sk_test_…) use it, live keys do not';
}

function readCredentials(
  wallet: WalletName,
  file: string,
): { readonly credentials: unknown; readonly identity: WalletIdentity } {
  const credentials = readJson(file);
  const module = must(walletModule(wallet), 'a known wallet');
  const refuse = ({ field, message }: ConfigProblem): never => {
    throw new Error(`${file}: ${field}: ${message}`);
  };
  const unfilled = unfilledField(module.configSchema, credentials);
  if (unfilled !== undefined) refuse(unfilled);
  const [clear] = clearAddresses(credentials);
  if (clear !== undefined)
    throw new Error(`${file}: ${clear}: must be https: http is only for this machine`);
  const http = createHttpClient();
  const seams = { http, clock: wallClock, wall: wallClock, random: systemRandom };
  const opened = module.open(credentials, seams);
  http.close();
  if (!opened.ok) return refuse(opened.error);
  const [mistake] = module.review(credentials);
  if (mistake !== undefined) refuse(mistake);
  return { credentials, identity: must(module.identityOf(credentials), 'their identity') };
}

function readJson(file: string): unknown {
  const text = fs.readFileSync(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's message quotes the text, which may be a key: only the position is printed.
    const at = / at position \d+| \(line \d+ column \d+\)/g;
    const place = error instanceof Error ? (error.message.match(at)?.join('') ?? '') : '';
    throw new Error(`${file}: is not JSON${place}`);
  }
}

/** Identities of configurations stored without one: needed to tell whose account is renewed. */
function identifyStored(db: Db, envelope: Envelope, print: Print): Promise<void> {
  return identifyConfigs({
    db,
    open: (row) => envelope.open(row.sealed, walletSecretPlace(row, row.wallet)),
    onKnown: (row, identity) => print(`${row.id}  ${row.wallet} is of ${identity}`),
    onUnknown: (row, problem) => print(`! ${row.id}  ${row.wallet}: ${problem}`),
  });
}

/** After `hutong migrate`: what SQL alone could not fill. */
export async function identifyAfterMigration(
  db: Db,
  settings: Settings,
  print: Print,
): Promise<void> {
  const unknown = (await readConfigs(db)).filter(({ identity }) => identity === null);
  if (unknown.length === 0) return;
  const keyRing = readKeyRing(process.env, settings.dir, systemRandom, false);
  if (keyRing.ok) return identifyStored(db, await envelopeAt(db, settings), print);
  print(
    `! ${unknown.length} wallet configurations get their identity at the next start: ` +
      keyRing.error,
  );
}

function printPut(put: Awaited<ReturnType<typeof putConfig>>, account: string, print: Print): void {
  const { config, isRenewed, retired, movedAccountCount } = put;
  if (isRenewed) {
    if (config.status === 'active') return;
    print(`it is ${config.status} as before: hutong wallet activate ${config.id} offers it again`);
    return;
  }
  print(`${config.id}  ${account}, sealed`);
  if (retired.length === 0) return;
  const old = retired.map(({ id }) => id);
  print(
    movedAccountCount > 0
      ? `${movedAccountCount} merchants are now paid through ${config.id}, by the same numbers`
      : `merchants are offered it once they have a number there: hutong account (or, where the ` +
          'numbers stay the same, hutong wallet --move-accounts from the start)',
  );
  const undo = old.map((id) => `hutong wallet activate ${id}`).join(' && ');
  print(`a mistake? ${undo} && hutong wallet retire ${config.id}`);
}

async function printRetiring(cells: Cells, old: WalletConfigRow, print: Print): Promise<void> {
  const use = await readConfigUse(cells, old.id);
  print(
    `${old.id}  ${old.wallet}${identityOf(old)} retires: nothing new starts there; what it holds ` +
      'is still verified, asked about and refunded',
  );
  print(`${old.id}  ${describeUse(use)}`);
}

function describeUse({ openPaymentCount, refundableLegCount, merchantCount }: ConfigUse): string {
  return (
    `${openPaymentCount} open payments, ${refundables(refundableLegCount)} paid orders that may ` +
    `be refunded, ${merchantCount} merchants`
  );
}

function refundables(count: number | null): string {
  if (count === null) return 'uncounted (too many to count in time)';
  return count >= USE_COUNTED_MAX ? `${USE_COUNTED_MAX} or more` : String(count);
}

function identityOf({ identity }: WalletConfigRow): string {
  return identity === null ? ' (whose account is not known)' : ` (${describeIdentity(identity)})`;
}

export async function listWallets(
  { db, cells }: Pick<AdminSession, 'db' | 'cells'>,
  marketplace: string | undefined,
  print: Print,
): Promise<void> {
  const only = marketplace === undefined ? undefined : await marketplaceNamed(db, marketplace);
  const names = new Map((await readMarketplaces(db)).map(({ id, name }) => [id, name]));
  const rows = (await readConfigs(db)).filter(
    (row) => only === undefined || row.marketplace === only.id,
  );
  if (rows.length === 0) print('no wallet yet; give one its credentials: hutong wallet --help');
  for (const row of rows) {
    const place = `${names.get(row.marketplace) ?? row.marketplace}  ${row.wallet.padEnd(9)}`;
    const status = row.status.padEnd(8);
    print(`${row.id}  ${place}  ${status}${identityOf(row)}`);
    print(`  ${describeUse(await readConfigUse(cells, row.id))}`);
    if (row.refusal !== null) print(`  ! ${describeRefusal(row.refusal)}`);
  }
}

/** The wallet's own message, and its time. */
export function describeRefusal({ atMs, operation, code, message }: CredentialsRefusal): string {
  const at = rfc3339(atMs);
  return `it refused our credentials or permissions at ${at} (${operation}: ${code} ${message})`;
}

export async function setWalletStatus(
  { db, cells, ids }: AdminSession,
  text: string,
  status: 'active' | 'retiring',
  print: Print,
): Promise<void> {
  const id = parseId('wallet_config', text);
  const all = await readConfigs(db);
  const row = all.find((one) => one.id === id);
  if (row === undefined) throw new Error(`no configuration ${text}; hutong wallet list shows them`);
  if (status === 'retiring') await printRetiring(cells, row, print);
  const verb = status === 'active' ? 'activated' : 'retired';
  await setConfigStatus(db, row, status, cliNote(ids, row.marketplace, `wallet_config.${verb}`));
  const others = all.filter(
    (one) =>
      one.id !== row.id &&
      one.marketplace === row.marketplace &&
      one.wallet === row.wallet &&
      one.status === 'active',
  );
  if (status === 'active') {
    print(`${row.id}  ${row.wallet}${identityOf(row)} is active; offers follow within two seconds`);
    for (const other of others) print(`${other.id}  is active beside it${identityOf(other)}`);
  } else if (others.length === 0) {
    print(`! no configuration of ${row.wallet} is active there now: it is not offered`);
  }
}
