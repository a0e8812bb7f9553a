/** alipay-sdk, unmodified, over HTTP: protocol v2 in both key modes, v3, pages, app strings. */
import type { AlipayRequestError, AlipaySdk } from 'alipay-sdk';
import { freshNo } from '../../helpers/gateway-city.ts';
import type { TestCity } from './city.ts';
import { assert, type Case, certSdk, keySdk, orderContent } from './rows.ts';

type Answer = Record<string, string | undefined> & { fund_bill_list?: { amount: string }[] };

async function exec(sdk: AlipaySdk, method: string, params: object): Promise<Answer> {
  return (await sdk.exec(method, params, { validateSign: true })) as unknown as Answer;
}

async function v2Life(city: TestCity, sdk: AlipaySdk): Promise<string> {
  const orderNo = freshNo();
  const bizContent = orderContent(city, orderNo);
  const made = await exec(sdk, 'alipay.trade.precreate', {
    notify_url: city.notifyUrl,
    bizContent,
  });
  assert.equal(made.code, '10000', JSON.stringify(made));
  assert.equal(made.out_trade_no, orderNo);
  assert.match(made.qr_code ?? '', /^https:\/\/qr\.alipay\.com\/bax/);
  const query = { bizContent: { out_trade_no: orderNo } };
  const before = await exec(sdk, 'alipay.trade.query', query);
  assert.equal(before.sub_code, 'ACQ.TRADE_NOT_EXIST');
  const scanned = await city.gateway.scan(made.qr_code ?? '');
  assert.equal(scanned?.state, 'payable');
  const waiting = await exec(sdk, 'alipay.trade.query', query);
  assert.equal(waiting.trade_status, 'WAIT_BUYER_PAY');
  await city.scanAndPay(made.qr_code ?? '', { coupon: { platformFen: 100n, merchantFen: 200n } });
  const paid = await exec(sdk, 'alipay.trade.query', query);
  assert.equal(paid.trade_status, 'TRADE_SUCCESS');
  assert.equal(paid.total_amount, '88.88');
  assert.equal(paid.buyer_pay_amount, '85.88');
  assert.equal(paid.receipt_amount, '86.88');
  assert.match(paid.trade_no ?? '', /^\d{28}$/);
  const sum = (paid.fund_bill_list ?? []).reduce((total, one) => total + Number(one.amount), 0);
  assert.equal(sum.toFixed(2), '88.88');
  const first = { out_trade_no: orderNo, refund_amount: '30.00', out_request_no: `${orderNo}R1` };
  const r1 = await exec(sdk, 'alipay.trade.refund', { bizContent: first });
  assert.deepEqual([r1.fund_change, r1.refund_fee], ['Y', '30.00']);
  const again = await exec(sdk, 'alipay.trade.refund', { bizContent: first });
  assert.deepEqual([again.fund_change, again.refund_fee], ['N', '30.00']);
  const second = { ...first, refund_amount: '20', out_request_no: `${orderNo}R2` };
  const r2 = await exec(sdk, 'alipay.trade.refund', { bizContent: second });
  assert.deepEqual([r2.fund_change, r2.refund_fee], ['Y', '50.00']);
  const refundQuery = 'alipay.trade.fastpay.refund.query';
  const asked = await exec(sdk, refundQuery, { bizContent: second });
  assert.deepEqual([asked.refund_status, asked.refund_amount], ['REFUND_SUCCESS', '20.00']);
  assert.equal(asked.send_back_fee, undefined, 'what moved is returned only on request');
  const options = { ...second, query_options: ['refund_detail_item_list'] };
  const moved = await exec(sdk, refundQuery, { bizContent: options });
  // The merchant funded a coupon: of 50.00 it refunds 48.87, of the first 30.00 29.32.
  assert.equal(moved.send_back_fee, '19.55');
  return `precreate, scan, pay, 2 refunds of ${orderNo}; every answer verified`;
}

