/** Callbacks, judged by the SDKs' helpers and, beyond them, by the second verifier. */
import {
  type Envelope,
  openEnvelope,
  refusalOf,
  signRequest,
} from '../second-verifier-wechatpay.ts';
import { type Case, must, nextNo, same } from './cases.ts';
import { combineOrder, directOrder, partnerOrder } from './cases-sdk.ts';
import { Aes, axiosClient, Formatter, nodeV3Client, Rsa } from './clients.ts';
import type { Received, Stage } from './stage.ts';

function sdkVerifies(received: Received, key: string): boolean {
  const { headers, body } = received;
  const message = Formatter.response(
    headers['wechatpay-timestamp'] ?? '',
    headers['wechatpay-nonce'] ?? '',
    body.toString('utf8'),
  );
  return Rsa.verify(message, headers['wechatpay-signature'] ?? '', key);
}

function sdkOpens(received: Received, stage: Stage): Record<string, unknown> {
  const { resource } = JSON.parse(received.body.toString('utf8')) as Envelope;
  const { ciphertext, nonce, associated_data } = resource;
  const key = stage.sdk.apiv3_key;
  return JSON.parse(Aes.AesGcm.decrypt(ciphertext, key, nonce, associated_data));
}

const BOTH = 'axios-plugin helpers + second verifier';

