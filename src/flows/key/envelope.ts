/**
 * Secrets at rest and tokens, under the key ring. A secret is sealed under its marketplace's data
 * key, which is sealed under a master key; a token is a digest under the master key that its seed
 * names. The database says which master key is current and which are retired; `refresh` reads it
 * again. Keys are opened once and cached, so a token costs one HMAC and a secret one AES.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Db } from '../../database/db.ts';
import { assert, must } from '../../kernel/assert.ts';
import { formatId, type Id } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import type { Clock } from '../../runtime/clock.ts';
import {
  kidOfSealed,
  type NamedKey,
  openV1,
  openWith,
  type SealedPlace,
  sealWith,
} from '../../runtime/envelope.ts';
import type { KeyRing, MasterKey } from '../../runtime/key-ring.ts';
import type { Random } from '../../runtime/random.ts';
import {
  addDataKey,
  type DataKeyPurpose,
  type DataKeyRow,
  readCurrentDataKey,
  readDataKey,
} from '../../store/key/data-keys.ts';
import { beginMasterKeys, type MasterKeyRow, readMasterKeys } from '../../store/key/key-ring.ts';
import {
  readStaleValues,
  SEALED_COLUMNS,
  type SealedColumn,
  type SealedValue,
} from '../../store/key/sealed-values.ts';

export type Seal = (secret: string, place: SealedPlace) => string;

export interface Envelope {
  readonly ring: KeyRing;
  /** Seals under the marketplace's current data key, which is created if there is none. */
  readonly sealer: (marketplace: Id<'marketplace'>) => Promise<Seal>;
  readonly open: (sealed: string, place: SealedPlace) => Promise<Result<string, string>>;
  /**
   * What a payment stores for its tokens: the id of the key to derive them under, and random bytes.
   */
  readonly newTokenSeed: () => string;
  /** A keyed digest for tokens that are derived again but never stored (160 bits, hex). */
  readonly digest: (purpose: string, seed: string, text?: string) => string;
  /** A keyed hash for later comparison, which survives every master key rotation. */
  readonly fingerprint: (purpose: string, text: string) => string;
  readonly isFingerprint: (stored: string, purpose: string, text: string) => boolean;
  readonly currentKid: () => string;
  /** Re-reads the ring's source and the database; the error says what must be fixed. */
  readonly refresh: () => Promise<Result<void, string>>;
  /** Creates a new data key, which seals everything from now on. */
  readonly replaceDataKey: (row: Pick<DataKeyRow, 'marketplace' | 'purpose'>) => Promise<void>;
  readonly sealDataKey: (row: Omit<DataKeyRow, 'sealed'>, key: Buffer) => string;
  readonly openDataKey: (row: DataKeyRow) => Result<Buffer, string>;
}

export interface EnvelopeOptions {
  readonly db: Db;
  readonly ring: KeyRing;
  readonly wall: Clock;
  readonly random: Random;
}

const KEY_BYTES = 32;
const DATA_KID_BYTES = 8;
const SEED_BYTES = 20;
const DIGEST_DIGITS = 40;
const FINGERPRINT_MARK = 'f1.';

/** The database's state of the master keys, as this process read it last. */
interface Standing {
  readonly current: string;
  readonly origin: string;
  readonly retired: ReadonlySet<string>;
}

interface Seen {
  standing: Standing;
}

/** Refuses if this process could not open existing values: the ring lacks the current key. */
export async function openEnvelope(options: EnvelopeOptions): Promise<Result<Envelope, string>> {
  const { db, ring, wall } = options;
  let rows = await readMasterKeys(db);
  if (rows.length === 0) {
    const origin = await originOf(db, ring);
    if (!origin.ok) return origin;
    await beginMasterKeys(db, origin.value, wall.nowMs());
    rows = await readMasterKeys(db);
  }
  const seen: Seen = { standing: standingOf(rows) };
  if (ring.key(seen.standing.current) === undefined) return err(lacksCurrent(ring, seen));
  const keys = createDataKeys(options, seen);
  const hashKey = await keys.current(null, 'idempotency');
  return hashKey.ok ? ok(createEnvelope(options, seen, keys, hashKey.value)) : hashKey;
}

const SAMPLES_MAX = 20;

/**
 * The key for a database that names none yet: the one that opens its sealed values, or the first.
 */
async function originOf(db: Db, ring: KeyRing): Promise<Result<string, string>> {
  let count = 0;
  for (const column of SEALED_COLUMNS) {
    for (const value of await readStaleValues(db, column, 0n, SAMPLES_MAX)) {
      if (kidOfSealed(value.sealed).ok) count += 1;
      const place = placeOfValue(column, value);
      const found = ring.all().find(({ key }) => openV1(key, value.sealed, place).ok);
      if (found !== undefined) return ok(found.kid);
    }
  }
  if (count === 0) return ok(ring.first.kid);
  return err(
    `${ring.source.name}: its keys open nothing of this database: the master key is another`,
  );
}

