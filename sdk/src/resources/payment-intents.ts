/** `hutong.paymentIntents`: one buyer's checkout, for one or several merchants. */
import { type PageList, pageList } from '../pages.ts';
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type {
  AttemptCreateParams,
  ConflictResolveParams,
  Offers,
  PaymentAttempt,
  PaymentCode,
  PaymentIntent,
  PaymentIntentCreateParams,
  PaymentIntentListParams,
} from '../types.ts';

export interface PaymentIntents {
  /** The same `merchant_order_no` with the same content gives the same intent. */
  readonly create: (
    params: PaymentIntentCreateParams,
    options?: CallOptions,
  ) => Promise<WithResponse<PaymentIntent>>;
  readonly retrieve: (
    id: string,
    params?: { expand?: 'attempts'[] },
    options?: CallOptions,
  ) => Promise<WithResponse<PaymentIntent>>;
  readonly list: (
    params?: PaymentIntentListParams,
    options?: CallOptions,
  ) => PageList<PaymentIntent>;
  /** Closes every attempt first; the status follows when the wallets have said their word. */
  readonly cancel: (id: string, options?: CallOptions) => Promise<WithResponse<PaymentIntent>>;
  /** An operator ends a conflict: what the wallet took counts, or goes back. */
  readonly resolve: (
    id: string,
    params: ConflictResolveParams,
    options?: CallOptions,
  ) => Promise<WithResponse<PaymentIntent>>;
  /** The wallets for this buyer on this device, and why others are withheld. */
  readonly offers: (id: string, options?: CallOptions) => Promise<WithResponse<Offers>>;
  /** One code that every wallet's app can scan; who has it can pay. */
  readonly code: (id: string, options?: CallOptions) => Promise<WithResponse<PaymentCode>>;
  /** Starts paying with one wallet; the cashier does this for you. */
  readonly createAttempt: (
    id: string,
    params: AttemptCreateParams,
    options?: CallOptions,
  ) => Promise<WithResponse<PaymentAttempt>>;
  /** The buyer has the goods: releases that sub_order's escrow and runs its splits. */
  readonly confirmReceipt: (
    id: string,
    params: { sub_order: string },
    options?: CallOptions,
  ) => Promise<WithResponse<PaymentIntent>>;
}

export function paymentIntents({ client, send }: Transport): PaymentIntents {
  return {
    ...payingWays({ client, send }),
    create: (body, options) =>
      send('money', (init) => client.POST('/v1/payment_intents', { ...init, body }), options),
    retrieve: (id, params, options) =>
      send(
        'read',
        (init) =>
          client.GET('/v1/payment_intents/{id}', {
            ...init,
            params: {
              path: { id },
              ...(params?.expand === undefined ? {} : { query: { 'expand[]': params.expand } }),
            },
          }),
        options,
      ),
    list: (params, options) =>
      pageList(params ?? {}, (query) =>
        send(
          'read',
          (init) => client.GET('/v1/payment_intents', { ...init, params: { query } }),
          options,
        ),
      ),
    cancel: (id, options) =>
      send(
        'money',
        (init) =>
          client.POST('/v1/payment_intents/{id}/cancel', {
            ...init,
            params: { path: { id } },
            body: {},
          }),
        options,
      ),
    resolve: (id, body, options) =>
      send(
        'money',
        (init) =>
          client.POST('/v1/payment_intents/{id}/resolve', {
            ...init,
            params: { path: { id } },
            body,
          }),
        options,
      ),
    createAttempt: (id, body, options) =>
      send(
        'money',
        (init) =>
          client.POST('/v1/payment_intents/{id}/attempts', {
            ...init,
            params: { path: { id } },
            body,
          }),
        options,
      ),
    confirmReceipt: (id, body, options) =>
      send(
        'money',
        (init) =>
          client.POST('/v1/payment_intents/{id}/confirm_receipt', {
            ...init,
            params: { path: { id } },
            body,
          }),
        options,
      ),
  };
}

/** How it can be paid: by which wallets, and by which code. */
function payingWays({
  client,
  send,
}: Pick<Transport, 'client' | 'send'>): Pick<PaymentIntents, 'offers' | 'code'> {
  return {
    offers: (id, options) =>
      send(
        'read',
        (init) =>
          client.GET('/v1/payment_intents/{id}/offers', { ...init, params: { path: { id } } }),
        options,
      ),
    code: (id, options) =>
      send(
        'read',
        (init) =>
          client.GET('/v1/payment_intents/{id}/code', { ...init, params: { path: { id } } }),
        options,
      ),
  };
}
