/**
 * The ids and states of master keys, and which process holds which. No key is stored here. A change
 * of state is one transaction under the table's lock, so two operators at once are serialized; the
 * current key changes only once every live process holds the next one.
 */
import { textArray } from '../../database/arrays.ts';
import type { Db, Row, Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber, toNumberOrNull } from '../../database/table.ts';
import { type AuditNote, noteChange } from '../audit/audited.ts';

export type MasterKeyStatus = 'new' | 'current' | 'old' | 'retired';

export interface MasterKeyRow {
  readonly kid: string;
  readonly status: MasterKeyStatus;
  /** Values that name no key are under this one. */
  readonly isOrigin: boolean;
  /** Since when it is no longer the current one. */
  readonly oldAtMs: number | null;
}

export interface ProcessKeys {
  readonly process: number;
  /** null = not reported: just started, or of a version before the key ring. */
  readonly kids: readonly string[] | null;
  readonly currentKid: string | null;
}

const MASTER_KEYS = statements('master_keys', {
  all: 'select * from master_keys order by created_at, kid',
  begin: `insert into master_keys (kid, status, is_origin, created_at, current_at)
    select $1, 'current', true, $2, $2 where not exists (select 1 from master_keys)
    on conflict do nothing`,
  lock: 'lock table master_keys in share row exclusive mode',
  add: `insert into master_keys (kid, status, is_origin, created_at)
    values ($1, 'new', false, $2)`,
  stepDown: `update master_keys set status = 'old', old_at = $1 where status = 'current'`,
  stepUp: `update master_keys set status = 'current', current_at = $2 where kid = $1`,
  retire: `update master_keys set status = 'retired', retired_at = $2
    where kid = $1 and status in ('old', 'new') returning kid`,
});
const PROCESS_KEYS = statements('process_keys', {
  live: `select l.number, k.kids, k.current_kid from process_leases l
    left join process_keys k on k.process = l.number and k.holder = l.holder
    where l.expires_at >= clock_timestamp() order by l.number`,
  announce: `insert into process_keys (process, holder, kids, current_kid)
    select number, holder, $3::text[], $4 from process_leases where number = $1 and holder = $2
    on conflict (process) do update set holder = excluded.holder, kids = excluded.kids,
      current_kid = excluded.current_kid`,
});

function toMasterKey(row: Row): MasterKeyRow {
  return {
    kid: row.kid as string,
    status: row.status as MasterKeyStatus,
    isOrigin: row.is_origin as boolean,
    oldAtMs: toNumberOrNull(row.old_at),
  };
}

function toProcessKeys(row: Row): ProcessKeys {
  return {
    process: toNumber(row.number),
    kids: row.kids as string[] | null,
    currentKid: row.current_kid as string | null,
  };
}

export async function readMasterKeys(db: Db): Promise<MasterKeyRow[]> {
  return (await db.read(MASTER_KEYS.all, [])).map(toMasterKey);
}

/** An empty database gets this key; otherwise nothing happens. */
export async function beginMasterKeys(db: Db, kid: string, nowMs: number): Promise<void> {
  await db.transaction(0, (session) => session.run(MASTER_KEYS.begin, [kid, nowMs]));
}

export async function readProcessKeys(db: Db): Promise<ProcessKeys[]> {
  return (await db.read(PROCESS_KEYS.live, [])).map(toProcessKeys);
}

/** Written only by the lease's own holder. */
export async function announceKeys(
  db: Db,
  lease: { readonly number: number; readonly holder: string },
  kids: readonly string[],
  currentKid: string,
): Promise<void> {
  const values = [lease.number, lease.holder, textArray(kids), currentKid];
  await db.transaction(0, (session) => session.run(PROCESS_KEYS.announce, values));
}

async function lockedRows(session: Session): Promise<MasterKeyRow[]> {
  void session.run(MASTER_KEYS.lock, []);
  return (await session.run(MASTER_KEYS.all, [])).map(toMasterKey);
}

/**
 * Adds the key that `choose` names as `new`; undefined = none. `choose` runs under the lock: its
 * changes to this machine's key file are made by one operator at a time.
 */
export function addMasterKey(
  db: Db,
  nowMs: number,
  choose: (rows: readonly MasterKeyRow[]) => string | undefined,
  note: AuditNote | null = null,
): Promise<string | undefined> {
  return db.transaction(0, async (session) => {
    const kid = choose(await lockedRows(session));
    if (kid === undefined) return undefined;
    await session.run(MASTER_KEYS.add, [kid, nowMs]);
    if (note !== null)
      await noteChange(session, note, { object: kid, before: null, after: { status: 'new' } });
    return kid;
  });
}

/** Changes to this machine's key file, by one operator at a time. */
export function underKeyLock(db: Db, work: (rows: readonly MasterKeyRow[]) => void): Promise<void> {
  return db.transaction(0, async (session) => work(await lockedRows(session)));
}

/** Makes the new key current. If processes still lack the key, it returns them instead. */
export function switchMasterKey(
  db: Db,
  kid: string,
  nowMs: number,
  note: AuditNote,
): Promise<ProcessKeys[]> {
  return db.transaction(0, async (session) => {
    const row = (await lockedRows(session)).find((one) => one.kid === kid);
    if (row?.status !== 'new') return [];
    const live = (await session.run(PROCESS_KEYS.live, [])).map(toProcessKeys);
    const lacking = live.filter(({ kids }) => kids?.includes(kid) !== true);
    if (lacking.length > 0) return lacking;
    await session.run(MASTER_KEYS.stepDown, [nowMs]);
    await session.run(MASTER_KEYS.stepUp, [kid, nowMs]);
    const [before, after] = [{ status: 'new' }, { status: 'current' }];
    await noteChange(session, note, { object: kid, before, after });
    return [];
  });
}

/** False if it does not exist, is current, or is retired already. */
export function retireMasterKey(
  db: Db,
  kid: string,
  nowMs: number,
  note: AuditNote,
): Promise<boolean> {
  return db.transaction(0, async (session) => {
    const rows = await session.run(MASTER_KEYS.retire, [kid, nowMs]);
    if (rows.length !== 1) return false;
    const [before, after] = [{ status: 'old' }, { status: 'retired' }];
    await noteChange(session, note, { object: kid, before, after });
    return true;
  });
}
