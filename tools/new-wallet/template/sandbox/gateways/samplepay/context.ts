/** The gateway's dependencies, one verified call being processed, and its refusals. */
import { err, type Result } from '../../../src/kernel/result.ts';
import type { Fields } from '../../../src/wires/samplepay/message.ts';
import { fieldOf } from '../../../src/wires/samplepay/message.ts';
import { CODES, WALLET } from '../../../src/wires/samplepay/trade.ts';
import type { CityKit, FaultName, Operation } from '../../kit/kit.ts';
import type { PaymentCodes } from '../../kit/payment-codes.ts';
import { keyOf, type OrderStore } from './order-store.ts';
import type { MerchantRecord } from './records.ts';

export interface Context {
  readonly kit: CityKit;
  readonly store: OrderStore;
  /** What the app shows to be scanned. */
  readonly codes: PaymentCodes;
}

export interface Call {
  readonly context: Context;
  readonly merchant: MerchantRecord;
  readonly fields: Fields;
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** The business fields of an answer; `code` and `merchant` are added around them. */
export type Answer = Result<Fields, Refusal>;

/**
 * Handlers are synchronous on purpose: nothing can happen between reading and changing a record.
 */
export type Handler = (call: Call) => Answer;

export function refuse(code: keyof typeof CODES, message: string): Result<never, Refusal> {
  return err({ code: CODES[code], message });
}

/** Takes one firing of a fault that matches this call's order. */
export function takeFault(
  { context, merchant, fields }: Call,
  operation: Operation,
  kinds: readonly FaultName[],
): FaultName | undefined {
  const orderNo = orderNoOf(context, merchant, fields);
  const point = { wallet: WALLET, operation, orderNo, merchant: merchant.merchant } as const;
  return context.kit.faults.take(point, kinds);
}

/** A query of a refund names only the refund. */
function orderNoOf(
  { store }: Context,
  { merchant }: MerchantRecord,
  fields: Fields,
): string | undefined {
  const refundNo = fieldOf(fields, 'refund_no');
  const refund = store.refunds.get(keyOf(merchant, refundNo ?? ''));
  return fieldOf(fields, 'order_no') ?? refund?.orderNo;
}
