/**
 * `npm run matrix`: by API only, against a running demo (HUTONG_DIR/demo.json), every wallet and
 * every product it names: paid, queried, refunded in two parts, booked. One row each; a product
 * that does not exist, or does not do one of the four, is a gap and fails.
 *
 *   npm run matrix [-- --only alipay]
 */
import fs from 'node:fs';
import path from 'node:path';
import { type Json, Marketplace, Sandbox, until } from '../helpers/api.ts';
import { openTally } from '../helpers/table.ts';

interface DemoFile {
  readonly platform: { readonly url: string };
  readonly sandbox: { readonly url: string };
  readonly marketplaces: Readonly<
    Record<string, { readonly secret_key: string; readonly merchants: string[] }>
  >;
  readonly credentials: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Stage {
  readonly demo: DemoFile;
  readonly shop: Marketplace;
  readonly sandbox: Sandbox;
}

/** What the buyer brings to the start, by the product's kind. */
type Brings = 'nothing' | 'openid' | 'buyer_id' | 'auth_code' | 'field55';

const MATRIX: readonly (readonly [wallet: string, product: string, brings: Brings])[] = [
  ['wechatpay', 'native', 'nothing'],
  ['wechatpay', 'jsapi', 'openid'],
  ['wechatpay', 'h5', 'nothing'],
  ['wechatpay', 'app', 'nothing'],
  ['wechatpay', 'codepay', 'auth_code'],
  ['alipay', 'page', 'nothing'],
  ['alipay', 'wap', 'nothing'],
  ['alipay', 'app', 'nothing'],
  ['alipay', 'precreate', 'nothing'],
  ['alipay', 'jsapi', 'buyer_id'],
  ['alipay', 'bar', 'auth_code'],
  ['unionpay', 'web', 'nothing'],
  ['unionpay', 'app', 'nothing'],
  ['unionpay', 'qr', 'nothing'],
  ['unionpay', 'bar', 'auth_code'],
  ['unionpay', 'nfc', 'field55'],
  ['jdpay', 'pc', 'nothing'],
  ['jdpay', 'h5', 'nothing'],
  ['jdpay', 'qr', 'nothing'],
  ['jdpay', 'bar', 'auth_code'],
];

const AMOUNT = 10_050;
const PARTS = [4_001, AMOUNT - 4_001] as const;
/** The longest that a wallet wants between two refunds of one payment. */
const BETWEEN_REFUNDS_SECONDS = 61;

async function payerOf({ demo, sandbox }: Stage, wallet: string, brings: Brings): Promise<Json> {
  const first = (name: string) => (demo.credentials[wallet]?.[name] as unknown[] | undefined)?.[0];
  switch (brings) {
    case 'nothing':
      return {};
    case 'openid':
      return { openid: first('openids') };
    case 'buyer_id':
      return { buyer_id: first('buyer_ids') };
    case 'auth_code':
      return { auth_code: (await sandbox.post('/phone/code', { wallet })).auth_code };
    case 'field55':
      return { field55: (await sandbox.post('/phone/tap', { amount: AMOUNT })).field55 };
  }
}

interface Paid {
  readonly intent: Json;
  readonly attempt: Json;
}

async function pay(stage: Stage, wallet: string, product: string, brings: Brings): Promise<Paid> {
  const { shop, sandbox } = stage;
  const intent = await shop.createIntent([AMOUNT]);
  const payer = await payerOf(stage, wallet, brings);
  const attempt = await shop.startAttempt(String(intent.id), wallet, product, payer);
  const isPresented = brings === 'auth_code' || brings === 'field55';
  if (isPresented !== (attempt.next_action === null)) {
    throw new Error(`next_action ${JSON.stringify(attempt.next_action)}`);
  }
  if (isHandedOut(wallet, product) !== isOwnPage(stage, attempt.next_action)) {
    throw new Error(`next_action ${JSON.stringify(attempt.next_action)}`);
  }
  if (!isPresented)
    await sandbox.pay(await sandbox.scan(wallet, codeOf(attempt.next_action as Json)));
  return { intent, attempt };
}

/** JD's form is handed out by the platform's own page, which the phone opens. */
function isHandedOut(wallet: string, product: string): boolean {
  return wallet === 'jdpay' && (product === 'pc' || product === 'h5');
}

function isOwnPage({ demo }: Stage, nextAction: unknown): boolean {
  const { type, url } = (nextAction ?? {}) as Json;
  return type === 'redirect' && String(url).startsWith(`${demo.platform.url}/pay/go/`);
}

/** What a buyer's app is shown. */
function codeOf(nextAction: Json): unknown {
  if (nextAction.type === 'qr_code') return nextAction.code;
  return nextAction.type === 'redirect' ? nextAction.url : nextAction;
}

/** The API and the wallet's own book agree on one payment. */
async function query({ shop, sandbox }: Stage, wallet: string, { intent, attempt }: Paid) {
  const now = await until(
    'paid',
    () => shop.getIntent(String(intent.id)),
    ({ status }) => status === 'succeeded',
  );
  if (now.amount_received !== AMOUNT) throw new Error(`received ${String(now.amount_received)}`);
  if (now.succeeded_attempt === null) throw new Error('no succeeded_attempt');
  const row = await walletRow(sandbox, wallet, attempt);
  if (row.state !== 'paid' || row.amount !== AMOUNT) {
    throw new Error(`the wallet says ${String(row.state)} ${String(row.amount)}`);
  }
}

async function walletRow(sandbox: Sandbox, wallet: string, attempt: Json): Promise<Json> {
  const orderNo = (attempt.legs as Json[])[0]?.order_no;
  const rows = (await sandbox.orders(wallet)).filter((row) => row.order_no === orderNo);
  const [row] = rows;
  if (row === undefined || rows.length !== 1)
    throw new Error(`${rows.length} orders at the wallet`);
  return row;
}

async function refund({ shop, sandbox }: Stage, wallet: string, { intent, attempt }: Paid) {
  const [sub] = intent.sub_orders as Json[];
  let given = 0;
  for (const amount of PARTS) {
    const made = await shop.expect(201, 'POST', '/v1/refunds', {
      payment_intent: intent.id,
      sub_order: sub?.id,
      amount,
      reason: 'requested_by_customer',
    });
    await until(
      `refund of ${amount}`,
      async () => {
        const now = await shop.expect(200, 'GET', `/v1/refunds/${String(made.id)}`);
        // The wallet settles a refund in its own time: the city's clock is moved to it.
        if (now.status === 'pending') await sandbox.advance(20);
        return now;
      },
      ({ status }) => status === 'succeeded',
    );
    given += amount;
    const row = await walletRow(sandbox, wallet, attempt);
    if (row.refunded !== given) throw new Error(`the wallet refunded ${String(row.refunded)}`);
    if (given < AMOUNT) await sandbox.advance(BETWEEN_REFUNDS_SECONDS);
  }
}

/** Rule 5 for this payment alone, and what its wallet holds of it: all came, all went. */
async function booked({ shop }: Stage, wallet: string, { intent }: Paid): Promise<number> {
  let count = 0;
  let inFen = 0;
  let outFen = 0;
  for await (const row of shop.transactions()) {
    if (row.payment_intent !== intent.id) continue;
    count += 1;
    let sumFen = 0;
    for (const entry of row.entries as Json[]) {
      sumFen += Number(entry.debit) - Number(entry.credit);
      if (entry.account !== `wallet:${wallet}:clearing`) continue;
      inFen += Number(entry.debit);
      outFen += Number(entry.credit);
    }
    if (sumFen !== 0) throw new Error(`transaction ${String(row.id)} is off by ${sumFen}`);
  }
  if (inFen !== AMOUNT || outFen !== AMOUNT)
    throw new Error(`clearing: in ${inFen}, out ${outFen}`);
  return count;
}

/** null = all four; else the first that failed, and why. */
async function problemOf(
  stage: Stage,
  [wallet, product, brings]: (typeof MATRIX)[number],
): Promise<string | null> {
  let step = 'paid';
  try {
    const paid = await pay(stage, wallet, product, brings);
    step = 'queried';
    await query(stage, wallet, paid);
    step = 'refunded';
    await refund(stage, wallet, paid);
    step = 'booked';
    await booked(stage, wallet, paid);
    return null;
  } catch (error) {
    return `not ${step}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 300);
  }
}

async function main(): Promise<void> {
  const file = path.join(process.env.HUTONG_DIR ?? '.hutong', 'demo.json');
  if (!fs.existsSync(file)) {
    throw new Error(`${file} is not there: is the demo running (npm start)?`);
  }
  const demo = JSON.parse(fs.readFileSync(file, 'utf8')) as DemoFile;
  const onlyAt = process.argv.indexOf('--only');
  const only = onlyAt < 0 ? '' : (process.argv[onlyAt + 1] ?? '');
  const shops = Object.entries(demo.marketplaces).map(
    ([name, { secret_key: key, merchants }]) =>
      [name, new Marketplace(demo.platform.url, key, merchants)] as const,
  );
  const sandbox = new Sandbox(demo.sandbox.url);
  const tally = openTally();
  for (const [index, row] of MATRIX.entries()) {
    const name = `${row[0]}.${row[1]}`;
    if (!name.includes(only)) continue;
    const shop = shops[index % shops.length]?.[1];
    const problem =
      shop === undefined ? 'no marketplace' : await problemOf({ demo, shop, sandbox }, row);
    tally.row(name, problem, 'paid, queried, refunded in two parts, booked');
  }
  for (const [name, shop] of shops) {
    tally.row(`${name}: ledger balanced (rule 5)`, (await shop.ledgerProblems())[0] ?? null);
  }
  tally.close();
}

await main();
