/**
 * The payment aggregate's tables: which column holds which field. What stands here writes;
 * `rows.ts` reads back.
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
import { type Column, type Table, table } from '../../database/table.ts';
import { type Id, idValue } from '../../kernel/id.ts';

/** A child row with the root it hangs on, and the whole payment as it is saved. */
export interface Child<T> {
  readonly shard: number;
  readonly intent: Id<'payment_intent'>;
  readonly row: T;
  readonly payment: Payment;
}

/** A root on its way into the tables. */
export interface WrittenIntent {
  readonly intent: PaymentIntent;
  /** Where it stands in lists, made by the batch that inserts it; null = it stands already. */
  readonly place: bigint | null;
  /** The number of the batch that writes it. */
  readonly writtenBy: bigint;
}

function intentColumns(
  columns: readonly Column<PaymentIntent>[],
): readonly Column<WrittenIntent>[] {
  return [
    ...columns.map(({ value, ...column }) => ({
      ...column,
      value: ({ intent }: WrittenIntent) => value(intent),
    })),
    { name: 'place', type: 'bigint', value: ({ place }) => place, fixed: true },
    { name: 'written_by', type: 'bigint', value: ({ writtenBy }) => writtenBy },
  ];
}

export const INTENTS: Table<WrittenIntent> = table(
  'payment_intents',
  ['shard', 'id'],
  intentColumns([
    { name: 'shard', type: 'smallint', value: (row) => row.shard },
    { name: 'id', type: 'id', value: (row) => row.id },
    { name: 'marketplace', type: 'id', value: (row) => row.marketplace, fixed: true },
    { name: 'merchant_order_no', type: 'text', value: (row) => row.merchantOrderNo, fixed: true },
    { name: 'content_hash', type: 'text', value: (row) => row.contentHash, fixed: true },
    { name: 'amount', type: 'bigint', value: (row) => row.amountFen, fixed: true },
    { name: 'currency', type: 'text', value: (row) => row.currency, fixed: true },
    { name: 'description', type: 'text', value: (row) => row.description, fixed: true },
    { name: 'buyer', type: 'jsonb', value: (row) => row.buyer, fixed: true },
    { name: 'status', type: 'text', value: (row) => row.status },
    { name: 'version', type: 'integer', value: (row) => row.version },
    { name: 'return_url', type: 'text', value: (row) => row.returnUrl, fixed: true },
    { name: 'metadata', type: 'jsonb', value: (row) => row.metadata, fixed: true },
    { name: 'created_at', type: 'bigint', value: (row) => row.createdAtMs, fixed: true },
    { name: 'expires_at', type: 'bigint', value: (row) => row.expiresAtMs, fixed: true },
    { name: 'closing_at', type: 'bigint', value: (row) => row.closingAtMs },
    { name: 'closing_reason', type: 'text', value: (row) => row.closingReason },
    { name: 'latest_attempt', type: 'id', value: (row) => row.latestAttempt },
    { name: 'succeeded_attempt', type: 'id', value: (row) => row.succeededAttempt },
    { name: 'amount_received', type: 'bigint', value: (row) => row.amountReceivedFen },
    { name: 'amount_refunded', type: 'bigint', value: (row) => row.amountRefundedFen },
    { name: 'due_at', type: 'bigint', value: (row) => row.dueAtMs },
    { name: 'resolution', type: 'jsonb', value: (row) => row.resolution },
    { name: 'livemode', type: 'boolean', value: (row) => row.isLivemode, fixed: true },
    { name: 'token_seed', type: 'text', value: (row) => row.tokenSeed, fixed: true },
  ]),
);

/** Most columns are the row's own; some are found by it in its payment. */
interface ChildColumn<T> extends Omit<Column<T>, 'value'> {
  readonly value: (row: T, payment: Payment) => unknown;
}

