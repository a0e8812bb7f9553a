/** One marketplace's pages and forms. */
import { HutongConnectionError, HutongError } from '@hutong/sdk';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { addToCart, type CartLine, QUANTITY_MAX, setQuantity, writeCart } from './cart.ts';
import type { Live } from './live.ts';
import { fenOfYuan, fenToJson } from './money.ts';
import { type Order, refundableOf, stateOf } from './order.ts';
import { cartPage, checkoutPage } from './pages/cart.ts';
import { type HomeData, homePage, searchPage } from './pages/home.ts';
import { type Notice, orderPage, ordersPage } from './pages/order.ts';
import { productPage } from './pages/product.ts';
import type { RequestContext } from './request.ts';
import { BUYER_COOKIE, cartCookie, cookie, deviceOf } from './session.ts';
import { askRefund, openCashier, placeOrder, type Shop } from './shop.ts';
import { PICKUPS, REFUND_REASONS, TEXTS, type TextKey } from './texts.ts';

export interface ShopRouteOptions {
  readonly shop: Shop;
  readonly live: Live;
  readonly contextOf: (request: FastifyRequest) => RequestContext;
  readonly log: (line: string) => void;
}

interface WithNo {
  Params: { no: string };
  Querystring: { notice?: string };
}

export function shopRoutes(app: FastifyInstance, options: ShopRouteOptions): void {
  browseRoutes(app, options);
  cartRoutes(app, options);
  checkoutRoutes(app, options);
  orderRoutes(app, options);
  refundRoute(app, options);
}

export const NONCE = /^[0-9A-Z]{20}$/;

export function sendHtml(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(text);
}

function homeData({ journal, stall }: Shop, buyer: string | undefined): HomeData {
  const orders = buyer === undefined ? [] : journal.ordersOf(stall.name, buyer);
  const of = (wanted: string) => orders.filter((order) => stateOf(order) === wanted).length;
  const refunds = orders.filter((order) => order.refunds.length > 0).length;
  return {
    sold: journal.soldOf(stall.name),
    counts: { waiting: of('waiting') + of('opening'), paid: of('paid'), refunds },
  };
}

function browseRoutes(app: FastifyInstance, { shop, contextOf }: ShopRouteOptions): void {
  const { catalogue } = shop;
  const root = `/${catalogue.marketplace}`;
  app.get<{ Querystring: { q?: string } }>(root, async (request, reply) => {
    const context = contextOf(request);
    const { q } = request.query;
    const words = typeof q === 'string' ? q.trim().slice(0, 40) : '';
    const data = homeData(shop, context.buyer);
    if (words === '') return sendHtml(reply, homePage(context.view(catalogue), data));
    const view = context.view(catalogue, words);
    return sendHtml(reply, searchPage(view, catalogue.search(words), data));
  });
  app.get<{ Params: { id: string } }>(`${root}/p/:id`, async (request, reply) => {
    const context = contextOf(request);
    const listing = catalogue.find(request.params.id);
    if (listing === undefined) return reply.callNotFound();
    const data = homeData(shop, context.buyer);
    return sendHtml(reply, productPage(context.view(catalogue), listing, data));
  });
}

