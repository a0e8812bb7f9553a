/**
 * JSON that preserves bigints: written as `{"$bigint":"123"}`. An ordinary object whose only key
 * looks like that gets one more `$`, so reading always returns what was written.
 */
const WRAPPED = /^\$+bigint$/;

export function encodeJournalJson(value: unknown): string {
  // A replacer is called again for the members of what it returned, but never for the returned
  // object itself: a bigint's wrapper is not escaped.
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'bigint') return { $bigint: item.toString() };
    const sole = wrappedKey(item);
    return sole === undefined ? item : { [`$${sole}`]: (item as Record<string, unknown>)[sole] };
  });
}

export function decodeJournalJson(text: string): unknown {
  // A reviver is slow, and many lines hold no bigint.
  if (!text.includes('$bigint"')) return JSON.parse(text);
  return JSON.parse(text, (_key, item: unknown) => {
    const sole = wrappedKey(item);
    if (sole === undefined) return item;
    const inner = (item as Record<string, unknown>)[sole];
    return sole === '$bigint' ? BigInt(inner as string) : { [sole.slice(1)]: inner };
  });
}

function wrappedKey(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined;
  let sole: string | undefined;
  for (const key in item) {
    if (sole !== undefined) return undefined;
    sole = key;
  }
  return sole !== undefined && WRAPPED.test(sole) ? sole : undefined;
}
