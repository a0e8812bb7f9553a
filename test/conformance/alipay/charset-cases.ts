/** `charset` in the address and in the form, as PHP clients send it: to gateway and phone. */
import { freshNo } from '../../helpers/gateway-city.ts';
import { CHARSET_TWICE } from './charset-vector.ts';
import type { TestCity } from './city.ts';
import { signedFields } from './raw.ts';
import { assert, type Case, orderContent } from './rows.ts';

const { appId, body, orderNo, publicKeyPem, query } = CHARSET_TWICE;

function enrol(city: TestCity): void {
  const apps = city.opened.kit.journal.collection<object>('alipay.apps');
  const own = apps.get(city.account.demo.app_id);
  assert.ok(own);
  apps.put(appId, { ...own, appId, publicKeyPem });
}

function post(city: TestCity, queryText: string, bodyText: string): Promise<Response> {
  return fetch(`${city.url}/gateway.do?${queryText}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: bodyText,
  });
}

async function frozenForm(city: TestCity): Promise<string> {
  enrol(city);
  const page = await post(city, query, body);
  const text = await page.text();
  assert.equal(page.status, 200, text);
  assert.doesNotMatch(text, /suspected-attack/);
  assert.match(text, /128\.00/);
  return `page of ${orderNo}`;
}

async function frozenScan(city: TestCity): Promise<string> {
  enrol(city);
  const action = `${city.url}/gateway.do?${query}`;
  const fields = Object.fromEntries(new URLSearchParams(body));
  const scanned = await city.gateway.scan({ action, fields });
  assert.equal(scanned?.amountFen, 12_800n);
  const differs = { action, fields: { ...fields, charset: 'utf-8' } };
  assert.equal(await city.gateway.scan(differs), undefined, 'another value: two messages');
  return 'the phone takes the form';
}

async function everyName(city: TestCity): Promise<string> {
  const signed = signedFields(city, 'alipay.trade.precreate', orderContent(city, freshNo()));
  const all = new URLSearchParams(signed).toString();
  assert.match(await (await post(city, all, all)).text(), /"code":"10000"/);
  return 'every parameter twice, the same: one message';
}

async function twoMessages(city: TestCity): Promise<string> {
  enrol(city);
  const refused = /isv\.suspected-attack/;
  assert.match(await (await post(city, 'charset=utf-8', body)).text(), refused, 'other value');
  const doubled = `${body}&charset=UTF-8`;
  assert.match(await (await post(city, '', doubled)).text(), refused, 'twice in the body');
  const inQuery = `${query}&${query}`;
  assert.match(await (await post(city, inQuery, body)).text(), refused, 'twice in the query');
  return 'another value, or twice in one place: refused';
}

const CLIENT = 'frozen form of a PHP client';

export const CHARSET_CASES: readonly Case[] = [
  ['F2: charset in the address and in the form is one parameter', CLIENT, frozenForm],
  ['F2: the phone takes a form with charset twice', CLIENT, frozenScan],
  ['F2: any name may stand once in each with the same value', 'raw', everyName],
  ['F2: two values, or one place twice, stay an attack', CLIENT, twoMessages],
];
