/**
 * Nothing changed is accepted: every byte of every signature and signed content, one at a time,
 * in requests of both protocols and in callbacks; parameters removed, added, renamed, doubled.
 */

import { wallClock } from '../../../src/runtime/clock.ts';
import { createHttpClient } from '../../../src/runtime/http-client.ts';
import { systemRandom } from '../../../src/runtime/random.ts';
import { alipay } from '../../../src/wallets/alipay/adapter.ts';
import type { Wallet } from '../../../src/wallets/wallet.ts';
import { freshNo } from '../../helpers/gateway-city.ts';
import { decodeForm, type Fields } from '../second-verifier-alipay.ts';
import type { TestCity } from './city.ts';
import { callV2, sendV2, sendV3, signedFields, signV3, v3Parts } from './raw.ts';
import { assert, type Case, keySdk, orderContent } from './rows.ts';

/** Every way to change one UTF-16 unit so that the text stays text. */
export function* flips(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // The lowest bit; surrogates are left whole by replacing them with a letter.
    const next = code >= 0xd800 && code <= 0xdfff ? 'x' : String.fromCharCode(code ^ 1);
    yield text.slice(0, at) + next + text.slice(at + 1);
  }
}

function* base64Flips(sign: string): Generator<string> {
  const bytes = Buffer.from(sign, 'base64');
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    yield changed.toString('base64');
  }
  // The text too: other texts of the same bytes are not that signature.
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let at = 0; at < sign.length; at += 1) {
    const value = letters.indexOf(sign.charAt(at));
    if (value !== -1) yield sign.slice(0, at) + letters.charAt(value ^ 1) + sign.slice(at + 1);
  }
  yield sign.slice(0, -1);
  yield `${sign}=`;
  yield ` ${sign}`;
  yield '';
}

function* fieldFlips(fields: Fields): Generator<Fields> {
  for (const sign of base64Flips(fields.sign ?? '')) yield { ...fields, sign };
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'sign') continue;
    const { [name]: _gone, ...rest } = fields;
    yield rest;
    for (const changed of flips(value)) yield { ...fields, [name]: changed };
    for (const renamed of flips(name)) yield { ...rest, [renamed]: value };
  }
  yield { ...fields, added: '1' };
}

/** Runs `send` over all of `items`, some at a time, and counts which were accepted. */
async function countAccepted<T>(items: Iterable<T>, send: (item: T) => Promise<boolean>) {
  let sent = 0;
  const accepted: T[] = [];
  let batch: Promise<void>[] = [];
  for (const item of items) {
    sent += 1;
    batch.push(send(item).then((isAccepted) => void (isAccepted && accepted.push(item))));
    if (batch.length === 16) {
      await Promise.all(batch);
      batch = [];
    }
  }
  await Promise.all(batch);
  return { sent, accepted };
}

async function paidOrder(city: TestCity): Promise<string> {
  const orderNo = freshNo();
  const made = await callV2(city, 'alipay.trade.precreate', orderContent(city, orderNo));
  await city.scanAndPay(made.fields.qr_code ?? '');
  return orderNo;
}

async function flipV2(city: TestCity): Promise<string> {
  const orderNo = await paidOrder(city);
  const good = signedFields(city, 'alipay.trade.query', { out_trade_no: orderNo });
  assert.equal((await sendV2(city, good)).fields.code, '10000', 'the control is accepted');
  const { sent, accepted } = await countAccepted(fieldFlips(good), async (fields) => {
    // A body parameter that was renamed goes to the query; where it stands makes no difference.
    return (await sendV2(city, fields)).fields.code === '10000';
  });
  assert.deepEqual(accepted, []);
  const doubled = await fetch(
    `${city.url}/gateway.do?${new URLSearchParams(good)}&app_id=${good.app_id}`,
  );
  assert.match(await doubled.text(), /isv\.suspected-attack/);
  return `${sent} changed requests, 0 accepted`;
}

async function flipV3(city: TestCity): Promise<string> {
  const orderNo = await paidOrder(city);
  const parts = v3Parts(city, 'query', { out_trade_no: orderNo });
  const sign = signV3(city, parts);
  assert.equal((await sendV3(city, { ...parts, sign })).status, 200, 'the control is accepted');
  function* changes() {
    for (const changed of base64Flips(sign)) yield { ...parts, sign: changed };
    for (const authText of flips(parts.authText)) yield { ...parts, sign, authText };
    for (const body of flips(parts.body)) yield { ...parts, sign, body };
    for (const target of flips(parts.target.slice(1))) {
      yield { ...parts, sign, target: `/${encodeURI(target)}` };
    }
    yield { ...parts, sign, target: `${parts.target}?a=1` };
    yield { ...parts, sign, headers: { 'alipay-app-auth-token': 'x' } };
    yield { ...parts, sign, method: 'PUT' };
  }
  const { sent, accepted } = await countAccepted(
    changes(),
    async (changed) => (await sendV3(city, changed)).status === 200,
  );
  assert.deepEqual(accepted, []);
  return `${sent} changed requests, 0 accepted`;
}

export function openWallet(
  city: TestCity,
  credentials: unknown = city.account.credentials,
): Wallet {
  const opened = alipay.open(credentials, {
    http: createHttpClient(),
    clock: city.opened.clock,
    wall: wallClock,
    random: systemRandom,
  });
  if (!opened.ok) throw new Error(`${opened.error.field} ${opened.error.message}`);
  return opened.value;
}

function parse(wallet: Wallet, body: string) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded; text/html; charset=utf-8' };
  const target = '/notify/alipay/x/payment';
  return wallet.parseNotification({ method: 'POST', target, headers, body: Buffer.from(body) });
}

async function flipCallbacks(city: TestCity): Promise<string> {
  const orderNo = freshNo();
  const sdk = keySdk(city);
  const made = (await sdk.exec('alipay.trade.precreate', {
    notify_url: city.notifyUrl,
    bizContent: orderContent(city, orderNo),
  })) as unknown as { qr_code: string };
  await city.settle();
  city.callbacks.length = 0;
  await city.scanAndPay(made.qr_code);
  await city.settle();
  const fields = decodeForm(city.callbacks[0]?.body.toString('utf8') ?? '');
  const wallet = openWallet(city);
  const control = await parse(wallet, new URLSearchParams(fields).toString());
  assert.equal(control.ok && control.value.type, 'attempt', 'the control is accepted');
  let bySdk = 0;
  const { sent, accepted } = await countAccepted(fieldFlips(fields), async (changed) => {
    if (changed.sign_type === 'RSA2' && changed.sign !== undefined && isStrict(changed.sign)) {
      if (sdk.checkNotifySignV2(changed)) bySdk += 1;
    }
    return (await parse(wallet, new URLSearchParams(changed).toString())).ok;
  });
  assert.deepEqual(accepted, []);
  assert.equal(bySdk, 0, 'the SDK agrees');
  return `${sent} changed callbacks, 0 accepted by us or by alipay-sdk`;
}

function isStrict(sign: string): boolean {
  return sign !== '' && Buffer.from(sign, 'base64').toString('base64') === sign;
}

export const FLIP_CASES: readonly Case[] = [
  ['v2 requests, every byte flipped', 'raw', flipV2],
  ['v3 requests, every byte flipped', 'raw', flipV3],
  ['callbacks, every byte flipped', 'raw and alipay-sdk', flipCallbacks],
];
