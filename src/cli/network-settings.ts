/**
 * Settings of where the platform listens, which proxies it trusts and which name servers it asks.
 * An invalid one is reported in one sentence that names it.
 */
import { Resolver } from 'node:dns';
import { parseTrustedProxies, type TrustedProxies } from '../http/address.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { parseAllowList } from '../webhooks/url-guard.ts';
import { type Environment, wholeNumber } from './environment.ts';

export interface NetworkSettings {
  /** Hosts and ranges that webhooks may reach although not public. */
  readonly webhookAllow: readonly string[];
  /** Name servers for webhooks' hosts; null = the system's. */
  readonly dnsServers: readonly string[] | null;
  readonly trustedProxies: TrustedProxies;
  /** Serves /metrics and /docs there instead of on the public port; null = not separated. */
  readonly privatePort: number | null;
  readonly privateHost: string;
  readonly connectionsMax: number;
}

export const NETWORK_HELP: readonly (readonly [string, string])[] = [
  [
    'HUTONG_WEBHOOK_ALLOW',
    'hosts and ranges webhooks may reach although not public, comma separated',
  ],
  ['HUTONG_DNS', 'name servers that webhooks’ names are asked of, comma separated (the system’s)'],
  [
    'HUTONG_TRUST_PROXY',
    'proxies of your own before the platform, by number (1) or address (10.0.0.0/8): theirs are the entries of X-Forwarded-For that count',
  ],
  ['HUTONG_PRIVATE_PORT', '/metrics, /docs and /openapi.json are served there and not in public'],
  ['HUTONG_PRIVATE_HOST', 'address of the private port (127.0.0.1)'],
  ['HUTONG_MAX_CONNECTIONS', 'connections at once; more are closed (10000)'],
];

export function readNetworkSettings(
  environment: Environment,
  publicPort: number,
): Result<NetworkSettings, string> {
  const webhookAllow = listOf(environment.HUTONG_WEBHOOK_ALLOW);
  const allowed = parseAllowList(webhookAllow);
  if (!allowed.ok) return err(`HUTONG_WEBHOOK_ALLOW: ${allowed.error}`);
  const dnsServers = listOf(environment.HUTONG_DNS);
  const noServer = dnsServers.find((server) => !isNameServer(server));
  if (noServer !== undefined)
    return err(`HUTONG_DNS is addresses of name servers (10.0.0.53, [::1]:5353), not ${noServer}`);
  const trusted = parseTrustedProxies(environment.HUTONG_TRUST_PROXY ?? '');
  if (!trusted.ok) return err(`HUTONG_TRUST_PROXY is ${trusted.error}`);
  const privatePort = wholeNumber(environment, 'HUTONG_PRIVATE_PORT', -1, 0, 65_535);
  if (!privatePort.ok) return privatePort;
  if (privatePort.value > 0 && privatePort.value === publicPort)
    return err(`HUTONG_PRIVATE_PORT is another port than HUTONG_PORT, not ${publicPort}, too`);
  const connectionsMax = wholeNumber(environment, 'HUTONG_MAX_CONNECTIONS', 10_000, 10, 1_000_000);
  if (!connectionsMax.ok) return connectionsMax;
  return ok({
    webhookAllow,
    dnsServers: dnsServers.length === 0 ? null : dnsServers,
    trustedProxies: trusted.value,
    privatePort: privatePort.value < 0 ? null : privatePort.value,
    privateHost: environment.HUTONG_PRIVATE_HOST || '127.0.0.1',
    connectionsMax: connectionsMax.value,
  });
}

function isNameServer(text: string): boolean {
  try {
    new Resolver().setServers([text]);
    return true;
  } catch {
    return false;
  }
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
