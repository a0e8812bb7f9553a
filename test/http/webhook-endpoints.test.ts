/** Webhook endpoints in the composed server: what may be subscribed to, how many, how often. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { InjectOptions } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Db } from '../../src/database/db.ts';
import { EVENT_PATTERNS, EVENT_TYPES } from '../../src/kernel/event-types.ts';
import {
  type EdgePlatform,
  type EdgeTenant,
  openEdgeHome,
  openEdgePlatform,
} from '../helpers/edge-platform.ts';
import { openLocalServer, wireRequestOf } from '../helpers/local-server.ts';
import { type NameServer, openNameServer } from '../helpers/name-server.ts';

let home: Db;
let names: NameServer;
let edge: EdgePlatform;

beforeAll(async () => {
  home = await openEdgeHome();
  names = await openNameServer({ names: { 'hooks.example': '127.0.0.1' }, silent: /silent/ });
});
afterAll(async () => {
  await names.close();
  await home.close();
});
beforeEach(async () => {
  edge = await openEdgePlatform({ db: home, rateLimit: null, dnsServers: [names.address] });
});
afterEach(async () => {
  for (const tenant of [edge.taobao, edge.tmall]) {
    for (const { id } of await listed(tenant)) await call(tenant, 'DELETE', `${PATH}/${id}`);
  }
  await edge.close();
});

const PATH = '/v1/webhook_endpoints';

async function call(
  tenant: EdgeTenant,
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  payload?: InjectOptions['payload'],
) {
  const authorization = `Bearer ${tenant.key}`;
  const headers = { authorization, 'idempotency-key': `${Math.random()}` };
  const answer = await edge.composed.server.inject({
    method,
    url,
    headers,
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}

async function listed(tenant: EdgeTenant): Promise<readonly { id: string; url: string }[]> {
  return (await call(tenant, 'GET', `${PATH}?limit=100`)).body.data;
}

const endpoint = (url: string, ...events: string[]) => ({
  url,
  enabled_events: events.length === 0 ? ['*'] : events,
});

let orders = 0;
async function payment(tenant: EdgeTenant): Promise<string> {
  orders += 1;
  const made = await call(tenant, 'POST', '/v1/payment_intents', {
    amount: 100,
    currency: 'cny',
    merchant_order_no: `W${process.pid}-${orders}-${Date.now()}`,
    description: 'A kettle',
    sub_orders: [{ merchant: tenant.merchant, amount: 100, description: 'A kettle' }],
    buyer: { id: 'buyer-1', device: 'desktop' },
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body.id;
}

describe('what may be subscribed to', () => {
  test('S9: a family is delivered, as everything and one type are', async () => {
    const hits: Record<string, string[]> = {};
    const inbox = await openLocalServer(async (incoming, outgoing) => {
      const { target, body } = await wireRequestOf(incoming);
      const { type } = JSON.parse(body.toString());
      hits[target] = [...(hits[target] ?? []), type];
      outgoing.writeHead(204).end();
    });
    const wanted = {
      '/all': '*',
      '/family': 'payment_intent.*',
      '/exact': 'payment_intent.canceled',
      '/other': 'refund.*',
    };
    for (const [path, pattern] of Object.entries(wanted)) {
      const made = await call(edge.taobao, 'POST', PATH, endpoint(inbox.url + path, pattern));
      expect(made.status, JSON.stringify(made.body)).toBe(201);
    }
    const id = await payment(edge.taobao);
    await call(edge.taobao, 'POST', `/v1/payment_intents/${id}/cancel`, {});
    await edge.composed.settle();
    const both = ['payment_intent.canceled', 'payment_intent.created'];
    expect(Object.fromEntries(Object.entries(hits).map(([at, all]) => [at, all.sort()]))).toEqual({
      '/all': both,
      '/family': both,
      '/exact': ['payment_intent.canceled'],
    });
    // Sent again, by the same rule.
    const { data } = (await call(edge.taobao, 'GET', '/v1/events?limit=1')).body;
    await call(edge.taobao, 'POST', `/v1/events/${data[0].id}/resend`, {});
    await edge.composed.settle();
    expect(hits['/family']).toHaveLength(3);
    await inbox.close();
  });

  test('S9: an unknown type or pattern is refused, and the answer lists the known ones', async () => {
    const made = await call(edge.taobao, 'POST', PATH, endpoint('http://127.0.0.1:9/known'));
    for (const unknown of ['no_such.event', 'payment.*', 'refund.', 'refund', '**', 'refund.*.*']) {
      for (const [url, body] of [
        [PATH, endpoint('http://127.0.0.1:9/x', '*', unknown)],
        [`${PATH}/${made.body.id}`, { enabled_events: ['*', unknown] }],
      ] as const) {
        const answer = await call(edge.taobao, 'POST', url, body);
        expect(answer.status, unknown).toBe(400);
        expect(answer.body.error.code).toBe('parameter_invalid');
        expect(answer.body.error.param).toBe('enabled_events[1]');
        for (const type of Object.keys(EVENT_TYPES)) {
          expect(answer.body.error.message).toContain(type);
        }
        expect(answer.body.error.message).toContain('payment_intent.*');
      }
    }
    const known = EVENT_PATTERNS.filter((pattern) => pattern !== '*');
    const all = await call(edge.taobao, 'POST', PATH, endpoint('http://127.0.0.1:9/y', ...known));
    expect(all.status).toBe(201);
  });
});

describe('how many', () => {
  test('S4: sixteen a marketplace, of fifty at once; deleted ones make room', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const body = endpoint(`http://127.0.0.1:9/race-${index}`);
        return (await call(edge.taobao, 'POST', PATH, body)).status;
      }),
    );
    expect(statuses.filter((status) => status === 201)).toHaveLength(16);
    expect(statuses.filter((status) => status === 409)).toHaveLength(34);
    const full = await call(edge.taobao, 'POST', PATH, endpoint('http://127.0.0.1:9/more'));
    expect([full.status, full.body.error.code]).toEqual([409, 'webhook_endpoints_full']);
    expect(full.body.error.message).toContain('16');
    // Another marketplace has its own.
    const other = await call(edge.tmall, 'POST', PATH, endpoint('http://127.0.0.1:9/more'));
    expect(other.status).toBe(201);
    const [first] = await listed(edge.taobao);
    await call(edge.taobao, 'DELETE', `${PATH}/${first?.id}`);
    const again = await call(edge.taobao, 'POST', PATH, endpoint('http://127.0.0.1:9/more'));
    expect(again.status).toBe(201);
  });

  test('S4: the same address again is 409 with the id that has it, in fifty at once, too', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        call(edge.taobao, 'POST', PATH, endpoint('http://127.0.0.1:9/same')),
      ),
    );
    const made = answers.filter(({ status }) => status === 201);
    expect(made).toHaveLength(1);
    const { id } = made[0]?.body ?? {};
    for (const { status, body } of answers.filter((one) => one.status !== 201)) {
      expect([status, body.error.code, body.error.param, body.error.existing]).toEqual([
        409,
        'webhook_endpoint_exists',
        'url',
        id,
      ]);
      expect(body.error.message).toContain(id);
    }
    for (const url of [
      'HTTP://127.0.0.1:9/same',
      'http://127.1:9/same#x',
      'http://127.0.0.1:9/./same',
    ]) {
      const spelt = await call(edge.taobao, 'POST', PATH, endpoint(url));
      expect([url, spelt.status]).toEqual([url, 409]);
    }
    const other = await call(edge.taobao, 'POST', PATH, endpoint('http://127.0.0.1:9/other'));
    const moved = await call(edge.taobao, 'POST', `${PATH}/${other.body.id}`, {
      url: 'http://127.0.0.1:9/same',
    });
    expect([moved.status, moved.body.error?.existing]).toEqual([409, id]);
    const itself = await call(edge.taobao, 'POST', `${PATH}/${id}`, {
      url: 'http://127.0.0.1:9/same',
    });
    expect(itself.status).toBe(200);
    await call(edge.taobao, 'DELETE', `${PATH}/${id}`);
    const again = await call(edge.taobao, 'POST', PATH, endpoint('http://127.0.0.1:9/same'));
    expect(again.status).toBe(201);
  });

  test('S4: a marketplace that had more keeps them', async () => {
    const { platform } = edge.composed;
    await home.transaction(0, async (session) => {
      for (let index = 0; index < 20; index += 1) {
        await session.run(
          {
            name: 'test.endpoint',
            text: `insert into webhook_endpoints
              (id, marketplace, url, enabled_events, status, sealed, created_at)
              select $1, id, $2, '{*}', 'enabled', 'x', 0 from marketplaces where name = 'taobao'`,
          },
          [
            BigInt(index + 1) + BigInt(platform.wall.nowMs()) * 1_000n,
            `http://127.0.0.1:9/${index % 18}`,
          ],
        );
      }
    });
    const before = await listed(edge.taobao);
    expect(before).toHaveLength(20);
    const [first] = before;
    const changed = await call(edge.taobao, 'POST', `${PATH}/${first?.id}`, { status: 'disabled' });
    expect(changed.status).toBe(200);
    const more = await call(edge.taobao, 'POST', PATH, endpoint('http://127.0.0.1:9/more'));
    expect(more.status).toBe(409);
  });

  test('S4: a process reads the endpoints of the marketplaces that it delivers for, and no others', async () => {
    await call(edge.taobao, 'POST', PATH, endpoint('http://127.0.0.1:9/reads'));
    await call(edge.tmall, 'POST', PATH, endpoint('http://127.0.0.1:9/reads'));
    const before = edge.reads.get('webhook_endpoints.of') ?? 0;
    for (let count = 0; count < 5; count += 1) await payment(edge.taobao);
    await edge.composed.webhookQueue.idle();
    expect((edge.reads.get('webhook_endpoints.of') ?? 0) - before).toBeLessThanOrEqual(2);
    expect([...edge.reads.keys()]).not.toContain('webhook_endpoints.all');
  });

  test('S4: many endpoints on one host take turns', async () => {
    let inside = 0;
    let most = 0;
    // Nobody is answered before many are inside, however slow the machine is.
    let give = (): void => undefined;
    const many = new Promise<void>((resolve) => {
      give = resolve;
    });
    const inbox = await openLocalServer(async (incoming, outgoing) => {
      inside += 1;
      most = Math.max(most, inside);
      if (inside > 32) give();
      await wireRequestOf(incoming);
      await Promise.race([many, sleep(5_000, null, { ref: false })]);
      await sleep(50);
      inside -= 1;
      outgoing.writeHead(204).end();
    });
    for (let index = 0; index < 16; index += 1) {
      await call(edge.taobao, 'POST', PATH, endpoint(`${inbox.url}/turn-${index}`));
    }
    await Promise.all(Array.from({ length: 16 }, () => payment(edge.taobao)));
    await edge.composed.settle();
    expect(most).toBeGreaterThan(32);
    expect(most).toBeLessThanOrEqual(64);
    await inbox.close();
  });
});

test('S2: endpoints are made and moved thirty times a minute and marketplace, whatever the key', async () => {
  const limited = await openEdgePlatform({ db: home, dnsServers: [names.address] });
  const second = await limited.addKey(limited.taobao, ['*']);
  const statuses = [];
  for (let count = 0; count < 34; count += 1) {
    const answer = await limited.composed.server.inject({
      method: 'POST',
      url: PATH,
      headers: { authorization: `Bearer ${count % 2 === 0 ? limited.taobao.key : second}` },
      payload: endpoint('http://10.0.0.1/x'),
    });
    statuses.push(answer.statusCode);
  }
  expect(statuses).toEqual([...Array<number>(30).fill(400), 429, 429, 429, 429]);
  await limited.close();
});

test('a secret is rotated without a body, as before there was anything to say in it', async () => {
  const made = await call(edge.taobao, 'POST', PATH, endpoint('http://127.0.0.1:9/rotated'));
  const rotated = await call(edge.taobao, 'POST', `${PATH}/${made.body.id}/rotate_secret`);
  expect(rotated.status, JSON.stringify(rotated.body)).toBe(200);
  expect(rotated.body.secret).not.toBe(made.body.secret);
});
