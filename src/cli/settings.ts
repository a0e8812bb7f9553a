/** Settings from the environment, checked once at start; an error names its setting. */
import fs from 'node:fs';
import path from 'node:path';
import { err, ok, type Result } from '../kernel/result.ts';
import { fileSource, textSource } from '../runtime/key-file.ts';
import { type KeyRing, openKeyRing } from '../runtime/key-ring.ts';
import type { Random } from '../runtime/random.ts';
import { isBlockedPort, isLoopbackHost, webAddressProblem } from '../runtime/web-address.ts';
import { type Environment, wholeNumber } from './environment.ts';
import { NETWORK_HELP, type NetworkSettings, readNetworkSettings } from './network-settings.ts';

export interface Settings extends NetworkSettings {
  readonly dir: string;
  readonly port: number;
  readonly sandboxPort: number;
  readonly bazaarPort: number;
  readonly host: string;
  readonly databaseUrl: string | null;
  readonly lanes: number;
  /** By setting: where cells are that are not in the home's database. */
  readonly cellUrls: ReadonlyMap<string, string>;
  readonly publicUrl: string;
  readonly logLevel: string;
  readonly hasRateLimit: boolean;
  /** null = buyers are kept until a marketplace requests their erasure. */
  readonly buyerRetentionDays: number | null;
  /** null = events, deliveries and notifications are kept. */
  readonly eventRetentionDays: number | null;
}

export const SETTING_HELP: readonly (readonly [string, string])[] = [
  ['HUTONG_DIR', 'where keys, credentials and PGlite are kept (.hutong)'],
  ['HUTONG_PORT', 'the platform (4000)'],
  ['HUTONG_SANDBOX_PORT', 'the sandbox city (4100)'],
  ['HUTONG_BAZAAR_PORT', 'the example shop (4200)'],
  ['HUTONG_HOST', 'address to listen on (127.0.0.1)'],
  ['HUTONG_PUBLIC_URL', 'where wallets and buyers reach the platform (http://127.0.0.1:PORT)'],
  ['DATABASE_URL', 'PostgreSQL 15 or later; without it PGlite in HUTONG_DIR/db'],
  ['DATABASE_URL_…', 'a cell’s database, by the name that hutong cells add was given'],
  ['HUTONG_LANES', 'writing connections on PostgreSQL, shared by all cells (4)'],
  ['HUTONG_MASTER_KEY', 'keys of 64 hex digits, comma separated; or HUTONG_MASTER_KEY_FILE'],
  ...NETWORK_HELP,
  ['HUTONG_RATE_LIMIT', '0 = none'],
  [
    'HUTONG_BUYER_RETENTION_DAYS',
    'days after which buyers’ numbers and addresses are erased; 0 = never (0)',
  ],
  [
    'HUTONG_EVENT_RETENTION_DAYS',
    'days after which events, deliveries and callbacks are dropped; 0 = never (400)',
  ],
  ['HUTONG_LOG_LEVEL', 'info, warn, error, debug (warn in the demo)'],
];

export function readSettings(environment: Environment): Result<Settings, string> {
  const port = wholeNumber(environment, 'HUTONG_PORT', 4000, 0, 65_535);
  const sandboxPort = wholeNumber(environment, 'HUTONG_SANDBOX_PORT', 4100, 0, 65_535);
  const bazaarPort = wholeNumber(environment, 'HUTONG_BAZAAR_PORT', 4200, 0, 65_535);
  const lanes = wholeNumber(environment, 'HUTONG_LANES', 4, 1, 64);
  const retention = wholeNumber(environment, 'HUTONG_BUYER_RETENTION_DAYS', 0, 0, 36_500);
  const kept = wholeNumber(environment, 'HUTONG_EVENT_RETENTION_DAYS', 400, 0, 36_500);
  for (const number of [port, sandboxPort, bazaarPort, lanes, retention, kept])
    if (!number.ok) return number;
  const wrong = firstMistake(environment);
  if (wrong !== null) return err(wrong);
  const network = readNetworkSettings(environment, numberOf(port));
  if (!network.ok) return network;
  const host = environment.HUTONG_HOST || '127.0.0.1';
  const publicUrl = environment.HUTONG_PUBLIC_URL || `http://127.0.0.1:${numberOf(port)}`;
  const unsafe = webAddressProblem(publicUrl);
  if (unsafe !== null) return err(`HUTONG_PUBLIC_URL ${unsafe} (it is ${publicUrl})`);
  return ok({
    ...network.value,
    dir: path.resolve(environment.HUTONG_DIR || '.hutong'),
    port: numberOf(port),
    sandboxPort: numberOf(sandboxPort),
    bazaarPort: numberOf(bazaarPort),
    host,
    databaseUrl: environment.DATABASE_URL || null,
    lanes: numberOf(lanes),
    cellUrls: cellUrlsOf(environment),
    publicUrl: publicUrl.replace(/\/+$/, ''),
    logLevel: environment.HUTONG_LOG_LEVEL || 'info',
    hasRateLimit: environment.HUTONG_RATE_LIMIT !== '0',
    buyerRetentionDays: numberOf(retention) === 0 ? null : numberOf(retention),
    eventRetentionDays: numberOf(kept) === 0 ? null : numberOf(kept),
  });
}

