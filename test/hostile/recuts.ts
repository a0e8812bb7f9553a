/**
 * Signed `a=1&b=2`, split differently. A verified message is taken apart and put together so that
 * its signed text, and with it the signature, stays the same: each field swallows its neighbor, or
 * its next two, three or all, and each nested value is split. A receiver that accepts one of them
 * reads another message than was signed.
 */
export type Pairs = readonly (readonly [name: string, value: string])[];

export interface Recut {
  readonly what: string;
  readonly pairs: Pairs;
}

const LONGEST_RUN = 4;

/** `unsigned`: names that are no part of the signed text, and stay as they are. */
export function* recutsOf(pairs: Pairs, unsigned: readonly string[]): Generator<Recut> {
  const apart = pairs.filter(([name]) => unsigned.includes(name));
  const signed = pairs
    .filter(([name, value]) => !unsigned.includes(name) && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  for (let from = 0; from < signed.length - 1; from += 1) {
    for (const length of [2, 3, LONGEST_RUN, signed.length - from]) {
      const run = signed.slice(from, from + length);
      if (run.length !== length) continue;
      const rest = [...signed.slice(0, from), ...signed.slice(from + length)];
      yield { what: run.map(([name]) => name).join('+'), pairs: [...apart, ...rest, merged(run)] };
    }
  }
  for (const [name, value] of signed) {
    const cut = cutOpen(name, value);
    if (cut === undefined) continue;
    const rest = signed.filter(([other]) => other !== name);
    yield { what: `${name} cut open`, pairs: [...apart, ...rest, ...cut] };
  }
}

function merged(run: Pairs): readonly [string, string] {
  const [first] = run;
  const text = run.map(([name, value]) => `${name}=${value}`).join('&');
  const name = first?.[0] ?? '';
  return [name, text.slice(name.length + 1)];
}

/** At its first `&name=`, where the name sorts behind. */
function cutOpen(name: string, value: string): Pairs | undefined {
  for (const { 0: found, 1: inner = '', index } of value.matchAll(/&([A-Za-z0-9_]+)=/g)) {
    if (inner <= name) continue;
    return [
      [name, value.slice(0, index)],
      [inner, value.slice(index + found.length)],
    ];
  }
  return undefined;
}
