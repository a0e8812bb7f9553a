/**
 * Genuine signed `a=1&b=2` messages of every wallet that signs so, made by the sandbox's gateways
 * over HTTP, and what the platform believes of another one that carries the same signature:
 * callbacks of Alipay and UnionPay, synchronous answers of UnionPay and WeChat Pay's APIv2, and
 * JD's form as its other end verifies it.
 */
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AttemptReference } from '../../src/core/wallet/order.ts';
import type { StartOutcome } from '../../src/core/wallet/report.ts';
import { createHttpClient, type HttpClient } from '../../src/runtime/http-client.ts';
import { unionpay } from '../../src/wallets/unionpay/adapter.ts';
import type { Wallet } from '../../src/wallets/wallet.ts';
import { openForm, sealForm } from '../../src/wires/jdpay/form.ts';
import { parseReply, writeReply } from '../../src/wires/unionpay/message.ts';
import { readXml, writeXml } from '../../src/wires/wechatpay/message-v2.ts';
import { openTestCity as openAlipayCity } from '../conformance/alipay/city.ts';
import { openWallet as openAlipay } from '../conformance/alipay/flip-cases.ts';
import { callV2, commonFields, sendV2 } from '../conformance/alipay/raw.ts';
import { orderContent } from '../conformance/alipay/rows.ts';
import { signRequest } from '../conformance/second-verifier-alipay.ts';
import {
  openWallet as openUnionpay,
  openTestCity as openUnionpayCity,
  orderOf,
  refundOf,
  type TestCity,
} from '../conformance/unionpay/city.ts';
import { openAdapter } from '../conformance/wechatpay/cases-flips.ts';
import { openStage as openWechatpayStage } from '../conformance/wechatpay/stage.ts';
import { freshNo } from '../helpers/gateway-city.ts';
import { type Pairs, recutsOf } from './recuts.ts';

export interface SignedMessage {
  readonly what: string;
  readonly pairs: Pairs;
  /** Names that are no part of the signed text. */
  readonly unsigned: readonly string[];
  readonly isBelieved: (pairs: Pairs) => Promise<boolean>;
}

export interface Recutting {
  readonly what: string;
  readonly sent: number;
  /** What should have been refused, or the genuine message where that was. */
  readonly misses: readonly string[];
}

/** The genuine message is believed, and nothing else that carries its signature. */
export async function recutAll(messages: readonly SignedMessage[]): Promise<Recutting[]> {
  const results: Recutting[] = [];
  for (const { what, pairs, unsigned, isBelieved } of messages) {
    const misses: string[] = [];
    if (!(await isBelieved(pairs))) misses.push('the genuine message is refused');
    let sent = 0;
    for (const recut of recutsOf(pairs, unsigned)) {
      sent += 1;
      if (await isBelieved(recut.pairs)) misses.push(`believed: ${recut.what}`);
    }
    results.push({ what, sent, misses });
  }
  return results;
}

const formOf = (pairs: Pairs) =>
  new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
const pairsOf = (body: Buffer): Pairs => [...new URLSearchParams(body.toString('utf8'))];

function callbackOf(what: string, wallet: Wallet, body: Buffer, unsigned: readonly string[]) {
  return {
    what,
    pairs: pairsOf(body),
    unsigned,
    isBelieved: async (pairs: Pairs) => {
      const form = Buffer.from(formOf(pairs));
      const request = { method: 'POST', target: '/notify', headers: {}, body: form };
      return (await wallet.parseNotification(request)).ok;
    },
  };
}

type Work = (messages: readonly SignedMessage[]) => Promise<Recutting[]>;

export async function withAlipay(work: Work): Promise<Recutting[]> {
  const city = await openAlipayCity();
  try {
    const wallet = openAlipay(city);
    const orderNo = freshNo();
    const content = { ...orderContent(city, orderNo), body: 'a {b} [c] 100% + d' };
    const asked = commonFields(city, 'alipay.trade.precreate', content);
    const called = { ...asked, notify_url: city.notifyUrl };
    const made = await sendV2(city, signRequest(called, city.account.demo.app_private_key));
    await city.scanAndPay(made.fields.qr_code ?? '', {
      coupon: { platformFen: 100n, merchantFen: 200n },
    });
    const refund = { out_trade_no: orderNo, refund_amount: '8.88', out_request_no: freshNo('R') };
    await callV2(city, 'alipay.trade.refund', refund);
    await city.settle();
    const unsigned = ['sign', 'sign_type'];
    return await work(
      city.callbacks.map(({ body }, index) =>
        callbackOf(`alipay callback ${index + 1}`, wallet, body, unsigned),
      ),
    );
  } finally {
    await city.close();
  }
}

function codeOf(started: StartOutcome): string {
  const action = started.outcome === 'pending' ? started.nextAction : null;
  return action?.type === 'qr_code' ? action.code : '';
}

