/** Rows of the payment aggregate's tables as core's objects: tables.ts the other way. */

import type {
  Attempt,
  Escrow,
  Leg,
  PaymentIntent,
  Refund,
  SubOrder,
} from '../../core/payment/model.ts';
import type { Row } from '../../database/db.ts';
import { toNumber, toNumberOrNull } from '../../database/table.ts';
import { formatId, type Id, type IdKind } from '../../kernel/id.ts';

const id = <K extends IdKind>(kind: K, value: unknown): Id<K> => formatId(kind, value as bigint);
const idOrNull = <K extends IdKind>(kind: K, value: unknown): Id<K> | null =>
  value === null ? null : id(kind, value);

function mixFromJson(value: unknown): Refund['mix'] {
  if (value === null) return null;
  const mix = value as Record<'escrow' | 'fee' | 'available' | 'owed', string>;
  return {
    escrowFen: BigInt(mix.escrow),
    feeFen: BigInt(mix.fee),
    availableFen: BigInt(mix.available),
    owedFen: BigInt(mix.owed),
  };
}

function partsFromJson(value: unknown): Leg['parts'] {
  if (value === null) return null;
  const parts = value as readonly {
    readonly merchant: Id<'merchant'>;
    readonly wallet_merchant: string;
    readonly amount: string;
    readonly fee_bps: number;
  }[];
  return parts.map((part) => ({
    merchant: part.merchant,
    walletMerchant: part.wallet_merchant,
    amountFen: BigInt(part.amount),
    feeBps: part.fee_bps,
  }));
}

export function toIntent(row: Row): PaymentIntent {
  return {
    id: id('payment_intent', row.id),
    shard: toNumber(row.shard),
    marketplace: id('marketplace', row.marketplace),
    merchantOrderNo: row.merchant_order_no as string,
    contentHash: row.content_hash as string,
    amountFen: row.amount as bigint,
    currency: 'cny',
    description: row.description as string,
    buyer: row.buyer as PaymentIntent['buyer'],
    status: row.status as PaymentIntent['status'],
    version: toNumber(row.version),
    returnUrl: row.return_url as string | null,
    metadata: row.metadata as PaymentIntent['metadata'],
    createdAtMs: toNumber(row.created_at),
    expiresAtMs: toNumber(row.expires_at),
    closingAtMs: toNumberOrNull(row.closing_at),
    closingReason: row.closing_reason as PaymentIntent['closingReason'],
    latestAttempt: idOrNull('payment_attempt', row.latest_attempt),
    succeededAttempt: idOrNull('payment_attempt', row.succeeded_attempt),
    amountReceivedFen: row.amount_received as bigint,
    amountRefundedFen: row.amount_refunded as bigint,
    dueAtMs: toNumberOrNull(row.due_at),
    resolution: row.resolution as PaymentIntent['resolution'],
    isLivemode: row.livemode as boolean | null,
    tokenSeed: row.token_seed as string,
  };
}

export function toSubOrder(row: Row): SubOrder {
  return {
    id: id('sub_order', row.id),
    merchant: id('merchant', row.merchant),
    amountFen: row.amount as bigint,
    refundedFen: row.refunded as bigint,
    description: row.description as string,
    merchantSubOrderNo: row.merchant_sub_order_no as string | null,
    items: row.items as SubOrder['items'],
    splits: row.splits as SubOrder['splits'],
  };
}

export function toAttempt(row: Row): Attempt {
  return {
    id: id('payment_attempt', row.id),
    wallet: row.wallet as Attempt['wallet'],
    product: row.product as Attempt['product'],
    config: id('wallet_config', row.config),
    payerWalletChosen: row.payer_wallet_chosen as Attempt['wallet'],
    payerWalletReported: row.payer_wallet_reported as string | null,
    status: row.status as Attempt['status'],
    combineOrderNo: row.combine_order_no as string | null,
    nextAction: row.next_action as Attempt['nextAction'],
    failure: row.failure as Attempt['failure'],
    createdAtMs: toNumber(row.created_at),
    expiresAtMs: toNumber(row.expires_at),
    closingAtMs: toNumberOrNull(row.closing_at),
    isProvisional: row.provisional as boolean,
    dueAtMs: toNumberOrNull(row.due_at),
    tries: toNumber(row.tries),
  };
}

export function toLeg(row: Row): Leg {
  return {
    id: id('leg', row.id),
    attempt: id('payment_attempt', row.attempt),
    orderNo: row.order_no as string,
    walletMerchant: row.wallet_merchant as string,
    merchant: idOrNull('merchant', row.merchant),
    parts: partsFromJson(row.parts),
    subOrders: row.sub_orders as Leg['subOrders'],
    amountFen: row.amount as bigint,
    payerAmountFen: row.payer_amount as bigint | null,
    receiptAmountFen: row.receipt_amount as bigint | null,
    refundedFen: row.refunded as bigint,
    status: row.status as Leg['status'],
    walletTransactionId: row.wallet_transaction_id as string | null,
    paidAtMs: toNumberOrNull(row.paid_at),
    feeBps: toNumber(row.fee_bps),
    suspenseFen: row.suspense as bigint | null,
    disputedFen: row.disputed as bigint | null,
  };
}

export function toRefund(row: Row): Refund {
  return {
    id: id('refund', row.id),
    leg: id('leg', row.leg),
    subOrder: idOrNull('sub_order', row.sub_order),
    amountFen: row.amount as bigint,
    movedFen: row.moved as bigint,
    reason: row.reason as string,
    status: row.status as Refund['status'],
    refundNo: row.refund_no as string,
    earlierNos: (row.earlier_nos as readonly string[] | null) ?? [],
    walletRefundId: row.wallet_refund_id as string | null,
    mix: mixFromJson(row.mix),
    failure: row.failure as Refund['failure'],
    createdAtMs: toNumber(row.created_at),
    sentAtMs: toNumberOrNull(row.sent_at),
    dueAtMs: toNumberOrNull(row.due_at),
    tries: toNumber(row.tries),
  };
}

export function toEscrow(row: Row): Escrow {
  return {
    id: id('escrow', row.id),
    subOrder: id('sub_order', row.sub_order),
    leg: id('leg', row.leg),
    merchant: id('merchant', row.merchant),
    wallet: row.wallet as Escrow['wallet'],
    orderedFen: row.ordered as bigint,
    paidFen: row.paid as bigint,
    feeFen: row.fee as bigint,
    releasedFen: row.released as bigint,
    returnedFen: row.returned as bigint,
    heldFen: row.held as bigint,
    status: row.status as Escrow['status'],
    dueAtMs: toNumberOrNull(row.due_at),
  };
}
