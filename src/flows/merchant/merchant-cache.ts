/**
 * Merchants with their accounts, by id, cached: a payment reads its own merchants, never its
 * marketplace's. Before a cached one is used, the database was asked within `ASK_EVERY_MS` which
 * have changed, so that a withdrawn consent (rule 10) is seen by every process within a second. An
 * idle process asks nothing.
 *
 * Look-ups that arrive while one is running share the next. A merchant that does not exist is
 * remembered apart and briefly, so that guesses evict no real one.
 */

import type { Id } from '../../kernel/id.ts';
import type { Clock } from '../../runtime/clock.ts';
import { createSharedReads } from '../../runtime/shared-reads.ts';
import type { MerchantChanges } from '../../store/merchant/merchant-changes.ts';
import type { MerchantEntry } from '../../store/merchant/merchants.ts';

const ASK_EVERY_MS = 500;
/** The limit for changes that were not noted: by hand, or by a process of an older version. */
const KEPT_MS = 10_000;
const KEPT_MAX = 10_000;
const ABSENT_KEPT_MS = 500;
const ABSENT_KEPT_MAX = 1_000;
const IDS_A_READ = 500;

type Merchants = ReadonlyMap<Id<'merchant'>, MerchantEntry>;

export interface MerchantCache {
  /** Of any marketplace: the caller compares (rule 11). */
  readonly find: (ids: Iterable<Id<'merchant'>>) => Promise<Merchants>;
  /** Call after a write of this process. */
  readonly forget: () => void;
}

export interface MerchantCacheOptions {
  readonly wall: Clock;
  readonly read: (ids: readonly Id<'merchant'>[]) => Promise<Merchants>;
  readonly readChanges: (snapshot: string | null) => Promise<MerchantChanges>;
}

interface Kept {
  /** null = there is no such merchant. */
  readonly entry: MerchantEntry | null;
  readonly untilMs: number;
}

export function createMerchantCache({
  wall,
  read,
  readChanges,
}: MerchantCacheOptions): MerchantCache {
  const kept = new Map<string, Kept>();
  const absent = new Map<string, Kept>();
  /** Incremented by every change: what was read before it is returned, but not cached. */
  let generation = 0;
  let snapshot: string | null = null;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  const forget = (changed: readonly string[] | null): void => {
    generation += 1;
    absent.clear();
    if (changed === null) kept.clear();
    else for (const id of changed) kept.delete(id);
  };
  const ask = async (): Promise<void> => {
    const beganAtMs = wall.nowMs();
    const changes = await readChanges(snapshot);
    if (changes.changed?.length !== 0) forget(changes.changed);
    snapshot = changes.snapshot;
    askedAtMs = beganAtMs;
  };
  /** Shared by all who come while it runs. */
  const beCurrent = (): Promise<void> | undefined => {
    const ageMs = wall.nowMs() - askedAtMs;
    if (ageMs >= 0 && ageMs < ASK_EVERY_MS) return undefined;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  const readAndKeep = async (keys: readonly string[]): Promise<Merchants> => {
    const begun = generation;
    const nowMs = wall.nowMs();
    const ids = keys as readonly Id<'merchant'>[];
    const found = await read(ids);
    if (begun !== generation) return found;
    for (const id of ids) {
      const entry = found.get(id) ?? null;
      if (entry === null)
        put(absent, id, { entry, untilMs: nowMs + ABSENT_KEPT_MS }, ABSENT_KEPT_MAX);
      else put(kept, id, { entry, untilMs: nowMs + KEPT_MS }, KEPT_MAX);
    }
    return found;
  };
  const shared = createSharedReads<MerchantEntry>(readAndKeep, { keysMax: IDS_A_READ });
  return {
    forget: () => forget(null),
    find: async (ids) => {
      await beCurrent();
      const nowMs = wall.nowMs();
      const found = new Map<Id<'merchant'>, MerchantEntry>();
      const missing: Promise<void>[] = [];
      for (const id of new Set(ids)) {
        const known = kept.get(id) ?? absent.get(id);
        if (known === undefined || nowMs >= known.untilMs)
          missing.push(
            shared(id).then((entry) => {
              if (entry !== undefined) found.set(id, entry);
            }),
          );
        else if (known.entry !== null) found.set(id, known.entry);
      }
      await Promise.all(missing);
      return found;
    },
  };
}

/** The entry that was read longest ago makes room. */
function put(map: Map<string, Kept>, id: string, row: Kept, sizeMax: number): void {
  map.delete(id);
  if (map.size >= sizeMax) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(id, row);
}
