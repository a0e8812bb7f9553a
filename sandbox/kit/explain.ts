/**
 * Why a signature was refused, if a usual mistake explains it: each is tried against the signature,
 * and the first match is named, with the text that was signed instead. Runs only after a refusal;
 * nothing here ever makes a request acceptable.
 */
import type { Explanation } from './kit.ts';

export interface Guess {
  readonly text: string;
  readonly mistake: string;
}

/** `otherwise`: the hint if no mistake fits. */
export function explained(
  refused: Pick<Explanation, 'wallet' | 'what' | 'expected'>,
  guess: Guess | undefined,
  otherwise: string,
): Explanation {
  return { ...refused, received: guess?.text ?? null, hint: guess?.mistake ?? otherwise };
}

export async function findGuess<G extends Guess>(
  guesses: readonly G[],
  isSigned: (guess: G) => boolean | Promise<boolean>,
): Promise<G | undefined> {
  for (const guess of guesses) if (await isSigned(guess)) return guess;
  return undefined;
}
