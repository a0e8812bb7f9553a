/**
 * The payment aggregate's rows: which column holds which field, one list per table, both ways.
 * Columns beside an object's own fields are only written, and come last in the list.
 */

import type {
  Attempt,
  Escrow,
  Leg,
  Payment,
  PaymentIntent,
  Refund,
  SubOrder,
} from '../../core/payment/model.ts';
import { rowOf } from '../../core/rows-by-id.ts';
import {
  columnsOf,
  type Fields,
  fen,
  flag,
  id,
  integer,
  json,
  moment,
  readerOf,
  smallint,
  text,
} from '../../database/row.ts';
import { type Column, type Table, table } from '../../database/table.ts';
import { must } from '../../kernel/assert.ts';
import { type Id, idValue, parseId } from '../../kernel/id.ts';
import { currencyOf } from '../../kernel/money.ts';

const currency = () => text('currency', 'fixed', currencyOf);

const INTENT: Fields<PaymentIntent> = {
  shard: smallint('shard'),
  id: id('payment_intent', 'id'),
  marketplace: id('marketplace', 'marketplace', 'fixed'),
  merchantOrderNo: text('merchant_order_no', 'fixed'),
  contentHash: text('content_hash', 'fixed'),
  amountFen: fen('amount', 'fixed'),
  currency: currency(),
  description: text('description', 'fixed'),
  buyer: json('buyer', 'fixed'),
  status: text('status'),
  version: integer('version'),
  returnUrl: text('return_url', 'fixed'),
  metadata: json('metadata', 'fixed'),
  createdAtMs: moment('created_at', 'fixed'),
  expiresAtMs: moment('expires_at', 'fixed'),
  closingAtMs: moment('closing_at'),
  closingReason: text('closing_reason'),
  latestAttempt: id('payment_attempt', 'latest_attempt'),
  succeededAttempt: id('payment_attempt', 'succeeded_attempt'),
  amountReceivedFen: fen('amount_received'),
  amountRefundedFen: fen('amount_refunded'),
  dueAtMs: moment('due_at'),
  resolution: json('resolution'),
  isLivemode: flag('livemode', 'fixed'),
  tokenSeed: text('token_seed', 'fixed'),
};

const SUB_ORDER: Fields<SubOrder> = {
  id: id('sub_order', 'id'),
  merchant: id('merchant', 'merchant', 'fixed'),
  amountFen: fen('amount', 'fixed'),
  refundedFen: fen('refunded'),
  description: text('description', 'fixed'),
  merchantSubOrderNo: text('merchant_sub_order_no', 'fixed'),
  items: json('items', 'fixed'),
  splits: json('splits', 'fixed'),
};

const ATTEMPT: Fields<Attempt> = {
  id: id('payment_attempt', 'id'),
  wallet: text('wallet', 'fixed'),
  product: text('product', 'fixed'),
  config: id('wallet_config', 'config', 'fixed'),
  payerWalletChosen: text('payer_wallet_chosen', 'fixed'),
  payerWalletReported: text('payer_wallet_reported'),
  status: text('status'),
  combineOrderNo: text('combine_order_no', 'fixed'),
  nextAction: json('next_action'),
  failure: json('failure'),
  createdAtMs: moment('created_at', 'fixed'),
  expiresAtMs: moment('expires_at', 'fixed'),
  closingAtMs: moment('closing_at'),
  isProvisional: flag('provisional'),
  dueAtMs: moment('due_at'),
  tries: integer('tries'),
};

const LEG: Fields<Leg> = {
  id: id('leg', 'id'),
  attempt: id('payment_attempt', 'attempt', 'fixed'),
  orderNo: text('order_no', 'fixed'),
  walletMerchant: text('wallet_merchant', 'fixed'),
  merchant: id('merchant', 'merchant', 'fixed'),
  walletAccount: id('wallet_account', 'wallet_account', 'fixed'),
  parts: json('parts', 'fixed', { write: partsToJson, read: partsFromJson }),
  subOrders: json('sub_orders', 'fixed'),
  currency: currency(),
  amountFen: fen('amount', 'fixed'),
  payerAmountFen: fen('payer_amount'),
  receiptAmountFen: fen('receipt_amount'),
  refundedFen: fen('refunded'),
  status: text('status'),
  walletTransactionId: text('wallet_transaction_id'),
  paidAtMs: moment('paid_at'),
  feeBps: integer('fee_bps', 'fixed'),
  suspenseFen: fen('suspense'),
  disputedFen: fen('disputed'),
};

const REFUND: Fields<Refund> = {
  id: id('refund', 'id'),
  leg: id('leg', 'leg', 'fixed'),
  subOrder: id('sub_order', 'sub_order', 'fixed'),
  currency: currency(),
  amountFen: fen('amount', 'fixed'),
  movedFen: fen('moved'),
  reason: text('reason', 'fixed'),
  status: text('status'),
  refundNo: text('refund_no'),
  // Almost always empty.
  earlierNos: json('earlier_nos', undefined, {
    write: (numbers) => (numbers.length === 0 ? null : numbers),
    read: (stored) => (stored as readonly string[] | null) ?? [],
  }),
  walletRefundId: text('wallet_refund_id'),
  allocation: json('mix', undefined, { write: allocationToJson, read: allocationFromJson }),
  awaitsBalance: flag('awaits_balance'),
  failure: json('failure'),
  createdAtMs: moment('created_at', 'fixed'),
  sentAtMs: moment('sent_at'),
  settledAtMs: moment('settled_at'),
  dueAtMs: moment('due_at'),
  tries: integer('tries'),
};