function childColumns<T extends { readonly id: Id }>(
  columns: readonly ChildColumn<T>[],
): readonly Column<Child<T>>[] {
  return [
    { name: 'shard', type: 'smallint', value: (child) => child.shard },
    { name: 'intent', type: 'id', value: (child) => child.intent },
    { name: 'id', type: 'id', value: (child) => child.row.id },
    ...columns.map(({ value, ...column }) => ({
      ...column,
      value: ({ row, payment }: Child<T>) => value(row, payment),
    })),
  ];
}

function childTable<T extends { readonly id: Id }>(
  name: string,
  columns: readonly ChildColumn<T>[],
): Table<Child<T>> {
  return table(name, ['shard', 'intent', 'id'], childColumns(columns));
}

export const SUB_ORDERS = childTable<SubOrder>('sub_orders', [
  { name: 'merchant', type: 'id', value: (row) => row.merchant, fixed: true },
  { name: 'amount', type: 'bigint', value: (row) => row.amountFen, fixed: true },
  { name: 'refunded', type: 'bigint', value: (row) => row.refundedFen },
  { name: 'description', type: 'text', value: (row) => row.description, fixed: true },
  {
    name: 'merchant_sub_order_no',
    type: 'text',
    value: (row) => row.merchantSubOrderNo,
    fixed: true,
  },
  { name: 'items', type: 'jsonb', value: (row) => row.items, fixed: true },
  { name: 'splits', type: 'jsonb', value: (row) => row.splits, fixed: true },
]);

export const ATTEMPTS = childTable<Attempt>('payment_attempts', [
  { name: 'wallet', type: 'text', value: (row) => row.wallet, fixed: true },
  { name: 'product', type: 'text', value: (row) => row.product, fixed: true },
  { name: 'config', type: 'id', value: (row) => row.config, fixed: true },
  { name: 'payer_wallet_chosen', type: 'text', value: (row) => row.payerWalletChosen, fixed: true },
  { name: 'payer_wallet_reported', type: 'text', value: (row) => row.payerWalletReported },
  { name: 'status', type: 'text', value: (row) => row.status },
  { name: 'combine_order_no', type: 'text', value: (row) => row.combineOrderNo, fixed: true },
  { name: 'next_action', type: 'jsonb', value: (row) => row.nextAction },
  { name: 'failure', type: 'jsonb', value: (row) => row.failure },
  { name: 'created_at', type: 'bigint', value: (row) => row.createdAtMs, fixed: true },
  { name: 'expires_at', type: 'bigint', value: (row) => row.expiresAtMs, fixed: true },
  { name: 'closing_at', type: 'bigint', value: (row) => row.closingAtMs },
  { name: 'provisional', type: 'boolean', value: (row) => row.isProvisional },
  { name: 'due_at', type: 'bigint', value: (row) => row.dueAtMs },
  { name: 'tries', type: 'integer', value: (row) => row.tries },
]);

export const LEGS = childTable<Leg>('payment_legs', [
  { name: 'attempt', type: 'id', value: (row) => row.attempt, fixed: true },
  { name: 'order_no', type: 'text', value: (row) => row.orderNo, fixed: true },
  { name: 'wallet_merchant', type: 'text', value: (row) => row.walletMerchant, fixed: true },
  { name: 'merchant', type: 'id', value: (row) => row.merchant, fixed: true },
  { name: 'parts', type: 'jsonb', value: (row) => partsToJson(row), fixed: true },
  { name: 'sub_orders', type: 'jsonb', value: (row) => row.subOrders, fixed: true },
  { name: 'amount', type: 'bigint', value: (row) => row.amountFen, fixed: true },
  { name: 'payer_amount', type: 'bigint', value: (row) => row.payerAmountFen },
  { name: 'receipt_amount', type: 'bigint', value: (row) => row.receiptAmountFen },
  { name: 'refunded', type: 'bigint', value: (row) => row.refundedFen },
  { name: 'status', type: 'text', value: (row) => row.status },
  { name: 'wallet_transaction_id', type: 'text', value: (row) => row.walletTransactionId },
  { name: 'paid_at', type: 'bigint', value: (row) => row.paidAtMs },
  { name: 'fee_bps', type: 'integer', value: (row) => row.feeBps, fixed: true },
  { name: 'suspense', type: 'bigint', value: (row) => row.suspenseFen },
  { name: 'disputed', type: 'bigint', value: (row) => row.disputedFen },
]);

