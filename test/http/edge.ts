/** The edge over use cases that only record: a fresh server for each test, and how it is asked. */
import type { FastifyInstance, InjectOptions } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, expect } from 'vitest';
import { COMPONENTS } from '../../src/http/components.ts';
import type { ServerConfig } from '../../src/http/deps.ts';
import { buildServer } from '../../src/http/server.ts';
import { ERRORS, type ErrorCode } from '../../src/kernel/errors.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { createLog } from '../../src/runtime/log.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { type Protocol, protocolUseCases, TAOBAO_KEY } from './protocol-use-cases.ts';

interface Edge {
  app: FastifyInstance;
  useCases: Protocol;
  logged: string[];
}

/** The server of the test that runs, once its file has called `serveEachTest`. */
export const edge = {} as Edge;

export function serveEachTest(): void {
  beforeEach(() => start());
  afterEach(() => edge.app.close());
}

export async function start(config: Partial<ServerConfig> = {}): Promise<void> {
  edge.useCases = protocolUseCases();
  edge.logged = [];
  edge.app = await buildServer({
    useCases: edge.useCases,
    config: { publicUrl: 'http://127.0.0.1:4000', rateLimit: null, docs: false, ...config },
    log: createLog({ destination: { write: (line) => void edge.logged.push(line) } }),
    metrics: createMetrics(),
    wall: wallClock,
  });
}

export const intent = (more: Record<string, unknown> = {}) => ({
  amount: 300,
  currency: 'cny',
  merchant_order_no: 'T-1',
  description: 'Two things',
  sub_orders: [
    { merchant: 'mer_0000000000001', amount: 100, description: 'One' },
    { merchant: 'mer_0000000000001', amount: 200, description: 'Another' },
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
      authorization: `Bearer ${TAOBAO_KEY}`,
      'idempotency-key': `key-${keys}`,
      'content-type': 'application/json',
      ...headers,
    },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  };
}

export function get(url: string, key: string = TAOBAO_KEY): InjectOptions {
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
    JSON.stringify(COMPONENTS).replaceAll('#/components/schemas/', '#/$defs/'),
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
