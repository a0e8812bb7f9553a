/**
 * The largest callback that each wallet genuinely sends, from its gateway over HTTP: it is
 * verified, and it passes the size limits of /notify, which are the wallets' own.
 */
import { afterEach, expect, test } from 'vitest';
import type { AttemptOrder } from '../../src/core/wallet/order.ts';
import type { StartOutcome } from '../../src/core/wallet/report.ts';
import { jdpay } from '../../src/wallets/jdpay/adapter.ts';
import { walletModule } from '../../src/wallets/registry.ts';
import type { RawRequest, Wallet } from '../../src/wallets/wallet.ts';
import { freshNo } from '../helpers/gateway-city.ts';
import { call, handedOn, serveEachTest } from '../http/edge.ts';
import { openTestCity as openAlipayCity } from './alipay/city.ts';
import { openWallet as openAlipay } from './alipay/flip-cases.ts';
import { openJdCity } from './jdpay/city.ts';
import { openWallet as openUnionpay, openTestCity as openUnionpayCity } from './unionpay/city.ts';
import { openAdapter } from './wechatpay/cases-flips.ts';
import { openStage as openWechatpay } from './wechatpay/stage.ts';

serveEachTest();

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const LONG = '青瓷盖碗😀＆龙泉'.repeat(40);

function orderOf(
  product: AttemptOrder['product'],
  merchants: readonly string[],
  notifyUrl: string,
  nowMs: number,
): AttemptOrder {
  const legs = merchants.map((walletMerchant) => ({
    orderNo: freshNo('LARGE'),
    walletMerchant,
    amountFen: 99_999_999n,
    description: LONG,
  }));
  return {
    product,
    combineOrderNo: merchants.length > 1 ? freshNo('COMBI') : null,
    legs,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 600_000,
    description: LONG,
    payer: {},
    payerIp: '203.0.113.9',
    device: 'desktop',
    returnUrl: `https://shop.example/${'x'.repeat(200)}`,
    notifyUrl,
    handOutUrl: 'https://shop.example/pay/out',
    holdDays: 30,
  };
}

function actionOf(started: StartOutcome) {
  const action = started.outcome === 'pending' ? started.nextAction : null;
  if (action === null) throw new Error(JSON.stringify(started));
  return action.type === 'qr_code' ? action.code : { ...action };
}

async function expectTaken(
  name: Parameters<typeof walletModule>[0],
  wallet: Wallet,
  callback: RawRequest,
) {
  const bytesMax = walletModule(name)?.notificationBytesMax ?? 0;
  expect(callback.body.length).toBeLessThanOrEqual(bytesMax / 2);
  const parsed = await wallet.parseNotification(callback);
  expect(parsed).toMatchObject({ ok: true, value: { type: 'attempt' } });
  const requests = handedOn();
  const answer = await call({
    method: 'POST',
    url: `/notify/${name}/wc_0000000000001/payment`,
    payload: callback.body,
    headers: { 'content-type': 'text/plain' },
  });
  expect([answer.status, requests.at(-1)?.body.equals(callback.body)]).toEqual([200, true]);
  const long = Buffer.alloc(bytesMax + 1, 0x61);
  const url = `/notify/${name}/wc_0000000000001/payment`;
  expect((await call({ method: 'POST', url, payload: long })).status, 'one byte more').toBe(413);
}

const requestOf = (received: { readonly body: Buffer; readonly headers: object }): RawRequest => ({
  method: 'POST',
  target: '/',
  headers: received.headers as Record<string, string>,
  body: received.body,
});

test('S3: WeChat Pay: a combined payment of 50 orders with coupons is taken', async () => {
  const stage = await openWechatpay();
  closing.push(stage.close);
  const wallet = openAdapter(stage);
  const merchants = Array.from({ length: 50 }, (_one, index) => stage.sdk.sub_mchids[index % 3]!);
  const order = orderOf('native', merchants, `${stage.shopUrl}/largest`, Date.now());
  const code = actionOf(await wallet.startAttempt(order));
  expect(await stage.pay(code, { coupon: { platform: 50, merchant: 50 } })).toBe('paid');
  const received = await stage.callback('/largest');
  expect(received.body.length).toBeGreaterThan(20_000);
  await expectTaken('wechatpay', wallet, requestOf(received));
});

test('S3: Alipay: an order of a merged payment, of the longest texts, is taken', async () => {
  const city = await openAlipayCity();
  closing.push(city.close);
  const wallet = openAlipay(city);
  const order = orderOf('page', city.account.smids, city.notifyUrl, city.opened.clock.nowMs());
  const code = actionOf(await wallet.startAttempt(order));
  const coupon = { platformFen: 100n, merchantFen: 100n };
  expect((await city.scanAndPay(code, { coupon })).status).toBe('paid');
  await city.settle();
  await expectTaken('alipay', wallet, requestOf(city.callbacks.at(-1)!));
});

test('S3: UnionPay: a payment with its certificate in it is taken', async () => {
  const city = await openUnionpayCity();
  closing.push(city.close);
  const wallet = openUnionpay(city);
  const merchants = [city.account.subMerchants[0]!.walletMerchant];
  const order = orderOf('web', merchants, city.notifyUrl, city.opened.kit.clock.nowMs());
  await city.scanAndPay(actionOf(await wallet.startAttempt(order)));
  await city.settle();
  await expectTaken('unionpay', wallet, requestOf(city.callbacks.at(-1)!));
});

test('S3: JD Pay: a payment with its list of payers is taken', async () => {
  const city = await openJdCity();
  closing.push(city.close);
  const { http, kit } = city.opened;
  const seams = { http, clock: kit.clock, wall: kit.wall, random: kit.random };
  const opened = jdpay.open(city.account.shop.credentials, seams);
  if (!opened.ok) throw new Error(opened.error.field);
  const merchants = [opened.value.ownMerchant ?? ''];
  const order = orderOf('qr', merchants, city.notifyUrl, kit.clock.nowMs());
  await city.scanAndPay(actionOf(await opened.value.startAttempt(order)));
  await city.settle();
  await expectTaken('jdpay', opened.value, requestOf(city.callbacks.at(-1)!));
});
