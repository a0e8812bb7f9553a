/** The draft of a payment, with its rows by id: one that a decision asks for must be there. */

import type { Id } from '../../kernel/id.ts';
import { type Decision, Draft, type DraftModel } from '../draft.ts';
import { presentRefund } from '../refund/present.ts';
import { rowOf } from '../rows-by-id.ts';
import type { Attempt, Escrow, Leg, Payment, PaymentIntent, Refund, SubOrder } from './model.ts';
import { presentAttempt } from './present-attempt.ts';
import { presentPaymentIntent } from './present-intent.ts';

export type PaymentDecision<A> = Decision<Payment, A>;

const MODEL: DraftModel<Payment, 'intent'> = {
  root: 'intent',
  present: (payment, id) => {
    const attempt = rowOf(payment.attempts, id);
    if (attempt !== undefined) return presentAttempt(payment, attempt);
    const refund = rowOf(payment.refunds, id);
    return refund === undefined ? presentPaymentIntent(payment) : presentRefund(payment, refund);
  },
};

export class PaymentDraft extends Draft<Payment, 'intent'> {
  constructor(payment: Payment) {
    super(payment, MODEL);
  }

  get payment(): Payment {
    return this.state;
  }

  get intent(): PaymentIntent {
    return this.state.intent;
  }

  attempt(id: Id<'payment_attempt'>): Attempt {
    return this.get('attempts', id);
  }

  legsOf(id: Id<'payment_attempt'>): readonly Leg[] {
    return this.state.legs.filter((leg) => leg.attempt === id);
  }

  leg(id: Id<'leg'>): Leg {
    return this.get('legs', id);
  }

  /** Those that a leg pays, in the order of the cart. */
  subOrdersOf({ subOrders }: Leg): readonly SubOrder[] {
    return subOrders.map((id) => this.get('subOrders', id));
  }

  /** The attempt that a leg belongs to. */
  attemptOf(leg: Id<'leg'>): Attempt {
    return this.attempt(this.leg(leg).attempt);
  }

  refund(id: Id<'refund'>): Refund {
    return this.get('refunds', id);
  }

  escrow(id: Id<'escrow'>): Escrow {
    return this.get('escrows', id);
  }
}
