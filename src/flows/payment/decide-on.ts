/** A decision on a stored payment, committed by the engine. */

import type { DecideContext } from '../../core/draft.ts';
import type { PaymentDecision } from '../../core/payment/draft.ts';
import type { Payment } from '../../core/payment/model.ts';
import { type Id, shardOfId } from '../../kernel/id.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import { PAYMENT } from '../../store/payment/aggregate.ts';
import type { Sender } from '../base/key-claim.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';

/** The payment, and on whose behalf the decision is made. An intent can be passed as it is. */
export interface PaymentRoot<A> {
  readonly id: Id<'payment_intent'>;
  /** Rule 11: another marketplace's payment is not found; null = the platform itself. */
  readonly marketplace: Id<'marketplace'> | null;
  /** Default: the engine itself. */
  readonly sender?: Sender<A>;
}

export function decideOn<A>(
  platform: Platform,
  { id, marketplace, sender }: PaymentRoot<NoInfer<A>>,
  name: string,
  decide: (payment: Payment, context: DecideContext) => PaymentDecision<A>,
  notification?: { readonly wallet: WalletName; readonly id: string },
): Outcome<A> {
  return (sender ?? platform.engine).submit({
    aggregate: PAYMENT,
    name,
    shard: shardOfId(id),
    root: id,
    marketplace,
    ...(notification && { notification }),
    decide,
  });
}