function cartRoutes(app: FastifyInstance, { shop, contextOf }: ShopRouteOptions): void {
  const { catalogue } = shop;
  const root = `/${catalogue.marketplace}`;
  const keep = (reply: FastifyReply, context: RequestContext, lines: readonly CartLine[]) =>
    reply.header(
      'set-cookie',
      cookie(cartCookie(catalogue.marketplace), writeCart(lines), context.isSecure),
    );
  app.get<{ Querystring: { added?: string } }>(`${root}/cart`, async (request, reply) => {
    const context = contextOf(request);
    const notice = request.query.added === '1' ? TEXTS.added[context.locale] : null;
    return sendHtml(reply, cartPage(context.view(catalogue), context.cart, notice));
  });
  app.post(`${root}/cart/add`, async (request, reply) => {
    const context = contextOf(request);
    const { form } = context;
    const quantity = wholeNumber(form.get('quantity'), QUANTITY_MAX);
    const key = `${form.get('product') ?? ''}.${form.get('option') ?? ''}`;
    const lines =
      quantity === undefined || quantity < 1
        ? undefined
        : addToCart(catalogue, context.cart, key, quantity);
    if (lines === undefined) throw badForm('there is no such thing, or no room in the cart');
    const to = form.get('goto') === 'checkout' ? `${root}/checkout` : `${root}/cart?added=1`;
    return keep(reply, context, lines).redirect(to, 303);
  });
  app.post(`${root}/cart/update`, async (request, reply) => {
    const context = contextOf(request);
    const quantity = wholeNumber(context.form.get('quantity'), QUANTITY_MAX);
    if (quantity === undefined) throw badForm('quantity is a whole number');
    const lines = setQuantity(catalogue, context.cart, context.form.get('key') ?? '', quantity);
    return keep(reply, context, lines).redirect(`${root}/cart`, 303);
  });
}

function checkoutRoutes(app: FastifyInstance, { shop, contextOf, log }: ShopRouteOptions): void {
  const { catalogue } = shop;
  const root = `/${catalogue.marketplace}`;
  app.get(`${root}/checkout`, async (request, reply) => {
    const context = contextOf(request);
    if (context.cart.length === 0) return reply.redirect(`${root}/cart`, 303);
    if (context.buyer === undefined) {
      const buyer = cookie(BUYER_COOKIE, shop.seams.token(26), context.isSecure);
      reply.header('set-cookie', buyer);
    }
    const nonce = shop.seams.token(20);
    return sendHtml(reply, checkoutPage(context.view(catalogue), context.cart, nonce));
  });
  app.post(`${root}/checkout`, async (request, reply) => {
    const { cart, form, buyer, origin, isSecure } = contextOf(request);
    const nonce = form.get('nonce') ?? '';
    const pickup = form.get('pickup') ?? '';
    if (!NONCE.test(nonce) || !Object.hasOwn(PICKUPS, pickup) || buyer === undefined) {
      throw badForm('the checkout form is incomplete');
    }
    const again = shop.journal
      .ordersOf(shop.stall.name, buyer)
      .find((order) => order.nonce === nonce);
    if (cart.length === 0 && again === undefined) return reply.redirect(`${root}/cart`, 303);
    const device = deviceOf(request.headers['user-agent']);
    const order =
      again ??
      (await placeOrder(shop, {
        lines: cart,
        buyer,
        nonce,
        device,
        ip: request.ip,
        pickup,
        origin,
      }));
    reply.header('set-cookie', cookie(cartCookie(shop.stall.name), '', isSecure));
    return reply.redirect(await cashierOf(shop, order, log), 303);
  });
}

/** Where the buyer goes now: the cashier, or the order's page that says why not. */
async function cashierOf(shop: Shop, order: Order, log: (line: string) => void): Promise<string> {
  const own = `/${shop.stall.name}/orders/${order.no}`;
  try {
    const opened = await openCashier(shop, order);
    return stateOf(opened) === 'waiting' && opened.cashierUrl !== null ? opened.cashierUrl : own;
  } catch (error) {
    if (!(error instanceof HutongError)) throw error;
    log(`order ${order.no} has no cashier yet: ${error.code} (${error.requestId})`);
    return own;
  }
}

const NOTICES: Readonly<Record<string, { tone: Notice['tone']; key: TextKey }>> = {
  refund_asked: { tone: 'good', key: 'refundAskedNotice' },
  refund_amount: { tone: 'bad', key: 'refundAmountNotice' },
  refund_refused: { tone: 'bad', key: 'refundRefusedNotice' },
  refund_unknown: { tone: 'bad', key: 'refundUnknownNotice' },
};

