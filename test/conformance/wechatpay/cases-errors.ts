/** Refusals against the documented table: status, code and, where it is published, the message. */
import { type SignedRequest, signRequest } from '../second-verifier-wechatpay.ts';
import { type Case, must, nextNo, same } from './cases.ts';
import { combineOrder, directOrder, partnerOrder } from './cases-sdk.ts';
import type { Reply, Stage } from './stage.ts';

const NATIVE = '/v3/pay/transactions/native';
const PARTNER = '/v3/pay/partner/transactions/native';
const COMBINE = '/v3/combine-transactions/native';
const CLIENT = 'second verifier';

interface Row {
  readonly name: string;
  readonly request: (stage: Stage) => SignedRequest | Promise<SignedRequest>;
  readonly status: number;
  readonly code?: string;
  readonly message?: string;
  readonly field?: string;
  readonly isEmpty?: true;
}

function post(stage: Stage, target: string, body: unknown): SignedRequest {
  return signRequest({ method: 'POST', target, body }, stage.sdk);
}

function bare(method: string, target: string, headers: Record<string, string> = {}): SignedRequest {
  return { method, target, headers, body: '' };
}

const AGENT = { accept: 'application/json', 'user-agent': 'x' };
const SIGN_FORMAT = 'Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》';

const SIGNATURE_ROWS: readonly Row[] = [
  { name: 'unknown path', request: () => bare('GET', '/v3/nothing'), status: 404, isEmpty: true },
  { name: 'wrong method', request: () => bare('GET', NATIVE, AGENT), status: 405, isEmpty: true },
  {
    name: 'no User-Agent on certificates',
    request: () => bare('GET', '/v3/certificates', { accept: 'application/json' }),
    status: 400,
    code: 'INVALID_REQUEST',
  },
  {
    name: 'no Authorization on certificates',
    request: () => bare('GET', '/v3/certificates', AGENT),
    status: 401,
    code: 'SIGN_ERROR',
    message: SIGN_FORMAT,
  },
  {
    name: 'no Authorization on refunds',
    request: () => bare('POST', '/v3/refund/domestic/refunds', AGENT),
    status: 401,
    code: 'SIGN_ERROR',
    message: SIGN_FORMAT,
  },
  {
    name: 'foreign scheme on payments',
    request: () => bare('POST', NATIVE, { ...AGENT, authorization: 'Bearer x' }),
    status: 401,
    code: 'SIGN_ERROR',
    message: '签名信息错误，验签失败',
  },
  {
    name: 'timestamp six minutes old, before the signature is looked at',
    request: (stage) => {
      const timestamp = Math.floor(Date.now() / 1000) - 360;
      return signRequest({ method: 'GET', target: '/v3/certificates' }, stage.sdk, {
        timestamp,
      });
    },
    status: 401,
    code: 'SIGN_ERROR',
    message: 'Http头Authorization中的timestamp与发起请求的时间不得超过5分钟',
  },
  {
    name: 'unknown serial',
    request: (stage) =>
      signRequest({ method: 'GET', target: '/v3/certificates' }, stage.sdk, {
        serial: 'AB'.repeat(20),
      }),
    status: 401,
    code: 'SIGN_ERROR',
    message: '商户证书序列号有误',
  },
  {
    name: 'unknown mchid',
    request: (stage) =>
      signRequest({ method: 'GET', target: '/v3/certificates' }, stage.sdk, {
        mchid: '1900000109',
      }),
    status: 401,
    code: 'SIGN_ERROR',
    message: '商户证书序列号有误',
  },
  {
    name: 'bad signature, with sign_information',
    request: (stage) =>
      signRequest({ method: 'GET', target: '/v3/certificates?algorithm_type=RSA' }, stage.sdk, {
        signedTarget: '/v3/certificates',
      }),
    status: 401,
    code: 'SIGN_ERROR',
    message: '签名错误',
    field: 'signature',
  },
  {
    name: 'body that is not JSON',
    request: (stage) => ({ ...post(stage, NATIVE, 'text') }),
    status: 400,
    code: 'PARAM_ERROR',
  },
];

