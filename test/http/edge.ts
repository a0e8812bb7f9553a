/**
 * The edge over the real use cases, on a database of the file's own: a fresh server for each test,
 * and how it is asked. What a test wants of a use case that it cannot bring about from outside (a
 * defect, an answer that waits) it puts in the place of that one verb.
 */
import type { FastifyInstance, InjectOptions } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { startAttempt } from '../../src/core/payment/start.ts';
import { type Db, DbLost } from '../../src/database/db.ts';
import { createRefusals } from '../../src/flows/key/refusals.ts';
import type { UseCases } from '../../src/flows/verbs.ts';
import type { ServerConfig } from '../../src/http/deps.ts';
import { components } from '../../src/http/openapi.ts';
import { buildServer } from '../../src/http/server.ts';
import { ERRORS, type ErrorCode } from '../../src/kernel/errors.ts';
import { type Id, shardOfId } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { createLog } from '../../src/runtime/log.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { PAYMENT } from '../../src/store/payment/aggregate.ts';
import type { RawRequest } from '../../src/wallets/wallet.ts';
import {
  type EdgePlatform,
  type EdgeTenant,
  openEdgeHome,
  openEdgePlatform,
} from '../helpers/edge-platform.ts';
import { newAttempt } from '../helpers/payments.ts';

type Verbs = { -readonly [K in keyof UseCases]: UseCases[K] };

interface Edge {
  platform: EdgePlatform;
  db: Db;
  taobao: EdgeTenant;
  tmall: EdgeTenant;
  /** May read taobao's payment intents, and nothing else. */
  readKey: string;
  app: FastifyInstance;
  /** What the server calls: the platform's own, and what a test put in the place of one. */
  verbs: Verbs;
  logged: string[];
  isDatabaseAway: boolean;
}

/** The server of the test that runs, once its file has called `serveEachTest`. */
export const edge = {} as Edge;

export function serveEachTest(): void {
  beforeAll(async () => {
    const home = await openEdgeHome();
    edge.db = home;
    edge.platform = await openEdgePlatform({ db: mayBeAway(home) });
    edge.taobao = edge.platform.taobao;
    edge.tmall = edge.platform.tmall;
    edge.readKey = await edge.platform.addKey(edge.taobao, ['payment_intents:read']);
  });
  beforeEach(() => {
    tests += 1;
    return start();
  });
  afterEach(() => edge.app.close());
  afterAll(async () => {
    await edge.platform.close();
    await edge.db.close();
  });
}

function mayBeAway(db: Db): Db {
  return {
    ...{ kind: db.kind, laneCount: db.laneCount },
    transaction: (lane, work) => db.transaction(lane, work),
    background: (work) => db.background(work),
    read: async (statement, values) => {
      if (edge.isDatabaseAway) throw new DbLost('away', { commitUnknown: false });
      return db.read(statement, values);
    },
    script: (text) => db.script(text),
    close: () => db.close(),
  };
}

export async function start(config: Partial<ServerConfig> = {}): Promise<void> {
  edge.isDatabaseAway = false;
  edge.verbs = { ...edge.platform.composed.useCases };
  edge.logged = [];
  edge.app = await buildServer({
    useCases: edge.verbs,
    config: { publicUrl: 'http://127.0.0.1:4000', rateLimit: null, docs: false, ...config },
    log: createLog({ destination: { write: (line) => void edge.logged.push(line) } }),
    metrics: createMetrics(),
    refusals: createRefusals(wallClock),
    wall: wallClock,
  });
}

/** How often a verb is called from now on. */
export function counted(verb: 'createPaymentIntent' | 'startAttempt'): () => number {
  let calls = 0;
  const verbs: Record<string, unknown> = edge.verbs;
  const real = verbs[verb] as (...args: unknown[]) => unknown;
  verbs[verb] = (...args: unknown[]) => {
    calls += 1;
    return real(...args);
  };
  return () => calls;
}

/** The callbacks handed to the use case, in its place; it answers like a wallet. */
export function handedOn(): RawRequest[] {
  const requests: RawRequest[] = [];
  edge.verbs.acceptNotification = async ({ request }) => {
    requests.push(request);
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'success' };
  };
  return requests;
}

