/** The seller's counter over HTTP against a double of the Hutong API. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scannedCode } from './counter-sale.ts';
import { type Bazaar, runBazaar } from './main.ts';
import { FakePlatform, refusal, SECRETS } from './testing-platform.ts';

const CODE = '281234567890123456';

let fake: FakePlatform;
let bazaar: Bazaar;
let dir: string;
let logged: string[];
let cookie: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bazaar-counter-'));
  fake = new FakePlatform();
  await fake.start();
  logged = [];
  cookie = '';
  const marketplace = (name: keyof typeof SECRETS) => ({
    baseUrl: fake.url,
    secretKey: `sk_test_${name}`,
    merchants: [`mer_${name}_1`, `mer_${name}_2`],
    webhookSecret: SECRETS[name],
  });
  bazaar = await runBazaar({
    port: 0,
    dir,
    marketplaces: { taobao: marketplace('taobao'), tmall: marketplace('tmall') },
    log: (line) => void logged.push(line),
  });
});
afterEach(async () => {
  await bazaar.stop();
  await fake.stop();
  await rm(dir, { recursive: true });
});

async function get(path: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(bazaar.url + path, {
    headers: { cookie, 'accept-language': 'en' },
    redirect: 'manual',
  });
  const [given] = answer.headers.getSetCookie();
  if (given !== undefined) cookie = given.split(';')[0] ?? '';
  return { status: answer.status, text: await answer.text() };
}

async function charge(nonce: string, fields: Record<string, string> = {}) {
  const seller = /<option value="([^"]+)"/.exec((await get('/taobao/counter')).text)?.[1] ?? '';
  const answer = await fetch(`${bazaar.url}/taobao/counter`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie, origin: bazaar.url, 'accept-language': 'en' },
    body: new URLSearchParams({ seller, nonce, amount: '12.50', code: CODE, ...fields }),
  });
  const place = answer.headers.get('location') ?? '';
  return { status: answer.status, place, text: await answer.text() };
}

async function freshNonce(): Promise<string> {
  const { text } = await get('/taobao/counter');
  return /name="nonce" value="([^"]+)"/.exec(text)?.[1] ?? '';
}

async function notify(type: string, object: { id: string }): Promise<void> {
  const { body, headers } = fake.event('taobao', type, object);
  const answer = await fetch(`${bazaar.url}/webhooks/taobao`, { method: 'POST', headers, body });
  expect(answer.status).toBe(204);
}

const intentOf = () => [...fake.intents.values()][0]!;
const attemptsMade = () => fake.calls.filter(({ path }) => path.endsWith('/attempts'));

describe('scanning a buyer’s code', () => {
  it('charges it once, by the code alone, and is paid when the webhook says so', async () => {
    const nonce = await freshNonce();
    const { status, place } = await charge(nonce);
    expect(status).toBe(303);
    const waiting = (await get(place)).text;
    expect(waiting).toContain('entering the PIN');
    expect(waiting).not.toContain('Charge again');
    expect((await charge(nonce)).place).toBe(place);
    expect(attemptsMade()).toHaveLength(1);
    expect(attemptsMade()[0]).toMatchObject({ body: { payer: { auth_code: CODE } } });
    expect(intentOf()).toMatchObject({ amount: 1250, sub_orders: [{ merchant: 'mer_taobao_1' }] });
    const paid = fake.setIntent(intentOf().id, { status: 'succeeded', wallet: 'alipay' });
    await notify('payment_intent.succeeded', paid);
    const page = (await get(place)).text;
    expect(page).toContain('hand over the goods');
    expect(page).toContain('Alipay');
  });

  it('keeps the code nowhere', async () => {
    const { place } = await charge(await freshNonce());
    expect((await get(place)).text).not.toContain(CODE);
    expect(await readFile(join(dir, 'orders.jsonl'), 'utf8')).not.toContain(CODE);
    expect(logged.join()).not.toContain(CODE);
  });

  it('shows what the wallet said when it declines', async () => {
    const nonce = await freshNonce();
    fake.failures.push(
      { status: 201, body: { id: 'pi_x', amount: 1250, cashier_url: 'x', sub_orders: [] } },
      refusal(402, 'wallet_error', 'wallet_declined'),
    );
    const { place } = await charge(nonce);
    expect((await get(place)).text).toContain('The wallet declined');
  });

  it('is reversed when the webhook says that nothing came of it', async () => {
    const { place } = await charge(await freshNonce());
    const object = { id: 'pa_9', payment_intent: intentOf().id, wallet: 'alipay', failure: null };
    await notify('payment_attempt.closed', { ...object, status: 'closed' } as { id: string });
    expect((await get(place)).text).toContain('Not paid, reversed');
  });

  it('never sends a code twice when its outcome is unknown', async () => {
    const nonce = await freshNonce();
    fake.failures.push(
      { status: 201, body: { id: 'pi_x', amount: 1250, cashier_url: 'x', sub_orders: [] } },
      refusal(503, 'api_error', 'busy', true),
    );
    const { place } = await charge(nonce);
    expect((await get(place)).text).toContain('Charging');
    await charge(nonce);
    expect(attemptsMade()).toHaveLength(1);
  });

  it.each([
    [{ amount: '' }, 'Wrong amount'],
    [{ amount: '12.505' }, 'Wrong amount'],
    [{ code: '123' }, 'no payment code'],
    [{ code: 'https://qr.example/' }, 'no payment code'],
  ])('refuses %j and asks for nothing', async (fields, words) => {
    const answer = await charge(await freshNonce(), fields as Record<string, string>);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain(words);
    expect(answer.text).not.toContain(CODE);
    expect(fake.calls).toEqual([]);
  });

  it('takes what a scanner gun types', () => {
    expect(scannedCode(' 2812 3456 7890 1234 56\r\n')).toBe(CODE);
    expect(scannedCode('')).toBeUndefined();
  });
});

it('shows each seller’s stand', async () => {
  const { text } = await get('/taobao/counter');
  const place = /href="(\/taobao\/stands\/[^"]+)"/.exec(text)?.[1] ?? '';
  const stand = await get(place);
  expect(stand.status).toBe(200);
  expect(stand.text).toContain(`${fake.url}/c/1`);
  expect(stand.text).toContain(`${place}/stand.pdf`);
  expect((await get('/taobao/stands/nobody')).status).toBe(404);
});
