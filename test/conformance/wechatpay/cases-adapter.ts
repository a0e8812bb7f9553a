/** The adapter against the gateway: Hutong's outcomes, both key modes, every product. */
import type { AttemptOrder, RefundOrder } from '../../../src/core/wallet/order.ts';
import type { Wallet } from '../../../src/wallets/wallet.ts';
import { type Case, must, nextNo, same } from './cases.ts';
import { openAdapter } from './cases-flips.ts';
import type { Received, Stage } from './stage.ts';

const CLIENT = 'hutong adapter';

export function attemptOrder(
  stage: Stage,
  change: Partial<AttemptOrder> & { legCount?: number } = {},
): AttemptOrder {
  const no = nextNo('AD');
  const { legCount = 1, ...rest } = change;
  const nowMs = stage.city.opened.clock.nowMs();
  return {
    product: 'native',
    combineOrderNo: legCount === 1 ? null : `${no}C`,
    legs: Array.from({ length: legCount }, (_, index) => ({
      orderNo: `${no}L${index}`,
      walletMerchant: stage.sdk.sub_mchids[index] ?? '',
      amountFen: BigInt(2000 + index),
      description: `🎁 第${index}件`,
    })),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 15 * 60_000,
    description: '订单',
    payer: {},
    payerIp: '203.0.113.9',
    device: 'desktop',
    returnUrl: 'https://shop.example/back?x=1',
    notifyUrl: `${stage.shopUrl}/adapter/${no}`,
    handOutUrl: 'https://pay.hutong.example/pay/go/x',
    holdDays: 30,
    ...rest,
  };
}

async function start(wallet: Wallet, order: AttemptOrder): Promise<unknown> {
  const started = await wallet.startAttempt(order);
  if (started.outcome !== 'pending' || started.nextAction === null)
    throw new Error(JSON.stringify(started));
  const { nextAction } = started;
  if (nextAction.type === 'qr_code') return nextAction.code;
  if (nextAction.type === 'redirect') return nextAction.url;
  if (nextAction.type === 'invoke') return nextAction.params;
  throw new Error(nextAction.type);
}

function notify(wallet: Wallet, received: Received) {
  return wallet.parseNotification({ method: 'POST', ...received });
}

function refundOf(stage: Stage, order: AttemptOrder, amountFen: bigint): RefundOrder {
  const [leg] = order.legs;
  if (leg === undefined) throw new Error('no leg');
  const { orderNo, walletMerchant, amountFen: legFen } = leg;
  return {
    refundNo: `${orderNo}R`,
    amountFen,
    reason: '不想要了',
    notifyUrl: `${stage.shopUrl}/adapter-refund/${orderNo}`,
    createdAtMs: order.createdAtMs,
    leg: {
      ...{ orderNo, walletTransactionId: null, walletMerchant, amountFen: legFen },
      product: order.product,
      createdAtMs: order.createdAtMs,
    },
  };
}