export const REFUNDS = childTable<Refund>('refunds', [
  { name: 'leg', type: 'id', value: (row) => row.leg, fixed: true },
  { name: 'sub_order', type: 'id', value: (row) => row.subOrder, fixed: true },
  { name: 'amount', type: 'bigint', value: (row) => row.amountFen, fixed: true },
  { name: 'moved', type: 'bigint', value: (row) => row.movedFen },
  { name: 'reason', type: 'text', value: (row) => row.reason, fixed: true },
  { name: 'status', type: 'text', value: (row) => row.status },
  { name: 'refund_no', type: 'text', value: (row) => row.refundNo },
  { name: 'earlier_nos', type: 'jsonb', value: (row) => earlierToJson(row) },
  { name: 'wallet_refund_id', type: 'text', value: (row) => row.walletRefundId },
  { name: 'mix', type: 'jsonb', value: (row) => mixToJson(row) },
  { name: 'failure', type: 'jsonb', value: (row) => row.failure },
  { name: 'created_at', type: 'bigint', value: (row) => row.createdAtMs, fixed: true },
  { name: 'sent_at', type: 'bigint', value: (row) => row.sentAtMs },
  { name: 'due_at', type: 'bigint', value: (row) => row.dueAtMs },
  { name: 'tries', type: 'integer', value: (row) => row.tries },
  { name: 'config', type: 'bigint', value: configOf },
]);

export const ESCROWS = childTable<Escrow>('escrows', [
  { name: 'sub_order', type: 'id', value: (row) => row.subOrder, fixed: true },
  { name: 'leg', type: 'id', value: (row) => row.leg, fixed: true },
  { name: 'merchant', type: 'id', value: (row) => row.merchant, fixed: true },
  { name: 'wallet', type: 'text', value: (row) => row.wallet, fixed: true },
  { name: 'ordered', type: 'bigint', value: (row) => row.orderedFen, fixed: true },
  { name: 'paid', type: 'bigint', value: (row) => row.paidFen, fixed: true },
  { name: 'fee', type: 'bigint', value: (row) => row.feeFen, fixed: true },
  { name: 'released', type: 'bigint', value: (row) => row.releasedFen },
  { name: 'returned', type: 'bigint', value: (row) => row.returnedFen },
  { name: 'held', type: 'bigint', value: (row) => row.heldFen },
  { name: 'status', type: 'text', value: (row) => row.status },
  { name: 'due_at', type: 'bigint', value: (row) => row.dueAtMs },
]);

/** Whose wallet is told of the refund: the sweeps read what is due by it. */
function configOf(refund: Refund, { legs, attempts }: Payment): bigint {
  const leg = legs.find(({ id }) => id === refund.leg);
  const attempt = attempts.find(({ id }) => id === leg?.attempt);
  return attempt === undefined ? 0n : idValue(attempt.config);
}

function partsToJson({ parts }: Leg): Record<string, string | number>[] | null {
  if (parts === null) return null;
  return parts.map(({ merchant, walletMerchant, amountFen, feeBps }) => ({
    merchant,
    wallet_merchant: walletMerchant,
    amount: amountFen.toString(),
    fee_bps: feeBps,
  }));
}

/** Almost always none. */
function earlierToJson({ earlierNos }: Refund): readonly string[] | null {
  return earlierNos.length === 0 ? null : earlierNos;
}

function mixToJson({ mix }: Refund): Record<string, string> | null {
  if (mix === null) return null;
  return {
    escrow: mix.escrowFen.toString(),
    fee: mix.feeFen.toString(),
    available: mix.availableFen.toString(),
    owed: mix.owedFen.toString(),
  };
}
