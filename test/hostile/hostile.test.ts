/** A part of `npm run hostile`, small enough for every run of the tests. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { driftOf, openWorld, runAttacks, runForeignLists, runReusedKeys, send } from './attack.ts';
import { attackEdge } from './edge.ts';
import { floodOfForgeries } from './flood.ts';
import { genuineOf } from './genuine.ts';
import { fuzzParsers, fuzzRoute } from './notify.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let world: Awaited<ReturnType<typeof openWorld>>;

beforeAll(async () => {
  stage = await openStage();
  world = await openWorld(stage);
}, 240_000);
afterAll(() => stage?.close(), 60_000);

const misses = (results: readonly { readonly misses: readonly string[] }[]) =>
  results.flatMap((result) => result.misses);

it('every fault that openapi.json allows is a coded error and writes nothing', async () => {
  const results = await runAttacks(stage, world, 1 / 4);
  expect(misses(results)).toEqual([]);
  expect(results.reduce((sum, { passed }) => sum + passed, 0)).toBeGreaterThan(200);
}, 240_000);

it('a used key does nothing for another request', async () => {
  expect(misses(await runReusedKeys(stage, world))).toEqual([]);
}, 120_000);

it('lists show nothing of another tenant', async () => {
  expect(misses([await runForeignLists(stage, world)])).toEqual([]);
}, 120_000);

it('no callback without a signature is believed, none crashes a parser', async () => {
  expect(misses(await fuzzParsers(stage, 100))).toEqual([]);
  expect(misses([await fuzzRoute(stage, 10)])).toEqual([]);
}, 240_000);

it('S3: 1,000 forged callbacks: a genuine one of the same address is taken, few signatures looked at', async () => {
  const genuine = await genuineOf(stage);
  const { misses: missed } = await floodOfForgeries(stage, {
    ...genuine,
    // None names an order of ours, so that only the budget lets a signature be looked at.
    forge: (index) => genuine.forge(2 * index + 1),
  });
  // Untimed: how many signatures were looked at is what makes it fast.
  expect(missed.filter((miss) => !miss.includes('waited'))).toEqual([]);
  const text = await stage.composed.platform.metrics.render();
  const limited = /outcome="too_many"\} (\d+)/.exec(text)?.[1];
  expect(Number(limited)).toBeGreaterThan(500);
}, 120_000);

it('limits, names, keys, addresses and the log hold against who means harm', async () => {
  const results = await attackEdge(1_000);
  expect(misses(results)).toEqual([]);
  expect(results.every(({ passed }) => passed > 0)).toBe(true);
}, 240_000);

it('what the composed platform answers is what openapi.json promises', async () => {
  const { intent, attempt, endpoint } = world.made;
  const { id } = intent as { id: string };
  expect(driftOf('payment_intent', intent)).toEqual([]);
  expect(driftOf('payment_attempt', attempt)).toEqual([]);
  expect(driftOf('webhook_endpoint', endpoint)).toEqual([]);
  for (const [url, component] of [
    [`/v1/payment_intents/${id}?expand[]=attempts`, 'payment_intent'],
    ['/v1/payment_intents', 'payment_intent_list'],
    [`/v1/payment_intents/${id}/offers`, 'offers'],
    [`/v1/payment_intents/${id}/attempts`, 'payment_attempt_list'],
    ['/v1/merchants', 'merchant_list'],
    ['/v1/events', 'event_list'],
    ['/v1/ledger/accounts', 'ledger_account_list'],
    ['/v1/ledger/transactions', 'ledger_transaction_list'],
    ['/v1/balances', 'balance_list'],
    ['/v1/webhook_endpoints', 'webhook_endpoint_list'],
  ] as const) {
    const headers = { authorization: `Bearer ${stage.taobao.key}` };
    const answer = await send(stage, { method: 'GET', url, headers });
    expect(answer.status, url).toBe(200);
    expect(driftOf(component, JSON.parse(answer.text)), url).toEqual([]);
  }
  const { client_secret: secret } = intent as { client_secret: string };
  const seen = await send(stage, {
    method: 'GET',
    url: `/v1/payment_intents/${id}`,
    headers: { 'hutong-client-secret': secret },
  });
  expect(seen.status).toBe(200);
  expect(driftOf('payment_intent', JSON.parse(seen.text))).toEqual([]);
});
