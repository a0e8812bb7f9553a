/** The seam for everything nondeterministic that is not time. */
import { randomBytes } from 'node:crypto';

export interface Random {
  /** Cryptographically strong bytes. */
  readonly bytes: (length: number) => Buffer;
}

export const systemRandom: Random = Object.freeze({
  bytes: (length: number) => randomBytes(length),
});
