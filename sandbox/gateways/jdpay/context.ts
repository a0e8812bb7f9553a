/** The gateway's dependencies, and one verified call being processed. */
import type { Result } from '../../../src/kernel/result.ts';
import type { XmlField } from '../../../src/wires/jdpay/xml.ts';
import type { CityKit, FaultName, Operation } from '../../kit/kit.ts';
import type { PaymentCodes } from '../../kit/payment-codes.ts';
import { type Fields, fieldOf } from './field-rules.ts';
import type { OrderStore } from './order-store.ts';
import type { MerchantRecord } from './records.ts';
import type { Refusal } from './refusal.ts';

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

/** The business fields of an answer; version, merchant, result and sign are added around them. */
export type Answer = Result<readonly XmlField[], Refusal>;

/**
 * Handlers are synchronous on purpose: nothing can happen between reading and changing a record.
 */
export type Handler = (call: Call) => Answer;

/** A fault may name the order by its own number or by that of a refund or revoke. */
export function takeFault(
  { context, merchant, fields }: Call,
  operation: Operation,
  kinds: readonly FaultName[],
): FaultName | undefined {
  const orderNo = ['tradeNum', 'oTradeNum'].map((name) => fieldOf(fields, name));
  const point = { wallet: 'jdpay', operation, orderNo, merchant: merchant.merchant } as const;
  return context.kit.faults.take(point, kinds);
}
