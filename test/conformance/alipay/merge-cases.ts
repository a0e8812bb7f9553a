/** Merged payments: no SDK looks into them, so the second verifier signs and checks. */

import { freshNo } from '../../helpers/gateway-city.ts';
import { decodeForm, isNotifySigned, signRequest } from '../second-verifier-alipay.ts';
import type { TestCity } from './city.ts';
import { callV2, commonFields, sendV2 } from './raw.ts';
import { assert, type Case, orderContent } from './rows.ts';

function details(city: TestCity, numbers: readonly string[], productCode: string) {
  return numbers.map((orderNo, index) => ({
    app_id: city.account.demo.app_id,
    seller_id: city.account.demo.pid,
    ...orderContent(city, orderNo, { product_code: productCode }),
    sub_merchant: { merchant_id: city.account.smids[index], merchant_type: 'alipay' },
  }));
}

function carried(city: TestCity, method: string, content: object, more: object = {}) {
  const fields = { ...commonFields(city, method, content), ...more };
  return signRequest(fields, city.account.demo.app_private_key);
}

async function wapMerge(city: TestCity): Promise<string> {
  const numbers = [freshNo(), freshNo(), freshNo()];
  const outMergeNo = freshNo('M');
  const content = {
    out_merge_no: outMergeNo,
    timeout_express: '10m',
    order_details: details(city, numbers, 'QUICK_WAP_WAY'),
  };
  const method = 'alipay.trade.merge.precreate';
  const made = await sendV2(city, carried(city, method, content, { notify_url: city.notifyUrl }));
  assert.equal(made.fields.code, '10000', made.text);
  assert.equal(made.fields.out_merge_no, outMergeNo);
  const pay = carried(city, 'alipay.trade.wap.merge.pay', {
    pre_order_no: made.fields.pre_order_no,
  });
  const url = `${city.url}/gateway.do?${new URLSearchParams(pay)}`;
  assert.match(await (await fetch(url)).text(), /¥266\.64/);
  for (const orderNo of numbers) {
    const before = await callV2(city, 'alipay.trade.query', { out_trade_no: orderNo });
    assert.equal(before.fields.sub_code, 'ACQ.TRADE_NOT_EXIST');
  }
  const scanned = await city.gateway.scan(url);
  assert.equal(scanned?.amountFen, 26_664n);
  await city.settle();
  city.callbacks.length = 0;
  assert.equal((await city.scanAndPay(url)).status, 'paid');
  await city.settle();
  const notified = city.callbacks.map(({ body }) => decodeForm(body.toString('utf8')));
  assert.deepEqual(notified.map((one) => one.out_trade_no).sort(), [...numbers].sort());
  for (const one of notified) {
    assert.ok(isNotifySigned(one, city.account.demo.alipay_public_key));
    assert.equal(one.total_amount, '88.88');
  }
  const refund = {
    out_trade_no: numbers[1],
    refund_amount: '88.88',
    out_request_no: `${outMergeNo}R`,
  };
  const refunded = await callV2(city, 'alipay.trade.refund', refund);
  assert.equal(refunded.fields.fund_change, 'Y');
  await city.settle();
  const rows = city.gateway.orders().filter((row) => row.combineOrderNo === outMergeNo);
  assert.deepEqual(
    rows.map((row) => `${row.orderNo} ${row.state}`).sort(),
    numbers.map((no, index) => `${no} ${index === 1 ? 'refunded' : 'paid'}`).sort(),
  );
  return '3 sub-orders: created on scan, paid together, notified and refunded one by one';
}

async function appAndPage(city: TestCity): Promise<string> {
  const one = [freshNo(), freshNo()];
  const content = {
    out_merge_no: freshNo('M'),
    order_details: details(city, one, 'QUICK_MSECURITY_PAY'),
  };
  const made = await callV2(city, 'alipay.trade.merge.precreate', content);
  const pay = carried(city, 'alipay.trade.app.merge.pay', {
    pre_order_no: made.fields.pre_order_no,
  });
  const orderString = new URLSearchParams(pay).toString();
  assert.equal((await city.scanAndPay({ order_string: orderString })).status, 'paid');
  const two = [freshNo(), freshNo()];
  const page = carried(city, 'alipay.trade.page.merge.pay', {
    out_merge_no: freshNo('M'),
    order_details: details(city, two, 'FAST_INSTANT_TRADE_PAY'),
  });
  const { biz_content: biz = '', ...query } = page;
  const action = `${city.url}/gateway.do?${new URLSearchParams(query)}`;
  const html = await (
    await fetch(action, { method: 'POST', body: new URLSearchParams({ biz_content: biz }) })
  ).text();
  assert.match(html, /¥177\.76/);
  assert.match(html, /&lt;b&gt;竹&amp;编/, 'names are escaped');
  const form = JSON.stringify({ action, fields: { biz_content: biz } });
  assert.equal((await city.scanAndPay(form)).status, 'paid');
  return 'app.merge.pay order string and page.merge.pay form paid';
}

async function allOrNothing(city: TestCity): Promise<string> {
  const numbers = [freshNo(), freshNo()];
  const content = {
    out_merge_no: freshNo('M'),
    time_expire: '2099-01-01 00:00:00',
    order_details: details(city, numbers, 'QUICK_WAP_WAY'),
  };
  const unnamed = { ...content, out_merge_no: undefined };
  const refused = await callV2(city, 'alipay.trade.merge.precreate', unnamed);
  assert.equal(refused.fields.sub_code, 'ACQ.INVALID_PARAMETER');
  const made = await callV2(city, 'alipay.trade.merge.precreate', content);
  const again = await callV2(city, 'alipay.trade.merge.precreate', content);
  assert.equal(again.fields.pre_order_no, made.fields.pre_order_no);
  const changed = { ...content, order_details: content.order_details.slice(1) };
  const other = await callV2(city, 'alipay.trade.merge.precreate', changed);
  assert.equal(other.fields.sub_code, 'ACQ.CONTEXT_INCONSISTENT');
  const pay = carried(city, 'alipay.trade.wap.merge.pay', {
    pre_order_no: made.fields.pre_order_no,
  });
  const url = `${city.url}/gateway.do?${new URLSearchParams(pay)}`;
  const scanned = await city.gateway.scan(url);
  await callV2(city, 'alipay.trade.close', { out_trade_no: numbers[0] });
  const coupon = { platformFen: 0n, merchantFen: 0n };
  const ref = scanned?.ref ?? '';
  const paid = await city.gateway.pay({ ref, payerWallet: 'alipay', outcome: 'success', coupon });
  assert.equal(paid.status, 'closed');
  const rest = await callV2(city, 'alipay.trade.query', { out_trade_no: numbers[1] });
  assert.equal(rest.fields.trade_status, 'WAIT_BUYER_PAY', 'none was paid');
  await city.advance(15 * 60_000 + 1);
  const late = await callV2(city, 'alipay.trade.query', { out_trade_no: numbers[1] });
  assert.equal(late.fields.trade_status, 'TRADE_CLOSED', '15 minutes at most');
  return 'a closed sub-order keeps the rest from being paid; 15 minutes at most';
}

export const MERGE_CASES: readonly Case[] = [
  ['wap.merge.pay', 'second verifier', wapMerge],
  ['app.merge.pay and page.merge.pay', 'second verifier', appAndPage],
  ['all or nothing', 'second verifier', allOrNothing],
];
