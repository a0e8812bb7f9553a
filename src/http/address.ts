/**
 * The address of a request's caller. `X-Forwarded-For` grows to the right: the rightmost entry is
 * from the proxy that connects to us, and everything left of our own proxies' entries is unverified
 * input of the caller. So it is read from the right, as far as it is trusted, and no further.
 *
 * An entry that is not an address is never the answer: the nearest valid one is used. Limits count
 * an IPv6 /64 as one address, since whoever has one address of it has them all.
 */
import { isIPv4 } from 'node:net';
import { err, ok, type Result } from '../kernel/result.ts';
import {
  type IpRange,
  isInRange,
  parseAddress,
  parseRange,
  textOfAddress,
} from '../runtime/ip-address.ts';

/** Whose entries in X-Forwarded-For are trusted. */
export type TrustedProxies =
  | { readonly kind: 'none' }
  /** The number of our own proxies, whatever their addresses. */
  | { readonly kind: 'hops'; readonly count: number }
  /** The addresses of our proxies. */
  | { readonly kind: 'ranges'; readonly ranges: readonly IpRange[] };

export const NO_PROXY: TrustedProxies = Object.freeze({ kind: 'none' });
const HOPS_MAX = 32;

/**
 * `2`, or `10.0.0.0/8, 192.0.2.7`; `true` means 1, for compatibility; `0`, `false` and empty mean
 * none.
 */
export function parseTrustedProxies(text: string): Result<TrustedProxies, string> {
  const wanted = text.trim();
  if (['', '0', 'false'].includes(wanted)) return ok(NO_PROXY);
  if (wanted === 'true') return ok({ kind: 'hops', count: 1 });
  const refusal = err(
    `the number of proxies (1 to ${HOPS_MAX}), or their addresses and ranges with commas between, not ${text}`,
  );
  if (/^\d+$/.test(wanted)) {
    const count = Number(wanted);
    return count <= HOPS_MAX ? ok({ kind: 'hops', count }) : refusal;
  }
  const ranges = wanted.split(',').map((entry) => parseRange(entry.trim()));
  const known = ranges.flatMap((range) => range ?? []);
  return known.length === ranges.length ? ok({ kind: 'ranges', ranges: known }) : refusal;
}

const PORT = /:\d{1,5}$/;

/** `192.0.2.7`, `192.0.2.7:4711`, `[2001:db8::1]:4711`, `fe80::1%eth0`, `::ffff:192.0.2.7`. */
export function plainAddress(text: string): string | undefined {
  let bare = text.trim();
  if (bare.startsWith('[')) {
    const end = bare.indexOf(']');
    const rest = end < 0 ? 'open' : bare.slice(end + 1);
    if (rest !== '' && !PORT.test(rest)) return undefined;
    bare = bare.slice(1, end);
  } else if (bare.includes('.') && bare.indexOf(':') === bare.lastIndexOf(':')) {
    bare = bare.replace(PORT, '');
  }
  if (isIPv4(bare)) return bare;
  const zone = bare.indexOf('%');
  const address = parseAddress(zone < 0 ? bare : bare.slice(0, zone));
  return address === undefined ? undefined : textOfAddress(address);
}

/** The caller's address; undefined if not even the connection has one. */
export function callerAddress(
  connection: string | undefined,
  forwardedFor: string | undefined,
  trusted: TrustedProxies,
): string | undefined {
  let caller = connection === undefined ? undefined : plainAddress(connection);
  let rest = forwardedFor ?? '';
  for (let hop = 0; rest !== '' && isTrusted(caller, hop, trusted); hop += 1) {
    const comma = rest.lastIndexOf(',');
    const next = plainAddress(rest.slice(comma + 1));
    if (next === undefined) break;
    caller = next;
    rest = comma < 0 ? '' : rest.slice(0, comma);
  }
  return caller;
}

function isTrusted(address: string | undefined, hop: number, trusted: TrustedProxies): boolean {
  switch (trusted.kind) {
    case 'none':
      return false;
    case 'hops':
      return hop < trusted.count;
    case 'ranges': {
      const parsed = address === undefined ? undefined : parseAddress(address);
      return parsed !== undefined && trusted.ranges.some((range) => isInRange(parsed, range));
    }
  }
}

/** The key that limits count by: the address, or the /64 of an IPv6 address. */
export function addressKey(address: string | undefined): string {
  const plain = address === undefined ? undefined : plainAddress(address);
  if (plain === undefined) return 'unknown';
  if (!plain.includes(':')) return plain;
  const network = parseRange(`${plain}/64`);
  return network === undefined
    ? 'unknown'
    : `${textOfAddress({ family: 6, value: network.first })}/64`;
}
