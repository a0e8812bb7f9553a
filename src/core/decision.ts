/**
 * How core answers a command: a new payment, what to post, what to tell. A decision works on a
 * draft that is local to it; the payment it was given is never changed. The version grows by one a
 * decision that changed anything, and events carry the state after it (rule 9).
 */

import type { HutongError } from '../kernel/errors.ts';
import type { EventType } from '../kernel/event-types.ts';
import type { Id, IdKind } from '../kernel/id.ts';
import { ok, type Result } from '../kernel/result.ts';
import type { AuditFact } from './audit/audit.ts';
import type { Posting } from './ledger/posting.ts';
import type {
  Attempt,
  Escrow,
  Leg,
  Payment,
  PaymentIntent,
  Refund,
  SubOrder,
} from './payment/model.ts';
import { presentAttempt } from './payment/present-attempt.ts';
import { presentPaymentIntent } from './payment/present-intent.ts';
import { presentRefund } from './refund/present.ts';

export interface EventFact {
  readonly type: EventType;
  readonly objectId: Id;
  readonly objectVersion: number;
  /** The object as the API shows it. */
  readonly object: Readonly<Record<string, unknown>>;
}

export interface DecideContext {
  readonly nowMs: number;
  newId<K extends IdKind>(kind: K): Id<K>;
}

export interface Decided<A> {
  readonly payment: Payment;
  readonly postings: readonly Posting[];
  readonly events: readonly EventFact[];
  /** What a person did, for the audit log. */
  readonly audit?: readonly AuditFact[];
  readonly answer: A;
}

export type Decision<A> = Result<Decided<A>, HutongError>;

/** A decision under way. */
export class PaymentDraft {
  readonly original: Payment;
  payment: Payment;
  readonly postings: Posting[] = [];
  readonly #audit: AuditFact[] = [];
  readonly #told: { readonly type: EventType; readonly id: Id }[] = [];

  constructor(payment: Payment) {
    this.original = payment;
    this.payment = payment;
  }

  get intent(): PaymentIntent {
    return this.payment.intent;
  }

  /** Copied once a decision, then changed in place: nobody else has the copy yet. */
  setIntent(change: Partial<PaymentIntent>): void {
    if (this.payment.intent === this.original.intent)
      this.payment = { ...this.payment, intent: { ...this.payment.intent } };
    Object.assign(this.payment.intent, change);
  }

  setAttempt(id: Id<'payment_attempt'>, change: Partial<Attempt>): void {
    this.payment = { ...this.payment, attempts: replaced(this.payment.attempts, id, change) };
  }

  setLeg(id: Id<'leg'>, change: Partial<Leg>): void {
    this.payment = { ...this.payment, legs: replaced(this.payment.legs, id, change) };
  }

  setRefund(id: Id<'refund'>, change: Partial<Refund>): void {
    this.payment = { ...this.payment, refunds: replaced(this.payment.refunds, id, change) };
  }

  setSubOrder(id: Id<'sub_order'>, change: Partial<SubOrder>): void {
    this.payment = { ...this.payment, subOrders: replaced(this.payment.subOrders, id, change) };
  }

  setEscrow(id: Id<'escrow'>, change: Partial<Escrow>): void {
    this.payment = { ...this.payment, escrows: replaced(this.payment.escrows, id, change) };
  }

  add(rows: Partial<Pick<Payment, 'attempts' | 'legs' | 'refunds' | 'escrows'>>): void {
    const { attempts, legs, refunds, escrows } = this.payment;
    this.payment = {
      ...this.payment,
      attempts: joined(attempts, rows.attempts),
      legs: joined(legs, rows.legs),
      refunds: joined(refunds, rows.refunds),
      escrows: joined(escrows, rows.escrows),
    };
  }

  post(posting: Posting): void {
    if (posting.entries.length > 0) this.postings.push(posting);
  }

  /** Told of a person's deed, never of what happens by itself. */
  audit(fact: AuditFact): void {
    this.#audit.push(fact);
  }

  tell(type: EventType, id: Id): void {
    this.#told.push({ type, id });
  }

  /** Ends the decision: bumps the version if anything changed and presents the events. */
  decided<A>(answer: (payment: Payment) => A): Decision<A> {
    if (this.payment !== this.original) this.setIntent({ version: this.intent.version + 1 });
    const { payment } = this;
    const events = this.#told.map(({ type, id }) => ({
      type,
      objectId: id,
      objectVersion: payment.intent.version,
      object: presentObject(payment, id),
    }));
    const { postings } = this;
    const value = answer(payment);
    if (this.#audit.length === 0) return ok({ payment, postings, events, answer: value });
    return ok({ payment, postings, events, audit: this.#audit, answer: value });
  }
}

/** The very same list where nothing joins it: what did not change is not saved. */
function joined<T>(rows: readonly T[], more: readonly T[] | undefined): readonly T[] {
  return more === undefined ? rows : rows.concat(more);
}

function replaced<T extends { readonly id: string }>(
  rows: readonly T[],
  id: string,
  change: Partial<T>,
): T[] {
  return rows.map((row) => (row.id === id ? { ...row, ...change } : row));
}

function presentObject(payment: Payment, id: Id): Readonly<Record<string, unknown>> {
  const attempt = payment.attempts.find((row) => row.id === id);
  if (attempt !== undefined) return presentAttempt(payment, attempt);
  const refund = payment.refunds.find((row) => row.id === id);
  return refund === undefined ? presentPaymentIntent(payment) : presentRefund(payment, refund);
}
