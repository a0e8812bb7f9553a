/**
 * The one registry of error codes. A code is a promise: it never changes its meaning, has one HTTP
 * status, says whether the same request may be sent again, and has a row in
 * docs/reference/errors.md (test/http/documents.test.ts keeps the two in step).
 */
import type { WalletError } from './wallet-names.ts';

export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'idempotency_error'
  | 'rate_limit_error'
  | 'wallet_error'
  | 'state_error'
  | 'api_error';

interface ErrorSpec {
  readonly type: ErrorType;
  readonly status: number;
  readonly retryable: boolean;
  /** What happened and what to do: the doc row. */
  readonly meaning: string;
}

const codes =
  ({ retryable }: Pick<ErrorSpec, 'retryable'>) =>
  <C extends string>(
    type: ErrorType,
    status: number,
    meanings: Readonly<Record<C, string>>,
  ): Readonly<Record<C, ErrorSpec>> => {
    const specs = Object.entries<string>(meanings).map(([code, meaning]) => [
      code,
      Object.freeze({ type, status, retryable, meaning }),
    ]);
    return Object.fromEntries(specs) as Readonly<Record<C, ErrorSpec>>;
  };

/** The same request would be refused again. */
const refused = codes({ retryable: false });
/** The same request may be sent again. */
const retryable = codes({ retryable: true });

