/**
 * Generates ids: wall time, shard, process number, sequence. Time never runs backwards here; when a
 * millisecond's 128 numbers are used up, the next millisecond is borrowed.
 */
import { type Id, type IdKind, type IdParts, makeId, packId, unpackId } from '../kernel/id.ts';
import type { Clock } from '../runtime/clock.ts';

export interface IdSource {
  readonly next: <K extends IdKind>(kind: K, shard: number) => Id<K>;
  readonly nextNumber: (shard: number) => bigint;
  /** Every id generated from now on is above `floor`, in any shard. */
  readonly raise: (floor: bigint) => void;
}

export function createIdSource(process: number, wall: Clock): IdSource {
  let unixMs = 0;
  let sequence = 0;
  const nextParts = (shard: number): IdParts => {
    const now = wall.nowMs();
    if (now > unixMs) {
      unixMs = now;
      sequence = 0;
    } else if (sequence === 127) {
      unixMs += 1;
      sequence = 0;
    } else {
      sequence += 1;
    }
    return { unixMs, shard, process, sequence };
  };
  return {
    nextNumber: (shard) => packId(nextParts(shard)),
    next: (kind, shard) => makeId(kind, nextParts(shard)),
    raise: (floor) => {
      const floorMs = unpackId(floor).unixMs;
      if (floorMs < unixMs) return;
      unixMs = floorMs + 1;
      sequence = -1;
    },
  };
}
