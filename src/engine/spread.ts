/**
 * Which lane a command goes to. Lanes follow the load: the first carries everything until it is
 * full, then a second takes part of the shards, and so on, so that commits are shared by as many
 * commands as there are. A shard has one lane, and moves only to a lane that begins or from one
 * that ends; lanes end later than they begin.
 *
 * While a root has commands in a lane, more of them follow there: they queue behind each other. (It
 * is economy: for safety the row's own lock is enough, as between processes.) A lane whose batch
 * has been in flight for long waits for somebody's lock: new work goes around it.
 */
import { SHARD_COUNT } from '../kernel/id.ts';

/** Commands queued and in flight that one lane takes: in one batch or two. */
export const FULL = 256;
const BEGIN_PAUSE_MS = 20;
const END_AFTER_MS = 2_000;
/** A lane ends where the others would then be filled no more than so far. */
const ENDS_BELOW = 0.75;

interface Queued {
  readonly lane: number;
  count: number;
}

export interface Spread {
  /** The lane of a command on this root. */
  readonly enter: (root: string, shard: number) => number;
  /** It was answered. */
  readonly leave: (root: string) => void;
  readonly inUse: () => number;
}

export interface SpreadOptions {
  readonly laneCount: number;
  /** Its batch waits for somebody else. */
  readonly isHeldUp: (lane: number) => boolean;
  /** Monotonic. */
  readonly nowMs: () => number;
}

export function createSpread({ laneCount, isHeldUp, nowMs }: SpreadOptions): Spread {
  const homes = homesOf(laneCount);
  const queued = new Map<string, Queued>();
  const load = newLoad(laneCount, nowMs);
  const pick = (shard: number): number => {
    const home = homes[load.inUse() - 1]?.[shard] ?? 0;
    for (let step = 0; step < laneCount; step += 1) {
      const lane = (home + step) % laneCount;
      if (!isHeldUp(lane)) return lane;
    }
    return home;
  };
  return {
    inUse: load.inUse,
    enter: (root, shard) => {
      load.more();
      const known = queued.get(root);
      if (known !== undefined) {
        known.count += 1;
        return known.lane;
      }
      const lane = pick(shard);
      queued.set(root, { lane, count: 1 });
      return lane;
    },
    leave: (root) => {
      load.less();
      const known = queued.get(root);
      if (known === undefined) return;
      known.count -= 1;
      if (known.count === 0) queued.delete(root);
    },
  };
}

/** How many lanes the commands under way fill. */
function newLoad(laneCount: number, nowMs: () => number) {
  let inUse = 1;
  let underWay = 0;
  let begunAtMs = Number.NEGATIVE_INFINITY;
  /** The most that was under way since. */
  let peak = 0;
  let peakSinceMs = nowMs();
  return {
    inUse: () => inUse,
    more: (): void => {
      underWay += 1;
      if (underWay > peak) peak = underWay;
      if (inUse === laneCount || underWay <= inUse * FULL) return;
      const atMs = nowMs();
      if (atMs - begunAtMs < BEGIN_PAUSE_MS) return;
      inUse += 1;
      begunAtMs = atMs;
    },
    less: (): void => {
      underWay -= 1;
      if (inUse === 1) return;
      const atMs = nowMs();
      if (atMs - peakSinceMs < END_AFTER_MS) return;
      const needed = Math.max(1, Math.ceil(peak / (FULL * ENDS_BELOW)));
      if (needed < inUse && atMs - begunAtMs >= END_AFTER_MS) inUse = needed;
      peak = underWay;
      peakSinceMs = atMs;
    },
  };
}

/**
 * By the number of lanes in use, the lane of every shard. A lane that begins takes an even part of
 * each of the others; nothing else moves.
 */
function homesOf(laneCount: number): readonly Uint8Array[] {
  const homes = [new Uint8Array(SHARD_COUNT)];
  for (let count = 2; count <= laneCount; count += 1) {
    const home = Uint8Array.from(homes[count - 2] ?? []);
    const seen = new Uint8Array(count);
    for (const [shard, lane] of home.entries()) {
      const place = seen[lane] ?? 0;
      seen[lane] = (place + 1) % count;
      // Each lane gives its shards at another place, so that all give the same number.
      if ((place + lane) % count === count - 1) home[shard] = count - 1;
    }
    homes.push(home);
  }
  return homes;
}
