/** demo.json's merchants of WeChat Pay, called by hand: v3 payment codes, refused characters. */
import { createSign, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OpenCity, openCity } from '../../sandbox/city.ts';
import { GATEWAY_MAKERS } from '../../sandbox/gateways/all.ts';
import { pooledKeyPair } from '../helpers/key-pool.ts';
import { call, REQUESTS } from './city-support.ts';
import { temporaryDir } from './support.ts';

interface SdkCredentials {
  readonly appid: string;
  readonly mchid: string;
  readonly serial_no: string;
  readonly private_key: string;
  readonly payment_code?: SdkCredentials;
}

const notices: string[] = [];
let city: OpenCity;
let sdk: SdkCredentials;

beforeAll(async () => {
  city = await openCity({
    newKeyPair: pooledKeyPair,
    ...{ dir: temporaryDir(), host: '127.0.0.1', port: 0, allowLocalCallbacks: true },
    ...{ controlToken: null, makers: GATEWAY_MAKERS, log: (line) => void notices.push(line) },
  });
  const made = await city.openAccounts(REQUESTS);
  sdk = made.get('credentials')?.get('wechatpay')?.sdkCredentials as SdkCredentials;
});
afterAll(() => city.close());

function post(own: SdkCredentials, target: string, content: object) {
  const body = JSON.stringify(content);
  const [timestamp, nonce] = [Math.floor(Date.now() / 1000), randomUUID()];
  const text = `POST\n${target}\n${timestamp}\n${nonce}\n${body}\n`;
  const signature = createSign('sha256').update(text).sign(own.private_key, 'base64');
  const authorization =
    `WECHATPAY2-SHA256-RSA2048 mchid="${own.mchid}",nonce_str="${nonce}",` +
    `signature="${signature}",timestamp="${timestamp}",serial_no="${own.serial_no}"`;
  return call(`${city.url}${target}`, 'POST', body, { authorization });
}

test('F7: the credentials include a merchant with v3 payment codes', async () => {
  const opened = sdk.payment_code as SdkCredentials;
  expect(opened.mchid).not.toBe(sdk.mchid);
  expect(Object.keys(opened)).toEqual(Object.keys(sdk).filter((name) => name !== 'payment_code'));
  const charge = async (own: SdkCredentials) => {
    const shown = await call(`${city.url}/phone/code`, 'POST', { wallet: 'wechatpay' });
    return post(own, '/v3/pay/transactions/codepay', {
      ...{ appid: own.appid, mchid: own.mchid, description: '一双布鞋' },
      ...{ out_trade_no: `CP${own.mchid}`, amount: { total: 1_280 } },
      payer: { auth_code: shown.json.auth_code },
      scene_info: { store_info: { id: '1' } },
    });
  };
  expect((await charge(sdk)).json.code).toBe('NO_AUTH');
  const paid = await charge(opened);
  expect([paid.status, paid.json.trade_state]).toEqual([200, 'SUCCESS']);
});

test('F7: the log names the character that a description cannot have', async () => {
  const refused = await post(sdk, '/v3/pay/transactions/native', {
    ...{ appid: sdk.appid, mchid: sdk.mchid, description: '布鞋😀' },
    ...{ out_trade_no: 'EMOJI0001', amount: { total: 1 }, notify_url: 'https://shop.example/n' },
  });
  expect(refused.json.code).toBe('PARAM_ERROR');
  expect(notices.at(-1)).toContain('/description: character 3, "😀" U+1F600,');
});
