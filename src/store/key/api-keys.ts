/** API keys. The key itself is never stored: only its hash, and what it may do. */

import { bigintArray, idArray, textArray } from '../../database/arrays.ts';
import type { Db } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumberOrNull } from '../../database/table.ts';
import { formatId, type Id, idValue } from '../../kernel/id.ts';
import { type IpRange, parseRange } from '../../runtime/ip-address.ts';
import { type AuditNote, noteChange } from '../audit/audited.ts';

const SQL = statements('api_keys', {
  byHash: `select * from api_keys where hash = any($1::text[]) and revoked_at is null
    and (expires_at is null or expires_at > extract(epoch from clock_timestamp()) * 1000)`,
  add: `insert into api_keys
  (id, marketplace, hash, hint, scopes, version, created_at, expires_at, allow_from)
  values ($1, $2, $3, $4, $5::text[], $6, $7, $8, $9::text[]) on conflict (hash) do nothing
  returning id`,
  of: 'select * from api_keys where marketplace = $1 order by id',
  revoke: 'update api_keys set revoked_at = $2 where id = $1 and revoked_at is null returning *',
  /** Ordered by id, so that two concurrent writers do not deadlock. */
  noteUses: `with used as (select k.id, u.at from api_keys k
      join unnest($1::bigint[], $2::bigint[]) as u (id, at) on u.id = k.id
    where k.last_used_at is null or k.last_used_at < u.at order by k.id for no key update of k)
  update api_keys k set last_used_at = greatest(k.last_used_at, used.at)
  from used where k.id = used.id`,
});

export interface ApiKey {
  readonly id: Id<'api_key'>;
  readonly marketplace: Id<'marketplace'>;
  readonly scopes: readonly string[];
  readonly version: string;
}

export interface ApiKeyRow extends ApiKey {
  /** Addresses that it may be used from; null = any. */
  readonly allowFrom: readonly IpRange[] | null;
}

/** Those of the hashes that are active keys: neither revoked nor expired. */
export async function readKeys(
  db: Db,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, ApiKeyRow>> {
  const rows = await db.read(SQL.byHash, [textArray(hashes)]);
  return new Map(
    rows.map((row) => [
      row.hash as string,
      {
        id: formatId('api_key', row.id as bigint),
        marketplace: formatId('marketplace', row.marketplace as bigint),
        scopes: row.scopes as string[],
        version: row.version as string,
        allowFrom: rangesOf(row.allow_from as string[] | null),
      },
    ]),
  );
}

/** An unreadable list allows no address. */
function rangesOf(texts: readonly string[] | null): readonly IpRange[] | null {
  return texts?.flatMap((text) => parseRange(text) ?? []) ?? null;
}

/** Only the hash is stored; `hint` is the key's first characters, for recognition. */
export async function addKey(
  db: Db,
  row: ApiKey & {
    readonly hash: string;
    readonly hint: string;
    readonly createdAtMs: number;
    /** Left out, it does not expire. */
    readonly expiresAtMs?: number | null;
    /** Left out: it may be used from any address. */
    readonly allowFrom?: readonly string[] | null;
  },
  note: AuditNote,
): Promise<void> {
  const values = [
    idValue(row.id),
    idValue(row.marketplace),
    row.hash,
    row.hint,
    textArray(row.scopes),
    row.version,
    row.createdAtMs,
    row.expiresAtMs ?? null,
    row.allowFrom == null ? null : textArray(row.allowFrom),
  ];
  await db.transaction(0, async (session) => {
    const [added] = await session.run(SQL.add, values);
    if (added === undefined) return;
    const { scopes, hint, expiresAtMs = null, allowFrom = null } = row;
    const after = { scopes, hint, expires_at: expiresAtMs, allow_from: allowFrom };
    await noteChange(session, note, { object: row.id, before: null, after });
  });
}

export interface ListedKey extends ApiKey {
  readonly hint: string;
  readonly revokedAtMs: number | null;
  readonly expiresAtMs: number | null;
  readonly allowFrom: readonly string[] | null;
  /** To the minute; null = not used since this is recorded. */
  readonly lastUsedAtMs: number | null;
}

export async function listKeys(db: Db, marketplace: Id<'marketplace'>): Promise<ListedKey[]> {
  return (await db.read(SQL.of, [idValue(marketplace)])).map((row) => ({
    id: formatId('api_key', row.id as bigint),
    marketplace,
    scopes: row.scopes as string[],
    version: row.version as string,
    hint: row.hint as string,
    revokedAtMs: toNumberOrNull(row.revoked_at),
    expiresAtMs: toNumberOrNull(row.expires_at),
    allowFrom: row.allow_from as string[] | null,
    lastUsedAtMs: toNumberOrNull(row.last_used_at),
  }));
}

/** False if there is no such active key. */
export function revokeKey(
  db: Db,
  id: Id<'api_key'>,
  nowMs: number,
  noteOf: (marketplace: Id<'marketplace'>) => AuditNote,
): Promise<boolean> {
  const values = [idValue(id), nowMs];
  return db.transaction(0, async (session) => {
    const [row] = await session.run(SQL.revoke, values);
    if (row === undefined) return false;
    const note = noteOf(formatId('marketplace', row.marketplace as bigint));
    const before = { scopes: row.scopes, hint: row.hint };
    await noteChange(session, note, { object: id, before, after: null });
    return true;
  });
}

/** When each key was last used; a later time already stored stays. */
export async function noteUses(db: Db, uses: ReadonlyMap<Id<'api_key'>, number>): Promise<void> {
  const values = [idArray([...uses.keys()]), bigintArray([...uses.values()])];
  await db.background((session) => session.run(SQL.noteUses, values));
}
