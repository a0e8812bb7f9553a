/**
 * Payment codes over APIv2: wechatpay-axios-plugin, unmodified, pays with what the app shows
 * (micropay), asks and reverses; it verifies every answer's sign itself. Signatures are made once
 * more here, from the rule's text alone, and with the openssl command.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { readXml } from '../../../src/wires/wechatpay/message-v2.ts';
import { signV2, v2SignText } from '../../../src/wires/wechatpay/signature-v2.ts';
import { type Case, must, nextNo, same } from './cases.ts';
import { openAdapter } from './cases-flips.ts';
import type { Stage } from './stage.ts';

const load = createRequire(import.meta.url);
// biome-ignore lint/suspicious/noExplicitAny: foreign packages, foreign shapes
type Foreign = any;
const plugin: Foreign = load('wechatpay-axios-plugin');

type Fields = Record<string, string>;

function keyOf(stage: Stage): string {
  const { apiv2_key: key } = stage.sdk as unknown as { readonly apiv2_key: string };
  return key;
}

function client({ url, sdk }: Stage, key: string): Foreign {
  return new plugin.Wechatpay({
    baseURL: `${url}/`,
    mchid: sdk.mchid,
    secret: key,
    serial: sdk.serial_no,
    privateKey: sdk.private_key,
    certs: { [sdk.public_key_id]: sdk.public_key },
    merchant: { cert: sdk.certificate, key: sdk.private_key },
  });
}

function showCode(stage: Stage): string {
  const gateway = stage.city.gateways.find(({ wallet }) => wallet === 'wechatpay');
  const code = gateway?.showCode?.() ?? '';
  must(/^1[0-5]\d{16}$/.test(code), `a payment code, not ${code}`);
  return code;
}

function common({ sdk }: Stage, more: Fields): Fields {
  return {
    appid: sdk.appid,
    mch_id: sdk.mchid,
    sub_mch_id: sdk.sub_mchids[0] ?? '',
    sign_type: 'HMAC-SHA256',
    ...more,
  };
}

function order(stage: Stage, no: string, code: string, more: Fields = {}): Fields {
  return common(stage, {
    body: '青瓷 <盖碗> & "茶荷"',
    out_trade_no: no,
    total_fee: '8888',
    spbill_create_ip: '203.0.113.9',
    auth_code: code,
    ...more,
  });
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

function calls(stage: Stage, more: Fields = {}) {
  const { v2 } = client(stage, keyOf(stage));
  return {
    pay: (no: string, code: string, extra: Fields = {}) =>
      answerOf(v2.pay.micropay.post(order(stage, no, code, { ...more, ...extra }))),
    query: (no: string) =>
      answerOf(v2.pay.orderquery.post(common(stage, { ...more, out_trade_no: no }))),
    reverse: (no: string) =>
      answerOf(
        v2.secapi.pay.reverse.post(common(stage, { ...more, out_trade_no: no }), {
          security: true,
        }),
      ),
  };
}

async function life(stage: Stage, signType: string): Promise<string> {
  const { pay, query, reverse } = calls(stage, { sign_type: signType });
  const no = nextNo('C');
  const code = showCode(stage);
  const paid = await pay(no, code, { attach: 'a=1&b' });
  same(
    [paid.result_code, paid.trade_type, paid.total_fee],
    ['SUCCESS', 'MICROPAY', '8888'],
    'paid',
  );
  same([paid.out_trade_no, paid.attach], [no, 'a=1&b'], 'its number and data');
  must(/^\d{28}$/.test(paid.transaction_id ?? ''), 'a transaction id');
  must(/^\d{14}$/.test(paid.time_end ?? ''), 'a time');
  const asked = await query(no);
  same([asked.trade_state, asked.transaction_id], ['SUCCESS', paid.transaction_id], 'queried');
  same((await pay(no, code, { attach: 'a=1&b' })).err_code, 'ORDERPAID', 'never paid twice');
  same((await pay(no, code)).err_code, 'OUT_TRADE_NO_USED', 'another order of the number');
  same((await pay(nextNo('C'), code)).err_code, 'AUTH_CODE_INVALID', 'a code pays one order');
  const back = await reverse(no);
  same([back.result_code, back.recall], ['SUCCESS', 'N'], 'reversed');
  const after = await query(no);
  same([after.trade_state, after.transaction_id], ['REVOKED', undefined], 'revoked');
  same((await reverse(no)).result_code, 'SUCCESS', 'reversed again');
  same((await pay(no, code, { attach: 'a=1&b' })).err_code, 'ORDERREVERSED', 'it stays reversed');
  const [row] = stage.city.gateways[0]!.orders().filter(({ orderNo }) => orderNo === no);
  same([row?.state, String(row?.refundedFen)], ['refunded', '8888'], 'refunded once');
  return `micropay, orderquery, reverse of ${no} by ${signType}`;
}

async function waits(stage: Stage): Promise<string> {
  const { pay, query, reverse } = calls(stage);
  for (const [outcome, state] of [
    ['success', 'SUCCESS'],
    ['cancel', 'PAYERROR'],
    ['insufficient_funds', 'USERPAYING'],
  ] as const) {
    const no = nextNo('C');
    const code = showCode(stage);
    await stage.arm('userpaying', { order_no: no });
    same((await pay(no, code)).err_code, 'USERPAYING', 'the buyer must confirm');
    same((await query(no)).trade_state, 'USERPAYING', 'and is waited for');
    await stage.pay(code, { outcome });
    same((await query(no)).trade_state, state, outcome);
    if (outcome === 'success') continue;
    same((await reverse(no)).result_code, 'SUCCESS', 'reversed');
    same((await query(no)).trade_state, 'REVOKED', 'ended');
    must((await stage.pay(code)) !== 'paid', 'too late for the buyer');
  }
  const large = await pay(nextNo('C'), showCode(stage), { total_fee: '100001' });
  same(large.err_code, 'USERPAYING', 'above CNY 1,000 the buyer is asked');
  const expiring = showCode(stage);
  await stage.advance(60);
  same((await pay(nextNo('C'), expiring)).err_code, 'AUTHCODEEXPIRE', 'a code lives a minute');
  return 'USERPAYING, then paid, refused or short of money; expired codes refused';
}

async function refusals(stage: Stage): Promise<string> {
  const { pay, query, reverse } = calls(stage);
  const rows: [Fields, string][] = [
    [{ auth_code: '280000000000000000' }, 'AUTH_CODE_INVALID'],
    [{ auth_code: '' }, 'LACK_PARAMS'],
    [{ total_fee: '0' }, 'PARAM_ERROR'],
    [{ total_fee: '1.5' }, 'PARAM_ERROR'],
    [{ fee_type: 'USD' }, 'PARAM_ERROR'],
    [{ spbill_create_ip: 'here' }, 'PARAM_ERROR'],
    [{ time_expire: '20200101000000' }, 'PARAM_ERROR'],
    [{ sub_mch_id: '1600000000' }, 'NOAUTH'],
    [{ appid: 'wx0000000000000000' }, 'APPID_MCHID_NOT_MATCH'],
  ];
  for (const [more, code] of rows) {
    const answer = await pay(nextNo('C'), showCode(stage), more);
    same(answer.err_code, code, JSON.stringify(more));
  }
  same((await query(nextNo('C'))).err_code, 'ORDERNOTEXIST', 'no such order');
  same((await reverse(nextNo('C'))).err_code, 'ORDERNOTEXIST', 'nothing to reverse');
  const wrong = await answerOf(
    client(stage, 'x'.repeat(32)).v2.pay.micropay.post(order(stage, nextNo('C'), showCode(stage))),
  );
  same([wrong.return_code, wrong.return_msg], ['FAIL', '签名错误'], 'another key');
  return `${rows.length + 3} refusals`;
}

async function faults(stage: Stage): Promise<string> {
  const { pay, query, reverse } = calls(stage);
  const lost = nextNo('C');
  await stage.arm('answer_lost', { order_no: lost });
  await pay(lost, showCode(stage)).catch(() => undefined);
  same((await query(lost)).trade_state, 'SUCCESS', 'accepted, though the answer was lost');
  await stage.arm('refund_stuck', { order_no: lost });
  const stuck = await reverse(lost);
  same([stuck.err_code, stuck.recall], ['SYSTEMERROR', 'Y'], 'call again');
  same((await query(lost)).trade_state, 'SUCCESS', 'nothing was done');
  await stage.arm('server_error', { order_no: lost });
  same((await reverse(lost)).err_code, 'SYSTEMERROR', 'done, but not said');
  same((await query(lost)).trade_state, 'REVOKED', 'it was done');
  const forged = nextNo('C');
  await stage.arm('signtest', { order_no: forged });
  const code = await calls(stage)
    .pay(forged, showCode(stage))
    .then(
      () => 'accepted',
      (error) => error.code,
    );
  same(code, 'EV2_RES_SIGNATURE_NOT_EQUAL', 'the SDK refuses a forged answer');
  return 'answer lost, SYSTEMERROR, recall Y, a forged answer';
}

/** The rule of the documents, written down once more: sorted, joined, keyed, digested. */
function signedBy(fields: Fields, key: string, type: string): string {
  const names = Object.keys(fields).filter((name) => name !== 'sign' && fields[name] !== '');
  names.sort();
  const text = `${names.map((name) => `${name}=${fields[name]}`).join('&')}&key=${key}`;
  if (type === 'MD5') return createHash('md5').update(text, 'utf8').digest('hex').toUpperCase();
  const args = ['dgst', '-sha256', '-hmac', key];
  const out = execFileSync('openssl', args, { input: text }).toString();
  return (out.trim().split(' ').at(-1) ?? '').toUpperCase();
}

