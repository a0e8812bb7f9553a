/**
 * A marketplace's wallet configurations: one per account. The credentials are sealed: this module
 * never sees them open. The account's identity is stored beside them in the clear and is never
 * overwritten. Each change is one function and one transaction, under the lock of the marketplace's
 * row, so that two operators cannot both retire what the other adds.
 */

import type { AuditValue } from '../../core/audit/audit.ts';
import { planConfig, type WalletConfigStatus } from '../../core/wallet/config.ts';
import { columnArray } from '../../database/arrays.ts';
import type { Db, Row, Session } from '../../database/db.ts';
import { writesRow } from '../../database/one-row.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { must } from '../../kernel/assert.ts';
import { formatId, type Id, idValue } from '../../kernel/id.ts';
import type { WalletIdentity, WalletName } from '../../kernel/wallet-names.ts';
import { type AuditNote, noteChange } from '../audit/audited.ts';
import { noteMerchants } from '../merchant/merchant-changes.ts';

const CONFIGS = statements('wallet_configs', {
  all: 'select * from wallet_configs order by id',
  lock: 'select id from marketplaces where id = $1 for no key update',
  ofWallet: 'select * from wallet_configs where marketplace = $1 and wallet = $2 order by id',
  add: `insert into wallet_configs
  (id, marketplace, wallet, sealed, status, created_at, accepts_direct_settlement, identity)
  values ($1, $2, $3, $4, 'active', $5, $6, $7::jsonb) returning *`,
  // Renews in place only if the new identity contains every number of the stored one.
  renew: `update wallet_configs set sealed = $2, identity = $3::jsonb, credentials_refusal = null,
    accepts_direct_settlement = coalesce($4, accepts_direct_settlement)
  where id = $1 and $3::jsonb @> identity returning *`,
  setStatus: 'update wallet_configs set status = $2 where id = $1 returning *',
  identify: `update wallet_configs c set identity = $2::jsonb
  where id = $1 and identity is null and sealed = $3
    and not exists (select 1 from wallet_configs other where other.marketplace = c.marketplace
      and other.wallet = c.wallet and other.identity = $2::jsonb)
  returning id`,
  // A success clears only a refusal of the same operation.
  noteRefusals: `update wallet_configs c set credentials_refusal = n.refusal
  from unnest($1::bigint[], $2::text[], $3::jsonb[]) n(id, operation, refusal)
  where c.id = n.id
    and (n.refusal is not null or c.credentials_refusal->>'operation' = n.operation)`,
});
const ACCOUNTS = statements('wallet_accounts', {
  adopt: `update wallet_accounts set wallet_config = $1
  where marketplace = $2 and wallet = $3 and wallet_config is null`,
  move: `update wallet_accounts set wallet_config = $2
  where wallet_config = $1 and status in ('applying', 'active', 'restricted', 'paused')
  returning id`,
});

export interface WalletConfigRow {
  readonly id: Id<'wallet_config'>;
  readonly marketplace: Id<'marketplace'>;
  readonly wallet: WalletName;
  readonly sealed: string;
  /** null = not known yet: stored before identities were, and not opened since. */
  readonly identity: WalletIdentity | null;
  readonly status: WalletConfigStatus;
  /** Custody `settles_directly`: the marketplace has accepted it. */
  readonly acceptsDirectSettlement: boolean;
  readonly createdAtMs: number;
  /**
   * The wallet refused these very credentials, or their permissions; null = not as far as we know.
   */
  readonly refusal: CredentialsRefusal | null;
}

/** The wallet's answer when it refused our own credentials or permissions. */
export interface CredentialsRefusal {
  readonly atMs: number;
  readonly operation: string;
  readonly code: string;
  readonly message: string;
}

function toConfig(row: Row): WalletConfigRow {
  return {
    id: formatId('wallet_config', row.id as bigint),
    marketplace: formatId('marketplace', row.marketplace as bigint),
    wallet: row.wallet as WalletName,
    sealed: row.sealed as string,
    identity: row.identity as WalletIdentity | null,
    status: row.status as WalletConfigStatus,
    acceptsDirectSettlement: row.accepts_direct_settlement as boolean,
    createdAtMs: toNumber(row.created_at),
    refusal: (row.credentials_refusal ?? null) as CredentialsRefusal | null,
  };
}

export async function readConfigs(db: Db): Promise<WalletConfigRow[]> {
  return (await db.read(CONFIGS.all, [])).map(toConfig);
}

/** The fields that the audit log may hold. */
function shownConfig(row: WalletConfigRow): AuditValue {
  const { wallet, identity, status, acceptsDirectSettlement } = row;
  return { wallet, identity, status, direct_settlement: acceptsDirectSettlement };
}

export interface ConfigToPut {
  /** For a configuration that is added. */
  readonly id: Id<'wallet_config'>;
  readonly marketplace: Id<'marketplace'>;
  readonly wallet: WalletName;
  readonly identity: WalletIdentity;
  readonly createdAtMs: number;
  /** null = as in the previous configuration; no, if there is none. */
  readonly acceptsDirectSettlement: boolean | null;
  /** The active configurations stay active beside an added one. */
  readonly keepsActive: boolean;
  /** The merchants of the retiring ones are paid through the added one, by the same numbers. */
  readonly movesAccounts: boolean;
}

