/**
 * Refusals: the table of codes and messages, and the order in which the gateway looks. Each request
 * is wrong in its own way and in every later way too, so that the order shows.
 */

import { freshNo } from '../../helpers/gateway-city.ts';
import { isAnswerSigned, signRequest } from '../second-verifier-alipay.ts';
import type { TestCity } from './city.ts';
import {
  callV2,
  commonFields,
  read,
  sendV2,
  sendV3,
  signedFields,
  signV3,
  v3Parts,
} from './raw.ts';
import { assert, type Case, orderContent } from './rows.ts';

const QUERY = 'alipay.trade.query';

/** name, what is wrong, [code, sub_code, sub_msg], signed? */
type OrderRow = readonly [
  wrong: Record<string, string | undefined>,
  expected: readonly [string, string, string],
  isSigned: boolean,
];

const CHECK_ORDER: readonly OrderRow[] = [
  [{ method: undefined }, ['40001', 'isv.missing-method', '缺少方法名参数'], false],
  [
    { method: 'alipay.trade.fly', app_id: 'x' },
    ['40002', 'isv.invalid-method', '不存在的方法名'],
    false,
  ],
  [
    { app_id: undefined, timestamp: undefined },
    ['40001', 'isv.missing-app-id', '缺少AppID参数'],
    false,
  ],
  [
    { app_id: '2014072300007148', sign: undefined },
    ['40002', 'isv.invalid-app-id', '无效的AppID参数'],
    false,
  ],
  [
    { timestamp: undefined, version: undefined },
    ['40001', 'isv.missing-timestamp', '缺少时间戳参数'],
    true,
  ],
  [
    { version: undefined, sign_type: undefined },
    ['40001', 'isv.missing-version', '缺少版本参数'],
    true,
  ],
  [
    { sign_type: undefined, sign: undefined },
    ['40001', 'isv.missing-signature-type', '缺少签名类型参数'],
    true,
  ],
  [{ sign: undefined }, ['40001', 'isv.missing-signature', '缺少签名参数'], true],
  [
    { sign_type: 'MD5', charset: 'gbk' },
    ['40002', 'isv.invalid-signature-type', '无效的签名类型'],
    true,
  ],
  [{ charset: 'gbk', timestamp: 'now' }, ['40002', 'isv.invalid-charset', '字符集错误'], true],
  [{ format: 'XML' }, ['40002', 'isv.invalid-format', '无效的数据格式'], true],
  [
    { timestamp: '2026-02-30 10:00:00' },
    ['40002', 'isv.invalid-timestamp', '非法的时间戳参数'],
    true,
  ],
];

async function checkOrder(city: TestCity): Promise<string> {
  for (const [wrong, [code, subCode, subMsg], isSigned] of CHECK_ORDER) {
    const fields = { ...signedFields(city, QUERY, { out_trade_no: freshNo() }), ...wrong };
    const sent = Object.fromEntries(
      Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined),
    );
    const answer = await sendV2(city, sent);
    assert.equal(answer.status, 200);
    const { fields: answered } = answer;
    assert.deepEqual([answered.code, answered.sub_code, answered.sub_msg], [code, subCode, subMsg]);
    assert.equal(answer.key, isSigned ? 'alipay_trade_query_response' : 'error_response');
    assert.equal(
      isAnswerSigned(answer.text, answer.key, city.account.demo.alipay_public_key),
      isSigned,
    );
  }
  return `${CHECK_ORDER.length} refusals in the gateway's order`;
}