const ESCROW: Fields<Escrow> = {
  id: id('escrow', 'id'),
  subOrder: id('sub_order', 'sub_order', 'fixed'),
  leg: id('leg', 'leg', 'fixed'),
  merchant: id('merchant', 'merchant', 'fixed'),
  wallet: text('wallet', 'fixed'),
  walletAccount: id('wallet_account', 'wallet_account', 'fixed'),
  currency: currency(),
  orderedFen: fen('ordered', 'fixed'),
  paidFen: fen('paid', 'fixed'),
  feeFen: fen('fee', 'fixed'),
  releasedFen: fen('released'),
  returnedFen: fen('returned'),
  returnedFromBalanceFen: fen('returned_from_balance'),
  heldFen: fen('held'),
  release: id('transfer', 'release'),
  status: text('status'),
  dueAtMs: moment('due_at'),
};

export const toIntent = readerOf(INTENT);
export const toSubOrder = readerOf(SUB_ORDER);
export const toAttempt = readerOf(ATTEMPT);
export const toLeg = readerOf(LEG);
export const toRefund = readerOf(REFUND);
export const toEscrow = readerOf(ESCROW);

/** A root to be written. */
export interface WrittenIntent {
  readonly intent: PaymentIntent;
  /** Its list position, made by the batch that inserts it; null = it has one already. */
  readonly place: bigint | null;
  /** The number of the batch that writes it. */
  readonly writtenBy: bigint;
}

export const INTENTS: Table<WrittenIntent> = table(
  'payment_intents',
  ['shard', 'id'],
  [
    ...columnsOf(INTENT, ({ intent }: WrittenIntent) => intent),
    { name: 'place', type: 'bigint', value: ({ place }) => place, fixed: true },
    { name: 'written_by', type: 'bigint', value: ({ writtenBy }) => writtenBy },
  ],
);

/** A child row with the root it belongs to, and the whole payment as it is saved. */
export interface Child<T> {
  readonly shard: number;
  readonly intent: Id<'payment_intent'>;
  readonly row: T;
  readonly payment: Payment;
}

function childTable<T>(
  name: string,
  fields: Fields<T>,
  more: readonly Column<Child<T>>[] = [],
): Table<Child<T>> {
  return table(
    name,
    ['shard', 'intent', 'id'],
    [
      { name: 'shard', type: 'smallint', value: (child) => child.shard },
      { name: 'intent', type: 'id', value: (child) => child.intent },
      ...columnsOf(fields, (child: Child<T>) => child.row),
      ...more,
    ],
  );
}

export const SUB_ORDERS = childTable('sub_orders', SUB_ORDER);
export const ATTEMPTS = childTable('payment_attempts', ATTEMPT);
export const LEGS = childTable('payment_legs', LEG);
export const REFUNDS = childTable('refunds', REFUND, [
  { name: 'config', type: 'bigint', value: configOf },
]);
export const ESCROWS = childTable('escrows', ESCROW);

/** The configuration of the wallet that gets the refund: the sweeps group due rows by it. */
function configOf({ row, payment: { legs, attempts } }: Child<Refund>): bigint {
  const attempt = rowOf(attempts, rowOf(legs, row.leg)?.attempt ?? '');
  return attempt === undefined ? 0n : idValue(attempt.config);
}

interface StoredPart {
  readonly merchant: Id<'merchant'>;
  readonly wallet_account: Id<'wallet_account'>;
  readonly wallet_merchant: string;
  readonly amount: string;
  readonly fee_bps: number;
}

function partsToJson(parts: Leg['parts']): readonly StoredPart[] | null {
  if (parts === null) return null;
  return parts.map(({ merchant, walletAccount, walletMerchant, amountFen, feeBps }) => ({
    merchant,
    wallet_account: walletAccount,
    wallet_merchant: walletMerchant,
    amount: amountFen.toString(),
    fee_bps: feeBps,
  }));
}

function partsFromJson(stored: unknown): Leg['parts'] {
  if (stored === null) return null;
  return (stored as readonly StoredPart[]).map((part) => ({
    merchant: part.merchant,
    walletAccount: must(
      parseId('wallet_account', String(part.wallet_account)),
      'the account of a part',
    ),
    walletMerchant: part.wallet_merchant,
    amountFen: BigInt(part.amount),
    feeBps: part.fee_bps,
  }));
}

type StoredAllocation = Readonly<Record<'escrow' | 'fee' | 'balance', string>>;

function allocationToJson(allocation: Refund['allocation']): StoredAllocation | null {
  if (allocation === null) return null;
  return {
    escrow: allocation.escrowFen.toString(),
    fee: allocation.feeFen.toString(),
    balance: allocation.balanceFen.toString(),
  };
}

function allocationFromJson(stored: unknown): Refund['allocation'] {
  if (stored === null) return null;
  const { escrow, fee, balance } = stored as StoredAllocation;
  return { escrowFen: BigInt(escrow), feeFen: BigInt(fee), balanceFen: BigInt(balance) };
}