export interface PutConfig {
  readonly config: WalletConfigRow;
  readonly isRenewed: boolean;
  readonly retired: readonly WalletConfigRow[];
  readonly movedAccountCount: number;
}

/** `seal` is given the row that will hold the credentials. */
export function putConfig(
  db: Db,
  put: ConfigToPut,
  seal: (row: Pick<WalletConfigRow, 'id' | 'marketplace'>) => string,
  note: AuditNote,
): Promise<PutConfig> {
  const { id, marketplace, wallet } = put;
  return db.transaction(0, async (session) => {
    const known = await lockedConfigs(session, marketplace, wallet);
    const plan = planConfig(known, put.identity, put);
    const identity = JSON.stringify(put.identity);
    if (plan.renews !== null) {
      const { renews } = plan;
      const values = [idValue(renews.id), seal(renews), identity, put.acceptsDirectSettlement];
      const [row] = await session.run(CONFIGS.renew, values);
      const config = toConfig(must(row, 'the renewed configuration'));
      const after = { ...shownConfig(config), credentials: 'renewed' };
      await noteChange(session, note, { object: config.id, before: shownConfig(renews), after });
      return { config, isRenewed: true, retired: [], movedAccountCount: 0 };
    }
    const accepts = put.acceptsDirectSettlement ?? known.at(-1)?.acceptsDirectSettlement ?? false;
    const values = [idValue(id), idValue(marketplace), wallet, seal({ id, marketplace })];
    const [row] = await session.run(CONFIGS.add, [...values, put.createdAtMs, accepts, identity]);
    const config = toConfig(must(row, 'the added configuration'));
    await session.run(ACCOUNTS.adopt, [idValue(id), idValue(marketplace), wallet]);
    await noteMerchants(session, 'any');
    const retired: WalletConfigRow[] = [];
    let movedAccountCount = 0;
    for (const old of plan.retires) {
      retired.push(await setStatus(session, old.id, 'retiring'));
      if (!put.movesAccounts) continue;
      movedAccountCount += (await session.run(ACCOUNTS.move, [idValue(old.id), idValue(id)]))
        .length;
    }
    await noteChange(session, note, {
      object: config.id,
      before: null,
      after: {
        ...shownConfig(config),
        retired: retired.map((old) => old.id),
        moved_accounts: movedAccountCount,
      },
    });
    return { config, isRenewed: false, retired, movedAccountCount };
  });
}

async function lockedConfigs(
  session: Session,
  marketplace: Id<'marketplace'>,
  wallet: WalletName,
): Promise<WalletConfigRow[]> {
  const [, rows] = await Promise.all([
    session.run(CONFIGS.lock, [idValue(marketplace)]),
    session.run(CONFIGS.ofWallet, [idValue(marketplace), wallet]),
  ]);
  return rows.map(toConfig);
}

async function setStatus(
  session: Session,
  id: Id<'wallet_config'>,
  status: WalletConfigStatus,
): Promise<WalletConfigRow> {
  const [row] = await session.run(CONFIGS.setStatus, [idValue(id), status]);
  return toConfig(must(row, 'the configuration'));
}

/** Sets whether it is offered. Others of the same wallet stay as they are. */
export function setConfigStatus(
  db: Db,
  row: Pick<WalletConfigRow, 'id' | 'marketplace' | 'wallet'>,
  status: 'active' | 'retiring',
  note: AuditNote,
): Promise<WalletConfigRow> {
  return db.transaction(0, async (session) => {
    const known = await lockedConfigs(session, row.marketplace, row.wallet);
    const before = must(
      known.find(({ id }) => id === row.id),
      'the configuration before',
    );
    const config = await setStatus(session, row.id, status);
    const change = { before: shownConfig(before), after: shownConfig(config) };
    await noteChange(session, note, { object: row.id, ...change });
    if (status === 'active') {
      await session.run(ACCOUNTS.adopt, [idValue(row.id), idValue(row.marketplace), row.wallet]);
      await noteMerchants(session, 'any');
    }
    return config;
  });
}

/**
 * Writes the identity of a row without one, if its credentials are still those it was read from.
 * False: it has one by now, or another configuration is that account's.
 */
export function identifyConfig(
  db: Db,
  { id, sealed }: Pick<WalletConfigRow, 'id' | 'sealed'>,
  identity: WalletIdentity,
): Promise<boolean> {
  return writesRow(db, CONFIGS.identify, [idValue(id), JSON.stringify(identity), sealed]);
}

/** The result of one operation of a configuration: refused, or (null) accepted again. */
export interface RefusalNote {
  readonly id: Id<'wallet_config'>;
  readonly operation: string;
  readonly refusal: CredentialsRefusal | null;
}

export async function noteRefusals(db: Db, notes: readonly RefusalNote[]): Promise<void> {
  const values = [
    columnArray('id', notes, ({ id }) => id),
    columnArray('text', notes, ({ operation }) => operation),
    columnArray('jsonb', notes, ({ refusal }) => refusal),
  ];
  await db.background((session) => session.run(CONFIGS.noteRefusals, values));
}
