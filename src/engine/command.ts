/**
 * Commands: every state change is one of these. A command names the rows it needs and decides
 * purely; the engine commits it together with whatever else is waiting.
 */
import type { DecideContext } from '../core/draft.ts';
import type { PaymentDecision } from '../core/payment/draft.ts';
import type { Payment } from '../core/payment/model.ts';
import type { HutongError } from '../kernel/errors.ts';
import type { Id } from '../kernel/id.ts';
import type { Result } from '../kernel/result.ts';
import type { WalletName } from '../kernel/wallet-names.ts';
import type { IdempotencyRow } from '../store/batch/idempotency.ts';
import type { DeliveryResult } from '../store/webhook/events.ts';

/** What every command says of itself. */
interface Request {
  /**
   * A note of what is done already: it rides with its lane's next batch, and makes one of its own
   * only when none comes for a moment.
   */
  readonly canRide?: boolean;
}

export interface PaymentCommand<A> extends Request {
  readonly book: 'payment';
  readonly name: string;
  readonly shard: number;
  /** Rule 11: another marketplace's payment is not found; null = the platform itself asks. */
  readonly marketplace: Id<'marketplace'> | null;
  /** An existing root, or a new payment to claim its merchant_order_no with. */
  readonly root: Id<'payment_intent'> | Payment;
  /** The wallet's message behind it, kept so that a re-delivery can be told from news. */
  readonly notification?: { readonly wallet: WalletName; readonly id: string };
  /** Pure. Deciding again on what it made gives the same answer and no writes. */
  readonly decide: (payment: Payment, context: DecideContext, isNew: boolean) => PaymentDecision<A>;
}

export interface IdempotencyCommand<A> extends Request {
  readonly book: 'idempotency';
  readonly name: string;
  readonly shard: number;
  readonly row: IdempotencyRow;
  /** The key was claimed by an earlier command: it is locked, never inserted. */
  readonly isClaimed?: boolean;
  /** `stored`: the key's row, or undefined when this very command claimed it or nobody has. */
  readonly decide: (
    stored: IdempotencyRow | undefined,
    nowMs: number,
  ) => { readonly save: IdempotencyRow | undefined; readonly answer: Result<A, HutongError> };
}

export interface DeliveryCommand extends Request {
  readonly book: 'delivery';
  readonly name: string;
  readonly shard: number;
  readonly result: DeliveryResult;
}

// biome-ignore lint/suspicious/noExplicitAny: a lane holds commands of every answer type.
export type AnyCommand = PaymentCommand<any> | IdempotencyCommand<any> | DeliveryCommand;
