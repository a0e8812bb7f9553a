/** The seller's side of one marketplace: scan a buyer's code, see what became of it, the stand. */
import { HutongError } from '@hutong/sdk';
import type { FastifyInstance } from 'fastify';
import type { Seller } from './catalogue/catalogue.ts';
import { chargeCode, placeSale, scannedCode, standOf } from './counter-sale.ts';
import { fenOfYuan } from './money.ts';
import type { Order } from './order.ts';
import { counterPage, salePage, standPage } from './pages/counter.ts';
import type { RequestContext } from './request.ts';
import { BUYER_COOKIE, cookie } from './session.ts';
import { NONCE, type ShopRouteOptions, sendHtml } from './shop-routes.ts';
import type { TextKey } from './texts.ts';

const AMOUNT_FEN_MAX = 50_000_00n;

interface Filled {
  readonly seller: string;
  readonly amount: string;
  readonly problem: TextKey | null;
}

export function counterRoutes(app: FastifyInstance, options: ShopRouteOptions): void {
  sellingRoutes(app, options);
  saleRoutes(app, options);
  standRoutes(app, options);
}

function sellingRoutes(app: FastifyInstance, options: ShopRouteOptions): void {
  const { shop, live, contextOf, log } = options;
  const { catalogue } = shop;
  const root = `/${catalogue.marketplace}/counter`;
  const show = (context: RequestContext, filled: Filled): string =>
    counterPage(context.view(catalogue), { ...filled, nonce: shop.seams.token(20) });
  app.get<{ Querystring: { seller?: string } }>(root, async (request, reply) => {
    const context = contextOf(request);
    if (context.buyer === undefined) {
      const keeper = cookie(BUYER_COOKIE, shop.seams.token(26), context.isSecure);
      reply.header('set-cookie', keeper);
    }
    const seller = String(request.query.seller ?? '');
    return sendHtml(reply, show(context, { seller, amount: '', problem: null }));
  });
  app.post(root, async (request, reply) => {
    const context = contextOf(request);
    const { form, buyer, origin } = context;
    const seller = sellerOf(options, form.get('seller'));
    const nonce = form.get('nonce') ?? '';
    if (seller === undefined || buyer === undefined || !NONCE.test(nonce)) {
      return reply.redirect(root, 303);
    }
    const amount = form.get('amount') ?? '';
    const amountFen = fenOfYuan(amount);
    const code = scannedCode(form.get('code') ?? '');
    const again = (problem: TextKey) => {
      const filled = { seller: seller.id, amount: amount.slice(0, 12), problem };
      return sendHtml(reply.code(422), show(context, filled));
    };
    if (amountFen === undefined || amountFen < 1n || amountFen > AMOUNT_FEN_MAX) {
      return again('counterBadAmount');
    }
    if (code === undefined) return again('counterBadCode');
    const sale = { seller, amountFen, keeper: buyer, nonce, ip: request.ip, origin };
    const order = await placeSale(shop, sale);
    try {
      const charged = await chargeCode(shop, order, code);
      live.notify(charged.no, charged.revision);
    } catch (error) {
      if (!(error instanceof HutongError)) throw error;
      log(`sale ${order.no} could not be opened: ${error.code} (${error.requestId})`);
    }
    return reply.redirect(`${root}/${order.no}`, 303);
  });
}

function sellerOf({ shop }: ShopRouteOptions, id: string | null): Seller | undefined {
  return shop.catalogue.sellers.find((seller) => seller.id === id);
}

function saleRoutes(app: FastifyInstance, options: ShopRouteOptions): void {
  const { shop, live, contextOf } = options;
  const { catalogue } = shop;
  const root = `/${catalogue.marketplace}/counter`;
  const saleOf = (context: RequestContext, no: string): Order | undefined => {
    const order = shop.journal.find(no);
    const isOwn = order?.marketplace === shop.stall.name && order.buyer === context.buyer;
    return isOwn && order.pickup === 'counter' ? order : undefined;
  };
  app.get<{ Params: { no: string } }>(`${root}/:no`, async (request, reply) => {
    const context = contextOf(request);
    const order = saleOf(context, request.params.no);
    if (order === undefined) return reply.callNotFound();
    return sendHtml(reply, salePage(context.view(catalogue), order));
  });
  app.get<{ Params: { no: string } }>(`${root}/:no/live`, async (request, reply) => {
    const order = saleOf(contextOf(request), request.params.no);
    if (order === undefined) return reply.callNotFound();
    reply.hijack();
    if (!live.follow(order.no, order.revision, reply.raw)) reply.raw.writeHead(503).end();
  });
}

const SHEETS = { 'stand.svg': 'image/svg+xml', 'stand.pdf': 'application/pdf' } as const;

function standRoutes(app: FastifyInstance, options: ShopRouteOptions): void {
  const { shop, contextOf } = options;
  const { catalogue } = shop;
  const root = `/${catalogue.marketplace}/stands`;
  app.get<{ Params: { seller: string } }>(`${root}/:seller`, async (request, reply) => {
    const seller = sellerOf(options, request.params.seller);
    if (seller === undefined) return reply.callNotFound();
    const counter = await standOf(shop, seller);
    return sendHtml(reply, standPage(contextOf(request).view(catalogue), { seller, counter }));
  });
  for (const [name, type] of Object.entries(SHEETS)) {
    app.get<{ Params: { seller: string } }>(`${root}/:seller/${name}`, async (request, reply) => {
      const seller = sellerOf(options, request.params.seller);
      if (seller === undefined) return reply.callNotFound();
      const { id, merchant } = await standOf(shop, seller);
      const sheet = await shop.stall.hutong.counters.sheet(
        merchant,
        id,
        name as keyof typeof SHEETS,
      );
      return reply.type(type).send(Buffer.from(sheet));
    });
  }
}