async function v3Life(city: TestCity, sdk: AlipaySdk): Promise<string> {
  const orderNo = freshNo();
  const post = async (path: string, body: Record<string, unknown>) =>
    (await sdk.curl<Record<string, string>>('POST', `/v3/alipay/trade/${path}`, { body })).data;
  const made = await post('precreate', {
    ...orderContent(city, orderNo),
    notify_url: city.notifyUrl,
  });
  assert.equal(made.out_trade_no, orderNo);
  await assert.rejects(
    post('query', { out_trade_no: orderNo }),
    (error: AlipayRequestError) =>
      error.code === 'ACQ.TRADE_NOT_EXIST' && error.responseHttpStatus === 400,
  );
  await city.scanAndPay(made.qr_code ?? '');
  const paid = await post('query', { out_trade_no: orderNo });
  assert.equal(paid.trade_status, 'TRADE_SUCCESS');
  const refund = { out_trade_no: orderNo, refund_amount: '88.88', out_request_no: `${orderNo}R` };
  assert.equal((await post('refund', refund)).fund_change, 'Y');
  assert.equal((await post('fastpay/refund/query', refund)).refund_status, 'REFUND_SUCCESS');
  assert.equal((await post('query', { out_trade_no: orderNo })).trade_status, 'TRADE_CLOSED');
  const other = freshNo();
  const created = await post('create', {
    ...orderContent(city, other),
    buyer_id: city.account.demo.buyer_ids[0],
    product_code: 'JSAPI_PAY',
  });
  assert.match(created.trade_no ?? '', /^\d{28}$/);
  assert.equal((await post('close', { out_trade_no: other })).out_trade_no, other);
  await assert.rejects(
    post('close', { out_trade_no: other }),
    (error: AlipayRequestError) => error.code === 'ACQ.TRADE_STATUS_ERROR',
  );
  return `precreate, query, refund, create, close of ${orderNo} over v3`;
}