export interface StoredKey {
  readonly state: string;
  readonly target: string;
  readonly answer: string | null;
}

/** The idempotency keys that are stored; of one request, or all. */
export async function storedKeys(request?: InjectOptions): Promise<StoredKey[]> {
  const key = request?.headers?.['idempotency-key'] ?? null;
  const rows = await edge.db.read(
    {
      name: 'edge.keys',
      text: `select state, target, answer from idempotency_keys
        where $1::text is null or key = $1::text`,
    },
    [key],
  );
  return rows as unknown as StoredKey[];
}

/** An attempt as core starts it, committed by the engine: no wallet is asked. */
export async function attemptOn(intent: Id<'payment_intent'>): Promise<Id<'payment_attempt'>> {
  const { engine, ids } = edge.platform.composed.platform;
  const id = ids.next('payment_attempt', shardOfId(intent));
  const begun = await engine.submit({
    aggregate: PAYMENT,
    name: 'start',
    shard: shardOfId(intent),
    marketplace: edge.taobao.id,
    root: intent,
    decide: (payment, context) => startAttempt(payment, newAttempt(payment, { id }), context),
  });
  expect(begun.ok).toBe(true);
  return id;
}

let tests = 0;

/** The same order, however often within one test. */
export const intent = (more: Record<string, unknown> = {}) => ({
  amount: 300,
  currency: 'cny',
  merchant_order_no: `T-${tests}`,
  description: 'Two things',
  sub_orders: [
    { merchant: edge.taobao.merchant, amount: 100, description: 'One' },
    { merchant: edge.taobao.merchant, amount: 200, description: 'Another' },
  ],
  buyer: { id: 'buyer-1', device: 'desktop' },
  ...more,
});

let keys = 0;
export function post(
  url: string,
  payload: unknown,
  headers: Record<string, string> = {},
): InjectOptions {
  keys += 1;
  return {
    method: 'POST',
    url,
    headers: {
      authorization: `Bearer ${edge.taobao.key}`,
      'idempotency-key': `key-${keys}`,
      'content-type': 'application/json',
      ...headers,
    },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  };
}

export function get(url: string, key: string = edge.taobao.key): InjectOptions {
  return { method: 'GET', url, headers: { authorization: `Bearer ${key}` } };
}

export async function call(options: InjectOptions) {
  const answer = await edge.app.inject(options);
  const body = String(answer.headers['content-type']).includes('json')
    ? answer.json()
    : answer.body;
  return { status: answer.statusCode, headers: answer.headers, body, text: answer.body };
}

export async function refused(options: InjectOptions, code: ErrorCode, param?: string) {
  const answer = await call(options);
  expect(answer.body.error?.code, answer.text).toBe(code);
  expect(answer.status).toBe(ERRORS[code].status);
  expectComponent('error', answer.body);
  expect(answer.body.error.type).toBe(ERRORS[code].type);
  expect(answer.body.error.retryable).toBe(ERRORS[code].retryable);
  expect(answer.body.error.request_id).toBe(answer.headers['request-id']);
  expect(answer.body.error.doc_url).toBe(`http://127.0.0.1:4000/docs/errors#${code}`);
  expect(answer.headers['hutong-should-retry']).toBe(String(ERRORS[code].retryable));
  if (param !== undefined) expect(answer.body.error.param).toBe(param);
  expect(answer.text).not.toMatch(/\bat .*\.(ts|js):\d/);
  return answer;
}

/** The document's schemas are the judge of what is really answered. */
export function expectComponent(name: string, value: unknown): void {
  const defs = JSON.parse(
    JSON.stringify(components()).replaceAll('#/components/schemas/', '#/$defs/'),
  );
  const schema = Type.Unsafe({ $defs: defs, ...defs[name] }) as TSchema;
  const errors = Value.Errors(schema, value);
  expect([...errors], `${name}: ${JSON.stringify(value)}`).toEqual([]);
}

export async function createIntent(more: Record<string, unknown> = {}) {
  const made = await call(post('/v1/payment_intents', intent(more)));
  expect(made.status, made.text).toBe(201);
  return made.body;
}
