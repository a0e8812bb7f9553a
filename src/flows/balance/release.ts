/** Releasing what is held of a sub_order. */
import { releaseEscrow as decideRelease } from '../../core/escrow/release.ts';
import type { Escrow } from '../../core/payment/model.ts';
import type { Id } from '../../kernel/id.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { decideOn } from '../payment/decide-on.ts';

export interface ReleaseInput {
  readonly marketplace: Id<'marketplace'>;
  readonly intent: Id<'payment_intent'>;
  readonly subOrder: Id<'sub_order'>;
}

/** The transfer that it makes is carried by the sweeper, which is woken by the commit. */
export function releaseEscrow(
  platform: Platform,
  { marketplace, intent, subOrder }: ReleaseInput,
): Outcome<Escrow> {
  return decideOn(platform, { id: intent, marketplace }, 'release_escrow', (payment, context) =>
    decideRelease(payment, subOrder, context),
  );
}