const lives = (keyMode: 'public_key' | 'platform_certificate'): Case[] =>
  [1, 3].map((legCount) => ({
    name: `${legCount} leg(s): start, query, pay, notify, close refused, refund`,
    client: `${CLIENT} ${keyMode}`,
    check: async (stage) => {
      const wallet = openAdapter(stage, { keyMode });
      const order = attemptOrder(stage, { legCount });
      const code = await start(wallet, order);
      const before = await wallet.queryAttempt(order);
      must(before.outcome === 'answered', 'answered');
      same(
        before.outcome === 'answered' && before.legs.map((leg) => leg.status),
        Array(legCount).fill('pending'),
        'before',
      );
      same(await stage.pay(code, { coupon: { platform: 50, merchant: 20 } }), 'paid', 'paid');
      const received = await stage.callback(new URL(order.notifyUrl).pathname);
      const parsed = await notify(wallet, received);
      const queried = await wallet.queryAttempt(order);
      must(parsed.ok && parsed.value.type === 'attempt', 'an attempt notification');
      if (!parsed.ok || parsed.value.type !== 'attempt') return '';
      must(queried.outcome === 'answered', 'queried');
      if (queried.outcome !== 'answered') return '';
      const text = (value: unknown) =>
        JSON.stringify(value, (_k, v) => (typeof v === 'bigint' ? String(v) : v));
      same(text(parsed.value.legs), text(queried.legs), 'notification and query agree');
      same(parsed.value.orderNo, order.combineOrderNo ?? order.legs[0]?.orderNo, 'number');
      for (const [index, leg] of queried.legs.entries()) {
        same(leg.status, 'succeeded', 'status');
        same(text(leg.amountFen), text(order.legs[index]?.amountFen), 'amount');
        same([leg.currency, leg.payee], ['cny', order.legs[index]?.walletMerchant], 'payee');
      }
      const [first] = queried.legs;
      same(
        [String(first?.payerAmountFen), String(first?.receiptAmountFen)],
        ['1930', '1980'],
        'figures',
      );
      same((await wallet.closeAttempt(order)).outcome, 'paid', 'close');
      const refund = refundOf(stage, order, 700n);
      same((await wallet.queryRefund(refund)).status, 'not_found', 'before');
      const applied = await wallet.refund(refund);
      same([applied.status, String(applied.amountFen)], ['submitted', '700'], 'applied');
      same((await wallet.refund(refund)).walletRefundId, applied.walletRefundId, 'repeated');
      same((await wallet.queryRefund(refund)).status, 'processing', 'processing');
      await stage.advance(5);
      same((await wallet.queryRefund(refund)).status, 'succeeded', 'succeeded');
      const notified = await notify(
        wallet,
        await stage.callback(new URL(refund.notifyUrl).pathname),
      );
      must(notified.ok && notified.value.type === 'refund', 'a refund notification');
      same(
        notified.ok && notified.value.type === 'refund' && notified.value.report.status,
        'succeeded',
        'told',
      );
      const after = await wallet.queryAttempt(order);
      same(after.outcome === 'answered' && after.legs[0]?.status, 'succeeded', 'REFUND is paid');
      return `${legCount} leg(s)`;
    },
  }));