export const CALLBACK_CASES: readonly Case[] = [
  {
    name: 'payment callback, public key',
    client: BOTH,
    check: async (stage) => {
      const no = nextNo('CB');
      const { v3 } = axiosClient(stage.url, stage.sdk, 'public_key');
      const { data } = await v3.pay.transactions.native.post(directOrder(stage, no));
      await stage.pay(data.code_url);
      const received = await stage.callback(`/direct/${no}`);
      same(received.headers['wechatpay-serial'], stage.sdk.public_key_id, 'serial');
      must(sdkVerifies(received, stage.sdk.public_key), 'Rsa.verify');
      same(refusalOf(received, stage.sdk), undefined, 'second verifier');
      const plain = sdkOpens(received, stage);
      same(plain, openEnvelope(received.body, stage.sdk), 'both open it to the same');
      const { mchid } = stage.sdk;
      const query = await v3.pay.transactions.outTradeNo._no_.get({ params: { mchid }, no });
      same(plain, query.data, 'plaintext is the query’s shape');
      return String(plain.trade_state);
    },
  },
  {
    name: 'payment callback, platform certificate',
    client: 'wechatpay-node-v3 verifySign + decipher_gcm',
    check: async (stage) => {
      const pay = nodeV3Client(stage.url, stage.sdk);
      const no = nextNo('CN');
      const { appid: _appid, mchid: _mchid, ...order } = directOrder(stage, no);
      const created = await pay.transactions_native(order);
      await stage.pay(created.data.code_url);
      const { headers, body } = await stage.callback(`/direct/${no}`);
      const isValid = await pay.verifySign({
        timestamp: headers['wechatpay-timestamp'],
        nonce: headers['wechatpay-nonce'],
        serial: headers['wechatpay-serial'],
        signature: headers['wechatpay-signature'],
        body: body.toString('utf8'),
        apiSecret: stage.sdk.apiv3_key,
      });
      must(isValid, 'verifySign');
      const { resource } = JSON.parse(body.toString('utf8')) as Envelope;
      const plain = pay.decipher_gcm(
        resource.ciphertext,
        resource.associated_data,
        resource.nonce,
        stage.sdk.apiv3_key,
      );
      same([plain.out_trade_no, plain.trade_state], [no, 'SUCCESS'], 'plaintext');
      return headers['wechatpay-serial'] ?? '';
    },
  },
  {
    name: 'combine callback: every sub order, one success_time, own transaction ids',
    client: 'second verifier',
    check: async (stage) => {
      const no = nextNo('CM');
      const { sdk } = stage;
      const created = await stage.send(
        signRequest(
          {
            method: 'POST',
            target: '/v3/combine-transactions/native',
            body: combineOrder(stage, no),
          },
          sdk,
        ),
      );
      same(refusalOf(created, sdk), undefined, 'the answer');
      await stage.pay(created.json.code_url);
      const received = await stage.callback(`/combine/${no}`);
      same(refusalOf(received, sdk), undefined, 'the callback');
      const plain = openEnvelope(received.body, sdk);
      const subs = plain.sub_orders as Record<string, unknown>[];
      same(plain.combine_out_trade_no, no, 'number');
      same(
        subs.map((sub) => sub.sub_mchid),
        sdk.sub_mchids.slice(0, 2),
        'payees',
      );
      same(
        subs.map((sub) => sub.amount),
        [1000, 1001].map((fen) => {
          const money = { total_amount: fen, currency: 'CNY' };
          return { ...money, payer_amount: fen, payer_currency: 'CNY' };
        }),
        'amounts',
      );
      same(new Set(subs.map((sub) => sub.success_time)).size, 1, 'one success_time');
      const ids = [plain.combine_transaction_id, ...subs.map((sub) => sub.transaction_id)];
      same(new Set(ids).size, 3, 'three ids');
      must(
        ids.every((id) => /^4200\d{24}$/.test(String(id))),
        '28 digits',
      );
      return `${subs.length} sub orders`;
    },
  },
  {
    name: 'refund callback: refund_status, partner ids',
    client: BOTH,
    check: async (stage) => {
      const no = nextNo('CR');
      const { v3 } = axiosClient(stage.url, stage.sdk, 'public_key');
      const { data } = await v3.pay.partner.transactions.native.post(partnerOrder(stage, no));
      await stage.pay(data.code_url);
      await v3.ecommerce.refunds.apply.post({
        sub_mchid: stage.sdk.sub_mchids[0],
        sp_appid: stage.sdk.appid,
        out_trade_no: no,
        out_refund_no: `${no}R`,
        notify_url: `${stage.shopUrl}/refunded/${no}`,
        amount: { refund: 1500, total: 5000, currency: 'CNY' },
      });
      await stage.advance(4);
      const received = await stage.callback(`/refunded/${no}`);
      must(sdkVerifies(received, stage.sdk.public_key), 'Rsa.verify');
      const plain = sdkOpens(received, stage);
      const envelope = JSON.parse(received.body.toString('utf8')) as Envelope;
      same(
        [envelope.event_type, envelope.resource.original_type, plain.refund_status, plain.sp_mchid],
        ['REFUND.SUCCESS', 'refund', 'SUCCESS', stage.sdk.mchid],
        'words',
      );
      return envelope.event_type;
    },
  },
  {
    name: 'not acknowledged: again after 15 s, same id, new nonce and signature',
    client: BOTH,
    check: async (stage) => {
      const no = nextNo('CA');
      const { v3 } = axiosClient(stage.url, stage.sdk, 'public_key');
      const { data } = await v3.pay.transactions.native.post(directOrder(stage, no));
      stage.shopAnswers.status = 500;
      try {
        await stage.pay(data.code_url);
        await stage.callback(`/direct/${no}`);
      } finally {
        stage.shopAnswers.status = 200;
      }
      await stage.advance(16);
      const first = await stage.callback(`/direct/${no}`, 1);
      const second = await stage.callback(`/direct/${no}`, 2);
      const idOf = ({ body }: Received) => (JSON.parse(body.toString('utf8')) as Envelope).id;
      same(idOf(second), idOf(first), 'id');
      must(first.headers['wechatpay-nonce'] !== second.headers['wechatpay-nonce'], 'nonce');
      must(sdkVerifies(second, stage.sdk.public_key), 'Rsa.verify');
      await stage.advance(86_400);
      same(stage.received.filter(({ target }) => target === `/direct/${no}`).length, 2, 'in all');
      return idOf(first);
    },
  },
  {
    name: 'bad signature and SIGNTEST callbacks are refused, the right one follows',
    client: BOTH,
    check: async (stage) => {
      const details: string[] = [];
      for (const fault of ['callback_bad_signature', 'signtest']) {
        const no = nextNo('BS');
        const { v3 } = axiosClient(stage.url, stage.sdk, 'public_key');
        const { data } = await v3.pay.transactions.native.post(directOrder(stage, no));
        await stage.arm(fault, { order_no: no, operation: 'callback' });
        stage.shopAnswers.status = 401;
        try {
          await stage.pay(data.code_url);
          await stage.callback(`/direct/${no}`);
        } finally {
          stage.shopAnswers.status = 200;
        }
        await stage.advance(16);
        const bad = await stage.callback(`/direct/${no}`, 1);
        const good = await stage.callback(`/direct/${no}`, 2);
        must(!sdkVerifies(bad, stage.sdk.public_key), `${fault} must not verify`);
        must(refusalOf(bad, stage.sdk) !== undefined, `${fault}: second verifier`);
        must(sdkVerifies(good, stage.sdk.public_key), 'the right one');
        details.push(fault);
      }
      return details.join(', ');
    },
  },
  {
    name: 'security echo callback',
    client: BOTH,
    check: async (stage) => {
      const { v3 } = axiosClient(stage.url, stage.sdk, 'public_key');
      const path = `/echo/${nextNo('E')}`;
      await v3.security.echo.post({ echo_message: 'hello', notify_url: stage.shopUrl + path });
      const received = await stage.callback(path);
      must(sdkVerifies(received, stage.sdk.public_key), 'Rsa.verify');
      same(sdkOpens(received, stage), { echo_message: 'hello' }, 'plaintext');
      return 'SECURITY_ECHO.SUCCESS';
    },
  },
];
