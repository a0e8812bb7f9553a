/** `hutong.paymentIntents`: one buyer's checkout, for one or several merchants. */
import type { PageList } from '../pages.ts';
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type {
  AttemptCreateParams,
  ConflictResolveParams,
  Offers,
  OffersParams,
  PaymentAttempt,
  PaymentCode,
  PaymentIntent,
  PaymentIntentCreateParams,
  PaymentIntentListParams,
} from '../types.ts';

const ONE = '/v1/payment_intents/{id}';

export function paymentIntents({ read, money, pages }: Transport) {
  return {
    /** The same `merchant_order_no` with the same content returns the same intent. */
    create: (
      body: PaymentIntentCreateParams,
      options?: CallOptions,
    ): Promise<WithResponse<PaymentIntent>> => money('POST /v1/payment_intents', { body }, options),

    retrieve: (
      id: string,
      params: { readonly expand?: 'attempts'[] } = {},
      options?: CallOptions,
    ): Promise<WithResponse<PaymentIntent>> => {
      const query = params.expand === undefined ? {} : { 'expand[]': params.expand };
      return read(`GET ${ONE}`, { path: { id }, query }, options);
    },

    list: (query: PaymentIntentListParams = {}, options?: CallOptions): PageList<PaymentIntent> =>
      pages('GET /v1/payment_intents', { query }, options),

    /** Closes every attempt first; the status follows when the wallets have answered. */
    cancel: (id: string, options?: CallOptions): Promise<WithResponse<PaymentIntent>> =>
      money(`POST ${ONE}/cancel`, { path: { id } }, options),

    /** An operator resolves a conflict: what the wallet collected counts, or is refunded. */
    resolve: (
      id: string,
      body: ConflictResolveParams,
      options?: CallOptions,
    ): Promise<WithResponse<PaymentIntent>> =>
      money(`POST ${ONE}/resolve`, { path: { id }, body }, options),

    /** The wallets for this buyer on this device, and why others are withheld. */
    offers: (
      id: string,
      params: OffersParams & CallOptions = {},
    ): Promise<WithResponse<Offers>> => {
      const { device, ...options } = params;
      const query = device === undefined ? {} : { device };
      return read(`GET ${ONE}/offers`, { path: { id }, query }, options);
    },

    /** A universal QR code that every wallet's app can scan; whoever has it can pay. */
    code: (id: string, options?: CallOptions): Promise<WithResponse<PaymentCode>> =>
      read(`GET ${ONE}/code`, { path: { id } }, options),

    /** Starts paying with one wallet; the cashier does this for you. `attempts.create`. */
    createAttempt: (
      id: string,
      body: AttemptCreateParams,
      options?: CallOptions,
    ): Promise<WithResponse<PaymentAttempt>> =>
      money(`POST ${ONE}/attempts`, { path: { id }, body }, options),
  };
}

export type PaymentIntents = ReturnType<typeof paymentIntents>;
