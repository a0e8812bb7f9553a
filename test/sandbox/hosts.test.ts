/**
 * Host names at the gateways: SDKs whose host is a constant keep it in the Host header when they
 * are pointed here, so signed calls are taken under the wallets' own names, and nothing else is.
 */
import { createSign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenCity, openCity } from '../../sandbox/city.ts';
import { GATEWAY_MAKERS } from '../../sandbox/gateways/all.ts';
import { isHostName } from '../../sandbox/http/host-policy.ts';
import { pooledKeyPair } from '../helpers/key-pool.ts';
import { type Answer, call, REQUESTS } from './city-support.ts';
import { temporaryDir } from './support.ts';

let city: OpenCity;
let wechatpay: { mchid: string; serial_no: string; private_key: string };

beforeAll(async () => {
  city = await openCity({
    newKeyPair: pooledKeyPair,
    ...{ dir: temporaryDir(), host: '127.0.0.1', port: 0, allowLocalCallbacks: true },
    ...{ controlToken: null, makers: GATEWAY_MAKERS, log: () => undefined },
    gatewayHostNames: ['pay.example'],
  });
  const accounts = await city.openAccounts(REQUESTS);
  wechatpay = accounts.get('credentials')?.get('wechatpay')?.sdkCredentials as typeof wechatpay;
});
afterAll(() => city.close());

function signedQuery(host: string, origin?: string): Promise<Answer> {
  const target = `/v3/pay/transactions/out-trade-no/NOSUCH01?mchid=${wechatpay.mchid}`;
  const timestamp = Math.floor(Date.now() / 1000);
  const text = `GET\n${target}\n${timestamp}\nn0nce\n\n`;
  const signature = createSign('sha256').update(text).sign(wechatpay.private_key, 'base64');
  const parts = Object.entries({
    ...{ mchid: wechatpay.mchid, nonce_str: 'n0nce', signature },
    ...{ timestamp, serial_no: wechatpay.serial_no },
  }).map(([name, value]) => `${name}="${value}"`);
  const authorization = `WECHATPAY2-SHA256-RSA2048 ${parts.join(',')}`;
  const more = origin === undefined ? {} : { origin };
  return call(`${city.url}${target}`, 'GET', undefined, { host, authorization, ...more });
}

describe('hosts of the gateways', () => {
  test("F5: a signed call is taken under the wallet's own name", async () => {
    for (const host of ['api.mch.weixin.qq.com', 'API2.MCH.weixin.qq.com', 'pay.example:443']) {
      const answer = await signedQuery(host);
      expect([answer.status, answer.json.code], host).toEqual([404, 'ORDER_NOT_EXIST']);
    }
  });

  test.each([
    ['/gateway.do', 'openapi.alipay.com', 'isv.missing-method'],
    ['/v3/alipay/trade/query', 'openapi.alipay.com', 'missing-timestamp'],
    ['/gateway/api/queryTrans.do', 'gateway.95516.com', 'respCode='],
    ['/gateway/api/queryTrans.do', 'gateway.test.95516.com', 'respCode='],
    ['/service/query', 'paygate.jd.com', 'SBX0001'],
    ['/jdpay/saveOrder', 'wepay.jd.com', 'SBX'],
    ['/pay/orderquery', 'api.mch.weixin.qq.com', 'return_code'],
    ['/service/query', 'pay.example', 'SBX0001'],
  ])('F5: %s is served under %s', async (path, host, said) => {
    const answer = await call(`${city.url}${path}`, 'POST', '', { host });
    expect(answer.text).toContain(said);
    expect(answer.text).not.toMatch(/foreign.host|SBX0007/i);
  });

  test.each([
    ['/v3/pay/transactions/native', '"code":"FOREIGN_HOST"'],
    ['/pay/orderquery', '<return_code><![CDATA[FAIL]]></return_code>'],
    ['/gateway.do', '"sub_code":"isv.foreign-host"'],
    ['/v3/alipay/trade/query', '"code":"foreign-host"'],
    ['/gateway/api/backTransReq.do', 'respCode=10&respMsg='],
    ['/service/uniorder', '<code>SBX0007</code>'],
    ['/jdpay/saveOrder', 'SBX0007'],
  ])("F5: %s refuses another Host in its wallet's own shape", async (path, said) => {
    for (const host of ['evil.example', 'api.mch.weixin.qq.com.evil.example', 'a b']) {
      const answer = await call(`${city.url}${path}`, 'POST', '', { host });
      expect(answer.status, host).toBe(403);
      expect(answer.text).toContain(said);
      expect(answer.text).toContain('--gateway-host');
    }
  });

  test("F5: a wallet's name opens that wallet's paths alone", async () => {
    const crossed = { host: 'openapi.alipay.com' };
    const answer = await call(`${city.url}/v3/certificates`, 'GET', undefined, crossed);
    expect([answer.status, answer.json.code]).toEqual([403, 'FOREIGN_HOST']);
  });

  test.each([
    ...['/', '/phone', '/phone/scan', '/control/orders', '/healthz', '/favicon.ico'],
    ...['/jdpay/payCashier', '/alipay/cashier.htm', '/oauth2/publicAppAuthorize.htm'],
    ...['/connect/oauth2/authorize', '/cgi-bin/mmpayweb-bin/checkmweb', '/nothing'],
  ])('F5: %s is called locally only', async (path) => {
    for (const host of [
      'api.mch.weixin.qq.com',
      'openapi.alipay.com',
      'wepay.jd.com',
      'pay.example',
    ]) {
      const answer = await call(`${city.url}${path}`, 'GET', undefined, { host });
      expect([answer.status, answer.json.error.code], host).toEqual([403, 'foreign_host']);
    }
  });

  test("F5: a page of another Origin may not call under a wallet's name either", async () => {
    const answer = await signedQuery('api.mch.weixin.qq.com', 'https://evil.example');
    expect([answer.status, answer.json.error.code]).toEqual([403, 'foreign_origin']);
  });

  test('F5: --gateway-host is a plain host name', () => {
    for (const name of ['pay.example', 'localhost', 'a-1.b2']) expect(isHostName(name)).toBe(true);
    for (const name of ['', 'https://a', 'a:1', 'a/b', 'a b', '.a', 'a..b', `${'a'.repeat(254)}`]) {
      expect(isHostName(name), name).toBe(false);
    }
  });
});
