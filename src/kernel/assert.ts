/**
 * Assertions stay on in production: a broken invariant stops one command, loudly, instead of moving
 * money on a wrong assumption. The message states what should have held.
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The end of an exhaustive switch: a new, unhandled case fails at compile time. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable case: ${String(value)}`);
}

/** The value, which cannot be missing; `what` names it in the message. */
export function must<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new AssertionError(`${what} is missing`);
  return value;
}