async function badSignature(city: TestCity): Promise<string> {
  const fields = signedFields(city, QUERY, { out_trade_no: 'a1' });
  const changed = { ...fields, biz_content: '{"out_trade_no":"a2"}' };
  const answer = await sendV2(city, changed);
  const text =
    `app_id=${city.account.demo.app_id}&amp;biz_content={"out_trade_no":"a2"}&amp;charset=utf-8` +
    '&amp;method=alipay.trade.query&amp;sign_type=RSA2&amp;timestamp=2026-11-22 13:49:09' +
    '&amp;version=1.0';
  assert.equal(
    answer.fields.sub_msg,
    `验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：${text}`,
  );
  const answered = city.opened.explanations.recent().at(0);
  assert.equal(answered?.expected, text.replaceAll('&amp;', '&'));
  const mistaken = { ...fields, extra: 'x' };
  await sendV2(city, mistaken);
  const { sign: _sign, ...unsigned } = commonFields(city, QUERY, { out_trade_no: 'a1' });
  const { sign_type: _type, ...forgotten } = unsigned;
  const signed = signRequest(forgotten, city.account.demo.app_private_key);
  await sendV2(city, { ...signed, sign_type: 'RSA2' });
  const explained = city.opened.explanations.recent().at(0);
  assert.match(explained?.hint ?? '', /sign_type was left out/);
  assert.ok(explained?.received !== null);
  return 'the text that the gateway built is returned; a forgotten sign_type is recognised';
}

async function business(city: TestCity): Promise<string> {
  const answered = async (method: string, content: object) => {
    const answer = await callV2(city, method, content);
    assert.ok(
      isAnswerSigned(answer.text, answer.key, city.account.demo.alipay_public_key),
      'business refusals are signed',
    );
    return `${answer.fields.code} ${answer.fields.sub_code}`;
  };
  const orderNo = freshNo();
  const order = orderContent(city, orderNo);
  const none = { out_trade_no: freshNo() };
  const PRE = 'alipay.trade.precreate';
  const table: [string, object, string][] = [
    [QUERY, none, '40004 ACQ.TRADE_NOT_EXIST'],
    ['alipay.trade.close', none, '40004 ACQ.TRADE_NOT_EXIST'],
    ['alipay.trade.refund', { ...none, refund_amount: '1' }, '40004 ACQ.TRADE_NOT_EXIST'],
    [QUERY, {}, '40004 ACQ.INVALID_PARAMETER'],
    [PRE, { ...order, total_amount: '0' }, '40004 ACQ.INVALID_PARAMETER'],
    [PRE, { ...order, total_amount: '1.001' }, '40004 ACQ.INVALID_PARAMETER'],
    [PRE, { ...order, total_amount: '100000000.01' }, '40004 ACQ.TOTAL_FEE_EXCEED'],
    [PRE, { ...order, subject: 'a=b' }, '40004 ACQ.INVALID_PARAMETER'],
    [PRE, { ...order, out_trade_no: 'a b' }, '40004 ACQ.INVALID_PARAMETER'],
    [PRE, { ...order, timeout_express: '16d' }, '40004 ACQ.INVALID_PARAMETER'],
    [
      PRE,
      { ...order, time_expire: '2020-01-01 00:00:00' },
      '40004 ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR',
    ],
    [PRE, { ...order, sub_merchant: { merchant_id: '2088' } }, '40004 ACQ.INVALID_PARAMETER'],
    [PRE, order, '10000 undefined'],
    [PRE, order, '10000 undefined'],
    [
      PRE,
      { ...order, total_amount: '1', settle_info: undefined },
      '40004 ACQ.CONTEXT_INCONSISTENT',
    ],
  ];
  for (const [method, content, expected] of table) {
    assert.equal(await answered(method, content), expected, JSON.stringify(content));
  }
  const made = await callV2(city, PRE, order);
  await city.scanAndPay(made.fields.qr_code ?? '');
  const refund = { out_trade_no: orderNo, refund_amount: '50', out_request_no: 'R1' };
  const paid: [string, object, string][] = [
    [PRE, order, '40004 ACQ.TRADE_HAS_SUCCESS'],
    ['alipay.trade.close', order, '40004 ACQ.TRADE_STATUS_ERROR'],
    [
      'alipay.trade.refund',
      { ...refund, refund_amount: '88.89' },
      '40004 ACQ.REASON_TRADE_REFUND_FEE_ERR',
    ],
    [
      'alipay.trade.refund',
      { out_trade_no: orderNo, refund_amount: '1' },
      '40004 ACQ.INVALID_PARAMETER',
    ],
    ['alipay.trade.refund', refund, '10000 undefined'],
    [
      'alipay.trade.refund',
      { ...refund, refund_amount: '1' },
      '40004 ACQ.DISCORDANT_REPEAT_REQUEST',
    ],
  ];
  for (const [method, content, expected] of paid) {
    assert.equal(await answered(method, content), expected, JSON.stringify(content));
  }
  const other = freshNo();
  const created = { ...orderContent(city, other), buyer_id: city.account.demo.buyer_ids[0] };
  assert.equal(await answered('alipay.trade.create', created), '10000 undefined');
  assert.equal(await answered('alipay.trade.close', { out_trade_no: other }), '10000 undefined');
  assert.equal(await answered('alipay.trade.create', created), '40004 ACQ.TRADE_HAS_CLOSE');
  return `${table.length + paid.length + 3} business answers`;
}