export async function withUnionpay(work: Work): Promise<Recutting[]> {
  const city = await openUnionpayCity();
  try {
    const messages: SignedMessage[] = [];
    const { sdkCredentials: sdk } = city.account;
    const { sm2 } = sdk;
    const signings = [
      city.account.credentials.signing,
      { method: '11', secureKey: sdk.secure_key } as const,
      { method: '12', secureKey: sdk.secure_key } as const,
      {
        method: '21',
        privateKey: sm2.private_key,
        certId: sm2.cert_id,
        unionpayPublicKey: sm2.unionpay_public_key,
        unionpayCertId: sm2.unionpay_cert_id,
        acceptsUnverified: true,
      } as const,
    ];
    for (const signing of signings) {
      city.callbacks.length = 0;
      const wallet = openUnionpay(city, { signing });
      const order = orderOf(city);
      const code = codeOf(await wallet.startAttempt(order));
      await city.scanAndPay(code, { coupon: { platformFen: 0n, merchantFen: 3_000n } });
      await wallet.refund(refundOf(city, order, 100n));
      await city.advance(10_000);
      for (const { body } of city.callbacks) {
        const what = `unionpay ${signing.method} callback`;
        messages.push(callbackOf(what, wallet, body, ['signature']));
      }
      messages.push(await unionpayReply(city, signing, order));
    }
    return await work(messages);
  } finally {
    await city.close();
  }
}

/** An answer to a query, given once as it came and then as it is wanted. */
async function unionpayReply(
  city: TestCity,
  signing: (typeof city.account.credentials)['signing'],
  attempt: AttemptReference,
): Promise<SignedMessage> {
  const swap = answerSwap();
  const { kit } = city.opened;
  const endpoints = { gateway: city.url };
  const opened = unionpay.open(
    { ...city.account.credentials, endpoints, signing },
    { http: swap.http, clock: kit.clock, wall: kit.wall, random: kit.random },
  );
  if (!opened.ok) throw new Error(`${opened.error.field} ${opened.error.message}`);
  const genuine = await opened.value.queryAttempt(attempt);
  const parsed = parseReply(swap.last().toString('utf8'));
  if (!parsed.ok) throw new Error('the sandbox answers what its own reader cannot read');
  const whole: Pairs = [...parsed.value];
  return {
    what: `unionpay ${signing.method} answer`,
    pairs: whole,
    unsigned: ['signature'],
    isBelieved: async (pairs) => {
      swap.set(Buffer.from(writeReply(pairs)));
      const asked = await opened.value.queryAttempt(attempt);
      const isSame = isDeepStrictEqual(asked, genuine);
      // Replies are not encoded: what was merged is written, and read, as it was before.
      return pairs === whole ? isSame : asked.outcome === 'answered' && !isSame;
    },
  };
}

/** The real gateway until an answer is set, and then that answer. */
function answerSwap() {
  const real = createHttpClient();
  let seen: Buffer = Buffer.alloc(0);
  let wanted: Buffer | undefined;
  const http: HttpClient = {
    send: async (request) => {
      if (wanted !== undefined) {
        return { ok: true, value: { status: 200, headers: {}, body: wanted } };
      }
      const sent = await real.send(request);
      if (sent.ok) seen = Buffer.from(sent.value.body);
      return sent;
    },
    close: () => real.close(),
  };
  const set = (body: Buffer): void => {
    wanted = body;
  };
  return { http, last: () => seen, set };
}

export async function withWechatpay(work: Work): Promise<Recutting[]> {
  const stage = await openWechatpayStage();
  const swap = answerSwap();
  try {
    const wallet = openAdapter(stage, { http: swap.http });
    const nowMs = Date.now();
    const authCode = stage.city.gateways[0]?.showCode?.() ?? '';
    const attempt = {
      product: 'codepay' as const,
      combineOrderNo: null,
      legs: [
        {
          orderNo: freshNo(),
          walletMerchant: stage.sdk.sub_mchids[0] ?? '',
          amountFen: 8_888n,
          description: 'Tom & Jerry & sign=1',
        },
      ],
      createdAtMs: nowMs,
      expiresAtMs: nowMs + 600_000,
    };
    await wallet.startAttempt({
      ...attempt,
      description: 'x',
      payer: { authCode },
      payerIp: null,
      device: 'desktop',
      returnUrl: null,
      notifyUrl: 'http://shop.example/notify',
      handOutUrl: 'http://shop.example/out',
      holdDays: 1,
    });
    await wallet.queryAttempt(attempt);
    const fields = readXml(swap.last().toString('utf8')) ?? new Map();
    const message: SignedMessage = {
      what: 'wechatpay APIv2 answer',
      pairs: [...fields],
      unsigned: ['sign'],
      isBelieved: async (pairs) => {
        swap.set(Buffer.from(writeXml(new Map(pairs))));
        const asked = await wallet.queryAttempt(attempt);
        return asked.outcome === 'answered' && asked.legs[0]?.status === 'succeeded';
      },
    };
    return await work([message]);
  } finally {
    swap.http.close();
    await stage.close();
  }
}

/** The published example of saveOrder, under keys of this run. */
export async function withJdpay(work: Work): Promise<Recutting[]> {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const keys = { ...pair, desKey: createSecretKey(randomBytes(24)) };
  const fields = {
    version: 'V2.0',
    merchant: '22294531',
    tradeTime: '20170718101010',
    currency: 'CNY',
    tradeNum: '12345678',
    tradeName: '测试商品 & 茶 = 1',
    amount: '1',
    orderType: '0',
    notifyUrl: 'http://making.dev/notify?a=1',
    callbackUrl: 'http://frontend.com/return',
    userId: '0000001',
  };
  const { sign = '' } = sealForm(keys, fields) ?? {};
  const message: SignedMessage = {
    what: 'jdpay form',
    pairs: Object.entries({ ...fields, sign }),
    unsigned: ['sign'],
    isBelieved: async (pairs) => {
      const { sign: given = '', ...plain } = Object.fromEntries(pairs);
      const sealed = sealForm(keys, plain);
      return sealed !== undefined && openForm(keys, { ...sealed, sign: given }).ok;
    },
  };
  return work([message]);
}
