/** The dependencies of the gateway's parts, opened once; and one verified request. */

import type { Fields } from '../../../src/wires/unionpay/canonical.ts';
import type { RespCode } from '../../../src/wires/unionpay/resp-codes.ts';
import type { CityKit } from '../../kit/kit.ts';
import type { PaymentCodes } from '../../kit/payment-codes.ts';
import type { OrderStore } from './order-store.ts';
import type { QueryMeter } from './queries.ts';
import { type MerchantRecord, type MessageFormat, transactionKey } from './records.ts';

export interface Context {
  readonly kit: CityKit;
  readonly store: OrderStore;
  readonly codes: PaymentCodes;
  readonly meter: QueryMeter;
}

/** A handler runs only after the signature was checked. */
export interface Call {
  readonly context: Context;
  readonly merchant: MerchantRecord;
  readonly format: MessageFormat;
  readonly fields: Fields;
}

/** Fields of a message before it is signed; what is null or blank is left out. */
export type Message = Readonly<Record<string, string | null>>;

/** A handler's answer; the reply echoes the request around it. */
export interface Answer {
  readonly respCode: RespCode;
  /** The reason, for the developer: added to respMsg after the code's own text. */
  readonly why?: string;
  readonly fields?: Message;
}

/** Synchronous, so that nothing can happen between reading and changing a record. */
export type Handler = (call: Call) => Answer;

export function refusal(respCode: RespCode, why: string): Answer {
  return { respCode, why };
}

/** Of the transaction that a call makes, asks for or reverses. */
export function keyOf({ merchant, fields }: Call): string {
  return transactionKey(merchant.merId, fields.get('orderId') ?? '', fields.get('txnTime') ?? '');
}
