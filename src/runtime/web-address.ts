/**
 * Which addresses may be used at all: https, and http only to this very machine. Unencrypted
 * traffic can be read and changed on its way: cookies, credentials, money. Also knows the ports
 * that no browser (and no fetch) will open, whatever listens there.
 */
import { isInRange, parseAddress, parseRange } from './ip-address.ts';

const LOOPBACK = ['127.0.0.0/8', '::1/128'].flatMap((text) => parseRange(text) ?? []);

/** `localhost`, a name below it (RFC 6761), or an address that never leaves the machine. */
export function isLoopbackHost(host: string): boolean {
  if (/^(?:.+\.)?localhost\.?$/i.test(host)) return true;
  const address = parseAddress(host.replace(/^\[(.*)\]$/, '$1'));
  return address !== undefined && LOOPBACK.some((range) => isInRange(address, range));
}

/**
 * An address where no money is real: on this machine, under the top-level name reserved for tests
 * (`.test`, RFC 6761), or under a domain that a wallet publishes its test gateways under.
 */
export function isTestAddress(text: string, testDomains: readonly string[] = []): boolean {
  if (!URL.canParse(text)) return false;
  const host = new URL(text).hostname.replace(/\.$/, '');
  const isBelow = (domain: string): boolean => host === domain || host.endsWith(`.${domain}`);
  return isLoopbackHost(host) || ['test', ...testDomains].some(isBelow);
}

/** What is wrong with an address that is called or displayed; null = nothing. */
export function webAddressProblem(text: string): string | null {
  if (!URL.canParse(text)) return 'is not an absolute URL';
  const { protocol, hostname, port } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return 'must be https or http';
  if (protocol === 'http:' && !isLoopbackHost(hostname))
    return 'must be https: http is only for this machine (127.0.0.1, localhost)';
  if (isBlockedPort(Number(port)))
    return `names port ${port}, which browsers refuse to open: take another one`;
  return null;
}

/** Every http address in a value that is not this machine's, by its path. */
export function clearAddresses(value: unknown, place = ''): string[] {
  if (typeof value === 'string') {
    if (!/^http:/i.test(value)) return [];
    return !URL.canParse(value) || !isLoopbackHost(new URL(value).hostname) ? [place] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    clearAddresses(inner, place === '' ? name : `${place}.${name}`),
  );
}

/** The fetch standard's bad ports: no browser reaches a server there. */
const BLOCKED_PORTS: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
  103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
  512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
  995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
  6669, 6679, 6697, 10080,
]);

export function isBlockedPort(port: number): boolean {
  return BLOCKED_PORTS.has(port);
}
