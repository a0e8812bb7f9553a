/**
 * Every call to a wallet passes here: measured, counted for health, and never throwing. A defect
 * inside an adapter is an unknown outcome like any other: nobody guesses with money.
 */
import type { OpenedWallet } from './directory.ts';
import type { Platform } from './platform.ts';

export async function callWallet<T>(
  platform: Platform,
  opened: OpenedWallet,
  operation: string,
  call: () => Promise<T>,
  outcomeOf: (answer: T) => string,
): Promise<T | undefined> {
  const startedMs = platform.wall.nowMs();
  const record = (outcome: string): void => {
    platform.metrics.walletCall({
      wallet: opened.name,
      operation,
      outcome,
      ms: platform.wall.nowMs() - startedMs,
    });
    platform.health.record(opened.config, outcome !== 'unknown');
  };
  try {
    const answer = await call();
    record(outcomeOf(answer));
    return answer;
  } catch (error) {
    record('unknown');
    platform.log.error(
      { wallet: opened.name, operation, defect: describe(error) },
      'an adapter failed',
    );
    return undefined;
  }
}

/** Names and messages only: an error object may carry a request with secrets in it. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
