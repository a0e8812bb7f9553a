/**
 * Where the phone's browser may go. It opens URLs that anyone may have typed, so it must not give
 * access to the city's network: besides the public internet it reaches the city itself, platforms
 * that have registered their public URL at the city's control and, if the city is bound to loopback
 * alone, loopback. Never a link-local address, where clouds keep their metadata, whatever name
 * leads there. The checked address is the one that is called.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { err, ok, type Result } from '../../src/kernel/result.ts';
import { type CheckedUrl, checkCallbackUrl } from '../kit/callback-url.ts';

export interface PhoneReach {
  /** The city's own address. */
  readonly publicUrl: string;
  /** `--allow-local-callbacks` */
  readonly allowLocal: boolean;
  /** Only this machine can reach the phone. */
  readonly isBoundToLoopback: boolean;
  /** Origins of the platforms that follow the city's clock. */
  readonly platformOrigins: () => ReadonlySet<string>;
}

const LINK_LOCAL = listOf(['169.254.0.0', 16, 'ipv4'], ['fe80::', 10, 'ipv6']);
const LOOPBACK = listOf(['127.0.0.0', 8, 'ipv4'], ['::1', 128, 'ipv6']);

function listOf(...nets: readonly [string, number, 'ipv4' | 'ipv6'][]): BlockList {
  const list = new BlockList();
  for (const [net, bits, family] of nets) list.addSubnet(net, bits, family);
  return list;
}

const isIn = (list: BlockList, ip: string): boolean =>
  list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');

export async function checkReach(url: URL, reach: PhoneReach): Promise<Result<CheckedUrl, string>> {
  if (url.origin === new URL(reach.publicUrl).origin) {
    return checkCallbackUrl(url.href, { allowLocal: true });
  }
  const isPlatform = reach.platformOrigins().has(url.origin);
  if (!reach.allowLocal && !isPlatform) return checkCallbackUrl(url.href, { allowLocal: false });
  const shape = await checkCallbackUrl(url.href, { allowLocal: true });
  if (!shape.ok) return shape;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = await lookup(host, { all: true, verbatim: true }).catch(() => []);
  const [first] = addresses;
  if (first === undefined) return err('its host cannot be resolved');
  if (addresses.some(({ address }) => isIn(LINK_LOCAL, address))) {
    return err('it is a link-local address');
  }
  const isLoopback = addresses.every(({ address }) => isIn(LOOPBACK, address));
  if (isPlatform || (isLoopback && reach.isBoundToLoopback)) {
    const family = first.family === 6 ? 6 : 4;
    return ok({ url: url.href, address: { ip: first.address, family } });
  }
  return checkCallbackUrl(url.href, { allowLocal: false });
}
