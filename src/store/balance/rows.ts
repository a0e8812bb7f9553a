/** The rows of balances and transfers: which column holds which field. */
import type { AppliedMovement, MerchantBalance } from '../../core/balance/balance.ts';
import type { StoredTransfer } from '../../core/balance/transfer.ts';
import {
  columnsOf,
  type Fields,
  fen,
  id,
  integer,
  moment,
  readerOf,
  smallint,
  text,
} from '../../database/row.ts';
import { type Table, table } from '../../database/table.ts';
import type { Id } from '../../kernel/id.ts';

const BALANCE: Fields<MerchantBalance> = {
  shard: smallint('shard'),
  id: id('wallet_account', 'id'),
  marketplace: id('marketplace', 'marketplace', 'fixed'),
  merchant: id('merchant', 'merchant', 'fixed'),
  wallet: text('wallet', 'fixed'),
  currency: text('currency', 'fixed'),
  version: integer('version'),
  availableFen: fen('available'),
  owedFen: fen('owed'),
};

export const toBalance = readerOf(BALANCE);
export const BALANCES: Table<MerchantBalance> = table(
  'merchant_balances',
  ['shard', 'id'],
  columnsOf(BALANCE, (balance: MerchantBalance) => balance),
);

const APPLIED: Fields<AppliedMovement> = {
  id: text('id', 'fixed'),
  outcome: text('outcome', 'fixed'),
  availableFen: fen('available', 'fixed'),
  owedFen: fen('owed', 'fixed'),
  atMs: moment('created_at', 'fixed'),
};

/** A movement with the balance that it changed. */
export interface AppliedRow {
  readonly shard: number;
  readonly balance: Id<'wallet_account'>;
  readonly movement: AppliedMovement;
}

export const toApplied = readerOf(APPLIED);
export const APPLIED_MOVEMENTS: Table<AppliedRow> = table(
  'balance_movements',
  ['shard', 'balance', 'id'],
  [
    { name: 'shard', type: 'smallint', value: ({ shard }) => shard },
    { name: 'balance', type: 'id', value: ({ balance }) => balance },
    ...columnsOf(APPLIED, ({ movement }: AppliedRow) => movement),
  ],
);

const TRANSFER: Fields<StoredTransfer> = {
  shard: smallint('shard'),
  id: id('transfer', 'id'),
  marketplace: id('marketplace', 'marketplace', 'fixed'),
  intent: id('payment_intent', 'intent', 'fixed'),
  kind: text('kind', 'fixed'),
  source: text('source', 'fixed'),
  walletAccount: id('wallet_account', 'wallet_account', 'fixed'),
  merchant: id('merchant', 'merchant', 'fixed'),
  wallet: text('wallet', 'fixed'),
  currency: text('currency', 'fixed'),
  amountFen: fen('amount', 'fixed'),
  shortfall: text('shortfall', 'fixed'),
  after: id('transfer', 'after_transfer', 'fixed'),
  status: text('status'),
  createdAtMs: moment('created_at', 'fixed'),
  settledAtMs: moment('settled_at'),
  dueAtMs: moment('due_at'),
  tries: integer('tries'),
};

export const toTransfer = readerOf(TRANSFER);
export const TRANSFERS: Table<StoredTransfer> = table(
  'transfers',
  ['shard', 'id'],
  columnsOf(TRANSFER, (transfer: StoredTransfer) => transfer),
);
