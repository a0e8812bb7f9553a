/** Every byte that is signed, changed in turn: nothing may pass, in either direction. */

import { ok } from '../../../src/kernel/result.ts';
import { wallClock } from '../../../src/runtime/clock.ts';
import { createHttpClient, type HttpClient } from '../../../src/runtime/http-client.ts';
import { systemRandom } from '../../../src/runtime/random.ts';
import type { Wallet } from '../../../src/wallets/wallet.ts';
import { wechatpay } from '../../../src/wallets/wechatpay/adapter.ts';
import { refusalOf, type SignedRequest, signRequest } from '../second-verifier-wechatpay.ts';
import { type Case, must, nextNo, same } from './cases.ts';
import { directOrder, partnerOrder } from './cases-sdk.ts';
import type { Received, Stage } from './stage.ts';

export function openAdapter(
  stage: Stage,
  change: { http?: HttpClient; keyMode?: 'public_key' | 'platform_certificate' } = {},
): Wallet {
  const opened = wechatpay.open(
    { ...stage.credentials, keyMode: change.keyMode ?? 'public_key' },
    {
      http: change.http ?? createHttpClient(),
      clock: stage.city.opened.clock,
      wall: wallClock,
      random: systemRandom,
    },
  );
  if (!opened.ok) throw new Error(`${opened.error.field} ${opened.error.message}`);
  return opened.value;
}

/** Another character at `index`, of the same kind, so that shape checks alone do not refuse it. */
function flipText(text: string, index: number): string {
  const char = text.charAt(index);
  const other = /\d/.test(char) ? String((Number(char) + 1) % 10) : char === 'A' ? 'B' : 'A';
  return text.slice(0, index) + other + text.slice(index + 1);
}

function flipByte(bytes: Buffer, index: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

const SIGNATURE_HEADERS = [
  'wechatpay-timestamp',
  'wechatpay-nonce',
  'wechatpay-serial',
  'wechatpay-signature',
  'wechatpay-signature-type',
];

function flippedMessages(received: Received): Received[] {
  const changed: Received[] = [];
  for (const name of SIGNATURE_HEADERS) {
    const value = received.headers[name] ?? '';
    for (let index = 0; index < value.length; index += 1) {
      const headers = { ...received.headers, [name]: flipText(value, index) };
      changed.push({ ...received, headers });
    }
  }
  for (let index = 0; index < received.body.length; index += 1) {
    changed.push({ ...received, body: flipByte(received.body, index) });
  }
  changed.push({ ...received, body: Buffer.concat([received.body, Buffer.from(' ')]) });
  changed.push({ ...received, body: received.body.subarray(0, -1) });
  return changed;
}

async function paidCallback(stage: Stage): Promise<Received> {
  const no = nextNo('FL');
  const created = await stage.send(
    signRequest(
      {
        method: 'POST',
        target: '/v3/pay/partner/transactions/native',
        body: partnerOrder(stage, no),
      },
      stage.sdk,
      { wechatpaySerial: stage.sdk.public_key_id },
    ),
  );
  await stage.pay(created.json.code_url);
  return stage.callback(`/partner/${no}`);
}

export const FLIP_CASES: readonly Case[] = [
  {
    name: 'requests: every byte of body, target, mchid, nonce, signature, timestamp, serial',
    client: 'raw requests to the gateway',
    check: async (stage) => {
      const body = directOrder(stage, nextNo('FR'));
      const target = '/v3/pay/transactions/native';
      const signed = signRequest({ method: 'POST', target, body }, stage.sdk);
      const requests: SignedRequest[] = [];
      const authorization = signed.headers.authorization ?? '';
      for (
        let index = 'WECHATPAY2-SHA256-RSA2048 '.length;
        index < authorization.length;
        index += 1
      ) {
        const changed = flipText(authorization, index);
        requests.push({ ...signed, headers: { ...signed.headers, authorization: changed } });
      }
      const bytes = Buffer.from(signed.body);
      for (let index = 0; index < bytes.length; index += 1) {
        // Latin-1 in a Buffer would be encoded again: send the very bytes.
        requests.push({ ...signed, body: flipByte(bytes, index) as unknown as string });
      }
      requests.push({ ...signed, target: `${target}?x` });
      const accepted: string[] = [];
      for (const request of requests) {
        const reply = await stage.send(request);
        if (reply.status !== 401) accepted.push(`${reply.status} ${request.headers.authorization}`);
      }
      same(accepted, [], 'not refused with 401');
      same((await stage.send(signed)).status, 200, 'the untouched one');
      return `${requests.length} refused, 0 accepted`;
    },
  },
  {
    name: 'callbacks: every byte of headers and body',
    client: 'hutong adapter + second verifier',
    check: async (stage) => {
      const received = await paidCallback(stage);
      const wallet = openAdapter(stage);
      const parse = (message: Received) => wallet.parseNotification({ method: 'POST', ...message });
      must((await parse(received)).ok, 'the untouched one');
      let count = 0;
      for (const changed of flippedMessages(received)) {
        const parsed = await parse(changed);
        must(!parsed.ok, `accepted: change ${count}`);
        must(refusalOf(changed, stage.sdk) !== undefined, `second verifier: change ${count}`);
        count += 1;
      }
      return `${count} refused, 0 accepted`;
    },
  },
  {
    name: 'answers: every byte of headers and body makes the outcome unknown',
    client: 'hutong adapter',
    check: async (stage) => {
      const received = await paidCallback(stage);
      const no = received.target.slice('/partner/'.length);
      const attempt = {
        product: 'native' as const,
        combineOrderNo: null,
        legs: [
          {
            orderNo: no,
            walletMerchant: stage.sdk.sub_mchids[0] ?? '',
            amountFen: 5000n,
            description: 'x',
          },
        ],
        createdAtMs: 0,
        expiresAtMs: 0,
      };
      const target = `/v3/pay/partner/transactions/out-trade-no/${no}?sp_mchid=${stage.sdk.mchid}&sub_mchid=${stage.sdk.sub_mchids[0]}`;
      const reply = await stage.send(
        signRequest({ method: 'GET', target }, stage.sdk, {
          wechatpaySerial: stage.sdk.public_key_id,
        }),
      );
      let next: Received = { target: '', headers: reply.headers, body: reply.body };
      const http: HttpClient = {
        send: async () => ok({ status: 200, headers: next.headers, body: next.body }),
        close: () => undefined,
      };
      const wallet = openAdapter(stage, { http });
      same((await wallet.queryAttempt(attempt)).outcome, 'answered', 'the untouched one');
      let count = 0;
      for (const changed of flippedMessages({
        target: '',
        headers: reply.headers,
        body: reply.body,
      })) {
        next = changed;
        const outcome = await wallet.queryAttempt(attempt);
        same(outcome.outcome, 'unknown', `change ${count}`);
        count += 1;
      }
      return `${count} unknown, 0 believed`;
    },
  },
];
