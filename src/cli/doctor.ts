/**
 * `hutong doctor`: what would stop a start (✗), and what works but will be regretted (!), each with
 * what to do about it. No secret is printed.
 */
import fs from 'node:fs';
import { describeIdentity, isOfAccount } from '../core/wallet-config.ts';
import { openEnvelope, walletSecretPlace } from '../flows/envelope.ts';
import { wallClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { clearAddresses } from '../runtime/web-address.ts';
import type { Db } from '../store/db.ts';
import { readMasterKeys } from '../store/key-ring.ts';
import { readMarketplaces } from '../store/marketplaces.ts';
import { readConfigs, type WalletConfigRow } from '../store/wallet-configs.ts';
import { walletModule } from '../wallets/registry.ts';
import { openDatabase } from './open-database.ts';
import { demoPorts, portProblem, type WantedPort } from './ports.ts';
import { readKeyRing, readSettings, type Settings } from './settings.ts';

type Print = (line: string) => void;

/** True when nothing is wrong. */
export async function doctor(environment: NodeJS.ProcessEnv, print: Print): Promise<boolean> {
  const settings = readSettings(environment);
  if (!settings.ok) {
    print(`✗ settings   ${settings.error}`);
    return false;
  }
  print(`✓ settings   folder ${settings.value.dir}`);
  const checks = [
    checkMasterKey(environment, settings.value, print),
    ...(await Promise.all(demoPorts(settings.value).map((wanted) => checkPort(wanted, print)))),
    await checkDatabase(environment, settings.value, print),
  ];
  return checks.every((isGood) => isGood);
}

function checkMasterKey(environment: NodeJS.ProcessEnv, settings: Settings, print: Print): boolean {
  const ring = readKeyRing(environment, settings.dir, systemRandom, false);
  if (!ring.ok) print(`✗ master key ${ring.error} (npm start makes one for the demo)`);
  else print(`✓ master key ${ring.value.all().map(({ kid }) => kid)} of ${ring.value.source.name}`);
  return ring.ok;
}

async function checkPort(wanted: WantedPort, print: Print): Promise<boolean> {
  const problem = await portProblem(wanted);
  const name = wanted.name.padEnd(10);
  print(problem === null ? `✓ ${name} port ${wanted.port} is free` : `✗ ${name} ${problem}`);
  return problem === null;
}

async function checkDatabase(
  environment: NodeJS.ProcessEnv,
  settings: Settings,
  print: Print,
): Promise<boolean> {
  if (settings.databaseUrl === null && !fs.existsSync(settings.dir)) {
    print('✓ database   PGlite, made at the first start');
    return true;
  }
  try {
    const db = await openDatabase(settings, () => undefined);
    try {
      const marketplaces = await readMarketplaces(db);
      print(`✓ database   ${db.kind}, ${marketplaces.length} marketplaces`);
      return await checkWallets(db, environment, settings, print);
    } finally {
      await db.close();
    }
  } catch (error) {
    print(`✗ database   ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

/** Every account's credentials: opened with the master key, and read for what they lack. */
async function checkWallets(
  db: Db,
  environment: NodeJS.ProcessEnv,
  settings: Settings,
  print: Print,
): Promise<boolean> {
  const ring = readKeyRing(environment, settings.dir, systemRandom, false);
  // The missing key has its own line.
  if (!ring.ok) return false;
  // A look begins nothing: the first start does.
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
    const { marketplace, wallet, sealed, status } = row;
    const who = `${wallet.padEnd(10)} of ${names.get(marketplace) ?? marketplace}`;
    const account = `${row.id}${identityText(row)}`;
    const clear = await envelope.value.open(sealed, walletSecretPlace(row, wallet));
    const problem = clear.ok
      ? identityProblem(row, JSON.parse(clear.value))
      : 'its credentials do not open with this master key; set them anew';
    if (problem !== undefined) {
      print(`✗ ${who}: ${account} ${problem}`);
      isGood = false;
      continue;
    }
    print(`✓ ${who}: ${account} ${status}`);
    const advice = walletModule(wallet)?.advise?.(JSON.parse(clear.ok ? clear.value : '')) ?? [];
    for (const { field, message } of advice) print(`! ${who}: ${field} ${message}`);
  }
  return isGood;
}

function identityText({ identity }: WalletConfigRow): string {
  return identity === null ? '' : ` (${describeIdentity(identity)})`;
}

/** Whose account the row says it is, against whose its credentials are. */
function identityProblem(row: WalletConfigRow, credentials: unknown): string | undefined {
  const identity = walletModule(row.wallet)?.identityOf(credentials);
  if (identity === undefined) return 'holds credentials that are not well formed';
  const [clear] = clearAddresses(credentials);
  if (clear !== undefined) return `calls ${clear} by http: name an https address and set it anew`;
  if (row.identity === null || isOfAccount(row.identity, identity)) return undefined;
  return `holds credentials of another account (${describeIdentity(identity)}): set its own anew`;
}
