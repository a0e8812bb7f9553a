/**
 * What a gateway makes once and keeps in the journal: its own keys, its root. Accounts are made
 * side by side and all need it: the first to ask builds it, the others wait for the same.
 */
import type { CityKit } from './kit.ts';

interface KeptOnce<T> {
  /** undefined = nobody has asked for it yet. */
  readonly read: (kit: CityKit) => T | undefined;
  readonly open: (kit: CityKit) => Promise<T>;
  readonly replace: (kit: CityKit, value: T) => void;
}

/** The only key of such a collection; it stands in the journals of older cities. */
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
