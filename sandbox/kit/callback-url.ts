/**
 * Where a callback may go. Real wallets call https addresses on the public internet; so does the
 * city, unless started with `--allow-local-callbacks`. The checked address is the one that is
 * called: a name that resolves differently a moment later changes nothing.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { err, ok, type Result } from '../../src/kernel/result.ts';

export interface CheckedUrl {
  readonly url: string;
  readonly address: { readonly ip: string; readonly family: 4 | 6 } | undefined;
}

const NOT_PUBLIC = notPublicAddresses();

export async function checkCallbackUrl(
  text: string,
  policy: { readonly allowLocal: boolean },
): Promise<Result<CheckedUrl, string>> {
  if (!URL.canParse(text)) return err('it is not an absolute URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return err('it is not http or https');
  if (url.username !== '' || url.password !== '') return err('it carries a user name');
  if (policy.allowLocal) return ok({ url: url.href, address: undefined });
  if (url.protocol !== 'https:') return err('it is not https (see --allow-local-callbacks)');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return resolvePublic(url.href, host);
}

async function resolvePublic(url: string, host: string): Promise<Result<CheckedUrl, string>> {
  let addresses: { address: string; family: number }[];
  try {
    addresses = await lookup(host, { all: true, verbatim: true });
  } catch {
    return err(`its host ${host} cannot be resolved`);
  }
  const first = addresses[0];
  if (first === undefined) return err(`its host ${host} has no address`);
  const hidden = addresses.find(({ address }) => !isPublicAddress(address));
  if (hidden !== undefined) {
    return err(`${hidden.address} is not a public address (see --allow-local-callbacks)`);
  }
  return ok({ url, address: { ip: first.address, family: first.family === 6 ? 6 : 4 } });
}

export function isPublicAddress(ip: string): boolean {
  const family = isIP(ip);
  if (family === 0) return false;
  return !NOT_PUBLIC.check(ip, family === 6 ? 'ipv6' : 'ipv4');
}

/** RFC 6890 and its later additions: everything that is not the public internet. */
function notPublicAddresses(): BlockList {
  const list = new BlockList();
  const v4: [string, number][] = [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ];
  for (const [net, bits] of v4) list.addSubnet(net, bits, 'ipv4');
  const v6: [string, number][] = [
    ['::', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['100::', 64],
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['fc00::', 7],
    ['fe80::', 10],
    ['ff00::', 8],
  ];
  for (const [net, bits] of v6) list.addSubnet(net, bits, 'ipv6');
  return list;
}