async function v3Errors(city: TestCity): Promise<string> {
  const none = await read(
    await fetch(`${city.url}/v3/alipay/trade/query`, { method: 'POST', body: '{}' }),
  );
  assert.deepEqual([none.status, none.fields.code], [400, 'missing-timestamp']);
  assert.equal(none.headers.get('alipay-signature'), null, 'errors are not signed');
  const parts = v3Parts(city, 'query', { out_trade_no: 'a1' });
  const forged = await sendV3(city, { ...parts, sign: signV3(city, { ...parts, body: '{}' }) });
  assert.deepEqual([forged.status, forged.fields.code], [400, 'invalid-signature']);
  const stranger = { ...parts, authText: parts.authText.replace(/app_id=\d+/, 'app_id=1') };
  const unknown = await sendV3(city, { ...stranger, sign: signV3(city, stranger) });
  assert.deepEqual([unknown.status, unknown.fields.code], [400, 'invalid-app-id']);
  const missing = await sendV3(city, { ...parts, sign: signV3(city, parts) });
  assert.deepEqual([missing.status, missing.fields.code], [400, 'ACQ.TRADE_NOT_EXIST']);
  city.arm('rate_limited');
  const limited = await sendV3(city, { ...parts, sign: signV3(city, parts) });
  assert.deepEqual([limited.status, limited.fields.code], [429, 'app-call-limited']);
  return 'statuses, kebab-case codes, no signature on errors';
}

async function faults(city: TestCity): Promise<string> {
  const pre = (orderNo: string) =>
    callV2(city, 'alipay.trade.precreate', orderContent(city, orderNo));
  const isUnsure = async (sending: Promise<unknown>) => assert.rejects(sending);
  city.arm('rate_limited');
  assert.equal((await pre(freshNo())).fields.sub_code, 'isv.app-call-limited');
  city.arm('server_error');
  const failed = await pre(freshNo());
  assert.deepEqual([failed.fields.code, failed.fields.sub_code], ['20000', 'isp.unknow-error']);
  city.arm('html_502');
  assert.equal((await pre(freshNo())).status, 502);
  city.arm('answer_lost');
  const lost = freshNo();
  await isUnsure(pre(lost));
  assert.equal((await pre(lost)).fields.code, '10000', 'the same number again is the same code');
  const orderNo = freshNo();
  const { qr_code: code = '' } = (await pre(orderNo)).fields;
  await city.gateway.scan(code);
  city.arm('close_lost');
  await isUnsure(callV2(city, 'alipay.trade.close', { out_trade_no: orderNo }));
  const open = await callV2(city, QUERY, { out_trade_no: orderNo });
  assert.equal(open.fields.trade_status, 'WAIT_BUYER_PAY', 'close_lost closes nothing');
  await city.scanAndPay(code);
  for (const [fault, name, value] of [
    ['wrong_amount', 'total_amount', '88.89'],
    ['wrong_currency', 'trans_currency', 'USD'],
  ] as const) {
    city.arm(fault);
    const answer = await callV2(city, QUERY, { out_trade_no: orderNo });
    assert.equal(answer.fields[name], value);
  }
  city.arm('wrong_payee');
  const payee = await callV2(city, QUERY, { out_trade_no: orderNo });
  assert.notEqual(payee.fields.alipay_sub_merchant_id, city.account.smids[0]);
  for (const fault of ['signtest', 'key_rotated'] as const) {
    city.arm(fault);
    const { text, key } = await callV2(city, QUERY, { out_trade_no: orderNo });
    assert.equal(isAnswerSigned(text, key, city.account.demo.alipay_public_key), false);
  }
  city.arm('refund_stuck');
  const refund = { out_trade_no: orderNo, refund_amount: '1', out_request_no: 'S1' };
  assert.equal((await callV2(city, 'alipay.trade.refund', refund)).fields.fund_change, 'N');
  const ask = () => callV2(city, 'alipay.trade.fastpay.refund.query', refund);
  assert.equal((await ask()).fields.refund_status, undefined);
  await city.advance(600_000);
  assert.equal((await ask()).fields.refund_status, 'REFUND_SUCCESS');
  return 'answer_lost, close_lost, 40005, 20000, 502, wrong figures, keys, refund_stuck';
}

