/** The gateway across a restart, and what its phone and schedule promise the city. */
import { createSign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pooledKeyPair } from '../../../test/helpers/key-pool.ts';
import type { Gateway, WireResponse } from '../../kit/kit.ts';
import { type OpenedKit, openKit } from '../../kit/open-kit.ts';
import { makeWechatpayAccount, type WechatpayAccount } from './account.ts';
import { openWechatpayGateway } from './gateway.ts';

const NO_COUPON = { platformFen: 0n, merchantFen: 0n };
let dir = '';
let opened: OpenedKit;
let gateway: Gateway;
let account: WechatpayAccount;
const explained: string[] = [];

async function start(): Promise<void> {
  opened = await openKit({
    newKeyPair: pooledKeyPair,
    dir,
    publicUrl: 'http://127.0.0.1:4100',
    allowLocalCallbacks: true,
    log: (line) => explained.push(line),
  });
  gateway = openWechatpayGateway(opened.kit);
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'hutong-wechatpay-'));
  await start();
  account = await makeWechatpayAccount(opened.kit, {
    label: 'test',
    name: '测试',
    subMerchantNames: ['甲'],
  });
});

afterEach(async () => {
  await opened.close();
  rmSync(dir, { recursive: true, force: true });
});

async function call(
  method: string,
  target: string,
  value?: unknown,
  signedBody?: string,
): Promise<WireResponse & { json: Record<string, string> }> {
  const { mchid, serialNo, privateKey } = account.credentials;
  const body = value === undefined ? '' : JSON.stringify(value);
  const timestamp = Math.floor(Date.now() / 1000);
  const text = `${method}\n${target}\n${timestamp}\nn\n${signedBody ?? body}\n`;
  const signature = createSign('RSA-SHA256').update(text).sign(privateKey, 'base64');
  const authorization = `WECHATPAY2-SHA256-RSA2048 mchid="${mchid}",nonce_str="n",signature="${signature}",timestamp="${timestamp}",serial_no="${serialNo}"`;
  const [path = '', queryText = ''] = target.split('?');
  const answer = await gateway.handle({
    ...{ method, target, path, queryText, body: Buffer.from(body) },
    headers: { accept: '*/*', 'user-agent': 'test', authorization },
  });
  if ('lost' in answer) throw new Error('lost');
  const reply = answer.body.toString();
  return { ...answer, json: reply === '' ? {} : JSON.parse(reply) };
}

const order = (no: string, seconds = 600) => ({
  appid: account.credentials.appid,
  mchid: account.credentials.mchid,
  description: '茶',
  out_trade_no: no,
  notify_url: 'http://127.0.0.1:9/none',
  time_expire: new Date(opened.clock.nowMs() + seconds * 1000).toISOString(),
  amount: { total: 100 },
});

test('orders, codes, refunds and what is due survive a restart', async () => {
  const open = await call('POST', '/v3/pay/transactions/native', order('OPEN01'));
  const paid = await call('POST', '/v3/pay/transactions/native', order('PAID01'));
  const scanned = await gateway.scan(paid.json.code_url ?? '');
  const payment = { payerWallet: 'wechatpay', outcome: 'success', coupon: NO_COUPON } as const;
  expect(await gateway.pay({ ref: scanned?.ref ?? '', ...payment })).toEqual({ status: 'paid' });
  const refund = {
    out_trade_no: 'PAID01',
    out_refund_no: 'R1',
    amount: { refund: 40, total: 100 },
  };
  const applied = await call('POST', '/v3/refund/domestic/refunds', refund);
  const before = gateway.orders();
  const dueMs = gateway.nextDueMs();
  await opened.close();
  await start();
  expect(gateway.orders()).toEqual(before);
  expect(gateway.nextDueMs()).toBe(dueMs);
  const again = await call('POST', '/v3/refund/domestic/refunds', refund);
  expect(again.json.refund_id).toBe(applied.json.refund_id);
  const now = (dueMs ?? 0) + 1;
  opened.clock.moveTo(now);
  await gateway.runDue(now);
  const queried = await call('GET', '/v3/refund/domestic/refunds/R1');
  expect(queried.json.status).toBe('SUCCESS');
  expect(await gateway.scan(open.json.code_url ?? '')).toMatchObject({
    ...{ wallet: 'wechatpay', payee: '测试', amountFen: 100n, state: 'payable' },
  });
  opened.clock.moveTo(gateway.nextDueMs() ?? 0);
  await gateway.runDue(opened.clock.nowMs());
  expect(gateway.nextDueMs()).toBeNull();
  expect(gateway.orders().map(({ orderNo, state }) => [orderNo, state])).toEqual([
    ['OPEN01', 'closed'],
    ['PAID01', 'paid'],
  ]);
});

test('cancel and lack of funds leave the order open; its paths are recognized', async () => {
  const created = await call('POST', '/v3/pay/transactions/native', order('TRY001'));
  const ref = (await gateway.scan(created.json.code_url ?? ''))?.ref ?? '';
  for (const outcome of ['cancel', 'insufficient_funds', 'success', 'success'] as const) {
    await gateway.pay({ ref, payerWallet: 'wechatpay', outcome, coupon: NO_COUPON });
  }
  expect(gateway.orders()[0]?.state).toBe('paid');
  for (const code of ['', 'weixin://wxpay/bizpayurl?pr=nothing', '{', 'https://a.example', '\0']) {
    expect(await gateway.scan(code)).toBeUndefined();
  }
  const owns = (path: string) =>
    gateway.owns({
      method: 'GET',
      target: path,
      path,
      queryText: '',
      headers: {},
      body: Buffer.alloc(0),
    });
  expect(['/v3/pay/x', '/v3/alipay/trade/pay', '/v3/ant/x', '/gateway.do', '/'].map(owns)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('a bad signature is explained with the string that was signed', async () => {
  explained.length = 0;
  const spaced = JSON.stringify(order('EXPL01'), null, 1);
  const reply = await call('POST', '/v3/pay/transactions/native', order('EXPL01'), '');
  expect(reply.status).toBe(401);
  expect(explained.join('\n')).toContain('the body was left out');
  await call('POST', '/v3/pay/transactions/native', order('EXPL01'), spaced);
  expect(explained.join('\n')).toContain('none of the usual slips');
});
