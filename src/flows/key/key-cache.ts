/**
 * API keys by hash, cached briefly. Only existing keys are cached for long, so that guesses never
 * evict a real one. Look-ups that arrive while one is running share the next, and those of suspects
 * (unknown keys from an address with many refusals) share one at most every `SUSPECT_PAUSE_MS`:
 * guessing costs the database ten small reads a second, and a real key from the same address is
 * still found.
 */
import type { Clock } from '../../runtime/clock.ts';
import { createSharedReads } from '../../runtime/shared-reads.ts';
import type { ApiKeyRow } from '../../store/key/api-keys.ts';

const KEYS_KEPT_MAX = 10_000;
const ABSENT_KEPT_MAX = 1_000;
const HASHES_A_READ = 500;
const SUSPECT_PAUSE_MS = 100;

export interface KeyCache {
  readonly find: (hash: string, isSuspect: () => boolean) => Promise<ApiKeyRow | undefined>;
  /** Call after a write of this process. */
  readonly forget: () => void;
}

type Read = (hashes: readonly string[]) => Promise<ReadonlyMap<string, ApiKeyRow>>;

interface Kept {
  readonly row: ApiKeyRow;
  readonly untilMs: number;
}

export function createKeyCache(options: {
  readonly wall: Clock;
  readonly keepMs: number;
  readonly read: Read;
}): KeyCache {
  const { wall, keepMs, read } = options;
  const kept = new Map<string, Kept>();
  const absent = new Map<string, number>();
  let generation = 0;
  const readAndKeep: Read = async (hashes) => {
    const begun = generation;
    const untilMs = wall.nowMs() + keepMs;
    const found = await read(hashes);
    // Read before somebody wrote: returned, but not cached.
    if (begun !== generation) return found;
    for (const hash of hashes) {
      const row = found.get(hash);
      kept.delete(hash);
      if (row === undefined) put(absent, hash, untilMs, ABSENT_KEPT_MAX);
      else put(kept, hash, { row, untilMs }, KEYS_KEPT_MAX);
    }
    return found;
  };
  const keysMax = HASHES_A_READ;
  const usual = createSharedReads(readAndKeep, { keysMax });
  const suspects = createSharedReads(readAndKeep, { keysMax, pauseMs: SUSPECT_PAUSE_MS });
  return {
    find: (hash, isSuspect) => {
      const nowMs = wall.nowMs();
      const known = kept.get(hash);
      if (known !== undefined && nowMs < known.untilMs) return Promise.resolve(known.row);
      if (nowMs < (absent.get(hash) ?? 0)) return Promise.resolve(undefined);
      return (known === undefined && isSuspect() ? suspects : usual)(hash);
    },
    forget: () => {
      generation += 1;
      absent.clear();
      // Still known as existing keys, so that they do not count as guesses; but read again.
      for (const [hash, { row }] of kept) kept.set(hash, { row, untilMs: 0 });
    },
  };
}

function put<T>(map: Map<string, T>, key: string, value: T, sizeMax: number): void {
  map.delete(key);
  if (map.size >= sizeMax) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(key, value);
}
