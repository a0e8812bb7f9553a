/**
 * `a=1&expand[]=x&expand[]=y` -> `{a: '1', 'expand[]': ['x', 'y']}`. A name ending in `[]` is
 * always a list; any other repeated name becomes a list, too, which no schema accepts.
 */
import { parse } from 'node:querystring';

/** More pairs than any call has; the rest is ignored. */
const PAIRS_MAX = 50;

export function parseQuery(text: string): Record<string, unknown> {
  const query: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(parse(text, '&', '=', { maxKeys: PAIRS_MAX }))) {
    query[name] = name.endsWith('[]') && typeof value === 'string' ? [value] : value;
  }
  return query;
}