function lacksCurrent({ source }: KeyRing, { standing }: Seen): string {
  return (
    `${source.name} lacks the current master key ${standing.current}: ` +
    'it must hold what the other processes hold, or what this database was made with'
  );
}

function standingOf(rows: readonly MasterKeyRow[]): Standing {
  const current = must(
    rows.find(({ status }) => status === 'current'),
    'one master key is current',
  );
  const origin = must(
    rows.find(({ isOrigin }) => isOrigin),
    'one master key is the origin',
  );
  const retired = rows.filter(({ status }) => status === 'retired').map(({ kid }) => kid);
  return { current: current.kid, origin: origin.kid, retired: new Set(retired) };
}

function createEnvelope(
  { db, ring, random }: EnvelopeOptions,
  seen: Seen,
  keys: DataKeys,
  hashKey: NamedKey,
): Envelope {
  const tokenKeyOf = (seed: string): Buffer =>
    tokenKey(ring, seen.standing, kidOfSeed(seed)).tokenKey;
  const fingerprint = (purpose: string, text: string): string =>
    FINGERPRINT_MARK + digestOf(hashKey.key, purpose, text);
  return {
    ring,
    sealer: async (marketplace) => {
      const key = await keys.current(marketplace, 'seal');
      if (!key.ok) throw new Error(key.error);
      return (secret, place) => sealWith(key.value, random, secret, place);
    },
    open: async (sealed, place) => {
      const kid = kidOfSealed(sealed);
      if (!kid.ok) return err(`${place.field}: ${kid.error}`);
      if (kid.value === null) return openUnnamed(ring, seen.standing, sealed, place);
      const key = await keys.named(kid.value, place);
      return key.ok ? openWith(key.value, sealed, place) : key;
    },
    newTokenSeed: () => `${seen.standing.current}.${random.bytes(SEED_BYTES).toString('hex')}`,
    digest: (purpose, seed, text = seed) => digestOf(tokenKeyOf(seed), purpose, text),
    fingerprint,
    isFingerprint: (stored, purpose, text) =>
      stored.startsWith(FINGERPRINT_MARK)
        ? isSame(stored, fingerprint(purpose, text))
        : isSame(stored, digestOf(tokenKey(ring, seen.standing, null).tokenKey, purpose, text)),
    currentKid: () => seen.standing.current,
    refresh: async () => {
      const read = ring.refresh();
      seen.standing = standingOf(await readMasterKeys(db));
      return ring.key(seen.standing.current) === undefined ? err(lacksCurrent(ring, seen)) : read;
    },
    replaceDataKey: keys.replace,
    sealDataKey: (row, key) => {
      const master = must(ring.key(seen.standing.current), 'the ring has the current key');
      return sealWith(master, random, key.toString('base64'), dataKeyPlace(row));
    },
    openDataKey: (row) => openDataKey(ring, row),
  };
}

