/** Whole lives of orders and refunds, driven and verified by SDKs that we did not write. */
import { type Case, must, nextNo, refused, same } from './cases.ts';
import { Aes, axiosClient, codeOf, nodeV3Client, Rsa } from './clients.ts';
import type { Stage } from './stage.ts';

const AXIOS = 'wechatpay-axios-plugin';
const NODE_V3 = 'wechatpay-node-v3';

export function directOrder(stage: Stage, no: string, total = 1234): Record<string, unknown> {
  const { sdk, shopUrl } = stage;
  return {
    appid: sdk.appid,
    mchid: sdk.mchid,
    description: '一致性测试·丝绸披肩',
    out_trade_no: no,
    notify_url: `${shopUrl}/direct/${no}`,
    amount: { total, currency: 'CNY' },
  };
}

export function partnerOrder(stage: Stage, no: string, total = 5000): Record<string, unknown> {
  const { sdk, shopUrl } = stage;
  return {
    sp_appid: sdk.appid,
    sp_mchid: sdk.mchid,
    sub_mchid: sdk.sub_mchids[0],
    description: '合作商订单',
    out_trade_no: no,
    notify_url: `${shopUrl}/partner/${no}`,
    amount: { total, currency: 'CNY' },
    settle_info: { profit_sharing: true },
  };
}

export function combineOrder(stage: Stage, no: string): Record<string, unknown> {
  const { sdk, shopUrl } = stage;
  return {
    combine_appid: sdk.appid,
    combine_mchid: sdk.mchid,
    combine_out_trade_no: no,
    notify_url: `${shopUrl}/combine/${no}`,
    sub_orders: [0, 1].map((index) => ({
      mchid: sdk.mchid,
      sub_mchid: sdk.sub_mchids[index],
      out_trade_no: `${no}S${index}`,
      attach: `line ${index}`,
      description: `子单${index}`,
      amount: { total_amount: 1000 + index, currency: 'CNY' },
      settle_info: { profit_sharing: true },
    })),
  };
}

type Mode = 'public_key' | 'certificate';

