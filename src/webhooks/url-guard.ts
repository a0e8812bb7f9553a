/**
 * Where a webhook may go. The URL comes from a customer, the request leaves from inside our
 * network: so the name is resolved once, every address of it must be public, and the caller
 * connects to exactly the address that was checked (a second resolution could answer otherwise).
 *
 * An operator may allow-list hosts and ranges (the demo allows 127.0.0.0/8): for those, http and
 * private addresses are allowed. Credentials in a URL and other schemes never are.
 */
import { isIP } from 'node:net';
import { err, ok, type Result } from '../kernel/result.ts';
import {
  type IpRange,
  isInRange,
  isPublicAddress,
  parseAddress,
  parseRange,
} from '../runtime/ip-address.ts';
import type { Asker, ResolvedAddress, Resolver } from '../runtime/resolver.ts';

export interface UrlPolicy {
  readonly resolver: Resolver;
  /** Lower-case names, exact match. */
  readonly allowedHosts: ReadonlySet<string>;
  readonly allowedRanges: readonly IpRange[];
}

export interface UrlRefusal {
  readonly code:
    | 'malformed'
    | 'scheme'
    | 'credentials'
    | 'port'
    | 'unresolved'
    | 'address_not_public'
    | 'http_not_allowed';
  /** Safe to show to the endpoint's owner: does not reveal what the name resolved to. */
  readonly message: string;
}

/** What an operator allows although it is not public. */
export type AllowList = Pick<UrlPolicy, 'allowedHosts' | 'allowedRanges'>;

/** Reads an allow-list: names (`hooks.internal`), addresses and ranges (`127.0.0.0/8`, `::1`). */
export function parseAllowList(entries: readonly string[]): Result<AllowList, string> {
  const allowedHosts = new Set<string>();
  const allowedRanges: IpRange[] = [];
  for (const entry of entries) {
    const range = parseRange(entry);
    if (range !== undefined) allowedRanges.push(range);
    else if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(entry) && /[a-z]/i.test(entry)) {
      allowedHosts.add(entry.toLowerCase());
    } else return err(`not a host name, an address or a range: ${entry}`);
  }
  return ok({ allowedHosts, allowedRanges });
}

const URL_LENGTH_MAX = 2_048;

export async function checkUrl(
  text: string,
  policy: UrlPolicy,
  asker: Asker,
): Promise<Result<ResolvedAddress, UrlRefusal>> {
  const parsed = parseTarget(text);
  if (!parsed.ok) return parsed;
  const url = parsed.value;
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const family = isIP(host);
  if (family === 4 || family === 6) return judge(url, [{ ip: host, family }], false, policy);
  const hostAllowed = policy.allowedHosts.has(host);
  if (url.protocol === 'http:' && !hostAllowed && policy.allowedRanges.length === 0) {
    return refuse('http_not_allowed', 'the URL must be https');
  }
  const resolved = await policy.resolver.resolve(host, asker);
  if (!resolved.ok) return refuse('unresolved', resolved.error);
  return judge(url, resolved.value, hostAllowed, policy);
}

function parseTarget(text: string): Result<URL, UrlRefusal> {
  if (text.length > URL_LENGTH_MAX || !URL.canParse(text)) {
    return refuse('malformed', 'not an absolute URL of at most 2048 characters');
  }
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return refuse('scheme', 'the URL must be https');
  }
  if (url.username !== '' || url.password !== '') {
    return refuse('credentials', 'the URL may not carry a user name or password');
  }
  return ok(url);
}

function judge(
  url: URL,
  addresses: readonly ResolvedAddress[],
  hostAllowed: boolean,
  policy: UrlPolicy,
): Result<ResolvedAddress, UrlRefusal> {
  let everyAllowed = true;
  for (const { ip } of addresses) {
    const address = parseAddress(ip);
    if (address === undefined) return refuse('unresolved', 'the name has an unusable address');
    if (hostAllowed || policy.allowedRanges.some((range) => isInRange(address, range))) continue;
    everyAllowed = false;
    // One bad address rejects the name: which one would be dialed is not under our control.
    if (!isPublicAddress(address)) {
      return refuse('address_not_public', 'the URL leads to a private or reserved address');
    }
  }
  if (!everyAllowed) {
    if (url.protocol === 'http:') return refuse('http_not_allowed', 'the URL must be https');
    if (!isPortAllowed(url.port))
      return refuse('port', 'the URL must use port 443 or one from 1024');
  }
  const [first] = addresses;
  return first === undefined ? refuse('unresolved', 'the name has no address') : ok(first);
}

/** Ports of well-known services other than web servers are refused: no mail, no shell. */
function isPortAllowed(port: string): boolean {
  return port === '' || Number(port) >= 1_024;
}

function refuse(code: UrlRefusal['code'], message: string): Result<never, UrlRefusal> {
  return err({ code, message });
}
