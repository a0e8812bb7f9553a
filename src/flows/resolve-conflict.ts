/** An operator's word on a conflicted payment; what goes back is sent by the janitor. */
import type { HutongError } from '../core/errors.ts';
import type { Payment } from '../core/payment.ts';
import { resolveConflict as decide } from '../core/resolve-conflict.ts';
import type { Result } from '../core/result.ts';
import { walletModule } from '../wallets/registry.ts';
import { rootOf } from './attempt-order.ts';
import type { Platform } from './platform.ts';
import type { ResolveConflictInput } from './use-cases.ts';

export function resolveConflict(
  platform: Platform,
  input: ResolveConflictInput,
): Promise<Result<Payment, HutongError>> {
  const { marketplace, intent, outcome, reason, by } = input;
  return platform.engine.submit({
    book: 'payment',
    name: 'resolve_conflict',
    ...rootOf(intent),
    marketplace,
    decide: (payment, context) =>
      decide(
        payment,
        {
          ...{ outcome, reason, by },
          mannerOf: ({ wallet }) => ({
            settlesDirectly: walletModule(wallet)?.capabilities.custody === 'settles_directly',
          }),
        },
        context,
      ),
  });
}
