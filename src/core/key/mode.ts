/**
 * Test and live keys are separate (docs/decisions/0009-key-modes.md): a key moves money only
 * through configurations of its own mode. A payment keeps the mode of the key that created it, so
 * that what starts without a key (cashier, counter page) runs in that mode. Reads are not
 * restricted.
 *
 * null = created before modes were stored: it has no mode, and keys of either mode may continue it.
 */
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import type { Payment } from '../payment/model.ts';

export type Livemode = boolean | null;

/** The mode of a wallet's configuration; undefined where it does not open. */
export type ModeOfConfig = (config: Id<'wallet_config'>) => boolean | undefined;

const NAMES = { true: 'live', false: 'test' } as const;
const nameOf = (isLivemode: boolean): string => NAMES[`${isLivemode}`];

/** An object of one mode was requested with a key of the other. */
export function modeRefusal(
  what: string,
  object: Livemode,
  key: Livemode,
): HutongError | undefined {
  if (object === null || key === null || object === key) return undefined;
  const message = `${what} is of ${nameOf(object)} mode and this is a ${nameOf(key)} key`;
  return hutongError('key_mode_mismatch', message);
}

/**
 * May this key move the payment's money? Depends on the key that created it and on where its orders
 * are.
 */
export function paymentModeRefusal(
  { intent, attempts }: Payment,
  key: Livemode,
  modeOf: ModeOfConfig,
): HutongError | undefined {
  const own = modeRefusal('the payment_intent', intent.isLivemode, key);
  if (own !== undefined) return own;
  for (const { id, config } of attempts) {
    const refusal = modeRefusal(`its attempt ${id}`, modeOf(config) ?? null, key);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** The mode of the configurations that a payment may be paid through, with such a key or none. */
export function modeToPayIn(intent: Payment['intent'], key: Livemode): Livemode {
  return intent.isLivemode ?? key;
}
