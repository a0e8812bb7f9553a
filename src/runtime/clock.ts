/**
 * Two clocks, never mixed. Business time (expiry, due times, bill days) may be moved by the
 * sandbox city in the demo; wall time (signatures, webhook timestamps, leases) never is.
 */
export interface Clock {
  /** Unix milliseconds. */
  readonly nowMs: () => number;
}

export const wallClock: Clock = Object.freeze({ nowMs: () => Date.now() });