function digestOf(key: Buffer, purpose: string, text: string): string {
  const hash = createHmac('sha256', key).update(`${purpose}\n${text}`).digest('hex');
  return hash.slice(0, DIGEST_DIGITS);
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** null = a seed from before the key ring. */
function kidOfSeed(seed: string): string | null {
  const dot = seed.indexOf('.');
  return dot < 0 ? null : seed.slice(0, dot);
}

/**
 * The key that a token is derived under. Tokens of a retired key are derived under the current one
 * from then on: the old token is invalid, and an authorized caller is given a valid one.
 */
function tokenKey(ring: KeyRing, standing: Standing, named: string | null): MasterKey {
  const kid = named ?? standing.origin;
  const key = ring.key(standing.retired.has(kid) ? standing.current : kid);
  assert(key !== undefined, `${ring.source.name} lacks the master key ${kid} of an open token`);
  return key;
}

/** v1 names no key: the original key is tried first, then every other one held. */
function openUnnamed(
  ring: KeyRing,
  standing: Standing,
  sealed: string,
  place: SealedPlace,
): Result<string, string> {
  const origin = ring.key(standing.origin);
  const candidates = new Set([...(origin === undefined ? [] : [origin]), ...ring.all()]);
  let last: Result<string, string> = err(`${place.field}: no master key is held`);
  for (const { kid, key } of candidates) {
    if (standing.retired.has(kid)) continue;
    last = openV1(key, sealed, place);
    if (last.ok) return last;
  }
  return last;
}

function dataKeyPlace({ kid, marketplace, purpose }: Omit<DataKeyRow, 'sealed'>): SealedPlace {
  return { marketplace, table: 'data_keys', row: kid, field: `data_keys.${purpose}` };
}

function openDataKey(ring: KeyRing, row: DataKeyRow): Result<Buffer, string> {
  const kid = kidOfSealed(row.sealed);
  if (!kid.ok || kid.value === null) return err(`data key ${row.kid}: it is not sealed as v2`);
  const master = ring.key(kid.value);
  if (master === undefined)
    return err(`data key ${row.kid} wants the master key ${kid.value}: add it to the ring`);
  const clear = openWith(master, row.sealed, dataKeyPlace(row));
  return clear.ok ? ok(Buffer.from(clear.value, 'base64')) : clear;
}

interface DataKeys {
  readonly named: (kid: string, place: SealedPlace) => Promise<Result<NamedKey, string>>;
  readonly current: (
    marketplace: Id<'marketplace'> | null,
    purpose: DataKeyPurpose,
  ) => Promise<Result<NamedKey, string>>;
  readonly replace: Envelope['replaceDataKey'];
}

const TRIES_MAX = 5;

function createDataKeys({ db, ring, wall, random }: EnvelopeOptions, seen: Seen): DataKeys {
  const opened = new Map<string, NamedKey & { readonly marketplace: string | null }>();
  const openRow = (row: DataKeyRow): Result<NamedKey, string> => {
    const known = opened.get(row.kid);
    if (known !== undefined) return ok(known);
    const key = openDataKey(ring, row);
    if (!key.ok) return key;
    const named = { kid: row.kid, key: key.value, marketplace: row.marketplace };
    opened.set(row.kid, named);
    return ok(named);
  };
  const add = (
    row: Pick<DataKeyRow, 'marketplace' | 'purpose'>,
    replaces: boolean,
    under: MasterKey,
  ): Promise<boolean> => {
    const { marketplace, purpose } = row;
    const kid = random.bytes(DATA_KID_BYTES).toString('hex');
    const place = dataKeyPlace({ kid, marketplace, purpose });
    const sealed = sealWith(under, random, random.bytes(KEY_BYTES).toString('base64'), place);
    return addDataKey(db, {
      row: { kid, marketplace, purpose, sealed },
      masterKid: under.kid,
      createdAtMs: wall.nowMs(),
      replaces,
    });
  };
  return {
    named: async (kid, place) => {
      const known = opened.get(kid);
      if (known !== undefined)
        return known.marketplace === place.marketplace ? ok(known) : err(foreign(place, kid));
      const row = await readDataKey(db, kid);
      if (row === undefined) return err(`${place.field}: there is no data key ${kid}`);
      return row.marketplace === place.marketplace ? openRow(row) : err(foreign(place, kid));
    },
    current: async (marketplace, purpose) => {
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        const row = await readCurrentDataKey(db, marketplace, purpose);
        if (row !== undefined) return openRow(row);
        seen.standing = standingOf(await readMasterKeys(db));
        const under = ring.key(seen.standing.current);
        if (under !== undefined) await add({ marketplace, purpose }, false, under);
      }
      return err('no data key could be made: the current master key is not in this ring');
    },
    replace: async (row) => {
      const under = must(ring.key(seen.standing.current), 'the ring has the current master key');
      await add(row, true, under);
    },
  };
}

function foreign(place: SealedPlace, kid: string): string {
  return `${place.field}: the data key ${kid} is of another marketplace: a value was moved`;
}

export function placeOfValue(
  { table }: SealedColumn,
  { id, marketplace, wallet }: SealedValue,
): SealedPlace {
  return table === 'wallet_configs'
    ? walletSecretPlace({ id: formatId('wallet_config', id), marketplace }, wallet as WalletName)
    : endpointSecretPlace({ id: formatId('webhook_endpoint', id), marketplace });
}

export function walletSecretPlace(
  row: { readonly id: Id<'wallet_config'>; readonly marketplace: Id<'marketplace'> },
  wallet: WalletName,
): SealedPlace {
  const { id, marketplace } = row;
  return { marketplace, table: 'wallet_configs', row: id, field: `wallet_configs.${wallet}` };
}

/** Both secrets of an endpoint, the current and the previous one, are bound to one place. */
export function endpointSecretPlace(row: {
  readonly id: Id<'webhook_endpoint'>;
  readonly marketplace: Id<'marketplace'>;
}): SealedPlace {
  const { id, marketplace } = row;
  return { marketplace, table: 'webhook_endpoints', row: id, field: 'webhook_endpoints.secret' };
}
