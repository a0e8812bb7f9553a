/**
 * What stands in transit, in the books of all cells, compared with their unsettled transfers. A
 * transfer may have its payment in one cell and its balance in another, whose statements see two
 * moments: a difference is one that is the same three times in a row.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TransferKind } from '../../core/balance/transfer.ts';
import { transferInTransit } from '../../core/ledger/chart.ts';
import { idArray, smallintArray, textArray } from '../../database/arrays.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { formatId, type Id } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';
import { byCell, type Cells, inEachCell, ofShards } from '../cells.ts';
import { idText } from '../id-text.ts';
import { homeShardOf } from './aggregate.ts';
import type { TransitDifference } from './differences.ts';

const SQL = statements('transit', {
  booked: `select marketplace, sum(credit - debit)::bigint as net from ledger_balances
    where account = '${transferInTransit}' and ${ofShards('$1')} group by marketplace`,
  // A refund is awaited where its reservation is.
  unsettled: `select t.marketplace, t.id, t.kind, t.amount, t.wallet_account, t.merchant,
      exists (select from refunds r where r.shard = t.shard and r.intent = t.intent
        and r.awaits_balance and t.source = ${idText('re', 'r.id')}) as is_awaited
    from transfers t where t.due_at is not null and ${ofShards('$1', 't.shard')}`,
  outcomes: `select k.place::integer, m.outcome
    from unnest($1::smallint[], $2::bigint[], $3::text[])
      with ordinality as k (shard, balance, id, place)
    join balance_movements m on m.shard = k.shard and m.balance = k.balance and m.id = k.id`,
});

const ROUNDS = 3;
const BETWEEN_ROUNDS_MS = 200;

export async function readTransitBetweenCells(cells: Cells): Promise<readonly TransitDifference[]> {
  let lasting: readonly TransitDifference[] | undefined;
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round > 0) await sleep(BETWEEN_ROUNDS_MS);
    const found = await readOnce(cells);
    lasting = lasting === undefined ? found : found.filter((one) => isAmong(lasting ?? [], one));
    if (lasting.length === 0) break;
  }
  return lasting ?? [];
}

const differenceOf = ({ ledgerFen, owedFen }: TransitDifference): Fen => ledgerFen - owedFen;

function isAmong(before: readonly TransitDifference[], one: TransitDifference): boolean {
  return before.some(
    (other) => other.marketplace === one.marketplace && differenceOf(other) === differenceOf(one),
  );
}

interface Unsettled {
  readonly id: Id<'transfer'>;
  readonly marketplace: Id<'marketplace'>;
  readonly merchant: Id<'merchant'>;
  readonly walletAccount: Id<'wallet_account'>;
  readonly kind: TransferKind;
  readonly amountFen: Fen;
  readonly isAwaited: boolean;
}

async function readOnce(cells: Cells): Promise<readonly TransitDifference[]> {
  const booked = (await inEachCell(cells, (db, shards) => db.read(SQL.booked, [shards]))).flat();
  const transfers = (await inEachCell(cells, (db, shards) => db.read(SQL.unsettled, [shards])))
    .flat()
    .map(
      (row): Unsettled => ({
        id: formatId('transfer', row.id as bigint),
        marketplace: formatId('marketplace', row.marketplace as bigint),
        merchant: formatId('merchant', row.merchant as bigint),
        walletAccount: formatId('wallet_account', row.wallet_account as bigint),
        kind: row.kind as TransferKind,
        amountFen: row.amount as bigint,
        isAwaited: row.is_awaited as boolean,
      }),
    );
  const outcomes = await readOutcomes(cells, transfers);
  const sums = new Map<Id<'marketplace'>, { ledgerFen: Fen; owedFen: Fen }>();
  const sumOf = (marketplace: Id<'marketplace'>) => {
    const sum = sums.get(marketplace) ?? { ledgerFen: 0n, owedFen: 0n };
    sums.set(marketplace, sum);
    return sum;
  };
  for (const { marketplace, net } of booked)
    sumOf(formatId('marketplace', marketplace as bigint)).ledgerFen += net as bigint;
  for (const transfer of transfers)
    sumOf(transfer.marketplace).owedFen += owedBy(transfer, outcomes.get(transfer.id));
  return [...sums]
    .map(([marketplace, sum]) => ({ marketplace, ...sum }))
    .filter((one) => differenceOf(one) !== 0n);
}

/** A reservation leaves the balance as it is applied, and reaches its refund with the answer. */
function owedBy({ kind, amountFen, isAwaited }: Unsettled, outcome: string | undefined): Fen {
  if (kind === 'reserve') return outcome === 'applied' && isAwaited ? amountFen : 0n;
  if (outcome !== undefined) return 0n;
  return kind === 'charge' ? -amountFen : amountFen;
}

async function readOutcomes(
  cells: Cells,
  transfers: readonly Unsettled[],
): Promise<ReadonlyMap<Id<'transfer'>, string>> {
  const shardOf = ({ marketplace, merchant }: Unsettled) => homeShardOf(marketplace, merchant);
  const rows = await byCell(cells, transfers, shardOf, async (db, part) => {
    const found = await db.read(SQL.outcomes, [
      smallintArray(part.map(shardOf)),
      idArray(part.map(({ walletAccount }) => walletAccount)),
      textArray(part.map(({ id }) => id)),
    ]);
    return found.flatMap(({ place, outcome }) => {
      const transfer = part[toNumber(place) - 1];
      return transfer === undefined ? [] : [[transfer.id, outcome as string] as const];
    });
  });
  return new Map(rows);
}
