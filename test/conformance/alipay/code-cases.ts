/**
 * Payment codes: alipay-sdk, unmodified, pays with what the app shows (alipay.trade.pay), waits for
 * the buyer, and reverses (alipay.trade.cancel).
 */
import type { AlipayRequestError, AlipaySdk } from 'alipay-sdk';
import { freshNo } from '../../helpers/gateway-city.ts';
import type { TestCity } from './city.ts';
import { callV2, sendV2, signedFields } from './raw.ts';
import { assert, type Case, certSdk, keySdk, orderContent } from './rows.ts';

type Answer = Record<string, string | undefined>;

function showCode(city: TestCity): string {
  const code = city.gateway.showCode?.() ?? '';
  assert.match(code, /^(2[5-9]|30)\d{14,22}$/);
  return code;
}

function barContent(city: TestCity, orderNo: string, authCode: string, more: object = {}) {
  return orderContent(city, orderNo, { scene: 'bar_code', auth_code: authCode, ...more });
}

async function exec(sdk: AlipaySdk, method: string, params: object): Promise<Answer> {
  return (await sdk.exec(method, params, { validateSign: true })) as unknown as Answer;
}

function payer(city: TestCity, sdk: AlipaySdk) {
  const pay = (orderNo: string, authCode: string, more: object = {}) =>
    exec(sdk, 'alipay.trade.pay', {
      notify_url: city.notifyUrl,
      bizContent: barContent(city, orderNo, authCode, more),
    });
  const about = (method: string, orderNo: string) =>
    exec(sdk, `alipay.trade.${method}`, { bizContent: { out_trade_no: orderNo } });
  return {
    pay,
    query: (no: string) => about('query', no),
    cancel: (no: string) => about('cancel', no),
  };
}