const axiosCases = (mode: Mode): Case[] => {
  const client = `${AXIOS} ${mode}`;
  const make = (stage: Stage) => axiosClient(stage.url, stage.sdk, mode).v3;
  return [
    {
      name: 'direct native: create, query, pay, query by number and id',
      client,
      check: async (stage) => {
        const v3 = make(stage);
        const { mchid } = stage.sdk;
        const no = nextNo('AX');
        const created = await v3.pay.transactions.native.post(directOrder(stage, no));
        must(created.data.code_url.startsWith('weixin://wxpay/bizpayurl'), 'a code_url');
        const query = () =>
          v3.pay.transactions.outTradeNo._out_trade_no_.get({
            params: { mchid },
            out_trade_no: no,
          });
        same((await query()).data.trade_state, 'NOTPAY', 'before');
        const coupon = { platform: 100, merchant: 34 };
        same(await stage.pay(created.data.code_url, { coupon }), 'paid', 'paid');
        const { data } = await query();
        same(data.trade_state, 'SUCCESS', 'after');
        same([data.amount.total, data.amount.payer_total], [1234, 1100], 'figures');
        same(
          data.promotion_detail.map((each: { type: string; amount: number }) => [
            each.type,
            each.amount,
          ]),
          [
            ['CASH', 100],
            ['NOCASH', 34],
          ],
          'coupons',
        );
        const byId = await v3.pay.transactions.id._transaction_id_.get({
          params: { mchid },
          transaction_id: data.transaction_id,
        });
        same(byId.data, data, 'by id');
        same(await stage.pay(created.data.code_url), 'already_paid', 'twice');
        return `${data.transaction_id.length}-digit id, verified by the SDK`;
      },
    },
    {
      name: 'out_trade_no with | * - _ in the raw target',
      client,
      check: async (stage) => {
        const v3 = make(stage);
        const { mchid } = stage.sdk;
        const no = `${nextNo('R')}|*-_`;
        await v3.pay.transactions.native.post(directOrder(stage, no));
        const { data } = await v3.pay.transactions.outTradeNo._out_trade_no_.get({
          params: { mchid },
          out_trade_no: no,
        });
        same(data.out_trade_no, no, 'number');
        return no;
      },
    },
    {
      name: 'direct close: 204 verified, idempotent; then ORDER_CLOSED',
      client,
      check: async (stage) => {
        const v3 = make(stage);
        const { mchid } = stage.sdk;
        const no = nextNo('CL');
        await v3.pay.transactions.native.post(directOrder(stage, no));
        const close = () =>
          v3.pay.transactions.outTradeNo._out_trade_no_.close.post({ mchid }, { out_trade_no: no });
        same([(await close()).status, (await close()).status], [204, 204], 'status');
        const again = await refused(
          v3.pay.transactions.native.post(directOrder(stage, no)),
          codeOf,
        );
        same(again, 'ORDER_CLOSED', 'again');
        return '204, 204, ORDER_CLOSED';
      },
    },
    {
      name: 'partner jsapi, h5, app, native answers',
      client,
      check: async (stage) => {
        const { transactions } = make(stage).pay.partner;
        const order = () => partnerOrder(stage, nextNo('PA'));
        const openid = stage.sdk.openids[0];
        const jsapi = await transactions.jsapi.post({ ...order(), payer: { sp_openid: openid } });
        const scene = { payer_client_ip: '203.0.113.7', h5_info: { type: 'Wap' } };
        const h5 = await transactions.h5.post({ ...order(), scene_info: scene });
        const app = await transactions.app.post(order());
        const native = await transactions.native.post(order());
        same(jsapi.data.prepay_id.length, 36, 'jsapi');
        same(app.data.prepay_id.length, 36, 'app');
        must(h5.data.h5_url.includes('/cgi-bin/mmpayweb-bin/checkmweb?prepay_id='), 'h5');
        same(
          await stage.pay(`${h5.data.h5_url}&redirect_url=https%3A%2F%2Fa.example`),
          'paid',
          'h5',
        );
        same(await stage.pay(native.data.code_url), 'paid', 'native');
        return 'four products';
      },
    },
    {
      name: 'domestic refund: PROCESSING, idempotent, SUCCESS, trade REFUND',
      client,
      check: async (stage) => {
        const v3 = make(stage);
        const { mchid } = stage.sdk;
        const no = nextNo('RF');
        const created = await v3.pay.transactions.native.post(directOrder(stage, no));
        await stage.pay(created.data.code_url);
        const ask = {
          out_trade_no: no,
          out_refund_no: `${no}R1`,
          notify_url: `${stage.shopUrl}/refund/${no}`,
          amount: { refund: 234, total: 1234, currency: 'CNY' },
        };
        const first = (await v3.refund.domestic.refunds.post(ask)).data;
        const second = (await v3.refund.domestic.refunds.post(ask)).data;
        same([first.status, second.refund_id], ['PROCESSING', first.refund_id], 'first and second');
        await stage.advance(5);
        const { data } = await v3.refund.domestic.refunds._out_refund_no_.get({
          out_refund_no: ask.out_refund_no,
        });
        same([data.status, data.amount.refund], ['SUCCESS', 234], 'settled');
        const trade = await v3.pay.transactions.outTradeNo._out_trade_no_.get({
          params: { mchid },
          out_trade_no: no,
        });
        same(trade.data.trade_state, 'REFUND', 'trade');
        return data.refund_id;
      },
    },
    {
      name: 'e-commerce refund: apply without status, query by number and id',
      client,
      check: async (stage) => {
        const v3 = make(stage);
        const no = nextNo('EC');
        const created = await v3.pay.partner.transactions.native.post(partnerOrder(stage, no));
        await stage.pay(created.data.code_url);
        const [sub_mchid] = stage.sdk.sub_mchids;
        const { data } = await v3.ecommerce.refunds.apply.post({
          sub_mchid,
          sp_appid: stage.sdk.appid,
          out_trade_no: no,
          out_refund_no: `${no}R`,
          amount: { refund: 5000, total: 5000, currency: 'CNY' },
        });
        same([data.status, data.amount.refund], [undefined, 5000], 'applied');
        await stage.advance(5);
        const params = { sub_mchid };
        const byNo = await v3.ecommerce.refunds.outRefundNo._out_refund_no_.get({
          params,
          out_refund_no: `${no}R`,
        });
        const byId = await v3.ecommerce.refunds.id._refund_id_.get({
          params,
          refund_id: data.refund_id,
        });
        same(byNo.data, byId.data, 'both queries');
        same(byNo.data.status, 'SUCCESS', 'status');
        return byNo.data.status;
      },
    },
    {
      name: 'combine native: create, pay, query by number and id, single query refused',
      client,
      check: async (stage) => {
        const v3 = make(stage);
        const no = nextNo('CO');
        const created = await v3.combineTransactions.native.post(combineOrder(stage, no));
        same(await stage.pay(created.data.code_url), 'paid', 'paid');
        const path = v3.combineTransactions.outTradeNo._combine_out_trade_no_;
        const { data } = await path.get({ combine_out_trade_no: no });
        const states = data.sub_orders.map((sub: { trade_state: string }) => sub.trade_state);
        same(states, ['SUCCESS', 'SUCCESS'], 'states');
        const byId = await v3.combineTransactions.id._id_.get({ id: data.combine_transaction_id });
        same(byId.data, data, 'by id');
        const single = v3.pay.partner.transactions.outTradeNo._out_trade_no_.get({
          params: { sp_mchid: stage.sdk.mchid, sub_mchid: stage.sdk.sub_mchids[0] },
          out_trade_no: `${no}S0`,
        });
        same(await refused(single, codeOf), 'ORDER_NOT_EXIST', 'a sub order alone');
        return 'two transaction ids, one combine id';
      },
    },
    {
      name: 'combine close: the original set or INVALID_REQUEST',
      client,
      check: async (stage) => {
        const v3 = make(stage);
        const no = nextNo('CC');
        const order = combineOrder(stage, no);
        await v3.combineTransactions.native.post(order);
        const subs = (order.sub_orders as Record<string, unknown>[]).map((sub) => {
          return { mchid: sub.mchid, sub_mchid: sub.sub_mchid, out_trade_no: sub.out_trade_no };
        });
        const close = (sub_orders: unknown) =>
          v3.combineTransactions.outTradeNo._no_.close.post(
            { combine_appid: stage.sdk.appid, sub_orders },
            { no },
          );
        same(await refused(close(subs.slice(1)), codeOf), 'INVALID_REQUEST', 'a part');
        same((await close(subs.toReversed())).status, 204, 'the set');
        return '204';
      },
    },
    {
      name: 'certificates open with the SDK’s AES-GCM',
      client,
      check: async (stage) => {
        const { data } = await make(stage).certificates.get();
        const item = data.data.find(
          (each: { serial_no: string }) => each.serial_no === stage.sdk.platform_serial,
        );
        const { ciphertext, nonce, associated_data } = item.encrypt_certificate;
        const key = stage.sdk.apiv3_key;
        const pem = Aes.AesGcm.decrypt(ciphertext, key, nonce, associated_data);
        same(pem, stage.sdk.platform_certificate, 'certificate');
        return item.serial_no;
      },
    },
    {
      name: 'security echo: field encrypted both ways',
      client,
      check: async (stage) => {
        const { sdk } = stage;
        const isPublic = mode === 'public_key';
        const serial = isPublic ? sdk.public_key_id : sdk.platform_serial;
        const key = isPublic ? sdk.public_key : sdk.platform_certificate;
        const { data } = await make(stage).security.echo.post(
          { echo_message: '你好', encrypted_echo_message: Rsa.encrypt('卡号 6222', key) },
          { headers: { 'Wechatpay-Serial': serial } },
        );
        same(data.echo_message, '你好', 'plain');
        same(Rsa.decrypt(data.encrypted_echo_message, sdk.private_key), '卡号 6222', 'field');
        return 'OAEP both ways';
      },
    },
    {
      name: 'SIGNTEST answer is refused without a crash',
      client,
      check: async (stage) => {
        const no = nextNo('ST');
        await stage.arm('signtest', { order_no: no });
        const code = await refused(
          make(stage).pay.transactions.native.post(directOrder(stage, no)),
          codeOf,
        );
        same(code, 'EV3_RES_HEADER_SIGNATURE_DIGEST', 'verdict');
        return code;
      },
    },
  ];
};

