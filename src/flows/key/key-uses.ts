/**
 * When each API key was last used, to the minute: a process remembers the keys it saw and writes
 * them once a minute, all in one statement outside the lanes. No request waits for it or costs a
 * statement; what a killed process saw in its last minute is lost.
 */
import type { Id } from '../../kernel/id.ts';
import { type Chore, startWriting } from '../../runtime/chore.ts';
import type { Clock } from '../../runtime/clock.ts';
import { noteUses } from '../../store/key/api-keys.ts';
import type { Platform } from '../base/platform.ts';
import { describe } from '../base/wallet-call.ts';

const WRITE_EVERY_MS = 60_000;

export type UsesOfKeys = ReadonlyMap<Id<'api_key'>, number>;

export interface KeyUses {
  readonly note: (key: Id<'api_key'>) => void;
  /** What was seen since the last call: the last use of each key. */
  readonly take: () => UsesOfKeys;
}

export function createKeyUses(wall: Clock): KeyUses {
  // Only existing keys get here, so it is never longer than the table.
  let seen = new Map<Id<'api_key'>, number>();
  return {
    note: (key) => void seen.set(key, wall.nowMs()),
    take: () => {
      const taken = seen;
      seen = new Map();
      return taken;
    },
  };
}

/** Writes repeatedly until it is stopped, and once more then. */
export function startWritingUses(platform: Platform, everyMs = WRITE_EVERY_MS): Chore {
  return startWriting(everyMs, () => writeUses(platform));
}

async function writeUses({ db, keyUses, log }: Platform): Promise<void> {
  const uses = keyUses.take();
  if (uses.size === 0) return;
  await noteUses(db, uses).catch((error: unknown) =>
    log.warn({ defect: describe(error) }, 'the last uses of keys were not written'),
  );
}
