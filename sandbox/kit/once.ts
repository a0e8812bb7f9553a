/**
 * What a gateway creates once and keeps in the journal: its own keys, its root. Accounts are
 * created concurrently and all need it: the first caller builds it, the others wait for the same.
 */
import type { CityKit } from './kit.ts';

interface KeptOnce<T> {
  /** undefined = not requested yet. */
  readonly read: (kit: CityKit) => T | undefined;
  readonly open: (kit: CityKit) => Promise<T>;
  readonly replace: (kit: CityKit, value: T) => void;
}

/** The only key of such a collection, as in the journals of older cities. */
const KEY = 'house';

export function keptOnce<T>(collection: string, build: (kit: CityKit) => Promise<T>): KeptOnce<T> {
  const building = new WeakMap<CityKit, Promise<T>>();
  const read = (kit: CityKit) => kit.journal.collection<T>(collection).get(KEY);
  const replace = (kit: CityKit, value: T) => kit.journal.collection<T>(collection).put(KEY, value);
  const buildAndKeep = async (kit: CityKit) => {
    const made = await build(kit);
    replace(kit, made);
    return made;
  };
  return {
    read,
    replace,
    open: async (kit) => {
      const kept = read(kit);
      if (kept !== undefined) return kept;
      const made = building.get(kit) ?? buildAndKeep(kit);
      building.set(kit, made);
      return made;
    },
  };
}
