/** `hutong.attempts`: the attempts of one payment intent, each with one wallet and product. */
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { AttemptCreateParams, List, PaymentAttempt } from '../types.ts';

const ALL = '/v1/payment_intents/{id}/attempts';

export function attempts({ read, money }: Transport) {
  return {
    /** Starts paying with one wallet; an attempt that is still open is closed first. */
    create: (
      paymentIntent: string,
      body: AttemptCreateParams,
      options?: CallOptions,
    ): Promise<WithResponse<PaymentAttempt>> =>
      money(`POST ${ALL}`, { path: { id: paymentIntent }, body }, options),

    /** All of them, on one page. */
    list: (
      paymentIntent: string,
      options?: CallOptions,
    ): Promise<WithResponse<List<PaymentAttempt>>> =>
      read(`GET ${ALL}`, { path: { id: paymentIntent } }, options),

    retrieve: (
      paymentIntent: string,
      attempt: string,
      options?: CallOptions,
    ): Promise<WithResponse<PaymentAttempt>> =>
      read(`GET ${ALL}/{attempt}`, { path: { id: paymentIntent, attempt } }, options),
  };
}

export type Attempts = ReturnType<typeof attempts>;