export const ADAPTER_CASES: readonly Case[] = [
  ...lives('public_key'),
  ...lives('platform_certificate'),
  {
    name: 'jsapi (with oauth), app and h5 for one and several merchants are paid by the phone',
    client: CLIENT,
    check: async (stage) => {
      const wallet = openAdapter(stage);
      const redirectUri = `${stage.shopUrl}/pay/abc?w=1`;
      const authorize = new URL(
        wallet.payerAuthorization!.authorizeUrl({ redirectUri, state: 's1' }),
      );
      const moved = await stage.control('GET', authorize.pathname + authorize.search);
      const back = new URL(moved.headers.location ?? '');
      same([moved.status, back.searchParams.get('state')], [302, 's1'], 'redirect');
      const code = back.searchParams.get('code') ?? '';
      const payer = await wallet.payerAuthorization!.exchangeCode(code);
      must(payer.ok && payer.value.openid === stage.sdk.openids[0], 'openid');
      const again = await wallet.payerAuthorization!.exchangeCode(code);
      same(again.ok ? 'ok' : again.error.code, '40163', 'a code works once');
      for (const legCount of [1, 2]) {
        for (const product of ['jsapi', 'app', 'h5'] as const) {
          const identity = product === 'jsapi' && payer.ok ? payer.value : {};
          const order = attemptOrder(stage, { product, legCount, payer: identity });
          same(await stage.pay(await start(wallet, order)), 'paid', `${product} ${legCount}`);
        }
      }
      return 'six payments';
    },
  },
  {
    name: 'close: closed for single and combine, not_found for nothing, unknown when lost',
    client: CLIENT,
    check: async (stage) => {
      const wallet = openAdapter(stage);
      const outcomes: string[] = [];
      for (const legCount of [1, 2]) {
        const order = attemptOrder(stage, { legCount });
        outcomes.push((await wallet.closeAttempt(order)).outcome);
        const code = await start(wallet, order);
        await stage.arm('close_lost', { order_no: order.legs[0]?.orderNo ?? '' });
        outcomes.push((await wallet.closeAttempt(order)).outcome);
        outcomes.push((await wallet.closeAttempt(order)).outcome);
        same(await stage.pay(code), 'closed', 'after');
        const queried = await wallet.queryAttempt(order);
        outcomes.push(queried.outcome === 'answered' ? String(queried.legs[0]?.status) : '');
      }
      const expected = ['not_found', 'unknown', 'closed', 'closed'];
      same(outcomes, [...expected, ...expected], 'outcomes');
      return expected.join(', ');
    },
  },
  {
    name: 'close and pay at once, fifty times: exactly one wins',
    client: CLIENT,
    check: async (stage) => {
      const wallet = openAdapter(stage);
      let paidCount = 0;
      for (let round = 0; round < 50; round += 1) {
        const order = attemptOrder(stage, { legCount: (round % 2) + 1 });
        const code = await start(wallet, order);
        const [closed, paid] = await Promise.all([wallet.closeAttempt(order), stage.pay(code)]);
        const isPaid = paid === 'paid';
        same(closed.outcome, isPaid ? 'paid' : 'closed', `round ${round}: phone says ${paid}`);
        if (isPaid) paidCount += 1;
      }
      return `${paidCount} paid, ${50 - paidCount} closed`;
    },
  },
  {
    name: 'start: refusals are failed, doubts are unknown',
    client: CLIENT,
    check: async (stage) => {
      const wallet = openAdapter(stage);
      const outcomes: string[] = [];
      const run = async (order: AttemptOrder) => {
        const started = await wallet.startAttempt(order);
        const code = 'walletError' in started ? started.walletError?.code : '';
        outcomes.push(`${started.outcome} ${code}`.trim());
      };
      const unbound = attemptOrder(stage);
      const legs = unbound.legs.map((leg) => ({ ...leg, walletMerchant: '1699999999' }));
      await run({ ...unbound, legs });
      await run(attemptOrder(stage, { product: 'jsapi', payer: { openid: 'oNobody' } }));
      await run(attemptOrder(stage, { product: 'jsapi' }));
      await run(attemptOrder(stage, { product: 'h5', payerIp: null }));
      for (const fault of ['rate_limited', 'server_error', 'html_502', 'answer_lost', 'signtest']) {
        const order = attemptOrder(stage);
        await stage.arm(fault, { order_no: order.legs[0]?.orderNo ?? '' });
        await run(order);
      }
      const paid = attemptOrder(stage);
      await stage.pay(await start(wallet, paid));
      await run(paid);
      const taken = attemptOrder(stage);
      await start(wallet, taken);
      await run({ ...taken, legs: taken.legs.map((leg) => ({ ...leg, amountFen: 9n })) });
      const expected = [
        'failed NO_AUTH',
        'failed OPENID_MISMATCH',
        'failed hutong.payer_missing',
        'failed hutong.payer_ip_missing',
        'unknown FREQUENCY_LIMITED',
        'unknown SYSTEM_ERROR',
        'unknown HTTP_502',
        'unknown HTTP_BROKEN',
        'unknown UNVERIFIABLE_ANSWER',
        'unknown ORDER_PAID',
        'unknown OUT_TRADE_NO_USED',
      ];
      same(outcomes, expected, 'outcomes');
      return `${expected.length} starts`;
    },
  },
  {
    name: 'mismatches are reported, never hidden: amount, currency, payee by notification and query',
    client: CLIENT,
    check: async (stage) => {
      const wallet = openAdapter(stage);
      for (const legCount of [1, 2]) {
        for (const fault of ['wrong_amount', 'wrong_currency', 'wrong_payee']) {
          for (const operation of ['callback', 'query']) {
            const order = attemptOrder(stage, { legCount });
            const code = await start(wallet, order);
            const order_no = order.legs[0]?.orderNo ?? '';
            await stage.arm(fault, { order_no, operation });
            await stage.pay(code);
            const parsed = await notify(
              wallet,
              await stage.callback(new URL(order.notifyUrl).pathname),
            );
            const queried = await wallet.queryAttempt(order);
            const notified =
              parsed.ok && parsed.value.type === 'attempt' ? parsed.value.legs[0] : null;
            const asked = queried.outcome === 'answered' ? queried.legs[0] : null;
            const wrong = operation === 'callback' ? notified : asked;
            const right = operation === 'callback' ? asked : notified;
            const show = (leg: typeof notified) => [
              String(leg?.amountFen),
              leg?.currency,
              leg?.payee === order.legs[0]?.walletMerchant,
            ];
            same(show(right), ['2000', 'cny', true], 'the other route');
            const shown = {
              wrong_amount: ['2001', 'cny', true],
              wrong_currency: ['2000', 'usd', true],
              wrong_payee: ['2000', 'cny', false],
            }[fault];
            same(show(wrong), shown, `${fault} by ${operation}`);
          }
        }
      }
      return 'twelve';
    },
  },
  {
    name: 'callback of another account is not_ours; refusals and acknowledgement in WeChat’s format',
    client: CLIENT,
    check: async (stage) => {
      const wallet = openAdapter(stage);
      const order = attemptOrder(stage);
      await stage.pay(await start(wallet, order));
      const received = await stage.callback(new URL(order.notifyUrl).pathname);
      const { wechatpay } = await import('../../../src/wallets/wechatpay/adapter.ts');
      const { createHttpClient } = await import('../../../src/runtime/http-client.ts');
      const { wallClock } = await import('../../../src/runtime/clock.ts');
      const { systemRandom } = await import('../../../src/runtime/random.ts');
      const seams = {
        http: createHttpClient(),
        clock: wallClock,
        wall: wallClock,
        random: systemRandom,
      };
      const other = wechatpay.open({ ...stage.credentials, mchid: '1900000109' }, seams);
      must(other.ok, 'opens');
      if (!other.ok) return '';
      const parsed = await notify(other.value, received);
      same(parsed.ok ? 'taken' : parsed.error.code, 'not_ours', 'another mchid');
      const late = { ...seams, wall: { nowMs: () => Date.now() + 301_000 } };
      const stale = wechatpay.open(stage.credentials, late);
      const staleParsed = stale.ok ? await notify(stale.value, received) : undefined;
      same(staleParsed?.ok === false ? staleParsed.error.code : '', 'stale', 'after 301 s');
      same(wallet.acknowledge().status, 200, 'acknowledge');
      same(wallet.refuse({ code: 'try_again' }).status, 503, 'try again');
      return 'not_ours, stale';
    },
  },
  {
    name: 'rotation mid-flight: a new serial is downloaded once and believed in both key modes',
    client: CLIENT,
    check: async (stage) => {
      for (const keyMode of ['platform_certificate', 'public_key'] as const) {
        const wallet = openAdapter(stage, { keyMode });
        const order = attemptOrder(stage);
        const code = await start(wallet, order);
        await stage.arm('key_rotated', {
          order_no: order.legs[0]?.orderNo ?? '',
          operation: 'callback',
        });
        await stage.pay(code);
        const received = await stage.callback(new URL(order.notifyUrl).pathname);
        must(/^[0-9A-F]{40}$/.test(received.headers['wechatpay-serial'] ?? ''), 'a certificate');
        must(received.headers['wechatpay-serial'] !== stage.sdk.platform_serial, 'a new one');
        const parsed = await notify(wallet, received);
        must(parsed.ok, `${keyMode}: ${parsed.ok ? '' : parsed.error.explain}`);
      }
      const wallet = openAdapter(stage, { keyMode: 'platform_certificate' });
      const order = attemptOrder(stage);
      await stage.arm('key_rotated', {
        order_no: order.legs[0]?.orderNo ?? '',
        operation: 'create',
      });
      must(String(await start(wallet, order)).startsWith('weixin://'), 'the answer of the new key');
      return 'callback and answer';
    },
  },
];
