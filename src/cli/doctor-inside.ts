/**
 * The database checks of `hutong doctor`: its version and clock, every account's credentials and
 * certificates, callback addresses, overdue work, failing endpoints. It runs where the database is
 * open: in a process of its own, or inside the platform that has the folder.
 */
import { X509Certificate } from 'node:crypto';
import { normalSide, transferInTransit } from '../core/ledger/chart.ts';
import { describeIdentity, isOfAccount } from '../core/wallet/config.ts';
import type { Db } from '../database/db.ts';
import { MIGRATIONS_FOLDER, readMigrations } from '../database/migrate.ts';
import { type Envelope, openEnvelope, walletSecretPlace } from '../flows/key/envelope.ts';
import { DUE_TABLES } from '../flows/sweeps.ts';
import { wallClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { clearAddresses, isLoopbackHost } from '../runtime/web-address.ts';
import { readDifferences, readTransitDifferences } from '../store/balance/differences.ts';
import type { Cells } from '../store/cells.ts';
import {
  readClock,
  readFailingEndpoints,
  readOverdue,
  readSchemaVersion,
  readUncarried,
} from '../store/health.ts';
import { readMasterKeys } from '../store/key/key-ring.ts';
import { readUnattributed } from '../store/ledger/queries.ts';
import { readMarketplaces } from '../store/merchant/marketplaces.ts';
import { readConfigs, type WalletConfigRow } from '../store/wallet/configs.ts';
import { walletModule } from '../wallets/registry.ts';
import type { Print } from './admin-names.ts';
import { readKeyRing, type Settings } from './settings.ts';
import { describeRefusal } from './wallet-admin.ts';

export interface Inside {
  readonly cells: Cells;
  readonly settings: Settings;
  /** Business time, for judging what is overdue. */
  readonly nowMs: () => number;
}

const SKEW_MS_MAX = 5_000;
const LATE_MS = 60_000;
const UNCARRIED_MS = 15 * 60_000;
const FAILED_TRIES = 3;
const DAY_MS = 86_400_000;
const EXPIRY_WARNING_DAYS = 30;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** True if nothing is wrong; mere warnings are printed with `!`. */
export async function lookInside(inside: Inside, print: Print): Promise<boolean> {
  const { cells, settings } = inside;
  const db = cells.home;
  if (!(await checkSchema(db, print))) return false;
  const checks = [
    await checkClock(db, print),
    await checkWallets(db, settings, print),
    await checkLateness(inside, print),
  ];
  await warnOfTransfers(inside, print);
  await warnOfBalances(cells, print);
  await warnOfEndpoints(cells, print);
  return checks.every((isGood) => isGood);
}

async function checkSchema(db: Db, print: Print): Promise<boolean> {
  const here = readMigrations(MIGRATIONS_FOLDER).length;
  const there = await readSchemaVersion(db);
  if (there === here) {
    const marketplaces = await readMarketplaces(db);
    print(`✓ database   ${db.kind}, schema ${there}, ${marketplaces.length} marketplaces`);
    return true;
  }
  print(
    there < here
      ? `✗ database   schema ${there} of ${here}: hutong migrate brings it up (each start does, too)`
      : `✗ database   schema ${there} is newer than this version's ${here}: update Hutong`,
  );
  return false;
}

async function checkClock(db: Db, print: Print): Promise<boolean> {
  const { skewMs, tookMs } = await readClock(db, () => wallClock.nowMs());
  const off = `${(Math.abs(skewMs) / 1_000).toFixed(1)} s ${skewMs > 0 ? 'behind' : 'ahead of'}`;
  const isGood = Math.abs(skewMs) <= SKEW_MS_MAX;
  print(
    isGood
      ? `✓ clock      agrees with the database's (${Math.round(tookMs)} ms away)`
      : `✗ clock      this machine is ${off} the database's: set both by NTP; until then this process does no due work`,
  );
  return isGood;
}

/** Every account's credentials: opened with the master key, and checked for what they lack. */
async function checkWallets(db: Db, settings: Settings, print: Print): Promise<boolean> {
  const ring = readKeyRing(process.env, settings.dir, systemRandom, false);
  // The missing key is reported in a line of its own.
  if (!ring.ok) return false;
  // Doctor must not initialize a database: the first start does.
  if ((await readMasterKeys(db)).length === 0) return true;
  const seams = { db, ring: ring.value, wall: wallClock, random: systemRandom };
  const envelope = await openEnvelope(seams);
  if (!envelope.ok) {
    print(`✗ master key ${envelope.error}`);
    return false;
  }
  const names = new Map((await readMarketplaces(db)).map(({ id, name }) => [id, name]));
  let isGood = true;
  for (const row of await readConfigs(db)) {
    const who = `${row.wallet.padEnd(10)} of ${names.get(row.marketplace) ?? row.marketplace}`;
    if (!(await checkConfig({ row, who, envelope: envelope.value, settings }, print)))
      isGood = false;
  }
  return isGood;
}

interface Checked {
  readonly row: WalletConfigRow;
  readonly who: string;
  readonly envelope: Envelope;
  readonly settings: Settings;
}

async function checkConfig(
  { row, who, envelope, settings }: Checked,
  print: Print,
): Promise<boolean> {
  const identity = row.identity === null ? '' : ` (${describeIdentity(row.identity)})`;
  const account = `${row.id}${identity}`;
  const clear = await envelope.open(row.sealed, walletSecretPlace(row, row.wallet));
  const credentials: unknown = clear.ok ? JSON.parse(clear.value) : undefined;
  const problem = clear.ok
    ? (identityProblem(row, credentials) ?? addressProblem(settings, credentials))
    : 'its credentials do not open with this master key; set them again';
  print(
    problem === undefined
      ? `✓ ${who}: ${account} ${row.status}, ${modeOf(row, credentials)}`
      : `✗ ${who}: ${account} ${problem}`,
  );
  if (row.refusal !== null) print(`✗ ${who}: ${describeRefusal(row.refusal)}; ${REFUSED_HELP}`);
  if (!clear.ok) return false;
  const module = walletModule(row.wallet);
  // Would be refused if it were set now, but works as stored: so it is only a warning.
  const advice = [...(module?.review(credentials) ?? []), ...(module?.advise(credentials) ?? [])];
  for (const { field, message } of advice) print(`! ${who}: ${field} ${message}`);
  for (const line of expiries(credentials, wallClock.nowMs())) print(`! ${who}: ${line}`);
  return problem === undefined && row.refusal === null;
}

const REFUSED_HELP =
  'set the right ones (hutong wallet), or have the permission opened there; this is cleared ' +
  'when that succeeds again';

/** The keys that move its money. */
function modeOf(row: WalletConfigRow, credentials: unknown): 'live' | 'test' {
  return walletModule(row.wallet)?.isLivemode(credentials) === false ? 'test' : 'live';
}

/** The account stored with the row, compared with that of its credentials. */
function identityProblem(row: WalletConfigRow, credentials: unknown): string | undefined {
  const identity = walletModule(row.wallet)?.identityOf(credentials);
  if (identity === undefined) return 'holds credentials that are not well formed';
  const [clear] = clearAddresses(credentials);
  if (clear !== undefined) return `calls ${clear} by http: name an https address and set it again`;
  if (row.identity === null || isOfAccount(row.identity, identity)) return undefined;
  return `holds credentials of another account (${describeIdentity(identity)}): set its own`;
}

const isLoopbackUrl = (url: string): boolean => isLoopbackHost(new URL(url).hostname);

/** A wallet on another machine cannot call back to this machine's loopback address. */
function addressProblem({ publicUrl }: Settings, credentials: unknown): string | undefined {
  const endpoints = (credentials as { readonly endpoints?: unknown } | null)?.endpoints;
  const urls = textsOf(endpoints ?? []).filter((text) => /^https?:/.test(text));
  const isOutside = urls.length === 0 ? false : urls.some((url) => !isLoopbackUrl(url));
  return isOutside && isLoopbackUrl(publicUrl)
    ? `would be called back at ${publicUrl}, which it cannot reach: set HUTONG_PUBLIC_URL`
    : undefined;
}

/** Certificates among the credentials that have expired or will soon. */
export function expiries(credentials: unknown, nowMs: number): string[] {
  const pems = textsOf(credentials).flatMap((text) => text.match(CERTIFICATE) ?? []);
  return [...new Set(pems)].flatMap((pem) => {
    const certificate = readCertificate(pem);
    if (certificate === undefined) return [];
    const days = Math.floor((Date.parse(certificate.validTo) - nowMs) / DAY_MS);
    if (days >= EXPIRY_WARNING_DAYS) return [];
    const name = certificate.subject.replaceAll('\n', ', ');
    return [
      days < 0
        ? `its certificate (${name}) ended ${-days} days ago: set the new one`
        : `its certificate (${name}) ends in ${days} days: have it renewed`,
    ];
  });
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(textsOf);
}

async function checkLateness({ cells, nowMs }: Inside, print: Print): Promise<boolean> {
  const late = await readOverdue(cells, DUE_TABLES, nowMs() - LATE_MS);
  for (const { what, rows, sinceMs } of late) {
    const minutes = Math.ceil((nowMs() - sinceMs) / 60_000);
    print(
      `! due work   ${rows} of ${what} are up to ${minutes} minutes late: is a platform running?`,
    );
  }
  if (late.length === 0) print('✓ due work   nothing is late');
  return true;
}

/** Each try moves its next one on, so one that never gets through is not late for due work. */
async function warnOfTransfers({ cells, nowMs }: Inside, print: Print): Promise<void> {
  const found = await readUncarried(cells, nowMs() - UNCARRIED_MS);
  if (found === undefined) return;
  const { rows, amountFen, oldest } = found;
  const minutes = Math.floor((nowMs() - oldest.createdAtMs) / 60_000);
  print(
    `! transfers  ${rows} of ${amountFen} fen do not reach their balance, the oldest ` +
      `(${oldest.kind} ${oldest.id} of ${oldest.intent}) for ${minutes} minutes: the log says why`,
  );
}

/**
 * Money that an upgrade could not attribute stays where it was, under its merchant's name. And what
 * a balance holds stands in the books, under the same account; what is between them, too.
 */
async function warnOfBalances(cells: Cells, print: Print): Promise<void> {
  for (const { account, netFen } of await readUnattributed(cells)) {
    const balanceFen = normalSide(account) === 'debit' ? -netFen : netFen;
    print(
      `! ledger     ${account} still holds ${balanceFen} fen: of which account at the wallet they ` +
        'are is not known',
    );
  }
  for (const { account, ledgerFen, balanceFen } of await readDifferences(cells)) {
    const isDebit = normalSide(account) === 'debit';
    const [booked, kept] = isDebit ? [-ledgerFen, -balanceFen] : [ledgerFen, balanceFen];
    print(
      `! ledger     ${account} holds ${booked} fen in the books and ${kept} fen in its balance: ` +
        'pay nothing out of it before the difference is explained',
    );
  }
  for (const { marketplace, ledgerFen, owedFen } of await readTransitDifferences(cells)) {
    print(
      `! ledger     ${transferInTransit} of ${marketplace} holds ${ledgerFen} fen in the books and ` +
        `${owedFen} fen by its transfers: pay nothing out before the difference is explained`,
    );
  }
}

async function warnOfEndpoints(cells: Cells, print: Print): Promise<void> {
  for (const { id, url, waiting, tries, why } of await readFailingEndpoints(cells, FAILED_TRIES)) {
    const reason = why === null ? '' : ` (${why})`;
    print(
      `! webhooks   ${id} ${new URL(url).origin}: ${waiting} events wait after ${tries} tries${reason}`,
    );
  }
}
