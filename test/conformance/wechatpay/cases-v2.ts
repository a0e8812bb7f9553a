/**
 * APIv2's orders by wechatpay-axios-plugin, unmodified, which signs and verifies every answer
 * itself: unifiedorder in its four ways, orderquery, closeorder, refund, refundquery, with MD5 and
 * HMAC-SHA256. Callbacks and sheets are judged by the rule's text alone.
 */
import { createDecipheriv, createHash, createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { readXml } from '../../../src/wires/wechatpay/message-v2.ts';
import { type Case, must, nextNo, same } from './cases.ts';
import type { Stage } from './stage.ts';

const load = createRequire(import.meta.url);
// biome-ignore lint/suspicious/noExplicitAny: foreign packages, foreign shapes
type Foreign = any;
const plugin: Foreign = load('wechatpay-axios-plugin');

type Fields = Record<string, string>;
type SignType = 'MD5' | 'HMAC-SHA256';

function keyOf(stage: Stage): string {
  return (stage.sdk as unknown as { readonly apiv2_key: string }).apiv2_key;
}

/** The rule again, from its text: sorted, without sign and blanks, then the key. */
function signOf(fields: Fields, key: string, type: SignType): string {
  const names = Object.keys(fields).filter((name) => name !== 'sign' && fields[name] !== '');
  const text = `${names
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join('&')}&key=${key}`;
  const digest =
    type === 'MD5' ? createHash('md5').update(text) : createHmac('sha256', key).update(text);
  return digest.digest('hex').toUpperCase();
}

/** An SDK's answer, or the err_code that it was refused with. */
async function answerOf(call: Promise<{ data: Fields }>): Promise<Fields> {
  try {
    return (await call).data;
  } catch (error) {
    const { code, response } = error as Foreign;
    if (code !== 'EV2_RES_STATUS_CODE_NOT_SUCESS') throw error;
    return response.data;
  }
}

function calls(stage: Stage, signType: SignType, sub?: string) {
  const { sdk, url } = stage;
  const { v2 }: Foreign = new plugin.Wechatpay({
    ...{ baseURL: `${url}/`, mchid: sdk.mchid, secret: keyOf(stage) },
    ...{ serial: sdk.serial_no, privateKey: sdk.private_key },
    certs: { [sdk.public_key_id]: sdk.public_key },
    merchant: { cert: sdk.certificate, key: sdk.private_key },
  });
  const common: Fields = { appid: sdk.appid, mch_id: sdk.mchid, sign_type: signType };
  if (sub !== undefined) common.sub_mch_id = sub;
  const isSecure = { security: true };
  return {
    create: (no: string, tradeType: string, more: Fields = {}) =>
      answerOf(
        v2.pay.unifiedorder.post({
          ...common,
          ...{ body: '青瓷 <盖碗> & "茶荷"', out_trade_no: no, total_fee: '8888' },
          ...{ spbill_create_ip: '203.0.113.9', notify_url: `${stage.shopUrl}/v2` },
          ...{ trade_type: tradeType, product_id: '1', ...more },
        }),
      ),
    query: (no: string) => answerOf(v2.pay.orderquery.post({ ...common, out_trade_no: no })),
    close: (no: string) => answerOf(v2.pay.closeorder.post({ ...common, out_trade_no: no })),
    refund: (more: Fields) => answerOf(v2.secapi.pay.refund.post({ ...common, ...more }, isSecure)),
    refundQuery: (more: Fields) => answerOf(v2.pay.refundquery.post({ ...common, ...more })),
  };
}

async function lastCallback(stage: Stage): Promise<Fields> {
  await stage.city.opened.callbackQueue.settle();
  const { body } = stage.received.at(-1) ?? { body: Buffer.alloc(0) };
  return Object.fromEntries(readXml(body.toString()) ?? []);
}

const ACKNOWLEDGED = '<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>';

/** As the wallet's own row of GET /control/orders says. */
async function booked(stage: Stage, no: string): Promise<Foreign> {
  const { json } = await stage.control('GET', '/control/orders?wallet=wechatpay');
  return (json.data as Foreign[]).find(({ order_no }) => order_no === no);
}

function life(signType: SignType): Case['check'] {
  return async (stage) => {
    const api = calls(stage, signType);
    const no = nextNo('V2');
    const made = await api.create(no, 'NATIVE');
    same(made.result_code, 'SUCCESS', `unifiedorder: ${made.err_code_des}`);
    must(/^weixin:\/\/wxpay\/bizpayurl\?pr=/.test(made.code_url ?? ''), 'a code_url');
    must(/^wx\d{14}/.test(made.prepay_id ?? ''), 'a prepay_id');
    same((await api.query(no)).trade_state, 'NOTPAY', 'before');
    same(await stage.pay(made.code_url ?? ''), 'paid', 'the phone');
    const said = await lastCallback(stage);
    same(said.sign, signOf(said, keyOf(stage), signType), 'the callback is signed');
    same([said.out_trade_no, said.total_fee, said.trade_type], [no, '8888', 'NATIVE'], 'told');
    const paid = await api.query(no);
    same([paid.trade_state, paid.transaction_id], ['SUCCESS', said.transaction_id], 'query');
    same([paid.total_fee, paid.cash_fee, paid.trade_type], ['8888', '8888', 'NATIVE'], 'money');
    same((await api.close(no)).err_code, 'ORDERPAID', 'a paid order does not close');
    same((await api.create(no, 'NATIVE')).err_code, 'ORDERPAID', 'a paid number');
    same((await booked(stage, no)).state, 'paid', 'the wallet itself');
    return `${no} paid, ${said.transaction_id}`;
  };
}

async function refunds(stage: Stage): Promise<string> {
  const api = calls(stage, 'HMAC-SHA256');
  const no = nextNo('V2R');
  const { code_url = '' } = await api.create(no, 'NATIVE');
  await stage.pay(code_url);
  await stage.city.opened.callbackQueue.settle();
  const ask = { out_trade_no: no, total_fee: '8888', refund_fee: '3000' };
  const first = { ...ask, out_refund_no: `${no}A`, notify_url: `${stage.shopUrl}/v2r` };
  const taken = await api.refund(first);
  same([taken.result_code, taken.refund_fee], ['SUCCESS', '3000'], `${taken.err_code_des}`);
  same((await api.refund(first)).refund_id, taken.refund_id, 'the same number, the same refund');
  const other = await api.refund({ ...first, refund_fee: '3001' });
  same(other.err_code, 'REFUND_FEE_MISMATCH', 'the same number, another sum');
  same((await api.refundQuery({ out_trade_no: no })).refund_status_0, 'PROCESSING', 'at first');
  await stage.control('POST', '/control/clock', { advance_seconds: 61 });
  const said = await lastCallback(stage);
  same([said.return_code, said.mch_id, said.sign], ['SUCCESS', stage.sdk.mchid, undefined], '');
  const key = createHash('md5').update(keyOf(stage)).digest('hex');
  const open = createDecipheriv('aes-256-ecb', key, null);
  const text = open.update(said.req_info ?? '', 'base64', 'utf8') + open.final('utf8');
  const answerOf = readXml(text.replace('<root>', '<xml>').replace('</root>', '</xml>'));
  same(answerOf?.get('refund_status'), 'SUCCESS', 'req_info');
  same(
    [answerOf?.get('refund_fee'), answerOf?.get('refund_id')],
    ['3000', taken.refund_id],
    'req_info',
  );
  const over = await api.refund({ ...ask, out_refund_no: `${no}B`, refund_fee: '5889' });
  same(over.result_code, 'FAIL', 'never more than was paid');
  const rest = await api.refund({ ...ask, out_refund_no: `${no}C`, refund_fee: '5888' });
  same(rest.result_code, 'SUCCESS', `${rest.err_code_des}`);
  const list = await api.refundQuery({ out_trade_no: no });
  same([list.refund_count, list.refund_fee], ['2', '8888'], 'both');
  same([list.out_refund_no_0, list.out_refund_no_1], [`${no}A`, `${no}C`], 'in order');
  const one = await api.refundQuery({ refund_id: taken.refund_id ?? '' });
  same([one.refund_count, one.refund_status_0], ['1', 'SUCCESS'], 'by refund_id');
  same((await api.refundQuery({ out_refund_no: 'none' })).err_code, 'REFUNDNOTEXIST', '');
  same((await booked(stage, no)).refunded, 8888, 'the wallet itself');
  return `${no}: 3000 and 5888 back`;
}

async function closes(stage: Stage): Promise<string> {
  const api = calls(stage, 'MD5');
  const no = nextNo('V2C');
  const { code_url = '' } = await api.create(no, 'NATIVE');
  const again = await api.create(no, 'NATIVE', { body: '别的' });
  same(again.err_code, 'OUT_TRADE_NO_USED', 'other content');
  same((await api.close(no)).result_code, 'SUCCESS', 'close');
  same((await api.close(no)).err_code, 'ORDERCLOSED', 'again');
  same((await api.query(no)).trade_state, 'CLOSED', 'query');
  same(await stage.pay(code_url), 'closed', 'the phone');
  same((await api.create(no, 'NATIVE')).err_code, 'ORDERCLOSED', 'a closed number');
  same((await api.close(`${no}X`)).err_code, 'ORDERNOTEXIST', 'no such order');
  return no;
}

async function sheets(stage: Stage): Promise<string> {
  const { appid, mchid, openids } = stage.sdk as unknown as {
    readonly appid: string;
    readonly mchid: string;
    readonly openids: readonly string[];
  };
  const key = keyOf(stage);
  for (const signType of ['MD5', 'HMAC-SHA256'] as const) {
    const api = calls(stage, signType);
    const jsapi = await api.create(nextNo('V2J'), 'JSAPI', { openid: openids[0] ?? '' });
    const sheet: Fields = {
      ...{ appId: appid, timeStamp: '1795355349', nonceStr: 'n', signType },
      package: `prepay_id=${jsapi.prepay_id}`,
    };
    const paySign = signOf(sheet, key, signType);
    const forged = { ...sheet, nonceStr: 'm', paySign };
    must((await stage.pay(JSON.stringify(forged))).startsWith('scan 4'), 'a forged sheet');
    same(await stage.pay(JSON.stringify({ ...sheet, paySign })), 'paid', `JSAPI ${signType}`);
    const app = await api.create(nextNo('V2A'), 'APP');
    const call: Fields = {
      ...{ appid, partnerid: mchid, prepayid: app.prepay_id ?? '', package: 'Sign=WXPay' },
      ...{ noncestr: 'n', timestamp: '1795355349' },
    };
    const signed = JSON.stringify({ ...call, sign: signOf(call, key, signType) });
    same(await stage.pay(signed), 'paid', `APP ${signType}`);
  }
  const h5 = await calls(stage, 'MD5').create(nextNo('V2H'), 'MWEB', { scene_info: '{}' });
  same(await stage.pay(h5.mweb_url ?? ''), 'paid', 'MWEB');
  return 'JSAPI and APP by both digests, MWEB';
}

async function shared(stage: Stage): Promise<string> {
  const { sdk } = stage;
  const sub = sdk.sub_mchids[0] ?? '';
  const api = calls(stage, 'MD5', sub);
  const no = nextNo('V2P');
  const made = await api.create(no, 'NATIVE');
  same(made.sub_mch_id, sub, `${made.err_code_des}`);
  await stage.pay(made.code_url ?? '');
  same((await lastCallback(stage)).sub_mch_id, sub, 'notified with the sub merchant');
  const wxpay: Foreign = new plugin.Wechatpay({
    ...{ baseURL: `${stage.url}/`, mchid: sdk.mchid, serial: sdk.serial_no },
    privateKey: sdk.private_key,
    certs: { [sdk.public_key_id]: sdk.public_key },
  });
  const params = { sp_mchid: sdk.mchid, sub_mchid: sub };
  const headers = { 'Wechatpay-Serial': sdk.public_key_id };
  const path = `v3/pay/partner/transactions/out-trade-no/${no}`;
  const { data } = await wxpay.chain(path).get({ params, headers });
  same([data.trade_state, data.amount.total], ['SUCCESS', 8888], 'v3 sees it');
  same((await calls(stage, 'MD5').query(no)).err_code, 'ORDERNOTEXIST', 'of another merchant');
  return `${no} by APIv2, queried by v3`;
}

async function unacknowledged(stage: Stage): Promise<string> {
  const api = calls(stage, 'MD5');
  const { code_url = '' } = await api.create(nextNo('V2N'), 'NATIVE', {
    notify_url: `${stage.shopUrl}/v2n`,
  });
  stage.shopAnswers.body = 'success';
  const before = stage.received.length;
  await stage.pay(code_url);
  await stage.callback('/v2n');
  stage.shopAnswers.body = ACKNOWLEDGED;
  await stage.control('POST', '/control/clock', { advance_seconds: 16 });
  await stage.city.opened.callbackQueue.settle();
  await stage.control('POST', '/control/clock', { advance_seconds: 60 });
  same(stage.received.length - before, 2, 'sent again until return_code SUCCESS');
  return 'sent twice';
}

async function refusals(stage: Stage): Promise<string> {
  const api = calls(stage, 'MD5');
  const no = nextNo('V2E');
  const codes: Fields = {};
  for (const [what, type, more] of [
    ['trade_type', 'FLY', {}],
    ['product_id', 'NATIVE', { product_id: '' }],
    ['scene_info', 'MWEB', {}],
    ['openid', 'JSAPI', {}],
    ['openid of another', 'JSAPI', { openid: 'oX' }],
    ['total_fee', 'NATIVE', { total_fee: '0' }],
    ['notify_url', 'NATIVE', { notify_url: 'https://shop.example/n?a=1' }],
    ['time_expire', 'NATIVE', { time_expire: '20200101000000' }],
  ] as const) {
    codes[what] = (await api.create(no, type, more as Fields)).err_code ?? 'accepted';
  }
  same(new Set(Object.values(codes)), new Set(['PARAM_ERROR', 'LACK_PARAMS']), 'codes');
  must(!Object.values(codes).includes('accepted'), JSON.stringify(codes));
  same((await api.query(no)).err_code, 'ORDERNOTEXIST', 'nothing was written');
  return JSON.stringify(codes);
}

const SDK = 'wechatpay-axios-plugin, APIv2';

/** The shop answers as APIv2 wants it while the case runs. */
function v2Case(name: string, check: Case['check']): Case {
  return {
    name: `F7: ${name}`,
    client: SDK,
    check: async (stage) => {
      Object.assign(stage.shopAnswers, { status: 200, body: ACKNOWLEDGED });
      try {
        return await check(stage);
      } finally {
        Object.assign(stage.shopAnswers, { status: 204, body: '' });
      }
    },
  };
}

export const V2_CASES: readonly Case[] = [
  v2Case('APIv2 order, paid, notified, MD5', life('MD5')),
  v2Case('APIv2 order, paid, notified, HMAC-SHA256', life('HMAC-SHA256')),
  v2Case('APIv2 refunds in parts, notified encrypted, listed', refunds),
  v2Case('APIv2 closeorder, and numbers that are used', closes),
  v2Case('APIv2 JSAPI, APP and MWEB on the phone', sheets),
  v2Case('APIv2 and v3 share their orders, also of a partner', shared),
  v2Case('APIv2 callback until return_code SUCCESS', unacknowledged),
  v2Case('APIv2 refusals leave nothing behind', refusals),
];
