/** The dependencies of the gateway's parts, opened once; and one verified request. */

import type { Fields } from '../../../src/wires/unionpay/canonical.ts';
import type { RespCode } from '../../../src/wires/unionpay/resp-codes.ts';
import type { CityKit } from '../../kit/kit.ts';
import type { PaymentCodes } from '../../kit/payment-codes.ts';
import type { OrderStore } from './order-store.ts';
import type { QueryMeter } from './queries.ts';
import type { MerchantRecord, MessageFormat } from './records.ts';

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

/** A handler's answer; the reply echoes the request around it. */
export interface Answer {
  readonly respCode: RespCode;
  /** The reason, for the developer: added to respMsg after the code's own text. */
  readonly why?: string;
  readonly fields?: Readonly<Record<string, string | null>>;
}

/** Synchronous, so that nothing can happen between reading and changing a record. */
export type Handler = (call: Call) => Answer;

export function refusal(respCode: RespCode, why: string): Answer {
  return { respCode, why };
}
