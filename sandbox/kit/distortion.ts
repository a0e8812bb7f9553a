/**
 * Faults of a wallet that errs: an answer or callback misreports what happened. How each looks in a
 * message is the wallet's own.
 */
import type { FaultName } from './kit.ts';

export const DISTORTIONS = ['wrong_amount', 'wrong_currency', 'wrong_payee'] as const;

type Distortion = (typeof DISTORTIONS)[number];

/** The fields unchanged, or with those that the fault replaces. */
export function distorted<F extends object>(
  fields: F,
  fault: FaultName | undefined,
  changes: () => Readonly<Record<Distortion, object>>,
): F {
  const kind = DISTORTIONS.find((each) => each === fault);
  return kind === undefined ? fields : { ...fields, ...changes()[kind] };
}
