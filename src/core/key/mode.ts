/**
 * Test and live keys are apart (docs/decisions/0009-key-modes.md): a key moves money only where its
 * mode is the configuration's. A payment keeps the mode of the key that made it, so that what is
 * started without a key (the cashier, a counter's page) starts under it. Reading is not moving.
 *
 * null = of before modes were kept: of neither mode, and either may go on with it.
 */
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import type { Payment } from '../payment/model.ts';

export type Livemode = boolean | null;

/** The mode of a wallet's configuration; undefined where it does not open. */
export type ModeOfConfig = (config: Id<'wallet_config'>) => boolean | undefined;

const NAMES = { true: 'live', false: 'test' } as const;
const nameOf = (isLivemode: boolean): string => NAMES[`${isLivemode}`];

/** An object of one mode in the hands of a key of the other. */
export function modeRefusal(
  what: string,
  object: Livemode,
  key: Livemode,
): HutongError | undefined {
  if (object === null || key === null || object === key) return undefined;
  const message = `${what} is of ${nameOf(object)} mode and this is a ${nameOf(key)} key`;
  return hutongError('key_mode_mismatch', message);
}

/** May this key move the payment's money? By what it was made with, and by where its orders are. */
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

/** The configurations through which a payment may be paid, asked for by such a key or by none. */
export function modeToPayIn(intent: Payment['intent'], key: Livemode): Livemode {
  return intent.isLivemode ?? key;
}
