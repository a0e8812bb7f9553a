/**
 * The story's chapter of interconnection: Cloud QuickPass pays a WeChat Pay code and an Alipay
 * code, a part is refunded, and the switch's clearing agrees with what the wallets believe.
 */
import { call, type Json, type Marketplace, type Sandbox, until } from '../helpers/api.ts';

const AMOUNT_FEN = 3_210;
const REFUND_FEN = 110;

export interface AcrossChapter {
  readonly wallet: 'wechatpay' | 'alipay';
  readonly product: string;
}

export const ACROSS_CHAPTERS: readonly AcrossChapter[] = [
  { wallet: 'wechatpay', product: 'native' },
  { wallet: 'alipay', product: 'precreate' },
];

export function nameOfAcross({ wallet, product }: AcrossChapter): string {
  return `interconnect: QuickPass pays ${wallet}.${product}`;
}

export async function payAcross(
  shop: Marketplace,
  sandbox: Sandbox,
  { wallet, product }: AcrossChapter,
): Promise<void> {
  const intent = await shop.createIntent([AMOUNT_FEN]);
  const attempts = `/v1/payment_intents/${String(intent.id)}/attempts`;
  const payer = { payer_wallet: 'unionpay' };
  const attempt = await shop.expect(201, 'POST', attempts, { wallet, product, ...payer });
  const [leg] = attempt.legs as Json[];
  await sandbox.pay(await sandbox.scan('unionpay', attempt.next_action));
  await until(
    'paid',
    () => shop.getIntent(String(intent.id)),
    (now) => now.status === 'succeeded',
  );
  const [paid] = (await shop.expect(200, 'GET', attempts)).data as Json[];
  const said = `${String(paid?.wallet)} by ${String(paid?.payer_wallet_reported)}`;
  if (said !== `${wallet} by unionpay`) throw new Error(`the attempt says ${said}`);

  const dates = new Set([await today(sandbox)]);
  await refundPart(shop, sandbox, intent);
  dates.add(await today(sandbox));
  await checkClearing(sandbox, [...dates], { wallet, orderNo: String(leg?.order_no) });
}

async function refundPart(shop: Marketplace, sandbox: Sandbox, intent: Json): Promise<void> {
  const [sub] = intent.sub_orders as Json[];
  const refund = await shop.expect(201, 'POST', '/v1/refunds', {
    payment_intent: intent.id,
    sub_order: sub?.id,
    amount: REFUND_FEN,
    reason: 'requested_by_customer',
  });
  await until(
    'refunded',
    async () => {
      const now = await shop.expect(200, 'GET', `/v1/refunds/${String(refund.id)}`);
      if (now.status === 'pending') await sandbox.advance(20);
      return now;
    },
    (now) => now.status === 'succeeded',
  );
}

async function clearingOf(sandbox: Sandbox, date: string | null): Promise<Json> {
  const query = date === null ? '' : `?date=${date}`;
  return (await call('GET', `${sandbox.url}/control/clearing${query}`)).body;
}

async function today(sandbox: Sandbox): Promise<string> {
  return String((await clearingOf(sandbox, null)).date);
}

/** The movements of this order are what its wallet believes, and each day sums to zero. */
async function checkClearing(
  sandbox: Sandbox,
  dates: readonly string[],
  { wallet, orderNo }: { readonly wallet: string; readonly orderNo: string },
): Promise<void> {
  let netFen = 0;
  for (const date of dates) {
    const day = await clearingOf(sandbox, date);
    const sumFen = (day.positions as Json[]).reduce((sum, row) => sum + Number(row.net), 0);
    if (sumFen !== 0) throw new Error(`the positions of ${date} sum to ${sumFen}`);
    for (const pair of day.pairs as Json[]) {
      if (pair.payer_wallet !== 'unionpay' || pair.acceptor_wallet !== wallet) continue;
      for (const row of pair.movements as Json[]) {
        if (row.order_no !== orderNo) continue;
        netFen += row.kind === 'payment' ? Number(row.amount) : -Number(row.amount);
      }
    }
  }
  const order = (await sandbox.orders(wallet)).find((row) => row.order_no === orderNo);
  const believedFen = Number(order?.payer_amount) - Number(order?.refunded);
  if (netFen !== believedFen || netFen !== AMOUNT_FEN - REFUND_FEN) {
    throw new Error(`cleared ${netFen}, while ${wallet} believes ${believedFen}`);
  }
}