async function paidAtOnce(city: TestCity, sdk: AlipaySdk): Promise<string> {
  const { pay, query } = payer(city, sdk);
  const orderNo = freshNo();
  const code = showCode(city);
  const paid = await pay(orderNo, code);
  assert.deepEqual([paid.code, paid.out_trade_no], ['10000', orderNo], JSON.stringify(paid));
  assert.equal(paid.total_amount, '88.88');
  assert.match(paid.gmt_payment ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.equal(paid.trade_status, undefined);
  const asked = await query(orderNo);
  assert.deepEqual([asked.trade_status, asked.trade_no], ['TRADE_SUCCESS', paid.trade_no]);
  const again = await pay(orderNo, code);
  assert.equal(again.sub_code, 'ACQ.TRADE_HAS_SUCCESS', 'the same number is not paid twice');
  const other = await pay(freshNo(), code);
  assert.equal(other.sub_code, 'ACQ.PAYMENT_AUTH_CODE_INVALID', 'a code pays one order');
  const expiring = showCode(city);
  await city.advance(60_000);
  const late = await pay(freshNo(), expiring);
  assert.equal(late.sub_code, 'ACQ.PAYMENT_AUTH_CODE_INVALID', 'a code lives a minute');
  await city.settle();
  const notified = city.callbacks
    .map(({ body }) => Object.fromEntries(new URLSearchParams(body.toString('utf8'))))
    .find((fields) => fields.out_trade_no === orderNo);
  assert.equal(sdk.checkNotifySignV2(notified ?? {}), true);
  assert.equal(notified?.trade_status, 'TRADE_SUCCESS');
  return `paid in the call; used twice, expired: refused; notified by a signed callback`;
}

async function waits(city: TestCity, sdk: AlipaySdk): Promise<string> {
  const { pay, query } = payer(city, sdk);
  const ends = [
    ['success', 'TRADE_SUCCESS'],
    ['cancel', 'TRADE_CLOSED'],
    ['insufficient_funds', 'WAIT_BUYER_PAY'],
  ] as const;
  for (const [outcome, status] of ends) {
    const orderNo = freshNo();
    const code = showCode(city);
    city.arm('userpaying');
    const waiting = await pay(orderNo, code);
    assert.equal(waiting.code, '10003', JSON.stringify(waiting));
    assert.equal((await query(orderNo)).trade_status, 'WAIT_BUYER_PAY');
    assert.equal((await pay(orderNo, code)).code, '10003', 'a repeat waits on');
    const scanned = await city.gateway.scan(code);
    assert.deepEqual([scanned?.amountFen, scanned?.state], [8_888n, 'payable']);
    await city.scanAndPay(code, { outcome });
    assert.equal((await query(orderNo)).trade_status, status);
  }
  const large = { total_amount: '1000.01', settle_info: undefined };
  assert.equal((await pay(freshNo(), showCode(city), large)).code, '10003', 'above the limit');
  return '10003, then paid, refused or short of money; asked above CNY 1,000';
}

async function reversals(city: TestCity, sdk: AlipaySdk): Promise<string> {
  const { pay, query, cancel } = payer(city, sdk);
  const paidNo = freshNo();
  await pay(paidNo, showCode(city));
  city.arm('refund_stuck');
  const notYet = await cancel(paidNo);
  assert.deepEqual([notYet.retry_flag, notYet.action], ['Y', undefined]);
  assert.equal((await query(paidNo)).trade_status, 'TRADE_SUCCESS');
  const back = await cancel(paidNo);
  assert.deepEqual([back.retry_flag, back.action], ['N', 'refund']);
  const after = await query(paidNo);
  assert.deepEqual([after.trade_status, after.total_amount], ['TRADE_CLOSED', '88.88']);
  assert.ok(after.send_pay_date, 'it had been paid');
  const repeated = await cancel(paidNo);
  assert.deepEqual([repeated.code, repeated.action], ['10000', undefined]);
  const row = city.gateway.orders().find(({ orderNo }) => orderNo === paidNo);
  assert.deepEqual([row?.state, row?.refundedFen], ['refunded', 8_888n], 'refunded once');
  const waitingNo = freshNo();
  const code = showCode(city);
  city.arm('userpaying');
  await pay(waitingNo, code);
  const closed = await cancel(waitingNo);
  assert.deepEqual([closed.retry_flag, closed.action], ['N', 'close']);
  assert.equal((await city.scanAndPay(code)).status, 'closed', 'too late for the buyer');
  assert.equal((await pay(waitingNo, code)).sub_code, 'ACQ.TRADE_HAS_CLOSE');
  assert.equal((await cancel(freshNo())).sub_code, 'ACQ.TRADE_NOT_EXIST');
  return 'paid: refunded once; waiting: closed; retry_flag Y repeated';
}

async function overV3(city: TestCity, sdk: AlipaySdk): Promise<string> {
  const orderNo = freshNo();
  const post = async (path: string, body: Record<string, unknown>) =>
    (await sdk.curl<Record<string, string>>('POST', `/v3/alipay/trade/${path}`, { body })).data;
  const paid = await post('pay', barContent(city, orderNo, showCode(city)));
  assert.deepEqual([paid.out_trade_no, paid.total_amount], [orderNo, '88.88']);
  await assert.rejects(
    post('pay', barContent(city, freshNo(), '280000000000000000')),
    (error: AlipayRequestError) => error.code === 'ACQ.PAYMENT_AUTH_CODE_INVALID',
  );
  assert.equal((await post('cancel', { out_trade_no: orderNo })).action, 'refund');
  return 'pay and cancel over v3';
}

async function refusals(city: TestCity): Promise<string> {
  const pay = (more: object) =>
    callV2(city, 'alipay.trade.pay', barContent(city, freshNo(), showCode(city), more));
  const rows: [object, string][] = [
    [{ scene: 'palm' }, 'ACQ.INVALID_PARAMETER'],
    [{ scene: undefined }, 'ACQ.INVALID_PARAMETER'],
    [{ auth_code: '134579246813579246' }, 'ACQ.PAYMENT_AUTH_CODE_INVALID'],
    [{ auth_code: '28' }, 'ACQ.PAYMENT_AUTH_CODE_INVALID'],
    [{ auth_code: undefined }, 'ACQ.PAYMENT_AUTH_CODE_INVALID'],
    [{ total_amount: '0' }, 'ACQ.INVALID_PARAMETER'],
    [{ product_code: 'JSAPI_PAY' }, 'ACQ.INVALID_PARAMETER'],
    [{ sub_merchant: { merchant_id: '2088' } }, 'ACQ.INVALID_PARAMETER'],
  ];
  for (const [more, subCode] of rows) {
    const { fields } = await pay(more);
    assert.deepEqual([fields.code, fields.sub_code], ['40004', subCode], JSON.stringify(more));
  }
  const orderNo = freshNo();
  await callV2(city, 'alipay.trade.precreate', orderContent(city, orderNo));
  const taken = await callV2(city, 'alipay.trade.pay', barContent(city, orderNo, showCode(city)));
  assert.equal(taken.fields.sub_code, 'ACQ.CONTEXT_INCONSISTENT', 'the number is another order’s');
  return `${rows.length + 1} refusals`;
}

/** Each byte of what was signed, one at a time: no code is ever charged by a changed request. */
async function flipped(city: TestCity): Promise<string> {
  const orderNo = freshNo();
  const content = barContent(city, orderNo, showCode(city));
  const good = signedFields(city, 'alipay.trade.pay', content);
  const text = good.biz_content ?? '';
  let sent = 0;
  for (let at = 0; at < text.length; at += 1) {
    const changed = `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ 1)}${text.slice(at + 1)}`;
    const { fields } = await sendV2(city, { ...good, biz_content: changed });
    assert.equal(fields.sub_code, 'isv.invalid-signature');
    sent += 1;
  }
  assert.ok(!city.gateway.orders().some((row) => row.orderNo === orderNo), 'nothing was charged');
  assert.equal((await sendV2(city, good)).fields.code, '10000', 'the control is accepted');
  return `${sent} changed requests, 0 accepted`;
}

export const CODE_CASES: readonly Case[] = [
  ['trade.pay, key mode', 'alipay-sdk', (city) => paidAtOnce(city, keySdk(city))],
  ['trade.pay, certificates', 'alipay-sdk', (city) => paidAtOnce(city, certSdk(city))],
  ['trade.pay waits (10003)', 'alipay-sdk', (city) => waits(city, keySdk(city))],
  ['trade.cancel', 'alipay-sdk', (city) => reversals(city, keySdk(city))],
  ['trade.pay and cancel over v3', 'alipay-sdk', (city) => overV3(city, keySdk(city))],
  ['trade.pay refusals', 'raw', refusals],
  ['trade.pay, every byte flipped', 'raw', flipped],
];