const order = (change: Record<string, unknown>) => (stage: Stage) =>
  post(stage, NATIVE, { ...directOrder(stage, nextNo('ER')), ...change });

const FIELD_ROWS: readonly Row[] = [
  {
    name: 'amount below one',
    request: order({ amount: { total: 0, currency: 'CNY' } }),
    status: 400,
    code: 'PARAM_ERROR',
    message: '输入源“/body/amount/total”映射到数值字段“总金额”规则校验失败，值低于最小值 1',
    field: '/amount/total',
  },
  {
    name: 'emoji',
    request: order({ description: '礼物🎁' }),
    status: 400,
    code: 'PARAM_ERROR',
    field: '/description',
  },
  {
    name: 'description too long',
    request: order({ description: '长'.repeat(128) }),
    status: 400,
    code: 'PARAM_ERROR',
    field: '/description',
  },
  {
    name: 'out_trade_no too short',
    request: order({ out_trade_no: 'A1' }),
    status: 400,
    code: 'PARAM_ERROR',
    field: '/out_trade_no',
  },
  {
    name: 'notify_url with a query',
    request: order({ notify_url: 'https://shop.example/n?x=1' }),
    status: 400,
    code: 'PARAM_ERROR',
    field: '/notify_url',
  },
  {
    name: 'time_expire too close',
    request: order({ time_expire: '2026-01-01T00:00:00+08:00' }),
    status: 400,
    code: 'PARAM_ERROR',
    field: '/time_expire',
  },
  {
    name: 'foreign currency',
    request: order({ amount: { total: 1, currency: 'USD' } }),
    status: 400,
    code: 'PARAM_ERROR',
    field: '/amount/currency',
  },
  {
    name: 'mchid is not the caller',
    request: order({ mchid: '1900000109' }),
    status: 403,
    code: 'NO_AUTH',
  },
  {
    name: 'appid of another',
    request: order({ appid: 'wx0000000000000000' }),
    status: 400,
    code: 'APPID_MCHID_NOT_MATCH',
  },
  {
    name: 'sub_mchid that is not bound',
    request: (stage) =>
      post(stage, PARTNER, { ...partnerOrder(stage, nextNo('NB')), sub_mchid: '1699999999' }),
    status: 403,
    code: 'NO_AUTH',
  },
  {
    name: 'openid of another appid',
    request: (stage) =>
      post(stage, '/v3/pay/transactions/jsapi', {
        ...directOrder(stage, nextNo('OI')),
        payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
      }),
    status: 500,
    code: 'OPENID_MISMATCH',
  },
  {
    name: 'h5 without h5_info',
    request: (stage) => post(stage, '/v3/pay/transactions/h5', directOrder(stage, nextNo('H5'))),
    status: 400,
    code: 'PARAM_ERROR',
    field: '/scene_info/h5_info',
  },
  {
    name: '51 sub orders',
    request: (stage) => {
      const combined = combineOrder(stage, nextNo('MX'));
      const [first] = combined.sub_orders as Record<string, unknown>[];
      const sub_orders = Array.from({ length: 51 }, (_, index) => {
        return { ...first, out_trade_no: `${first?.out_trade_no}${index}` };
      });
      return post(stage, COMBINE, { ...combined, sub_orders });
    },
    status: 400,
    code: 'PARAM_ERROR',
    field: '/sub_orders',
  },
  {
    name: 'query without mchid',
    request: (stage) =>
      signRequest({ method: 'GET', target: '/v3/pay/transactions/out-trade-no/none00' }, stage.sdk),
    status: 400,
    code: 'PARAM_ERROR',
    field: 'mchid',
  },
  {
    name: 'query of nothing',
    request: (stage) => {
      const target = `/v3/pay/transactions/out-trade-no/none00?mchid=${stage.sdk.mchid}`;
      return signRequest({ method: 'GET', target }, stage.sdk);
    },
    status: 404,
    code: 'ORDER_NOT_EXIST',
  },
  {
    name: 'refund query of nothing',
    request: (stage) =>
      signRequest({ method: 'GET', target: '/v3/refund/domestic/refunds/none' }, stage.sdk),
    status: 404,
    code: 'RESOURCE_NOT_EXISTS',
  },
  {
    name: 'echo with an encrypted field but no Wechatpay-Serial',
    request: (stage) =>
      post(stage, '/v3/security/echo', { echo_message: 'a', encrypted_echo_message: 'YQ==' }),
    status: 400,
    code: 'PARAM_ERROR',
    message: 'HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)',
  },
];