export const ERRORS = Object.freeze({
  ...refused('invalid_request_error', 400, {
    parameter_invalid: 'A field is missing, of the wrong type or out of bounds; `param` names it.',
    parameter_unknown: 'A field that this call does not know; remove it or check its spelling.',
    body_malformed:
      'The body is not valid JSON; send UTF-8 JSON with `Content-Type: application/json`.',
  }),
  ...refused('invalid_request_error', 413, {
    body_too_large: 'The body is larger than 256 kB.',
  }),
  ...refused('invalid_request_error', 415, {
    content_type_unsupported: 'Send `Content-Type: application/json`.',
  }),
  ...refused('invalid_request_error', 400, {
    version_unknown: 'The `Hutong-Version` header names a version that does not exist.',
    amount_mismatch: 'The sub_orders do not sum to the amount.',
    merchant_unknown: 'A sub_order names a merchant that this marketplace does not have.',
    expires_at_invalid: 'The expiry is less than 2 minutes or more than 7 days ahead.',
    webhook_url_refused:
      'The webhook address is not https, or resolves to a private, link-local or metadata address.',
  }),
  ...refused('idempotency_error', 400, {
    idempotency_key_missing:
      'This call moves or promises money: send an `Idempotency-Key` (1 to 255 characters).',
  }),
  ...retryable('idempotency_error', 409, {
    idempotency_key_in_flight:
      'The first request with this key is still being worked on; send the same again shortly.',
  }),
  ...refused('idempotency_error', 422, {
    idempotency_key_reused: 'This key was used for another body, path or API key; use a new one.',
  }),
  ...refused('authentication_error', 401, {
    api_key_missing: 'Send `Authorization: Bearer sk_…`.',
    api_key_invalid: 'The key is unknown or was revoked.',
    client_secret_invalid: 'The client secret does not belong to this payment_intent.',
  }),
  ...refused('permission_error', 403, {
    scope_missing: 'The key is restricted and lacks the scope for this call.',
    address_not_allowed:
      'The key may not be used from this address; call from one of its own, or make a key for it (`hutong key create --allow-from`).',
    key_mode_mismatch:
      'A test key (`sk_test_`, `rk_test_`) moves no money of live payments or wallet configurations, and a live key none of test ones; use a key of the other kind.',
  }),
  ...refused('invalid_request_error', 404, {
    not_found: 'No such object in this marketplace.',
    route_unknown: 'No such path.',
  }),
  ...refused('invalid_request_error', 405, {
    method_not_allowed: 'The path exists, but not with this method.',
  }),
  ...refused('state_error', 409, {
    merchant_order_no_conflict:
      'The merchant_order_no exists with other content; use a new number for a new order.',
    counter_name_taken: 'Another counter of this merchant has this name; choose another name.',
    webhook_endpoint_exists:
      'The marketplace has an endpoint with this address; `existing` is its id: change that one.',
    webhook_endpoints_full:
      'The marketplace has 16 endpoints; change one of them, or delete one first.',
    payment_intent_not_payable:
      'The payment_intent is paid, canceled, expired, being closed or conflicted; no attempt can start.',
    payment_intent_not_cancelable:
      'The payment_intent is already paid, canceled, expired or conflicted.',
    payment_intent_not_conflicted:
      'Only a conflicted payment_intent is resolved by an operator, and only once.',
  }),
  ...retryable('state_error', 409, {
    conflict_not_resolvable:
      'An order of the conflict may still be paid, which the platform is asking about; or none was paid whole (or it is being reversed), and only `refund` is possible.',
  }),
  ...refused('state_error', 409, {
    wallet_not_offered:
      'The wallet or product cannot pay this cart on this device; GET …/offers says why.',
    payer_wallet_not_connected:
      'The `payer_wallet` cannot pay this wallet’s code: no active interconnection, or the product shows no code; GET …/offers has the pairs that work.',
  }),
  ...refused('invalid_request_error', 400, {
    payer_missing:
      'The product needs to know the payer: `payer.openid` (WeChat Pay jsapi), `payer.buyer_id` / `payer.buyer_open_id` (Alipay jsapi), `payer.auth_code` (payment codes) or `payer.field55` (nfc).',
    auth_code_malformed:
      '`payer.auth_code` is no payment code: send the digits (or the EMV text) exactly as scanned, or ask the buyer for a new code.',
    auth_code_not_recognised:
      'No wallet has payment codes that begin like this and are this long; ask the buyer for another wallet.',
    auth_code_ambiguous:
      'Several wallets that this cart can be paid with have such codes; the message names them: pass `wallet`.',
  }),
  ...refused('state_error', 409, {
    refund_exceeds_payment:
      'The refund is more than what is left of the sub_order or its leg (rule 7).',
    refund_not_possible: 'The payment_intent is not paid, or its refund window or count is spent.',
    merchant_balance_short:
      'What was released to the merchant is spent, and the refund was not to be advanced: ask again later, with a new key.',
  }),
  ...retryable('state_error', 409, {
    escrow_not_releasable:
      'The sub_order is not paid, or a refund of it is open; what is held of it stays held.',
  }),
  ...refused('wallet_error', 402, {
    wallet_declined:
      'The wallet refused; `wallet_error` has its own words. With `wallet_error.misconfigured` it refused the marketplace’s own credentials or permissions, whatever was ordered: offer another wallet, and see `hutong doctor`.',
  }),
  ...retryable('rate_limit_error', 429, {
    rate_limited: 'Too many requests; wait for `Retry-After` seconds.',
  }),
  ...retryable('api_error', 503, {
    busy: 'The database is busy or away; whether it was done is not known, send the same again with the same Idempotency-Key.',
    shutting_down: 'This process is shutting down; send the same again.',
  }),
  ...retryable('api_error', 500, {
    internal:
      'A defect of ours; the request_id finds it. Retrying with the same Idempotency-Key is safe.',
  }),
} satisfies Record<string, ErrorSpec>);

export type ErrorCode = keyof typeof ERRORS;

export interface HutongError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param: string | null;
  readonly walletError: WalletError | null;
  /** The id of the existing object, where that is the reason. */
  readonly existing?: string;
}

export function hutongError(
  code: ErrorCode,
  message: string,
  more: {
    readonly param?: string;
    readonly walletError?: WalletError;
    readonly existing?: string;
  } = {},
): HutongError {
  return Object.freeze({
    code,
    message,
    param: more.param ?? null,
    walletError: more.walletError ?? null,
    ...(more.existing === undefined ? {} : { existing: more.existing }),
  });
}
