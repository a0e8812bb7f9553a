/** A request as the pages need it: who, which language, which cart. Reads; changes nothing. */
import type { FastifyRequest } from 'fastify';
import { type CartLine, readCart } from './cart.ts';
import { CATALOGUES, type Catalogue, type MarketplaceName } from './catalogue/catalogue.ts';
import type { View } from './pages/view.ts';
import { cartCookie, type Locale, readBuyer, readCookies, readLocale } from './session.ts';

export interface RequestContext {
  readonly marketplace: MarketplaceName;
  readonly locale: Locale;
  readonly origin: string;
  readonly isSecure: boolean;
  readonly buyer: string | undefined;
  readonly cart: readonly CartLine[];
  /** The form's fields; empty where there was no form. */
  readonly form: URLSearchParams;
  readonly view: (catalogue: Catalogue, search?: string) => View;
}

export function readContext(request: FastifyRequest, origin: string): RequestContext {
  const cookies = readCookies(request.headers.cookie);
  const marketplace = request.url.startsWith('/tmall') ? 'tmall' : 'taobao';
  const locale = readLocale(cookies, request.headers['accept-language']);
  const cart = readCart(CATALOGUES[marketplace], cookies.get(cartCookie(marketplace)) ?? '');
  const cartCount = cart.reduce((total, line) => total + line.quantity, 0);
  return {
    marketplace,
    locale,
    origin,
    isSecure: origin.startsWith('https:'),
    buyer: readBuyer(cookies),
    cart,
    form: request.body instanceof URLSearchParams ? request.body : new URLSearchParams(),
    view: (catalogue, search = '') => ({
      locale,
      catalogue,
      cartCount,
      // A form's address is no page to come back to.
      path: request.method === 'GET' ? request.url : `/${marketplace}`,
      search,
    }),
  };
}
