/** The seam for everything nondeterministic that is not time. */
import { randomBytes, randomFillSync } from 'node:crypto';

export interface Random {
  /** Cryptographically strong bytes. */
  readonly bytes: (length: number) => Buffer;
}

const POOL_BYTES = 4_096;
const SMALL_BYTES = 64;

/**
 * Few bytes come from a pool, since asking the system costs the same for many: up to 4 kB that are
 * not handed out yet stand in memory.
 */
function openRandom(): Random {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  return {
    bytes: (length) => {
      if (!(length > 0 && length <= SMALL_BYTES)) return randomBytes(length);
      if (used + length > POOL_BYTES) {
        randomFillSync(pool);
        used = 0;
      }
      const start = used;
      used += length;
      const bytes = Buffer.allocUnsafeSlow(length);
      pool.copy(bytes, 0, start, used);
      // Whoever reads this memory later finds nothing that was handed out.
      pool.fill(0, start, used);
      return bytes;
    },
  };
}

export const systemRandom: Random = Object.freeze(openRandom());
