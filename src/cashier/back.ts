/**
 * `/pay/back/{intent}`: where a wallet sends the browser after its own page. The wallet's records
 * and ours hold this address, so it names a payment but grants no access; the page opens only with
 * the cookie of the browser that started there.
 *
 * Some wallets make the browser post signed fields here. They are never read: nothing that comes
 * through a browser is trusted, and the page shows the payment's own state. A post is answered by a
 * redirect to the same address by GET, for which the browser sends its cookie again.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Site } from './site.ts';

export const BACK_COOKIE = 'hutong_pay';

export function postedBack(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { intent } = request.params as { readonly intent: string };
  return reply.redirect(`/pay/back/${encodeURIComponent(intent)}`, 303);
}

/** A pay_token starts with its payment's id: another payment's cookie does not match. */
export function cameBack(site: Site, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { intent } = request.params as { readonly intent: string };
  const token = site.cookie(request, BACK_COOKIE) ?? '';
  const fits = /^[0-9A-Z]{13}$/.test(intent) && /^[bf][0-9A-Za-z]+$/.test(token);
  if (!fits || token.slice(1, 14) !== intent) return site.handedOver(request, reply);
  return reply.headers(site.headers).redirect(`/pay/${token}`, 303);
}
