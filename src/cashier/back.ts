/**
 * `/pay/back/{intent}`: where a wallet sends the browser after its own page. The address stands
 * in the wallet's books and in ours, so it names a payment but opens nothing; what opens the page
 * again is the cookie of the browser that started there.
 *
 * Some wallets let the browser post signed fields here. They are never read: what a browser carries
 * is not believed, and the payment's own state is what the page shows. The answer to a post is the
 * same address by GET, where the browser sends its cookie again.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Site } from './site.ts';

export const BACK_COOKIE = 'hutong_pay';

export function postedBack(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { intent } = request.params as { readonly intent: string };
  return reply.redirect(`/pay/back/${encodeURIComponent(intent)}`, 303);
}

/** A pay_token names its payment in front: another payment's cookie does not fit. */
export function cameBack(site: Site, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { intent } = request.params as { readonly intent: string };
  const token = site.cookie(request, BACK_COOKIE) ?? '';
  const fits = /^[0-9A-Z]{13}$/.test(intent) && /^[bf][0-9A-Za-z]+$/.test(token);
  if (!fits || token.slice(1, 14) !== intent) return site.handedOver(request, reply);
  return reply.headers(site.headers).redirect(`/pay/${token}`, 303);
}