export function judge(row: Omit<Row, 'request' | 'name'>, reply: Reply): string {
  same(reply.status, row.status, 'status');
  must(reply.headers['wechatpay-signature'] === undefined, 'a refusal is not signed');
  if (row.isEmpty === true) {
    same(reply.body.length, 0, 'body');
    return `${reply.status} empty`;
  }
  same(reply.json.code, row.code, 'code');
  if (row.message !== undefined) same(reply.json.message, row.message, 'message');
  if (row.field !== undefined) same(reply.json.detail.field, row.field, 'field');
  return `${reply.status} ${reply.json.code} ${reply.json.detail?.field ?? ''}`.trim();
}

const BUSINESS_CASES: readonly Case[] = [
  {
    name: 'refused: re-entry with other parameters, other product; same parameters re-issue',
    client: CLIENT,
    check: async (stage) => {
      const no = nextNo('RE');
      const first = await stage.send(post(stage, NATIVE, directOrder(stage, no)));
      const again = await stage.send(post(stage, NATIVE, directOrder(stage, no)));
      must(first.json.code_url !== again.json.code_url, 'a new code');
      must((await stage.pay(first.json.code_url)).startsWith('scan 4'), 'the old code is dead');
      const other = await stage.send(post(stage, NATIVE, directOrder(stage, no, 99)));
      judge({ status: 403, code: 'OUT_TRADE_NO_USED' }, other);
      const app = await stage.send(post(stage, '/v3/pay/transactions/app', directOrder(stage, no)));
      judge({ status: 403, code: 'OUT_TRADE_NO_USED' }, app);
      same(await stage.pay(again.json.code_url), 'paid', 'the new code');
      const paid = await stage.send(post(stage, NATIVE, directOrder(stage, no)));
      judge({ status: 400, code: 'ORDER_PAID' }, paid);
      const target = `/v3/pay/transactions/out-trade-no/${no}/close`;
      const close = await stage.send(post(stage, target, { mchid: stage.sdk.mchid }));
      return judge({ status: 400, code: 'ORDER_PAID' }, close);
    },
  },
  {
    name: 'refused: a number used in another family or twice in one combine',
    client: CLIENT,
    check: async (stage) => {
      const no = nextNo('FX');
      await stage.send(post(stage, NATIVE, directOrder(stage, no)));
      const partner = await stage.send(post(stage, PARTNER, partnerOrder(stage, no)));
      judge({ status: 403, code: 'OUT_TRADE_NO_USED' }, partner);
      const combined = combineOrder(stage, nextNo('FC'));
      const [first] = combined.sub_orders as Record<string, unknown>[];
      const twice = { ...combined, sub_orders: [first, first] };
      return judge(
        { status: 403, code: 'OUT_TRADE_NO_USED' },
        await stage.send(post(stage, COMBINE, twice)),
      );
    },
  },
  {
    name: 'refund caps: sum, total, spacing, changed amount, unknown order, funds short, 365 days',
    client: CLIENT,
    check: async (stage) => {
      const no = nextNo('CP');
      const [sub_mchid] = stage.sdk.sub_mchids;
      const created = await stage.send(post(stage, PARTNER, partnerOrder(stage, no)));
      const refund = (number: string, amount: number, change: Record<string, unknown> = {}) =>
        stage.send(
          post(stage, '/v3/refund/domestic/refunds', {
            sub_mchid,
            out_trade_no: no,
            out_refund_no: `${no}${number}`,
            amount: { refund: amount, total: 5000, currency: 'CNY' },
            ...change,
          }),
        );
      judge({ status: 404, code: 'RESOURCE_NOT_EXISTS' }, await refund('0', 1));
      await stage.pay(created.json.code_url);
      judge({ status: 400, code: 'INVALID_REQUEST' }, await refund('1', 5001));
      const total = { amount: { refund: 1, total: 4999, currency: 'CNY' } };
      judge({ status: 400, code: 'INVALID_REQUEST' }, await refund('1', 1, total));
      const available = { funds_account: 'AVAILABLE' };
      judge({ status: 403, code: 'NOT_ENOUGH' }, await refund('1', 1, available));
      same((await refund('1', 3000)).status, 200, 'the first');
      judge({ status: 400, code: 'INVALID_REQUEST' }, await refund('1', 2999));
      judge({ status: 429, code: 'FREQUENCY_LIMITED' }, await refund('2', 100));
      await stage.advance(61);
      judge({ status: 400, code: 'INVALID_REQUEST' }, await refund('2', 2001));
      same((await refund('2', 2000)).status, 200, 'the rest');
      await stage.advance(366 * 86_400);
      return judge({ status: 400, code: 'INVALID_REQUEST' }, await refund('3', 1));
    },
  },
  {
    name: 'fifty partial refunds, not fifty-one; payer shares sum to what was paid',
    client: CLIENT,
    check: async (stage) => {
      const no = nextNo('FF');
      const created = await stage.send(post(stage, NATIVE, directOrder(stage, no, 100)));
      await stage.pay(created.json.code_url, { coupon: { platform: 33 } });
      let payer = 0;
      for (let index = 1; index <= 50; index += 1) {
        const reply = await stage.send(
          post(stage, '/v3/refund/domestic/refunds', {
            out_trade_no: no,
            out_refund_no: `${no}-${index}`,
            amount: { refund: index === 50 ? 2 : 2, total: 100, currency: 'CNY' },
          }),
        );
        same(reply.status, 200, `refund ${index}`);
        payer += reply.json.amount.payer_refund;
        await stage.advance(60);
      }
      same(payer, 67, 'payer shares');
      const more = await stage.send(
        post(stage, '/v3/refund/domestic/refunds', {
          out_trade_no: no,
          out_refund_no: `${no}-51`,
          amount: { refund: 1, total: 100, currency: 'CNY' },
        }),
      );
      return judge({ status: 400, code: 'INVALID_REQUEST' }, more);
    },
  },
  {
    name: 'time_expire on the city’s clock: CLOSED, the code cannot be paid',
    client: CLIENT,
    check: async (stage) => {
      const no = nextNo('TE');
      const clock = await stage.control('GET', '/control/clock');
      const now = Date.parse(clock.json.now ?? clock.json.city ?? clock.json.time);
      must(!Number.isNaN(now), `a city time in ${clock.body}`);
      const time_expire = `${new Date(now + 28_800_000 + 120_000).toISOString().slice(0, 19)}+08:00`;
      const created = await stage.send(
        post(stage, NATIVE, { ...directOrder(stage, no), time_expire }),
      );
      same(created.status, 200, 'created');
      await stage.advance(121);
      same(await stage.pay(created.json.code_url), 'closed', 'too late');
      const target = `/v3/pay/transactions/out-trade-no/${no}?mchid=${stage.sdk.mchid}`;
      const query = await stage.send(signRequest({ method: 'GET', target }, stage.sdk));
      same(query.json.trade_state, 'CLOSED', 'state');
      return 'CLOSED';
    },
  },
];

export const ERROR_CASES: readonly Case[] = [
  ...[...SIGNATURE_ROWS, ...FIELD_ROWS].map(
    (row): Case => ({
      name: `refused: ${row.name}`,
      client: CLIENT,
      check: async (stage) => judge(row, await stage.send(await row.request(stage))),
    }),
  ),
  ...BUSINESS_CASES,
];