async function pageForm(city: TestCity, sdk: AlipaySdk): Promise<string> {
  const orderNo = freshNo();
  const html = sdk.pageExecute('alipay.trade.page.pay', 'POST', {
    returnUrl: 'http://shop.example/back?x=1',
    notifyUrl: city.notifyUrl,
    bizContent: orderContent(city, orderNo, { product_code: 'FAST_INSTANT_TRADE_PAY' }),
  });
  const action = /action="([^"]+)"/.exec(html)?.[1] ?? '';
  const fields: Record<string, string> = {};
  for (const [, name = '', value = ''] of html.matchAll(/name="(\w+)" value="([^"]*)"/g)) {
    fields[name] = value.replaceAll('&quot;', '"');
  }
  const page = await (
    await fetch(action, { method: 'POST', body: new URLSearchParams(fields) })
  ).text();
  assert.match(page, /¥88\.88/);
  assert.match(page, /青瓷茶具店/);
  const { status, returnUrl } = await city.scanAndPay({ action, fields });
  assert.equal(status, 'paid');
  const back = Object.fromEntries(new URL(returnUrl ?? '').searchParams);
  const { x, ...signed } = back;
  assert.equal(x, '1');
  assert.equal(signed.out_trade_no, orderNo);
  assert.equal(signed.trade_status, undefined);
  assert.equal(sdk.checkNotifySignV2(signed), true, 'the return URL verifies');
  const cashier = /url=([^"]+)"/.exec(page)?.[1] ?? '';
  const after = await fetch(`${city.url}${cashier}`, { redirect: 'manual' });
  assert.equal(after.status, 302);
  return 'form accepted, cashier shown, paid, return_url signed';
}

async function pageGet(city: TestCity, sdk: AlipaySdk): Promise<string> {
  const orderNo = freshNo();
  const url = sdk.pageExecute('alipay.trade.wap.pay', 'GET', {
    notifyUrl: city.notifyUrl,
    bizContent: orderContent(city, orderNo, { product_code: 'QUICK_WAP_WAY' }),
  });
  const answer = await fetch(url);
  assert.match(answer.headers.get('content-type') ?? '', /text\/html/);
  assert.match(await answer.text(), /沙箱手机支付/);
  assert.equal((await city.scanAndPay(url)).status, 'paid');
  const broken = await fetch(url.replace('88.88', '88.89'));
  assert.match(await broken.text(), /isv\.invalid-signature/);
  return 'GET redirect accepted and paid; a changed amount gives the error page';
}

async function appString(city: TestCity, sdk: AlipaySdk): Promise<string> {
  const orderNo = freshNo();
  const orderString = sdk.sdkExecute('alipay.trade.app.pay', {
    notifyUrl: city.notifyUrl,
    bizContent: orderContent(city, orderNo, { product_code: 'QUICK_MSECURITY_PAY' }),
  });
  assert.equal((await city.scanAndPay({ order_string: orderString })).status, 'paid');
  const changed = orderString.replace('88.88', '00.01');
  assert.equal(await city.gateway.scan({ order_string: changed }), undefined);
  return 'order string accepted by the app; a changed one is not';
}

async function callbacksVerify(city: TestCity, sdk: AlipaySdk): Promise<string> {
  const orderNo = freshNo();
  const subject = `"引号" 100%25 + a\\u4e2d ${'\u{1F375}'}`;
  const passback = encodeURIComponent('a=1&b=2 %+');
  const made = await exec(sdk, 'alipay.trade.precreate', {
    notify_url: city.notifyUrl,
    bizContent: orderContent(city, orderNo, { subject, passback_params: passback }),
  });
  assert.equal(made.code, '10000', JSON.stringify(made));
  await city.settle();
  city.callbacks.length = 0;
  await city.scanAndPay(made.qr_code ?? '');
  await city.settle();
  const refund = { out_trade_no: orderNo, refund_amount: '1.00', out_request_no: `${orderNo}R` };
  await exec(sdk, 'alipay.trade.refund', { bizContent: refund });
  await city.settle();
  // Other cases' messages may still be on their way, and any message may come twice.
  const received = city.callbacks.map(({ body }) =>
    Object.fromEntries(new URLSearchParams(body.toString('utf8'))),
  );
  const own = received.filter((fields) => fields.out_trade_no === orderNo);
  const messages = [...new Map(own.map((fields) => [fields.notify_id, fields])).values()];
  assert.equal(messages.length, 2, JSON.stringify(own));
  const [paid, refunded] = messages;
  for (const fields of [paid, refunded]) {
    assert.equal(sdk.checkNotifySignV2(fields ?? {}), true);
    assert.ok(
      Object.values(fields ?? {}).every((value) => value !== ''),
      'no empty field',
    );
    assert.equal(fields?.alipay_cert_sn, undefined, 'no callback names a certificate');
  }
  assert.deepEqual([paid?.subject, paid?.passback_params], [subject, passback]);
  assert.equal(paid?.trade_status, 'TRADE_SUCCESS');
  assert.equal(paid?.refund_fee, undefined);
  assert.deepEqual(
    [refunded?.trade_status, refunded?.refund_fee, refunded?.out_biz_no],
    ['TRADE_SUCCESS', '1.00', `${orderNo}R`],
  );
  return 'payment and refund callbacks verify with checkNotifySignV2';
}

async function rotation(city: TestCity): Promise<string> {
  const sdk = certSdk(city);
  city.arm('key_rotated');
  const request = { bizContent: { out_trade_no: freshNo() } };
  await assert.rejects(exec(sdk, 'alipay.trade.query', request), /验签失败/);
  const download = await sdk.exec('alipay.open.app.alipaycert.download', {
    bizContent: { alipay_cert_sn: 'ffffffffffffffffffffffffffffffff' },
  });
  assert.equal(download.sub_code, 'ACQ.INVALID_PARAMETER');
  return 'an answer under a new certificate is refused by a client that pins the old one';
}

async function oauth(city: TestCity): Promise<string> {
  const sdk = keySdk(city);
  const { app_id: appId } = city.account.demo;
  const back = encodeURIComponent('http://shop.example/cb?a=1');
  const page = await fetch(
    `${city.url}/oauth2/publicAppAuthorize.htm?app_id=${appId}&scope=auth_base&redirect_uri=${back}&state=s%20t`,
    { redirect: 'manual' },
  );
  const location = new URL(page.headers.get('location') ?? '');
  assert.equal(location.searchParams.get('state'), 's t');
  const code = location.searchParams.get('auth_code') ?? '';
  const params = { grant_type: 'authorization_code', code };
  const token = await exec(sdk, 'alipay.system.oauth.token', params);
  assert.equal(token.user_id, city.account.demo.buyer_ids[0]);
  const second = (await sdk.exec('alipay.system.oauth.token', params)) as unknown as Answer;
  assert.equal(second.sub_code, 'isv.code-invalid');
  return 'auth_base code exchanged once';
}

export const SDK_CASES: readonly Case[] = [
  ['v2 exec, key mode', 'alipay-sdk', (city) => v2Life(city, keySdk(city))],
  ['v2 exec, certificate mode', 'alipay-sdk', (city) => v2Life(city, certSdk(city))],
  ['v3 curl, key mode', 'alipay-sdk', (city) => v3Life(city, keySdk(city))],
  ['v3 curl, certificate mode', 'alipay-sdk', (city) => v3Life(city, certSdk(city))],
  ['page.pay form (POST)', 'alipay-sdk', (city) => pageForm(city, keySdk(city))],
  ['page.pay form (POST), certificates', 'alipay-sdk', (city) => pageForm(city, certSdk(city))],
  ['wap.pay redirect (GET)', 'alipay-sdk', (city) => pageGet(city, keySdk(city))],
  ['app.pay order string', 'alipay-sdk', (city) => appString(city, keySdk(city))],
  ['callbacks, key mode', 'alipay-sdk', (city) => callbacksVerify(city, keySdk(city))],
  ['callbacks, certificates', 'alipay-sdk', (city) => callbacksVerify(city, certSdk(city))],
  ['alipay certificate rotated', 'alipay-sdk', rotation],
  ['oauth auth_base', 'alipay-sdk', oauth],
];
