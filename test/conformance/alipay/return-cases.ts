/** return_url, which PHP clients send with every call, and what a subject cannot have. */
import { createPublicKey, verify } from 'node:crypto';
import { freshNo } from '../../helpers/gateway-city.ts';
import { signRequest } from '../second-verifier-alipay.ts';
import type { TestCity } from './city.ts';
import { callV2, commonFields, sendV2 } from './raw.ts';
import { assert, type Case, certSdk, orderContent } from './rows.ts';

const RETURN_URL = 'https://shop.example/back';

function signedWithReturn(city: TestCity, method: string, content: object) {
  const fields = { ...commonFields(city, method, content), return_url: RETURN_URL };
  return signRequest(fields, city.account.demo.app_private_key);
}

async function noReturn(city: TestCity): Promise<string> {
  const content = orderContent(city, freshNo());
  const fields = signedWithReturn(city, 'alipay.trade.precreate', content);
  const made = await sendV2(city, fields);
  assert.equal(made.fields.code, '10000', made.text);
  const paid = await city.scanAndPay(made.fields.qr_code ?? '');
  assert.deepEqual(paid, { status: 'paid', returnUrl: undefined });
  const app = { ...orderContent(city, freshNo()), product_code: 'QUICK_MSECURITY_PAY' };
  const order = new URLSearchParams(signedWithReturn(city, 'alipay.trade.app.pay', app));
  const done = await city.scanAndPay(order.toString());
  assert.deepEqual(done, { status: 'paid', returnUrl: undefined });
  return 'a code and an app return nowhere';
}

async function pageReturns(city: TestCity): Promise<string> {
  for (const [method, product] of [
    ['alipay.trade.page.pay', 'FAST_INSTANT_TRADE_PAY'],
    ['alipay.trade.wap.pay', 'QUICK_WAP_WAY'],
  ] as const) {
    const content = { ...orderContent(city, freshNo()), product_code: product };
    const query = new URLSearchParams(signedWithReturn(city, method, content));
    const paid = await city.scanAndPay(`${city.url}/gateway.do?${query}`);
    const back = new URL(paid.returnUrl ?? '');
    assert.equal(`${back.origin}${back.pathname}`, RETURN_URL);
    assert.equal(back.searchParams.get('method'), `${method}.return`);
  }
  return 'page and wap go back, signed';
}

async function namedCharacter(city: TestCity): Promise<string> {
  for (const [subject, hint] of [
    ['鞋/袜', 'character 2, "/" U+002F,'],
    ['1=1', 'character 2, "=" U+003D,'],
    ['a&b', 'character 2, "&" U+0026,'],
  ] as const) {
    const content = { ...orderContent(city, freshNo()), subject };
    const refused = await callV2(city, 'alipay.trade.precreate', content);
    assert.equal(refused.fields.sub_code, 'ACQ.INVALID_PARAMETER');
    assert.ok(city.log.at(-1)?.includes(hint), city.log.at(-1));
  }
  return city.log.at(-1) ?? '';
}

async function noCertificateNamed(city: TestCity): Promise<string> {
  const { cert_mode: cert } = city.account.demo;
  const key = createPublicKey(cert.alipay_cert);
  const isSigned = (fields: URLSearchParams): boolean => {
    const text = [...fields]
      .filter(([name]) => name !== 'sign' && name !== 'sign_type')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    const sign = Buffer.from(fields.get('sign') ?? '', 'base64');
    return verify('sha256', Buffer.from(text), key, sign);
  };
  const bizContent = { ...orderContent(city, freshNo()), product_code: 'FAST_INSTANT_TRADE_PAY' };
  const { notifyUrl } = city;
  const asked = { bizContent, notifyUrl, returnUrl: RETURN_URL };
  const url = certSdk(city).pageExecute('alipay.trade.page.pay', 'GET', asked);
  city.callbacks.length = 0;
  const { returnUrl = '' } = await city.scanAndPay(url);
  await city.settle();
  const body = city.callbacks.at(-1)?.body.toString('utf8') ?? '';
  for (const fields of [new URLSearchParams(body), new URL(returnUrl).searchParams]) {
    assert.equal(fields.get('app_id'), cert.app_id);
    assert.equal(fields.get('alipay_cert_sn'), null);
    assert.ok(isSigned(fields), fields.toString());
  }
  return 'callback and return URL, signed by the certificate that they do not name';
}

export const RETURN_CASES: readonly Case[] = [
  ['F7: return_url of a QR code or an app order says nothing', 'raw', noReturn],
  ['F7: a page and a wap order go back, under their own method', 'raw', pageReturns],
  ['F3: in certificate mode neither names a certificate', 'alipay-sdk', noCertificateNamed],
  ['F7: the log names the character that a subject cannot have', 'raw', namedCharacter],
];