async function oracle(stage: Stage): Promise<string> {
  const fields: Fields = { b: '2', a: '青瓷', B: 'x&y=z', empty: '', nonce_str: 'n' };
  const key = keyOf(stage);
  for (const type of ['MD5', 'HMAC-SHA256'] as const) {
    same(signV2(new Map(Object.entries(fields)), key, type), signedBy(fields, key, type), type);
  }
  same(v2SignText(new Map(Object.entries(fields))), 'B=x&y=z&a=青瓷&b=2&nonce_str=n', 'the text');
  return 'MD5 and HMAC-SHA256 as openssl makes them';
}

function xmlOf(fields: Fields): string {
  const parts = Object.entries(fields).map(
    ([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`,
  );
  return `<xml>${parts.join('')}</xml>`;
}

/** Each byte of a signed request in turn: nothing that was changed is ever charged. */
async function flippedRequests(stage: Stage): Promise<string> {
  const no = nextNo('C');
  const fields = order(stage, no, showCode(stage), { nonce_str: 'abcdefgh', body: 'tea' });
  const good = { ...fields, sign: signedBy(fields, keyOf(stage), 'MD5'), sign_type: 'HMAC-SHA256' };
  good.sign = signedBy({ ...good, sign: '' }, keyOf(stage), 'HMAC-SHA256');
  const text = xmlOf(good);
  const send = async (body: string) => {
    const answer = await fetch(`${stage.url}/pay/micropay`, { method: 'POST', body });
    return readXml(await answer.text());
  };
  let sent = 0;
  for (let at = 0; at < text.length; at += 1) {
    const other = String.fromCharCode(text.charCodeAt(at) ^ 1);
    const answer = await send(text.slice(0, at) + other + text.slice(at + 1));
    must(answer?.get('return_code') === 'FAIL', `byte ${at} was changed, and it was taken`);
    sent += 1;
  }
  const [row] = stage.city.gateways[0]!.orders().filter(({ orderNo }) => orderNo === no);
  must(row === undefined, 'nothing was charged');
  same((await send(text))?.get('result_code'), 'SUCCESS', 'the control is accepted');
  return `${sent} changed requests, 0 accepted`;
}

/** Each byte of a signed answer in turn: the adapter believes none of them. */
async function flippedAnswers(stage: Stage): Promise<string> {
  const { pay } = calls(stage);
  const no = nextNo('C');
  await pay(no, showCode(stage));
  let answer = Buffer.alloc(0);
  let at = -1;
  const { createHttpClient } = await import('../../../src/runtime/http-client.ts');
  const real = createHttpClient();
  const wallet = openAdapter(stage, {
    http: {
      send: async (request) => {
        if (at === -1) {
          const sent = await real.send(request);
          if (sent.ok) answer = Buffer.from(sent.value.body);
          return sent;
        }
        const body = Buffer.from(answer);
        body[at] = (body[at] ?? 0) ^ 1;
        return { ok: true, value: { status: 200, headers: {}, body } };
      },
      close: () => real.close(),
    },
  });
  const leg = {
    orderNo: no,
    walletMerchant: stage.sdk.sub_mchids[0] ?? '',
    amountFen: 8_888n,
    description: 'x',
  };
  const nowMs = Date.now();
  const attempt = {
    product: 'codepay' as const,
    combineOrderNo: null,
    legs: [leg],
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 600_000,
  };
  same((await wallet.queryAttempt(attempt)).outcome, 'answered', 'the control is believed');
  for (at = 0; at < answer.length; at += 1) {
    const asked = await wallet.queryAttempt(attempt);
    must(asked.outcome === 'unknown', `byte ${at} was changed, and it was believed`);
  }
  real.close();
  return `${answer.length} changed answers, 0 believed`;
}

const AXIOS = 'wechatpay-axios-plugin';
export const CODE_CASES: readonly Case[] = [
  { name: 'v2 payment code, HMAC-SHA256', client: AXIOS, check: (s) => life(s, 'HMAC-SHA256') },
  { name: 'v2 payment code, MD5', client: AXIOS, check: (s) => life(s, 'MD5') },
  { name: 'v2 USERPAYING', client: AXIOS, check: waits },
  { name: 'v2 refusals', client: AXIOS, check: refusals },
  { name: 'v2 under faults', client: AXIOS, check: faults },
  { name: 'v2 signatures', client: 'openssl', check: oracle },
  { name: 'v2 requests, every byte flipped', client: 'raw', check: flippedRequests },
  { name: 'v2 answers, every byte flipped', client: 'adapter', check: flippedAnswers },
];
