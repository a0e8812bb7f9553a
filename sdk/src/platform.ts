/**
 * The seam to the outside: network, time and randomness. The rest of this package takes them from
 * here, so a test can step retries and clocks without waiting.
 */
import { randomInt, randomUUID } from 'node:crypto';

export interface Platform {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Wall time: webhook timestamps and HTTP dates are compared with it. */
  readonly nowMs: () => number;
  /** Resolves early, without an error, when the signal fires. */
  readonly sleep: (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly newIdempotencyKey: () => string;
  /** A whole number from 0 up to and without `below`. */
  readonly jitter: (below: number) => number;
}

export const nodePlatform: Platform = Object.freeze({
  fetch: (request: Request) => globalThis.fetch(request),
  nowMs: () => Date.now(),
  sleep: (delayMs: number, signal: AbortSignal | undefined) =>
    new Promise<void>((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, delayMs);
      if (signal?.aborted === true) finish();
      else signal?.addEventListener('abort', finish, { once: true });
    }),
  newIdempotencyKey: () => randomUUID(),
  jitter: (below: number) => (below > 0 ? randomInt(below) : 0),
});