const nodeCases: Case[] = [
  {
    name: 'native, query, close, certificates',
    client: `${NODE_V3} certificate`,
    check: async (stage) => {
      const pay = nodeV3Client(stage.url, stage.sdk);
      const no = nextNo('NV');
      const { appid: _appid, mchid: _mchid, ...order } = directOrder(stage, no);
      const created = await pay.transactions_native(order);
      same(created.status, 200, 'create');
      const queried = await pay.query({ out_trade_no: no });
      same(queried.data.trade_state, 'NOTPAY', 'query');
      same((await pay.close(no)).status, 204, 'close');
      const certificates = await pay.get_certificates(stage.sdk.apiv3_key);
      must(certificates[0].publicKey.includes('PUBLIC KEY'), 'a public key read by @fidm/x509');
      return `${certificates.length} certificate(s)`;
    },
  },
  {
    name: 'answers verify with its verifySign and downloaded certificates',
    client: `${NODE_V3} certificate`,
    check: async (stage) => {
      const pay = nodeV3Client(stage.url, stage.sdk);
      const no = nextNo('NS');
      const { appid: _appid, mchid: _mchid, ...order } = directOrder(stage, no);
      const { headers, text } = await pay.transactions_native(order);
      const isValid = await pay.verifySign({
        timestamp: headers['wechatpay-timestamp'],
        nonce: headers['wechatpay-nonce'],
        serial: headers['wechatpay-serial'],
        signature: headers['wechatpay-signature'],
        body: text.toString('utf8'),
        apiSecret: stage.sdk.apiv3_key,
      });
      must(isValid, 'verifySign');
      return headers['wechatpay-serial'];
    },
  },
  {
    name: 'refund and its query; app and jsapi invocation parameters are paid by the phone',
    client: `${NODE_V3} certificate`,
    check: async (stage) => {
      const pay = nodeV3Client(stage.url, stage.sdk);
      const strip = (no: string) => {
        const { appid: _appid, mchid: _mchid, ...order } = directOrder(stage, no);
        return order;
      };
      const no = nextNo('NJ');
      const payer = { openid: stage.sdk.openids[1] };
      const jsapi = await pay.transactions_jsapi({ ...strip(no), payer });
      same(await stage.pay(jsapi.data), 'paid', 'jsapi parameters signed by the SDK');
      const app = await pay.transactions_app(strip(nextNo('NA')));
      same(await stage.pay(JSON.stringify(app.data)), 'paid', 'app parameters signed by the SDK');
      const forged = { ...app.data, timestamp: '1' };
      must((await stage.pay(forged)).startsWith('scan 4'), 'a changed invocation is refused');
      const refund = await pay.refunds({
        out_trade_no: no,
        out_refund_no: `${no}R`,
        amount: { refund: 1, total: 1234, currency: 'CNY' },
      });
      same(refund.data.status, 'PROCESSING', 'refund');
      const found = await pay.find_refunds(`${no}R`);
      same(found.data.refund_id, refund.data.refund_id, 'query');
      return 'paySign of the SDK accepted';
    },
  },
  {
    name: 'combine native, query, close (direct sub orders)',
    client: `${NODE_V3} certificate`,
    check: async (stage) => {
      const pay = nodeV3Client(stage.url, stage.sdk);
      const no = nextNo('NC');
      const { combine_appid: _a, combine_mchid: _m, ...order } = combineOrder(stage, no);
      const subs = (order.sub_orders as Record<string, unknown>[]).map((sub) => {
        const { sub_mchid: _sub, ...rest } = sub;
        return rest;
      });
      const created = await pay.combine_transactions_native({ ...order, sub_orders: subs });
      same(created.status, 200, 'create');
      same((await pay.combine_query(no)).data.sub_orders.length, 2, 'query');
      const named = subs.map((sub) => ({ mchid: sub.mchid, out_trade_no: sub.out_trade_no }));
      same((await pay.combine_close(no, named)).status, 204, 'close');
      return 'two sub orders';
    },
  },
];

export const SDK_CASES: readonly Case[] = [
  ...axiosCases('public_key'),
  ...axiosCases('certificate'),
  ...nodeCases,
];
