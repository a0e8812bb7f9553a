/** Marketplaces: written by operators, each in a transaction of its own. */

import type { Marketplace } from '../../core/merchant/merchant.ts';
import type { Db, Row } from '../../database/db.ts';
import { readRow, writeRow } from '../../database/one-row.ts';
import { statements } from '../../database/statements.ts';
import { formatId, type Id, idValue } from '../../kernel/id.ts';

const SQL = statements('marketplaces', {
  all: 'select * from marketplaces order by id',
  read: 'select * from marketplaces where id = $1',
  add: `insert into marketplaces (id, name, display_name, created_at)
  values ($1, $2, $3, $4)
  on conflict (name) do update set display_name = excluded.display_name returning *`,
});

function toMarketplace(row: Row): Marketplace {
  return {
    id: formatId('marketplace', row.id as bigint),
    name: row.name as string,
    displayName: row.display_name as string,
  };
}

export async function readMarketplaces(db: Db): Promise<Marketplace[]> {
  return (await db.read(SQL.all, [])).map(toMarketplace);
}

export function readMarketplace(db: Db, id: Id<'marketplace'>): Promise<Marketplace | undefined> {
  return readRow(db, SQL.read, [idValue(id)], toMarketplace);
}

export function addMarketplace(
  db: Db,
  row: Marketplace & { readonly createdAtMs: number },
): Promise<Marketplace | undefined> {
  return writeRow(
    db,
    SQL.add,
    [idValue(row.id), row.name, row.displayName, row.createdAtMs],
    toMarketplace,
  );
}
