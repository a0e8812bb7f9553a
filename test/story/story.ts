/**
 * `npm run story`: by API only, against a running demo (HUTONG_DIR/demo.json), one payment for
 * every wallet and product of this release, from intent to partial refund. The webhook is judged by
 * the `standardwebhooks` package; the money, by the wallet's own orders.
 * Refunds settle in the wallets' own time: the story moves the city's clock to it, and says so.
 */
import fs from 'node:fs';
import path from 'node:path';
import { type Json, Marketplace, Sandbox, until } from '../helpers/api.ts';
import { openTally } from '../helpers/table.ts';
import { openInbox, type WebhookInbox } from '../helpers/webhook-inbox.ts';
import { ACROSS_CHAPTERS, nameOfAcross, payAcross } from './interconnect.ts';

interface DemoFile {
  readonly platform: { readonly url: string };
  readonly sandbox: { readonly url: string };
  readonly marketplaces: Readonly<
    Record<string, { readonly secret_key: string; readonly merchants: string[] }>
  >;
  readonly credentials: {
    readonly wechatpay: { readonly openids: string[] };
    readonly alipay: { readonly buyer_ids: string[] };
  };
}

interface Chapter {
  readonly marketplace: 'taobao' | 'tmall';
  readonly wallet: 'wechatpay' | 'alipay' | 'unionpay' | 'jdpay';
  readonly product: string;
  readonly amounts: readonly number[];
  readonly payer?: (demo: DemoFile) => Json;
  /** The buyer shows a payment code and the merchant scans it. */
  readonly isByCode?: true;
}

const CHAPTERS: readonly Chapter[] = [
  { marketplace: 'taobao', wallet: 'wechatpay', product: 'native', amounts: [12_800] },
  { marketplace: 'tmall', wallet: 'wechatpay', product: 'h5', amounts: [9_900] },
  {
    marketplace: 'taobao',
    wallet: 'wechatpay',
    product: 'jsapi',
    amounts: [5_601],
    payer: ({ credentials }) => ({ openid: credentials.wechatpay.openids[0] }),
  },
  { marketplace: 'taobao', wallet: 'wechatpay', product: 'native', amounts: [8_800, 4_499] },
  { marketplace: 'taobao', wallet: 'alipay', product: 'precreate', amounts: [6_601] },
  { marketplace: 'tmall', wallet: 'alipay', product: 'page', amounts: [25_900] },
  { marketplace: 'taobao', wallet: 'alipay', product: 'wap', amounts: [3_300] },
  { marketplace: 'tmall', wallet: 'alipay', product: 'page', amounts: [10_050, 20_049] },
  { marketplace: 'tmall', wallet: 'wechatpay', product: 'app', amounts: [4_501] },
  { marketplace: 'taobao', wallet: 'alipay', product: 'app', amounts: [7_701] },
  {
    marketplace: 'tmall',
    wallet: 'alipay',
    product: 'jsapi',
    amounts: [8_801],
    payer: ({ credentials }) => ({ buyer_id: credentials.alipay.buyer_ids[0] }),
  },
  {
    marketplace: 'taobao',
    wallet: 'wechatpay',
    product: 'codepay',
    amounts: [4_801],
    isByCode: true,
  },
  { marketplace: 'tmall', wallet: 'alipay', product: 'bar', amounts: [2_901], isByCode: true },
  { marketplace: 'taobao', wallet: 'unionpay', product: 'qr', amounts: [6_201] },
  { marketplace: 'tmall', wallet: 'unionpay', product: 'web', amounts: [12_300] },
  { marketplace: 'taobao', wallet: 'unionpay', product: 'app', amounts: [3_450] },
  { marketplace: 'taobao', wallet: 'jdpay', product: 'qr', amounts: [6_180] },
  { marketplace: 'tmall', wallet: 'jdpay', product: 'pc', amounts: [11_110] },
  { marketplace: 'taobao', wallet: 'jdpay', product: 'h5', amounts: [2_501] },
];

const USAGE = `usage: npm run story [-- --only TEXT]

One payment for every wallet and product, from intent to partial refund, against a running demo.

  --only TEXT   only the rows whose name has it, like wechatpay.native
  --help        this text

It moves the city's clock forward, for good: a wallet settles a refund some time after it was
asked, and the story does not wait. Each row says by how much. Whatever else is open in the demo
(orders that expire, work that is due) grows older by as much. HUTONG_DIR names the demo's folder.
`;

