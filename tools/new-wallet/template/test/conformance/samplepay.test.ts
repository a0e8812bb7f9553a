/** The city's gateway before a client that knows nothing of Hutong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSamplepayAccount } from '../../sandbox/gateways/samplepay/account.ts';
import { openSamplepayGateway } from '../../sandbox/gateways/samplepay/gateway.ts';
import type { Gateway } from '../../sandbox/kit/kit.ts';
import { type OpenedKit, openKit } from '../../sandbox/kit/open-kit.ts';
import { headersFor, isGenuine } from './second-verifier-samplepay.ts';

const explained: string[] = [];
let dir = '';
let opened: OpenedKit;
let gateway: Gateway;
let sdk: Awaited<ReturnType<typeof makeSamplepayAccount>>['sdkCredentials'];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'hutong-samplepay-'));
  opened = await openKit({
    ...{ dir, publicUrl: 'http://127.0.0.1:4100', allowLocalCallbacks: true },
    log: (line) => explained.push(line),
  });
  gateway = openSamplepayGateway(opened.kit);
  const request = { label: 'credentials', name: '外来客', subMerchantNames: [] };
  sdk = (await makeSamplepayAccount(opened.kit, request)).sdkCredentials;
});

afterAll(async () => {
  await opened.close();
  rmSync(dir, { recursive: true, force: true });
});

async function post(path: string, body: string, signed = headersFor(sdk, path, body)) {
  const request = { method: 'POST', target: path, path, queryText: '', headers: signed };
  const answer = await gateway.handle({ ...request, body: Buffer.from(body) });
  if ('lost' in answer) throw new Error('no answer');
  const { status, headers } = answer;
  const text = answer.body.toString();
  expect(isGenuine(sdk.wallet_public_key, headers, text)).toBe(true);
  expect(isGenuine(sdk.wallet_public_key, headers, `${text} `)).toBe(false);
  return { status, fields: JSON.parse(text) as Readonly<Record<string, string>> };
}

const ORDER = JSON.stringify({
  ...{ order_no: 'OUT0001', sub_merchant: '9100000001', amount: '100', currency: 'CNY' },
  ...{ description: '茶', notify_url: 'https://shop.example/n', expires_at: '20991231235959' },
});

test('makes an order and finds it again', async () => {
  const made = await post('/samplepay/v1/orders', ORDER);
  expect(made.fields).toMatchObject({ code: 'OK', order_no: 'OUT0001', status: 'WAITING' });
  const asked = await post('/samplepay/v1/orders/query', '{"order_no":"OUT0001"}');
  expect(asked.fields).toMatchObject({ code: 'OK', amount: '100', currency: 'CNY' });
});

test('is refused with another key, another body and without a number, with the reason', async () => {
  const path = '/samplepay/v1/orders';
  const ofAnother = await post(path, ORDER, headersFor(sdk, path, ORDER.replace('100', '1')));
  expect(ofAnother).toMatchObject({ status: 401, fields: { code: 'SIGNATURE_REFUSED' } });
  expect(explained.join('\n')).toContain('serialized again after signing');
  const ofElsewhere = await post(path, ORDER, headersFor(sdk, '/samplepay/v1/refunds', ORDER));
  expect(ofElsewhere.fields.code).toBe('SIGNATURE_REFUSED');
  const nobody = await post(path, ORDER, headersFor({ ...sdk, merchant: '1' }, path, ORDER));
  expect(nobody.fields.code).toBe('MERCHANT_UNKNOWN');
});
