/**
 * Payment codes over v3: wechatpay-axios-plugin, unmodified, signs and verifies; every answer is
 * judged once more by the second verifier. Codes and statuses of refusals are the city's statement.
 */
import { createRequire } from 'node:module';
import { refusalOf } from '../second-verifier-wechatpay.ts';
import { type Case, must, nextNo, refused, same } from './cases.ts';
import type { Stage } from './stage.ts';

const load = createRequire(import.meta.url);
// biome-ignore lint/suspicious/noExplicitAny: foreign packages, foreign shapes
type Foreign = any;
const plugin: Foreign = load('wechatpay-axios-plugin');

type Family = 'direct' | 'partner';

function showCode(stage: Stage): string {
  const gateway = stage.city.gateways.find(({ wallet }) => wallet === 'wechatpay');
  return gateway?.showCode?.() ?? '';
}

function calls(stage: Stage, family: Family) {
  const { sdk, url } = stage;
  const wxpay = new plugin.Wechatpay({
    baseURL: `${url}/`,
    mchid: sdk.mchid,
    serial: sdk.serial_no,
    privateKey: sdk.private_key,
    certs: { [sdk.public_key_id]: sdk.public_key },
  });
  const { appid, mchid } = sdk;
  const [sub] = sdk.sub_mchids;
  const isDirect = family === 'direct';
  const names = isDirect ? { appid, mchid } : { sp_appid: appid, sp_mchid: mchid, sub_mchid: sub };
  const path = isDirect ? 'v3/pay/transactions' : 'v3/pay/partner/transactions';
  const headers = { 'Wechatpay-Serial': sdk.public_key_id };
  const answerOf = async (call: Promise<Foreign>) => {
    const answer = await call;
    const body = Buffer.from(JSON.stringify(answer.data));
    const received = Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    same(refusalOf({ headers: received, body }, sdk), undefined, 'the second verifier');
    return answer.data;
  };
  const at = (rest: string) => wxpay.chain(`${path}/${rest}`);
  return {
    pay: (no: string, code: string, more: Record<string, unknown> = {}) =>
      answerOf(
        at('codepay').post(
          {
            ...names,
            description: '青瓷 "盖碗"',
            out_trade_no: no,
            attach: 'a=1&b',
            payer: { auth_code: code },
            amount: { total: 8888, currency: 'CNY' },
            scene_info: { store_info: { id: 'store-1' } },
            ...more,
          },
          { headers },
        ),
      ),
    query: (no: string) => {
      const params = isDirect ? { mchid } : { sp_mchid: mchid, sub_mchid: sub };
      return answerOf(at(`out-trade-no/${no}`).get({ params, headers }));
    },
    reverse: (no: string) => answerOf(at(`out-trade-no/${no}/reverse`).post(names, { headers })),
  };
}

const codeOf = (error: unknown): string => {
  const { response, message } = error as Foreign;
  return response?.data?.code === undefined
    ? String(message)
    : `${response.status} ${response.data.code}`;
};

async function life(stage: Stage, family: Family): Promise<string> {
  const { pay, query, reverse } = calls(stage, family);
  const no = nextNo('C');
  const code = showCode(stage);
  const paid = await pay(no, code);
  same([paid.trade_state, paid.trade_type, paid.attach], ['SUCCESS', 'MICROPAY', 'a=1&b'], 'paid');
  same([paid.out_trade_no, paid.amount.total], [no, 8888], 'its number and amount');
  same((await query(no)).transaction_id, paid.transaction_id, 'queried');
  same(await refused(pay(no, code), codeOf), '400 ORDER_PAID', 'never paid twice');
  same(await refused(pay(nextNo('C'), code), codeOf), '400 AUTH_CODE_INVALID', 'one order a code');
  same((await reverse(no)).out_trade_no, no, 'reversed');
  const after = await query(no);
  same([after.trade_state, after.transaction_id], ['REVOKED', undefined], 'revoked');
  same((await reverse(no)).out_trade_no, no, 'reversed again');
  const [row] = stage.city.gateways[0]!.orders().filter(({ orderNo }) => orderNo === no);
  same([row?.state, String(row?.refundedFen)], ['refunded', '8888'], 'refunded once');
  return `codepay, query, reverse of ${no}, ${family}`;
}

async function waits(stage: Stage): Promise<string> {
  const { pay, query, reverse } = calls(stage, 'partner');
  for (const [outcome, state] of [
    ['success', 'SUCCESS'],
    ['cancel', 'PAYERROR'],
  ] as const) {
    const no = nextNo('C');
    const code = showCode(stage);
    await stage.arm('userpaying', { order_no: no });
    const waiting = await pay(no, code);
    same([waiting.trade_state, waiting.amount], ['USERPAYING', undefined], 'must confirm');
    await stage.pay(code, { outcome });
    same((await query(no)).trade_state, state, outcome);
    if (outcome === 'success') continue;
    await reverse(no);
    same((await query(no)).trade_state, 'REVOKED', 'ended');
  }
  const expiring = showCode(stage);
  await stage.advance(60);
  const late = await refused(pay(nextNo('C'), expiring), codeOf);
  same(late, '400 AUTHCODEEXPIRE', 'a code lives a minute');
  return 'USERPAYING, then paid or refused; an expired code';
}

async function refusals(stage: Stage): Promise<string> {
  const { pay, query, reverse } = calls(stage, 'partner');
  const rows: [Record<string, unknown>, string][] = [
    [{ payer: {} }, '400 PARAM_ERROR'],
    [{ payer: { auth_code: '280000000000000000' } }, '400 AUTH_CODE_INVALID'],
    [{ scene_info: {} }, '400 PARAM_ERROR'],
    [{ amount: { total: 0 } }, '400 PARAM_ERROR'],
    [{ sub_mchid: '1600000000' }, '403 NO_AUTH'],
    [{ sp_appid: 'wx0000000000000000' }, '400 APPID_MCHID_NOT_MATCH'],
  ];
  for (const [more, code] of rows) {
    const answer = await refused(pay(nextNo('C'), showCode(stage), more), codeOf);
    same(answer, code, JSON.stringify(more));
  }
  same(await refused(query(nextNo('C')), codeOf), '404 ORDER_NOT_EXIST', 'no such order');
  same(await refused(reverse(nextNo('C')), codeOf), '404 ORDER_NOT_EXIST', 'nothing to reverse');
  const request = { label: 'closed', name: '未开通', subMerchantNames: ['甲店'] };
  const made = (await stage.city.openAccounts([request])).get('closed')?.get('wechatpay');
  must(made !== undefined, 'another account');
  const other = { ...stage, sdk: made?.sdkCredentials as Stage['sdk'] };
  const shut = await refused(calls(other, 'partner').pay(nextNo('C'), showCode(stage)), codeOf);
  same(shut, '403 NO_AUTH', 'a merchant to whom it is not open');
  return `${rows.length + 3} refusals`;
}

const AXIOS = 'wechatpay-axios-plugin';
export const CODE_V3_CASES: readonly Case[] = [
  { name: 'v3 payment code, direct', client: AXIOS, check: (s) => life(s, 'direct') },
  { name: 'v3 payment code, partner', client: AXIOS, check: (s) => life(s, 'partner') },
  { name: 'v3 USERPAYING', client: AXIOS, check: waits },
  { name: 'v3 codepay refusals', client: AXIOS, check: refusals },
];