async function expiry(city: TestCity): Promise<string> {
  const orderNo = freshNo();
  const order = orderContent(city, orderNo, { timeout_express: '5m' });
  const { qr_code: code = '' } = (await callV2(city, 'alipay.trade.precreate', order)).fields;
  await city.gateway.scan(code);
  await city.advance(299_000);
  const query = () => callV2(city, QUERY, { out_trade_no: orderNo });
  assert.equal((await query()).fields.trade_status, 'WAIT_BUYER_PAY');
  await city.advance(1_001);
  assert.equal((await query()).fields.trade_status, 'TRADE_CLOSED');
  assert.equal((await city.scanAndPay(code)).status, 'closed');
  const never = freshNo();
  const { qr_code: unopened = '' } = (
    await callV2(city, 'alipay.trade.precreate', { ...order, out_trade_no: never })
  ).fields;
  await city.advance(300_001);
  assert.equal((await city.gateway.scan(unopened))?.state, 'expired');
  const answer = await callV2(city, QUERY, { out_trade_no: never });
  assert.equal(answer.fields.sub_code, 'ACQ.TRADE_NOT_EXIST');
  await callV2(city, 'alipay.trade.precreate', { ...order, out_trade_no: never });
  assert.equal((await city.gateway.scan(unopened))?.state, 'payable', 'offered anew');
  return 'timeout_express closes on the city clock; an unopened code expires without a trade';
}

async function retries(city: TestCity): Promise<string> {
  const orderNo = freshNo();
  const fields = signedFields(city, 'alipay.trade.precreate', orderContent(city, orderNo));
  const { sign: _sign, ...rest } = fields;
  const signed = signRequest(
    { ...rest, notify_url: city.notifyUrl },
    city.account.demo.app_private_key,
  );
  const made = await sendV2(city, signed, true);
  await city.settle();
  city.callbacks.length = 0;
  city.acknowledgement = { status: 200, body: 'success\n' };
  await city.scanAndPay(made.fields.qr_code ?? '');
  await city.settle();
  const seen: number[] = [city.callbacks.length];
  for (const minutes of [4, 10, 10, 60, 120, 360, 900, 6000]) {
    await city.advance(minutes * 60_000 + 1_000);
    seen.push(city.callbacks.length);
  }
  city.acknowledgement = { status: 200, body: 'success' };
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 8]);
  const ids = new Set(
    city.callbacks.map(({ body }) => new URLSearchParams(body.toString()).get('notify_id')),
  );
  assert.equal(ids.size, 1, 'notify_id stays the same');
  return '8 deliveries at 0, 4m, 10m, 10m, 1h, 2h, 6h, 15h; "success\\n" does not count';
}

export const ERROR_CASES: readonly Case[] = [
  ['check order of the gateway', 'raw', checkOrder],
  ['invalid signature is explained', 'raw', badSignature],
  ['business codes', 'raw', business],
  ['v3 errors', 'raw', v3Errors],
  ['faults', 'raw', faults],
  ['expiry on the city clock', 'raw', expiry],
  ['callback schedule', 'raw', retries],
];
