/**
 * The interconnection table of each marketplace: pairs payer wallet -> acceptor wallet and whether
 * they are active. A pair is written by an operator and never deleted, only paused.
 */

import type { Db, Row } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { type Id, idValue } from '../../kernel/id.ts';
import type { InterconnectPair } from '../../kernel/interconnect.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import { type AuditNote, writeAudited } from '../audit/audited.ts';

const SQL = statements('interconnects', {
  of: `select * from interconnects where marketplace = $1
  order by payer_wallet, acceptor_wallet`,
  one: `select * from interconnects
  where marketplace = $1 and payer_wallet = $2 and acceptor_wallet = $3 for update`,
  put: `insert into interconnects (marketplace, payer_wallet, acceptor_wallet, status, changed_at)
  values ($1, $2, $3, $4, $5)
  on conflict (marketplace, payer_wallet, acceptor_wallet)
  do update set status = excluded.status, changed_at = excluded.changed_at returning *`,
  add: `insert into interconnects (marketplace, payer_wallet, acceptor_wallet, status, changed_at)
  values ($1, $2, $3, 'active', $4) on conflict do nothing`,
});

export interface InterconnectRow extends InterconnectPair {
  readonly status: 'active' | 'paused';
  readonly changedAtMs: number;
}

function toInterconnect(row: Row): InterconnectRow {
  return {
    payer: row.payer_wallet as WalletName,
    acceptor: row.acceptor_wallet as WalletName,
    status: row.status as InterconnectRow['status'],
    changedAtMs: toNumber(row.changed_at),
  };
}

export async function readInterconnects(
  db: Db,
  marketplace: Id<'marketplace'>,
): Promise<InterconnectRow[]> {
  return (await db.read(SQL.of, [idValue(marketplace)])).map(toInterconnect);
}

/** Creates the pair or changes its status. */
export function putInterconnect(
  db: Db,
  marketplace: Id<'marketplace'>,
  row: InterconnectRow,
  note: AuditNote,
): Promise<InterconnectRow | undefined> {
  const pair = [idValue(marketplace), row.payer, row.acceptor];
  return writeAudited(db, {
    note,
    before: { statement: SQL.one, values: pair },
    write: { statement: SQL.put, values: [...pair, row.status, row.changedAtMs] },
    decode: toInterconnect,
    object: ({ payer, acceptor }) => `${payer} -> ${acceptor}`,
    show: ({ status }) => ({ status }),
  });
}

/** Activates the pair unless the operator has set it already. */
export async function addInterconnect(
  db: Db,
  marketplace: Id<'marketplace'>,
  pair: InterconnectPair,
  changedAtMs: number,
): Promise<void> {
  const values = [idValue(marketplace), pair.payer, pair.acceptor, changedAtMs];
  await db.transaction(0, (session) => session.run(SQL.add, values));
}
