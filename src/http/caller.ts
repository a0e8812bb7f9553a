/**
 * The first hook of a request: determines the caller's address and sets every answer's security
 * headers.
 *
 * After this hook `request.ip` is the caller's address, in one spelling, as far as our own proxies
 * vouch for it; nothing else that a proxy or a caller forwards (host, protocol) is trusted. A
 * request with two Host headers could be read in two ways, and is refused.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { callerAddress, NO_PROXY } from './address.ts';
import { apiError } from './api-error.ts';
import type { ServerConfig } from './deps.ts';

/** For every answer; pages relax what they need. HSTS if the public address is https. */
export function securityHeaders(publicUrl: string): Readonly<Record<string, string>> {
  return {
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(publicUrl.startsWith('https:') ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}

/** What fastify is configured to trust: the one address that `meetCaller` has left there. */
export function isFirstHop(_address: string, hop: number): boolean {
  return hop === 0;
}

export function meetCaller(app: FastifyInstance, config: ServerConfig): void {
  const headers = securityHeaders(config.publicUrl);
  const trusted = config.trustedProxies ?? NO_PROXY;
  app.addHook('onRequest', (request, reply: FastifyReply, done) => {
    const { raw } = request;
    const given = raw.headers['x-forwarded-for'];
    const forwardedFor = Array.isArray(given) ? given.join(',') : given;
    const caller = callerAddress(raw.socket.remoteAddress, forwardedFor, trusted);
    if (caller !== undefined) raw.headers['x-forwarded-for'] = caller;
    else if (forwardedFor !== undefined) delete raw.headers['x-forwarded-for'];
    for (const name of BELIEVED_BY_FASTIFY) {
      if (raw.headers[name] !== undefined) delete raw.headers[name];
    }
    reply.headers(headers);
    if (hostCount(raw.rawHeaders) < 2) done();
    else done(apiError('parameter_invalid', 'the request has more than one Host', 'Host'));
  });
}

const BELIEVED_BY_FASTIFY = ['x-forwarded-host', 'x-forwarded-proto'] as const;

/** Node keeps the first of several and reports nothing. */
function hostCount(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}
