/**
 * The shapes of all answers by their names in openapi.json. Answers are not validated at run time:
 * presenters are typed by the shapes, and a route's answer by the name that it declares.
 */
import { type Static, Type } from 'typebox';
import {
  LegShape,
  NextActionShape,
  PaymentAttemptListShape,
  PaymentAttemptShape,
  PaymentIntentShape,
  SubOrderShape,
  WalletErrorShape,
} from '../core/payment/shape.ts';
import { RefundShape } from '../core/refund/shape.ts';
import { closed, component, orNull, page } from '../core/shape.ts';
import { EventShape } from '../core/webhook/shape.ts';
import { ERRORS, type ErrorCode } from '../kernel/errors.ts';
import { AuditEntryShape } from './audit/shape.ts';
import { BuyerErasureShape } from './buyer/shape.ts';
import { BalanceShape, LedgerAccountShape, LedgerTransactionShape } from './ledger/shape.ts';
import { CounterShape, PaymentCodeShape } from './merchant/counter-schema.ts';
import { MerchantShape, WalletAccountShape } from './merchant/shape.ts';
import { InterconnectShape, OffersShape } from './offer/shape.ts';
import { DeletedShape, WebhookEndpointShape } from './webhook/shape.ts';

const ErrorShape = closed({
  error: closed({
    type: Type.Enum([...new Set(Object.values(ERRORS).map(({ type }) => type))]),
    code: Type.Enum(Object.keys(ERRORS) as ErrorCode[]),
    message: Type.String(),
    param: orNull(Type.String({ description: 'The field at fault, `sub_orders[0].amount`.' })),
    doc_url: Type.String(),
    request_id: Type.String(),
    retryable: Type.Boolean({ description: 'The same request may be sent again.' }),
    existing: Type.Optional(
      Type.String({ description: 'The id of what is there already, where that is the reason.' }),
    ),
    wallet_error: orNull(component('wallet_error', WalletErrorShape)),
  }),
});

export type ShownError = Static<typeof ErrorShape>;

export const COMPONENTS = {
  error: ErrorShape,
  wallet_error: WalletErrorShape,
  payment_intent: PaymentIntentShape,
  payment_intent_list: page('payment_intent', PaymentIntentShape),
  sub_order: SubOrderShape,
  payment_attempt: PaymentAttemptShape,
  payment_attempt_list: PaymentAttemptListShape,
  next_action: NextActionShape,
  leg: LegShape,
  offers: OffersShape,
  refund: RefundShape,
  merchant: MerchantShape,
  wallet_account: WalletAccountShape,
  merchant_list: page('merchant', MerchantShape),
  wallet_account_list: page('wallet_account', WalletAccountShape),
  interconnect: InterconnectShape,
  interconnect_list: page('interconnect', InterconnectShape),
  counter: CounterShape,
  counter_list: page('counter', CounterShape),
  payment_code: PaymentCodeShape,
  // A route that sends bytes has an empty JSON body.
  file: Type.Unsafe<Readonly<Record<string, never>>>({
    type: 'string',
    format: 'binary',
    description: 'The bytes.',
  }),
  ledger_account: LedgerAccountShape,
  ledger_account_list: page('ledger_account', LedgerAccountShape),
  ledger_transaction: LedgerTransactionShape,
  ledger_transaction_list: page('ledger_transaction', LedgerTransactionShape),
  balance: BalanceShape,
  balance_list: page('balance', BalanceShape),
  audit_entry: AuditEntryShape,
  buyer_erasure: BuyerErasureShape,
  audit_log_list: page('audit_entry', AuditEntryShape),
  event: EventShape,
  event_list: page('event', EventShape),
  webhook_endpoint: WebhookEndpointShape,
  webhook_endpoint_list: page('webhook_endpoint', WebhookEndpointShape),
  deleted: DeletedShape,
};

export type ComponentName = keyof typeof COMPONENTS;
/** The type shown under one of these names. */
export type Shown<N extends ComponentName> = Static<(typeof COMPONENTS)[N]>;