/** The order, if it is this buyer's: anyone else's does not exist. */
function ownOrder(shop: Shop, context: RequestContext, no: string): Order | undefined {
  const order = shop.journal.find(no);
  const isOwn = order?.marketplace === shop.stall.name && order.buyer === context.buyer;
  return isOwn ? order : undefined;
}

function orderRoutes(app: FastifyInstance, options: ShopRouteOptions): void {
  const { shop, live, contextOf, log } = options;
  const { catalogue } = shop;
  const root = `/${catalogue.marketplace}/orders`;
  app.get(root, async (request, reply) => {
    const context = contextOf(request);
    const { buyer } = context;
    const orders = buyer === undefined ? [] : shop.journal.ordersOf(shop.stall.name, buyer);
    return sendHtml(reply, ordersPage(context.view(catalogue), orders));
  });
  app.get<WithNo>(`${root}/:no`, async (request, reply) => {
    const context = contextOf(request);
    const order = ownOrder(shop, context, request.params.no);
    if (order === undefined) return reply.callNotFound();
    const given = NOTICES[String(request.query.notice)];
    const notice =
      given === undefined ? null : { tone: given.tone, text: TEXTS[given.key][context.locale] };
    const data = { order, notice, nonce: shop.seams.token(20) };
    return sendHtml(reply, orderPage(context.view(catalogue), data));
  });
  app.get<WithNo>(`${root}/:no/live`, async (request, reply) => {
    const order = ownOrder(shop, contextOf(request), request.params.no);
    if (order === undefined) return reply.callNotFound();
    reply.hijack();
    if (!live.follow(order.no, order.revision, reply.raw)) reply.raw.writeHead(503).end();
  });
  app.post<WithNo>(`${root}/:no/pay`, async (request, reply) => {
    const order = ownOrder(shop, contextOf(request), request.params.no);
    if (order === undefined) return reply.callNotFound();
    return reply.redirect(await cashierOf(shop, order, log), 303);
  });
}

function refundRoute(app: FastifyInstance, options: ShopRouteOptions): void {
  const { shop, live, contextOf, log } = options;
  const root = `/${shop.stall.name}/orders`;
  app.post<WithNo>(`${root}/:no/refunds`, async (request, reply) => {
    const context = contextOf(request);
    const { form } = context;
    const order = ownOrder(shop, context, request.params.no);
    const part = order?.parts.find((one) => one.no === form.get('part'));
    if (order === undefined || part === undefined) return reply.callNotFound();
    const reason = form.get('reason') ?? '';
    const nonce = form.get('nonce') ?? '';
    if (!NONCE.test(nonce) || !Object.hasOwn(REFUND_REASONS, reason)) {
      throw badForm('the refund form is incomplete');
    }
    const answer = (notice: string) => reply.redirect(`${root}/${order.no}?notice=${notice}`, 303);
    const amountFen = fenOfYuan(form.get('amount') ?? '');
    const isRepeated = order.refundNonces.includes(nonce);
    const isWithin =
      amountFen !== undefined && amountFen > 0n && amountFen <= refundableOf(order, part);
    if (!isRepeated && !isWithin) return answer('refund_amount');
    try {
      const amount = fenToJson(amountFen ?? 0n);
      const after = await askRefund(shop, order, { part, amount, reason, nonce });
      live.notify(after.no, after.revision);
      return answer('refund_asked');
    } catch (error) {
      if (!(error instanceof HutongError)) throw error;
      log(`refund of ${part.no} not accepted: ${error.code} (${error.requestId})`);
      const isUnknown = error instanceof HutongConnectionError || error.retryable === true;
      return answer(isUnknown ? 'refund_unknown' : 'refund_refused');
    }
  });
}

function wholeNumber(text: string | null, most: number): number | undefined {
  if (text === null || !/^\d{1,3}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= most ? value : undefined;
}

function badForm(message: string): Error {
  return Object.assign(new Error(message), { statusCode: 400 });
}
