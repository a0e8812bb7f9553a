/** The draft of a payment, with its rows by id: one that a decision asks for must be there. */

import type { Id } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';
import type { NewTransfer } from '../balance/transfer.ts';
import { type DecideContext, type Decision, Draft, type DraftModel } from '../draft.ts';
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

interface WantedTransfer
  extends Pick<NewTransfer, 'kind' | 'source' | 'amountFen' | 'shortfall' | 'after'> {
  readonly escrow: Escrow;
  /** Left out = at once. */
  readonly dueAtMs?: number;
}

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

  /** Money between this payment and the balance of an escrow's merchant. */
  transfer({ escrow, dueAtMs, ...wanted }: WantedTransfer, context: DecideContext): NewTransfer {
    const { walletAccount, merchant, wallet } = escrow;
    const { currency } = this.intent;
    const transfer: NewTransfer = {
      ...wanted,
      ...{ id: context.newId('transfer'), walletAccount, merchant, wallet, currency },
      dueAtMs: dueAtMs ?? context.nowMs,
    };
    this.transfers.push(transfer);
    return transfer;
  }

  /**
   * The part of a charge that the balance pays, or gets back; what has moved is never refused. What
   * one decision charges and gives back for a refund is one transfer of the difference, or none.
   */
  charge(escrow: Escrow, source: Id<'refund'>, balanceFen: Fen, context: DecideContext): void {
    const chargedFen = this.#takeCharge(source) + balanceFen;
    if (chargedFen === 0n) return;
    const kind = chargedFen > 0n ? 'charge' : 'give_back';
    const amountFen = chargedFen > 0n ? chargedFen : -chargedFen;
    const charge = { kind, source, escrow, amountFen, shortfall: 'advance', after: null } as const;
    this.transfer(charge, context);
  }

  #takeCharge(refund: Id<'refund'>): Fen {
    const at = this.transfers.findIndex(
      ({ kind, source }) => source === refund && (kind === 'charge' || kind === 'give_back'),
    );
    const [charge] = at < 0 ? [] : this.transfers.splice(at, 1);
    if (charge === undefined) return 0n;
    return charge.kind === 'charge' ? charge.amountFen : -charge.amountFen;
  }
}