/** Every mistake, not only the first: each begins with the name of its setting. */
export function settingProblems(environment: Environment): readonly string[] {
  const rest = new Map(Object.entries(environment));
  const found: string[] = [];
  for (;;) {
    const read = readSettings(Object.fromEntries(rest));
    if (read.ok) return found;
    found.push(read.error);
    const [name = ''] = /^[A-Z_]+/.exec(read.error) ?? [];
    // A message that names no variable in the environment would be found again for ever.
    if (!rest.delete(name)) return found;
  }
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'];
const SWITCHES = ['HUTONG_RATE_LIMIT'];
/** Longer than the tries of a delivery and of its resend. */
const EVENT_DAYS_MIN = 7;
const PORTS = ['HUTONG_PORT', 'HUTONG_SANDBOX_PORT', 'HUTONG_BAZAAR_PORT'];

/** Mistakes that would otherwise be ignored silently, or found long after the start. */
function firstMistake(environment: Environment): string | null {
  for (const name of SWITCHES) {
    const text = environment[name] ?? '';
    if (!['', '0', '1'].includes(text)) return `${name} is 0 or 1, not ${text}`;
  }
  const level = environment.HUTONG_LOG_LEVEL ?? '';
  if (level !== '' && !LOG_LEVELS.includes(level))
    return `HUTONG_LOG_LEVEL is one of ${LOG_LEVELS.join(', ')}, not ${level}`;
  const kept = Number(environment.HUTONG_EVENT_RETENTION_DAYS ?? '');
  if (kept > 0 && kept < EVENT_DAYS_MIN)
    return `HUTONG_EVENT_RETENTION_DAYS is 0 or at least ${EVENT_DAYS_MIN}: a webhook is tried for four`;
  for (const name of PORTS) {
    const text = environment[name] ?? '';
    if (isBlockedPort(Number(text)))
      return `${name} is ${text}, a port that browsers refuse to open: take another one`;
  }
  return (
    databaseProblem('DATABASE_URL', environment.DATABASE_URL ?? '') ??
    [...cellUrlsOf(environment)].map(([name, url]) => databaseProblem(name, url)).find(isProblem) ??
    null
  );
}

const isProblem = (text: string | null): text is string => text !== null;

/** `DATABASE_URL_EAST` and its like. */
function cellUrlsOf(environment: Environment): ReadonlyMap<string, string> {
  const named = Object.entries(environment).filter(([name]) =>
    /^DATABASE_URL_[A-Z0-9_]+$/.test(name),
  );
  return new Map(named.flatMap(([name, url]) => (url ? [[name, url]] : [])));
}

const ENCRYPTED = ['require', 'verify-ca', 'verify-full'];

/** The URL has a password: it is not repeated. */
function databaseProblem(name: string, text: string): string | null {
  if (text === '') return null;
  if (!/^postgres(ql)?:\/\//.test(text)) return `${name} begins with postgres:// or postgresql://`;
  if (!URL.canParse(text)) return `${name} is not an address: escape what its password holds`;
  const { hostname, searchParams } = new URL(text);
  const host = decodeURIComponent(searchParams.get('host') ?? hostname);
  const isHere = host === '' || host.startsWith('/') || isLoopbackHost(host);
  const isEncrypted = ENCRYPTED.includes(searchParams.get('sslmode') ?? '');
  if (isHere || isEncrypted) return null;
  return (
    `${name} leads to ${host} in the clear: add ?sslmode=verify-full (and sslrootcert=FILE for ` +
    'a certificate authority of your own)'
  );
}

function numberOf(result: Result<number, string>): number {
  return result.ok ? result.value : Number.NaN;
}

/**
 * The master keys, from the environment or a file. `mayCreate`: the demo creates one in its folder;
 * production never does, since with a new key the existing ciphertext could not be opened.
 */
export function readKeyRing(
  environment: Environment,
  dir: string,
  random: Random,
  mayCreate: boolean,
): Result<KeyRing, string> {
  if (environment.HUTONG_MASTER_KEY !== undefined)
    return openKeyRing(textSource('HUTONG_MASTER_KEY', environment.HUTONG_MASTER_KEY));
  const file = environment.HUTONG_MASTER_KEY_FILE ?? path.join(dir, 'master.key');
  if (!fs.existsSync(file)) {
    if (!mayCreate)
      return err(
        `no master key: set HUTONG_MASTER_KEY or HUTONG_MASTER_KEY_FILE (${file} is not there)`,
      );
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
    fs.writeFileSync(file, `${random.bytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  }
  return openKeyRing(fileSource(file));
}
