/** The parts that the gateway's methods work with, opened once. */
import { present } from '../../../src/kernel/assert.ts';
import type { JsonObject } from '../../../src/wires/alipay/json-text.ts';
import type { Parameters } from '../../../src/wires/alipay/parameters.ts';
import type { CityKit, Collection, FaultName, Operation } from '../../kit/kit.ts';
import type { PaymentCodes } from '../../kit/payment-codes.ts';
import { appsOf } from './account.ts';
import type { Answer } from './answers.ts';
import { type Callbacks, openCallbacks } from './callbacks.ts';
import { type Checkouts, openCheckouts } from './checkouts.ts';
import { type HouseRecord, readHouse } from './identity.ts';
import { openTradeBook, type TradeBook } from './order-store.ts';
import { openAlipayCodes } from './payment-codes.ts';
import type { AppRecord } from './records.ts';

export interface AlipayCity {
  readonly kit: CityKit;
  readonly apps: Collection<AppRecord>;
  readonly book: TradeBook;
  readonly checkouts: Checkouts;
  readonly callbacks: Callbacks;
  readonly authCodes: Collection<AuthCode>;
  readonly paymentCodes: PaymentCodes;
  /** Exists as soon as there is an account. */
  readonly house: () => HouseRecord;
}

export interface AuthCode {
  readonly appId: string;
  readonly expiresAtMs: number;
}

/** One verified call: nothing reaches a method before its signature was checked. */
export interface MethodCall {
  readonly app: AppRecord;
  readonly content: JsonObject;
  readonly notifyUrl: string | null;
  readonly returnUrl: string | null;
  /** Top-level parameters (v2), for the few methods that read them. */
  readonly parameters: Parameters;
  /** The text that was signed: the identity of a page or app order. */
  readonly signed: string;
  readonly fault: FaultName | undefined;
}

export interface Method {
  readonly operation: Operation;
  /** Answered with HTML to a buyer's browser. */
  readonly isPage: boolean;
  /** Faults that only this method can show, beside those of every answer and of its operation. */
  readonly faults?: readonly FaultName[];
  readonly run: (city: AlipayCity, call: MethodCall) => Answer;
}

export function openCity(kit: CityKit): AlipayCity {
  const house = () => present(readHouse(kit), 'the keys of the sandbox city');
  const book = openTradeBook(kit);
  return {
    kit,
    apps: appsOf(kit),
    book,
    checkouts: openCheckouts(kit, book),
    callbacks: openCallbacks(kit, house),
    authCodes: kit.journal.collection<AuthCode>('alipay.auth_codes'),
    paymentCodes: openAlipayCodes(kit),
    house,
  };
}
