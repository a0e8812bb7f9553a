/**
 * Runs attacks against a stage and says what was missed: each must end in its coded error, in the
 * one shape, without a trace of our insides, and leave every table as it was.
 */
import { readFileSync } from 'node:fs';
import { type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { ERRORS, type ErrorCode } from '../../src/kernel/errors.ts';
import {
  type Attack,
  attacksOn,
  type Fixture,
  type Operation,
  operationsOf,
  requestOf,
} from './cases.ts';
import { printOf, type Stage } from './stage.ts';

export interface GroupResult {
  readonly group: string;
  passed: number;
  readonly misses: string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const document: unknown = JSON.parse(
  readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'),
);

export async function send(stage: Stage, request: Attack['request']): Promise<Answer> {
  const answer = await stage.composed.server.inject({
    method: request.method as 'GET',
    url: request.url,
    headers: request.headers,
    ...(request.body === undefined ? {} : { payload: request.body }),
  });
  return { status: answer.statusCode, headers: answer.headers, text: answer.body };
}

/** A component of the document as a schema of its own. */
function componentOf(name: string): TSchema {
  const { components } = document as { components: { schemas: Record<string, object> } };
  const text = JSON.stringify(components.schemas).replaceAll('#/components/schemas/', '#/$defs/');
  const defs = JSON.parse(text) as Record<string, object>;
  return Type.Unsafe({ $defs: defs, ...defs[name] });
}

const errorSchema = componentOf('error');

/** Where a real answer is not what the document promises. */
export function driftOf(component: string, value: unknown): string[] {
  return [...Value.Errors(componentOf(component), value)].map(
    ({ instancePath, message }) => `${component}${instancePath} ${message}`,
  );
}

/** What is wrong with an answer that should be one of these refusals; undefined = nothing. */
function missOf(answer: Answer, codes: readonly ErrorCode[], param?: string): string | undefined {
  let body: { error: { code: ErrorCode; param: string | null } };
  try {
    body = JSON.parse(answer.text);
  } catch {
    return `no JSON: ${answer.status} ${answer.text.slice(0, 80)}`;
  }
  if (!Value.Check(errorSchema, body)) return `not the error shape: ${answer.text.slice(0, 120)}`;
  const { code } = body.error;
  if (!codes.includes(code)) return `${code} (${body.error.param}), expected ${codes.join(' or ')}`;
  if (answer.status !== ERRORS[code].status) return `${code} with status ${answer.status}`;
  if (param !== undefined && body.error.param !== param) {
    return `names ${body.error.param}, expected ${param}`;
  }
  if (/\bat .+:\d+:\d+|node_modules|select |insert /.test(answer.text)) return 'shows our insides';
  return undefined;
}

interface World {
  readonly fixture: Fixture;
  readonly made: Readonly<Record<string, unknown>>;
}

/** Two tenants; the first has a merchant, a payment with an attempt, an endpoint, events. */
export async function openWorld(stage: Stage): Promise<World> {
  const { taobao, tmall } = stage;
  const [merchant] = taobao.merchants;
  let number = 0;
  const call = async (url: string, body: unknown): Promise<Record<string, unknown>> => {
    number += 1;
    const answer = await send(stage, {
      method: body === undefined ? 'GET' : 'POST',
      url,
      headers: {
        authorization: `Bearer ${taobao.key}`,
        'idempotency-key': `world-${number}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status >= 300) throw new Error(`${url}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text);
  };
  const intentBody = () => {
    number += 1;
    return {
      amount: 300,
      currency: 'cny',
      merchant_order_no: `H-${process.pid}-${number}`,
      description: 'A kettle',
      sub_orders: [{ merchant, amount: 300, description: 'A kettle' }],
      buyer: { id: 'buyer-1', device: 'desktop' },
    };
  };
  const intent = await call('/v1/payment_intents', intentBody());
  const [part] = intent.sub_orders as { id: string }[];
  const attempt = await call(`/v1/payment_intents/${intent.id}/attempts`, {
    wallet: 'wechatpay',
    product: 'native',
  });
  const hook = { url: 'http://127.0.0.1:9/hook', enabled_events: ['refund.*'] };
  const another = { ...hook, url: 'http://127.0.0.1:9/another' };
  const endpoint = await call('/v1/webhook_endpoints', hook);
  const counter = await call(`/v1/merchants/${merchant}/counters`, { name: 'Till 1' });
  const erasure = await call('/v1/buyer_erasures', { buyer: 'nobody' });
  const events = await call('/v1/events?limit=1', undefined);
  const [event] = events.data as { id: string }[];
  const ids: Record<string, unknown> = {
    payment_intents: intent.id,
    refunds: 're_0000000000001',
    events: event?.id,
    webhook_endpoints: endpoint.id,
    merchants: merchant,
    buyer_erasures: erasure.id,
  };
  const bodies: Record<string, () => unknown> = {
    createPaymentIntent: intentBody,
    createPaymentAttempt: () => ({ wallet: 'wechatpay', product: 'native' }),
    createRefund: () => ({
      payment_intent: intent.id,
      sub_order: part?.id,
      amount: 100,
      reason: 'Returned',
    }),
    createMerchant: () => ({ name: 'A shop of hostile.ts', external_id: 'hostile-1' }),
    resolvePaymentIntent: () => ({ outcome: 'refund', reason: 'nothing arrived' }),
    setInterconnect: () => ({
      payer_wallet: 'unionpay',
      acceptor_wallet: 'wechatpay',
      status: 'active',
    }),
    createCounter: () => ({ name: 'Till 1' }),
    updateCounter: () => ({ status: 'disabled' }),
    createWebhookEndpoint: () => another,
    updateWebhookEndpoint: () => ({ enabled_events: ['*'] }),
    rotateWebhookSecret: () => ({}),
    eraseBuyer: () => ({ buyer: 'nobody-of-hostile' }),
  };
  const fixture: Fixture = {
    key: taobao.key,
    otherKey: tmall.key,
    idOf: (operation, parameter) => {
      if (parameter === 'attempt') return String(attempt.id);
      if (parameter === 'counter') return String(counter.id);
      return String(ids[operation.path.split('/')[2] ?? ''] ?? 'unknown');
    },
    bodyOf: (operation) => {
      const make = bodies[operation.operationId];
      if (make === undefined)
        throw new Error(`no valid body is known for ${operation.operationId}`);
      return make();
    },
  };
  await stage.composed.settle();
  return { fixture, made: { intent, attempt, endpoint, part } };
}

/** Every attack of every operation, a group at a time. `share` < 1 runs only a part of them. */
export async function runAttacks(
  stage: Stage,
  world: World,
  share = 1,
): Promise<readonly GroupResult[]> {
  const byGroup = new Map<string, Attack[]>();
  for (const operation of operationsOf(document)) {
    for (const attack of attacksOn(operation, world.fixture)) {
      byGroup.set(attack.group, [...(byGroup.get(attack.group) ?? []), attack]);
    }
  }
  const results: GroupResult[] = [];
  for (const [group, attacks] of byGroup) {
    const chosen = attacks.filter((_attack, index) => index % Math.round(1 / share) === 0);
    results.push(
      await guarded(stage, group, async (result) => {
        for (const attack of chosen) {
          const answer = await send(stage, attack.request);
          const miss = missOf(answer, attack.codes, attack.param);
          if (miss === undefined) result.passed += 1;
          else result.misses.push(`${attack.name}: ${miss}`);
        }
      }),
    );
  }
  return results;
}

/** Runs a group and adds what it wrote, and what the platform took for a defect of its own. */
export async function guarded(
  stage: Stage,
  group: string,
  work: (result: GroupResult) => Promise<void>,
): Promise<GroupResult> {
  const result: GroupResult = { group, passed: 0, misses: [] };
  const before = await printOf(stage.composed.platform.db);
  const defectsBefore = stage.defects.length;
  await work(result);
  const after = await printOf(stage.composed.platform.db);
  for (const [table, print] of Object.entries(after)) {
    if (print === before[table]) result.passed += 1;
    else result.misses.push(`wrote to ${table}: ${before[table]} -> ${print}`);
  }
  for (const line of stage.defects.slice(defectsBefore)) {
    if (!line.includes('a verified notification of an order that is not ours')) {
      result.misses.push(`logged a defect: ${line.slice(0, 200)}`);
    }
  }
  return result;
}

/** A key that was answered: another body, path or principal is 422, and nothing more happens. */
export function runReusedKeys(stage: Stage, world: World): Promise<readonly GroupResult[]> {
  const operations = operationsOf(document).filter(({ isKeyed }) => isKeyed);
  const settled = operations.map(async (operation) => {
    const first = requestOf(operation, world.fixture);
    const answer = await send(stage, first);
    return { operation, first, status: answer.status };
  });
  return Promise.all(settled).then(async (firsts) => {
    const answered = firsts.filter(({ status }) => status < 300);
    const result = await guarded(stage, 'reused_key', async (found) => {
      for (const { operation, first } of answered) {
        for (const [what, request] of reuses(operation, first, world.fixture)) {
          const miss = missOf(await send(stage, request), ['idempotency_key_reused']);
          if (miss === undefined) found.passed += 1;
          else found.misses.push(`${operation.path} ${what}: ${miss}`);
        }
        const again = await send(stage, first);
        if (again.headers['idempotent-replayed'] === 'true') found.passed += 1;
        else found.misses.push(`${operation.path}: not replayed, ${again.status} ${again.text}`);
      }
      if (answered.length < 2) found.misses.push(`only ${answered.length} calls were answered`);
    });
    return [result];
  });
}

function reuses(
  operation: Operation,
  first: Attack['request'],
  fixture: Fixture,
): [string, Attack['request']][] {
  const other = '/v1/payment_intents/pi_0000000000001/cancel';
  const found: [string, Attack['request']][] = [
    ['another path', { ...first, method: 'POST', url: other, body: '{}' }],
  ];
  if (operation.operationId === 'createPaymentIntent') {
    const body = JSON.stringify({ ...(fixture.bodyOf(operation) as object), description: 'Other' });
    found.push(['another body', { ...first, body }]);
  }
  if (operation.operationId === 'createPaymentAttempt') {
    const body = JSON.stringify({ wallet: 'alipay', product: 'page' });
    found.push(['another body', { ...first, body }]);
  }
  return found;
}

/** Lists show the second tenant nothing of the first. */
export function runForeignLists(stage: Stage, world: World): Promise<GroupResult> {
  return guarded(stage, 'foreign_lists', async (result) => {
    for (const operation of operationsOf(document)) {
      if (operation.method !== 'GET' || operation.path.includes('{')) continue;
      const request = requestOf(operation, world.fixture, { key: world.fixture.otherKey });
      const answer = await send(stage, request);
      const own = await send(stage, requestOf(operation, world.fixture));
      const ids = new Set([...own.text.matchAll(/"id":"([a-z]+_\w+)"/g)].map(([, id]) => id));
      const shown = [...ids].filter((id) => answer.text.includes(String(id)));
      if (answer.status === 200 && shown.length === 0) result.passed += 1;
      else result.misses.push(`${operation.path}: ${answer.status}, shows ${shown.join(', ')}`);
    }
    const { part } = world.made as { part: { id: string } };
    const refund = operationsOf(document).find(({ operationId }) => operationId === 'createRefund');
    if (refund === undefined) return;
    const request = requestOf(refund, world.fixture, { key: world.fixture.otherKey });
    const miss = missOf(await send(stage, request), ['not_found']);
    if (miss === undefined) result.passed += 1;
    else result.misses.push(`a refund of ${part.id} by another tenant: ${miss}`);
  });
}
