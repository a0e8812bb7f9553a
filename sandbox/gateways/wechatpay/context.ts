/** One authenticated call being processed, and its handler's answer. */
import type { Result } from '../../../src/kernel/result.ts';
import type { JsonRecord } from '../../../src/wires/wechatpay/json.ts';
import type { CityKit, WireRequest } from '../../kit/kit.ts';
import type { Keys } from './identity.ts';
import type { OrderStore } from './order-store.ts';
import type { Draft } from './present.ts';
import type { AccountRecord } from './records.ts';
import type { Refusal } from './refusal.ts';

export interface Context {
  readonly kit: CityKit;
  readonly store: OrderStore;
  readonly keys: Keys;
}

export interface Call {
  readonly context: Context;
  readonly account: AccountRecord;
  readonly request: WireRequest;
  /** The parsed body; empty for GET. */
  readonly body: JsonRecord;
  readonly query: URLSearchParams;
  /** The decoded variable parts of the path. */
  readonly params: readonly string[];
  /** The request's Wechatpay-Serial. */
  readonly serial: string | null;
}

/** null = 204. */
export type Answer = Result<Draft | null, Refusal>;

/**
 * Handlers are synchronous on purpose: nothing can happen between reading and changing a record.
 */
export type Handler = (call: Call) => Answer;
