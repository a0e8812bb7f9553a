/**
 * The master keys that this process holds, by key id. An id is computed from its key, so every
 * process uses the same id and no other key can have it. A key once read is kept until the process
 * ends: a source that breaks or shrinks while it runs removes nothing. An unknown id makes the ring
 * read its source again before it is reported missing.
 */
import { createHmac } from 'node:crypto';
import { must } from '../kernel/assert.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { NamedKey } from './envelope.ts';
import { fixedSource, type KeySource } from './key-file.ts';

export interface MasterKey extends NamedKey {
  /** For the tokens of payments; derived once. */
  readonly tokenKey: Buffer;
}

export interface KeyRing {
  readonly source: KeySource;
  /** The key for an empty database. */
  readonly first: MasterKey;
  readonly key: (kid: string) => MasterKey | undefined;
  readonly all: () => readonly MasterKey[];
  /** Reads the source again if it has changed; on an error everything stays as it was. */
  readonly refresh: () => Result<void, string>;
}

const KEY_BYTES = 32;
const KID_DIGITS = 8;
/** A stream of forged ids must not cause a file read each. */
const LOOK_AGAIN_MS = 250;

export function masterKeyOf(key: Buffer): MasterKey {
  const derived = (purpose: string): Buffer => createHmac('sha256', key).update(purpose).digest();
  return {
    key,
    kid: derived('hutong key id').toString('hex').slice(0, KID_DIGITS),
    tokenKey: derived('hutong token digest'),
  };
}

export function openKeyRing(source: KeySource): Result<KeyRing, string> {
  const known = new Map<string, MasterKey>();
  let stamp: string | undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  const refresh = (): Result<void, string> => {
    const now = source.stamp();
    if (now === stamp) return ok(undefined);
    const read = source.read();
    if (!read.ok) return read;
    for (const key of read.value) {
      if (key.length !== KEY_BYTES) return err(`${source.name}: a master key is 64 hex digits`);
      const master = masterKeyOf(key);
      const held = known.get(master.kid);
      if (held !== undefined && !held.key.equals(key))
        return err(`${source.name}: two keys have the id ${master.kid}: make another`);
      if (held === undefined) known.set(master.kid, master);
    }
    stamp = now;
    return ok(undefined);
  };
  const opened = refresh();
  if (!opened.ok) return opened;
  return ok({
    source,
    first: must([...known.values()][0], 'a key ring holds a key'),
    all: () => [...known.values()],
    refresh,
    key: (kid) => {
      const held = known.get(kid);
      const nowMs = performance.now();
      if (held !== undefined || nowMs - lookedAtMs < LOOK_AGAIN_MS) return held;
      lookedAtMs = nowMs;
      refresh();
      return known.get(kid);
    },
  });
}

/** A ring of keys given directly. */
export function keyRingOf(...keys: readonly Buffer[]): KeyRing {
  const ring = openKeyRing(fixedSource(keys));
  if (!ring.ok) throw new Error(ring.error);
  return ring.value;
}