function nameOf({ marketplace, wallet, product, amounts }: Chapter): string {
  return `${marketplace} ${wallet}.${product}${amounts.length > 1 ? ` combined over ${amounts.length} sellers` : ''}`;
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) return void process.stdout.write(USAGE);
  const file = path.join(process.env.HUTONG_DIR ?? '.hutong', 'demo.json');
  if (!fs.existsSync(file))
    throw new Error(`${file} is not there: is the demo running (npm start)?`);
  const demo = JSON.parse(fs.readFileSync(file, 'utf8')) as DemoFile;
  const onlyAt = process.argv.indexOf('--only');
  const only = onlyAt < 0 ? '' : (process.argv[onlyAt + 1] ?? '');
  const inbox = await openInbox();
  const sandbox = new Sandbox(demo.sandbox.url);
  const shops = new Map<string, Marketplace>();
  const endpoints: { readonly shop: Marketplace; readonly id: string }[] = [];
  for (const [name, { secret_key, merchants }] of Object.entries(demo.marketplaces)) {
    const shop = new Marketplace(demo.platform.url, secret_key, merchants);
    shops.set(name, shop);
    const endpoint = await shop.expect(201, 'POST', '/v1/webhook_endpoints', {
      url: inbox.url,
      enabled_events: ['*'],
    });
    inbox.trust(String(endpoint.secret));
    endpoints.push({ shop, id: String(endpoint.id) });
  }
  const tally = openTally();
  for (const chapter of CHAPTERS.filter((one) => nameOf(one).includes(only))) {
    const shop = shops.get(chapter.marketplace);
    const before = sandbox.advancedSeconds;
    const problem =
      shop === undefined
        ? 'no such marketplace'
        : await tell(shop, sandbox, inbox, demo, chapter).then(
            () => null,
            (error: unknown) => (error instanceof Error ? error.message : String(error)),
          );
    tally.row(nameOf(chapter), problem, clockNote(sandbox.advancedSeconds - before));
  }
  const taobao = shops.get('taobao');
  for (const chapter of ACROSS_CHAPTERS.filter((one) => nameOfAcross(one).includes(only))) {
    if (taobao === undefined) break;
    const before = sandbox.advancedSeconds;
    const problem = await payAcross(taobao, sandbox, chapter).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    tally.row(nameOfAcross(chapter), problem, clockNote(sandbox.advancedSeconds - before));
  }
  tally.row(
    'every webhook verified by standardwebhooks',
    inbox.refused.length === 0 ? null : `${inbox.refused.length} refused`,
  );
  for (const [name, shop] of shops)
    tally.row(`${name}: ledger balanced (rule 5)`, (await shop.ledgerProblems())[0] ?? null);
  for (const { shop, id } of endpoints)
    await shop.expect(200, 'DELETE', `/v1/webhook_endpoints/${id}`);
  await inbox.close();
  const movedSeconds = sandbox.advancedSeconds;
  process.stdout.write(
    movedSeconds === 0
      ? "the city's clock was not moved\n"
      : `the city's clock was moved ${movedSeconds} s forward, so that refunds settle\n`,
  );
  tally.close();
}

function clockNote(seconds: number): string {
  return seconds === 0 ? '' : `city's clock +${seconds} s`;
}

async function tell(
  shop: Marketplace,
  sandbox: Sandbox,
  inbox: WebhookInbox,
  demo: DemoFile,
  chapter: Chapter,
): Promise<void> {
  const intent = await shop.createIntent(chapter.amounts);
  const id = String(intent.id);
  const attempt = await shop.startAttempt(
    id,
    chapter.wallet,
    chapter.product,
    await payerOf(sandbox, demo, chapter),
  );
  if (chapter.isByCode !== true) {
    const scan = await sandbox.scan(chapter.wallet, codeOf(attempt.next_action as Json));
    await sandbox.pay(scan);
  } else if (attempt.next_action !== null) {
    throw new Error(`a payment code leaves nothing to do: ${JSON.stringify(attempt.next_action)}`);
  }
  const total = chapter.amounts.reduce((sum, amount) => sum + amount, 0);
  const paid = await until(
    'paid',
    () => shop.getIntent(id),
    (now) => now.status === 'succeeded',
  );
  if (paid.amount_received !== total)
    throw new Error(`received ${String(paid.amount_received)}, not ${total}`);
  await until(
    'payment_intent.succeeded by webhook',
    async () => eventOf(inbox, 'payment_intent.succeeded', id),
    (event) => event !== undefined,
  );

  const sub = (intent.sub_orders as Json[]).at(-1) as Json;
  const refund = await shop.expect(201, 'POST', '/v1/refunds', {
    payment_intent: id,
    sub_order: sub.id,
    amount: 101,
    reason: 'requested_by_customer',
  });
  // The wallet settles a refund in its own time: the city's clock is moved to it.
  await until(
    'refunded',
    async () => {
      const now = await shop.expect(200, 'GET', `/v1/refunds/${String(refund.id)}`);
      if (now.status === 'pending') await sandbox.advance(20);
      return now;
    },
    (now) => now.status === 'succeeded',
  );
  await until(
    'refund.succeeded by webhook',
    async () => eventOf(inbox, 'refund.succeeded', String(refund.id)),
    (event) => event !== undefined,
  );
  const orders = (await sandbox.orders(chapter.wallet)).filter((order) =>
    numbersOf(attempt).includes(String(order.order_no)),
  );
  const refunded = orders.reduce((sum, order) => sum + Number(order.refunded), 0);
  if (orders.length !== chapter.amounts.length)
    throw new Error(`${orders.length} orders at the wallet`);
  if (refunded !== 101) throw new Error(`the wallet refunded ${refunded}, not 101`);
}

async function payerOf(sandbox: Sandbox, demo: DemoFile, chapter: Chapter): Promise<Json> {
  if (chapter.isByCode !== true) return chapter.payer?.(demo) ?? {};
  const shown = await sandbox.post('/phone/code', { wallet: chapter.wallet });
  return { auth_code: shown.auth_code };
}

function numbersOf(attempt: Json): string[] {
  return (attempt.legs as Json[]).map((leg) => String(leg.order_no));
}

/** What a buyer's app is shown. */
function codeOf(nextAction: Json): unknown {
  if (nextAction.type === 'qr_code') return nextAction.code;
  if (nextAction.type === 'redirect') return nextAction.url;
  return nextAction;
}

function eventOf(inbox: WebhookInbox, type: string, id: string): Json | undefined {
  return inbox.events.find(
    (event) => event.type === type && ((event.data as Json).object as Json).id === id,
  );
}

await main();
