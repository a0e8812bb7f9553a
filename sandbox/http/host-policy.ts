/**
 * Access control of the city. A page on the internet can make a browser call 127.0.0.1, and a name
 * can be rebound to it: so the Host must be one of ours (at a gateway's signed paths also one of
 * the wallet's own or of --gateway-host, since every call there authenticates itself), and if a
 * browser names the calling page (Origin), that page must be local, too; for the city's own calls,
 * the city itself.
 */
import { timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { GatewayEndpoint, WireRequest, WireResponse } from '../kit/kit.ts';
import { jsonError } from './json.ts';

export interface HostPolicy {
  /** Bound to loopback only? Otherwise IP literals are accepted as well. */
  readonly isLoopback: boolean;
  /** Host names besides the loopback ones: of `publicUrl`, of `--host`. */
  readonly hostNames: readonly string[];
  /** Required as a bearer token for /control; null = none. */
  readonly controlToken: string | null;
  /** Names that any gateway may be called under, besides its wallet's own (--gateway-host). */
  readonly gatewayHostNames: readonly string[];
  /** The hosts of the gateway with this signed path; undefined = a page, or the city's own call. */
  readonly endpointOf: (request: WireRequest) => GatewayEndpoint | undefined;
}

const LOOPBACK_NAMES: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/** A name as in a Host header: lower case, no scheme, no port. */
export function isHostName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(name);
}

export function isLoopbackHost(host: string): boolean {
  return LOOPBACK_NAMES.includes(host) || host === '::1';
}

const FOREIGN_HOST =
  "this Host is not served by the sandbox: call it by its own address, a wallet's paths also by " +
  'the name of that wallet or one given by --gateway-host';

/** The refusal, or undefined if the request may proceed. */
export function refuseForeign(request: WireRequest, policy: HostPolicy): WireResponse | undefined {
  const host = request.headers.host ?? '';
  const name = hostName(`http://${host}`);
  if (!isOurs(name, policy)) {
    const endpoint = policy.endpointOf(request);
    if (endpoint === undefined) return jsonError(403, 'foreign_host', FOREIGN_HOST);
    if (!mayEnter(name, endpoint, policy)) return endpoint.refuseHost(request.path, FOREIGN_HOST);
  }
  const isOwnCall = request.path.startsWith('/control') || request.path.startsWith('/phone');
  const origin = request.headers.origin;
  if (origin !== undefined) {
    const isFine = isOwnCall ? hostOf(origin) === host : isOurs(hostName(origin), policy);
    if (!isFine) return jsonError(403, 'foreign_origin', 'pages of this Origin may not call here');
  }
  if (request.path.startsWith('/control') && !hasToken(request, policy.controlToken)) {
    return jsonError(401, 'control_token_required', 'send the token of the banner as a Bearer');
  }
  return undefined;
}

function mayEnter(
  name: string | undefined,
  endpoint: GatewayEndpoint,
  policy: HostPolicy,
): boolean {
  if (name === undefined) return false;
  return endpoint.hostNames.includes(name) || policy.gatewayHostNames.includes(name);
}

function isOurs(name: string | undefined, policy: HostPolicy): boolean {
  if (name === undefined) return false;
  if (LOOPBACK_NAMES.includes(name) || policy.hostNames.includes(name)) return true;
  // A literal cannot be rebound; names can.
  return !policy.isLoopback && isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}

function hostName(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

function hasToken(request: WireRequest, token: string | null): boolean {
  if (token === null) return true;
  const wanted = Buffer.from(`Bearer ${token}`);
  const given = Buffer.from(request.headers.authorization ?? '');
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}
