/** The parts that the gateway's methods use, opened once. */
import { must } from '../../../src/kernel/assert.ts';
import type { JsonObject } from '../../../src/wires/alipay/json-text.ts';
import type { Parameters } from '../../../src/wires/alipay/parameters.ts';
import type { CityKit, Collection, FaultName, Operation } from '../../kit/kit.ts';
import type { PaymentCodes } from '../../kit/payment-codes.ts';
import { appsOf } from './account.ts';
import type { Answer } from './answers.ts';
import { type Callbacks, openCallbacks } from './callbacks.ts';
import { type Checkouts, openCheckouts } from './checkouts.ts';
import { type IdentityRecord, readIdentity } from './identity.ts';
import { type OrderStore, openOrderStore } from './order-store.ts';
import { openAlipayCodes } from './payment-codes.ts';
import type { AppRecord } from './records.ts';

export interface Context {
  readonly kit: CityKit;
  readonly apps: Collection<AppRecord>;
  readonly store: OrderStore;
  readonly checkouts: Checkouts;
  readonly callbacks: Callbacks;
  readonly authCodes: Collection<AuthCode>;
  readonly paymentCodes: PaymentCodes;
  /** Exists as soon as there is an account. */
  readonly identity: () => IdentityRecord;
}

export interface AuthCode {
  readonly appId: string;
  readonly expiresAtMs: number;
}

/** A verified call: a method runs only after the signature was checked. */
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
  readonly isPage?: true;
  /** Faults of this method only, besides those of every answer and of its operation. */
  readonly faults?: readonly FaultName[];
  readonly run: (context: Context, call: MethodCall) => Answer;
}

export function openContext(kit: CityKit): Context {
  const identity = () => must(readIdentity(kit), 'the keys of the sandbox city');
  const callbacks = openCallbacks(kit, identity);
  const store = openOrderStore(kit, callbacks.notify);
  return {
    kit,
    apps: appsOf(kit),
    store,
    checkouts: openCheckouts(kit, store),
    callbacks,
    authCodes: kit.journal.collection<AuthCode>('alipay.auth_codes'),
    paymentCodes: openAlipayCodes(kit),
    identity,
  };
}
