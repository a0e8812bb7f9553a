/**
 * Addresses as numbers, and which of them are public. IPv6 uses an allow-list (global unicast, less
 * tunnels and reserved blocks), IPv4 the special-purpose registries. An address that embeds another
 * one (IPv4-mapped, NAT64, 6to4, Teredo) is never public, because what it reaches is decided
 * elsewhere.
 *
 * Never guesses: text that is not exactly one address gives undefined, and the caller refuses it.
 */
import { isIP } from 'node:net';

export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface IpRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

export function parseAddress(text: string): IpAddress | undefined {
  // A zone (`fe80::1%eth0`) names an interface of this machine, never a place to call.
  if (text.includes('%')) return undefined;
  const family = isIP(text);
  if (family === 4) return { family, value: quadValue(text) };
  if (family === 6) return { family, value: groupsValue(text) };
  return undefined;
}

/** `10.0.0.0/8`, `::1/128`, or one address. */
export function parseRange(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const width = address.family === 4 ? 32 : 128;
  const bits = slash < 0 ? String(width) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > width) return undefined;
  const free = BigInt(width - Number(bits));
  const first = (address.value >> free) << free;
  return { family: address.family, first, last: first + (1n << free) - 1n };
}

export function isInRange(address: IpAddress, range: IpRange): boolean {
  return (
    address.family === range.family && address.value >= range.first && address.value <= range.last
  );
}

export function isPublicAddress(address: IpAddress): boolean {
  if (address.family === 6 && !isInRange(address, GLOBAL_UNICAST)) return false;
  return !NOT_PUBLIC.some((range) => isInRange(address, range));
}

const MAPPED = 0xffffn;

/**
 * One spelling per address: RFC 5952 for IPv6, and an IPv4 address that arrived on an IPv6 socket
 * (`::ffff:192.0.2.1`) as plain IPv4.
 */
export function textOfAddress({ family, value }: IpAddress): string {
  if (family === 4 || value >> 32n === MAPPED) return quadText(Number(value & 0xffff_ffffn));
  const groups: string[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) {
    groups.push(((value >> shift) & 0xffffn).toString(16));
  }
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === '0' ? length + 1 : 0;
    if (length > longest.length) longest = { start: index + 1 - length, length };
  }
  return longest;
}

function quadText(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

function quadValue(text: string): bigint {
  const [a = '0', b = '0', c = '0', d = '0'] = text.split('.');
  return BigInt(((Number(a) * 256 + Number(b)) * 256 + Number(c)) * 256 + Number(d));
}

function groupsValue(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  let value = 0n;
  for (const group of left) value = (value << 16n) | BigInt(group);
  value <<= BigInt(16 * (8 - left.length));
  let low = 0n;
  for (const group of right) low = (low << 16n) | BigInt(group);
  return value | low;
}

/** 16-bit groups of one side of `::`; a trailing dotted quad counts as two. */
function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const quad = Number(quadValue(part));
    return [Math.floor(quad / 65_536), quad % 65_536];
  });
}

function known(text: string): IpRange {
  const range = parseRange(text);
  if (range === undefined) throw new TypeError(`not a range: ${text}`);
  return range;
}

const GLOBAL_UNICAST = known('2000::/3');

const NOT_PUBLIC: readonly IpRange[] = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT; also Alibaba Cloud's metadata, 100.100.100.200
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // Azure's metadata and health address, public by number only
  '169.254.0.0/16', // link-local: the metadata of most clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; Oracle's metadata
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
  '2001::/23', // protocol assignments: Teredo, ORCHID, benchmarks
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '3fff::/20', // documentation
].map(known);
