/**
 * The balance aggregate: one row a merchant's account at a wallet, in the merchant's home shard,
 * and the movements that were applied to it. A movement is looked up by its id, never listed: of a
 * balance with millions of them, a batch reads those that its own commands name.
 */
import type { AppliedMovement, BalanceState, MerchantBalance } from '../../core/balance/balance.ts';
import { idArray, smallintArray, textArray } from '../../database/arrays.ts';
import type { Row, Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { insertAll, tableValues, together, updateAll } from '../../database/table.ts';
import { AssertionError } from '../../kernel/assert.ts';
import { formatId, type Id, idValue, shardOf } from '../../kernel/id.ts';
import type { Aggregate, Change, Claim, Remembered } from '../batch/aggregate.ts';
import { APPLIED_MOVEMENTS, type AppliedRow, BALANCES, toApplied, toBalance } from './rows.ts';

/** Where the balances of a merchant stand. */
export function homeShardOf(marketplace: Id<'marketplace'>, merchant: Id<'merchant'>): number {
  return shardOf(marketplace, merchant);
}

/** Its root's id says the shard too: an account's own id does not. */
export function balanceRoot({ shard, id }: Pick<MerchantBalance, 'shard' | 'id'>): string {
  return `${shard} ${id}`;
}

function partsOfRoot(root: string): { readonly shard: number; readonly id: Id<'wallet_account'> } {
  const space = root.indexOf(' ');
  return { shard: Number(root.slice(0, space)), id: root.slice(space + 1) as Id<'wallet_account'> };
}

export const MERCHANT_BALANCE: Aggregate<BalanceState, BalanceState> = {
  name: 'merchant_balance',
  events: new Set(),
  moments: new Set(['transfer_applied', 'advance_recovered', 'settled_to_merchant']),
  claim: claimBalances,
  lock: lockBalances,
  save: saveBalances,
  root: ({ balance }) => ({
    id: balanceRoot(balance),
    shard: balance.shard,
    marketplace: balance.marketplace,
    version: balance.version,
  }),
};

const SQL = statements('merchant_balances', {
  lock: `select b.* from unnest($1::smallint[], $2::bigint[]) as k (shard, id)
    join merchant_balances b on b.shard = k.shard and b.id = k.id
    order by b.shard, b.id for update of b`,
  applied: `select m.*
    from unnest($1::smallint[], $2::bigint[], $3::text[]) as k (shard, balance, id)
    join balance_movements m on m.shard = k.shard and m.balance = k.balance and m.id = k.id`,
});

const byKey = (a: MerchantBalance, b: MerchantBalance): number =>
  a.shard - b.shard || (idValue(a.id) < idValue(b.id) ? -1 : 1);

async function claimBalances(
  session: Session,
  wanted: readonly BalanceState[],
): Promise<readonly Claim<BalanceState>[]> {
  const rows = wanted.map(({ balance }) => balance).sort(byKey);
  const inserted = await session.run(BALANCES.claim, tableValues(BALANCES, rows));
  const ours = new Set(inserted.map((row) => row.id as bigint));
  return wanted.map((state) => {
    const id = balanceRoot(state.balance);
    const isOurs = ours.has(idValue(state.balance.id));
    return isOurs ? { id, inserted: { before: state, after: state } } : { id };
  });
}

async function lockBalances(
  session: Session,
  roots: readonly string[],
  _remembered: (id: string) => Remembered<BalanceState> | undefined,
  needed: ReadonlyMap<string, readonly string[]>,
): Promise<ReadonlyMap<string, BalanceState | AssertionError>> {
  const keys = roots.map(partsOfRoot);
  const [locked, applied] = await Promise.all([
    session.run(SQL.lock, [
      smallintArray(keys.map(({ shard }) => shard)),
      idArray(keys.map(({ id }) => id)),
    ]),
    readApplied(session, needed),
  ]);
  return new Map(locked.map((row) => [rootOfRow(row), toState(row, applied)]));
}

const rootOfRow = (row: Row): string =>
  balanceRoot({ shard: Number(row.shard), id: formatId('wallet_account', row.id as bigint) });

function toState(
  row: Row,
  applied: ReadonlyMap<string, readonly AppliedMovement[]>,
): BalanceState | AssertionError {
  const balance = toBalance(row);
  if (balance.currency !== 'cny')
    return new AssertionError(`${balance.id} can be read: its currency is ${balance.currency}`);
  return { balance, applied: applied.get(balanceRoot(balance)) ?? [] };
}

/** Sent behind the locks: what another batch applied is committed by then. */
async function readApplied(
  session: Session,
  needed: ReadonlyMap<string, readonly string[]>,
): Promise<ReadonlyMap<string, readonly AppliedMovement[]>> {
  const wanted = [...needed].flatMap(([root, ids]) =>
    ids.map((movement) => ({ ...partsOfRoot(root), movement })),
  );
  if (wanted.length === 0) return new Map();
  const rows = await session.run(SQL.applied, [
    smallintArray(wanted.map(({ shard }) => shard)),
    idArray(wanted.map(({ id }) => id)),
    textArray(wanted.map(({ movement }) => movement)),
  ]);
  const found = new Map<string, AppliedMovement[]>();
  for (const row of rows) {
    const id = formatId('wallet_account', row.balance as bigint);
    const root = balanceRoot({ shard: Number(row.shard), id });
    found.set(root, [...(found.get(root) ?? []), toApplied(row)]);
  }
  return found;
}

function saveBalances(
  session: Session,
  changes: readonly Change<BalanceState>[],
): Promise<unknown> {
  const balances = changes.map(({ after }) => after.balance).sort(byKey);
  return together<unknown[]>([
    updateAll(session, BALANCES, balances),
    // A movement that is there already fails the batch: it would be booked twice.
    insertAll(session, APPLIED_MOVEMENTS, changes.flatMap(newMovements)),
  ]);
}

function newMovements({ before, after }: Change<BalanceState>): AppliedRow[] {
  const { shard, id: balance } = after.balance;
  return after.applied
    .filter((movement) => !before.applied.includes(movement))
    .map((movement) => ({ shard, balance, movement }));
}
