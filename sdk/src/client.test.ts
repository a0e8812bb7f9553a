import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Hutong, type HutongOptions } from './client.ts';
import {
  HutongApiError,
  HutongAuthenticationError,
  HutongConflictError,
  HutongConnectionError,
  HutongError,
  HutongIdempotencyError,
  HutongInvalidRequestError,
  HutongNotFoundError,
  HutongPermissionError,
  HutongRateLimitError,
  HutongWalletDeclinedError,
} from './errors.ts';

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}
type Answer = (response: ServerResponse, seen: Seen, index: number) => void;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A real server on loopback; every request is kept. */
async function serve(answer: Answer): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const entry = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      seen.push(entry);
      answer(response, entry, seen.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function json(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function refusal(type: string, code: string, more: object = {}) {
  return { error: { type, code, message: `${code} happened`, ...more } };
}

function clientOf(url: string, options: Partial<HutongOptions> = {}) {
  const sleeps: number[] = [];
  const client = new Hutong({
    baseUrl: url,
    secretKey: 'sk_test_secret',
    platform: {
      sleep: async (delayMs) => {
        sleeps.push(delayMs);
      },
      jitter: () => 0,
    },
    ...options,
  });
  return { client, sleeps };
}

const intent = {
  amount: 300,
  currency: 'cny' as const,
  merchant_order_no: 'T1',
  description: 'two shops',
  sub_orders: [
    { merchant: 'mer_A', amount: 100, description: 'a' },
    { merchant: 'mer_B', amount: 200, description: 'b' },
  ],
  buyer: { id: 'b1', device: 'desktop' as const },
};

describe('requests', () => {
  it('sends key, version, idempotency key and body, and keeps how the answer came', async () => {
    const { url, seen } = await serve((response) =>
      json(
        response,
        201,
        { id: 'pi_1', object: 'payment_intent' },
        { 'x-request-id': 'req_7', 'idempotent-replayed': 'true' },
      ),
    );
    const { client } = clientOf(url);
    const made = await client.paymentIntents.create(intent);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1/payment_intents' });
    expect(seen[0]!.headers).toMatchObject({
      authorization: 'Bearer sk_test_secret',
      'hutong-version': '2026-12-01',
      'content-type': 'application/json',
    });
    expect(seen[0]!.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(seen[0]!.body)).toEqual(intent);
    expect(made.lastResponse).toEqual({
      status: 201,
      requestId: 'req_7',
      idempotencyKey: seen[0]!.headers['idempotency-key'],
      idempotentReplayed: true,
    });
    expect(JSON.stringify(made)).toBe('{"id":"pi_1","object":"payment_intent"}');
  });

  it('asks for a version of its own, and takes a key of yours', async () => {
    const { url, seen } = await serve((response) => json(response, 200, { id: 'pi_1' }));
    const { client: hutong } = clientOf(url, { version: '2027-01-01' });
    await hutong.paymentIntents.cancel('pi_1', { idempotencyKey: 'mine' });
    expect(seen[0]!.headers).toMatchObject({
      'hutong-version': '2027-01-01',
      'idempotency-key': 'mine',
    });
    expect(seen[0]!.body).toBe('{}');
  });

  it('sends what calls take beside ids: queries, and settings of a secret', async () => {
    const { url, seen } = await serve((response) =>
      json(response, 200, { object: 'list', data: [], has_more: false }),
    );
    const { client: hutong } = clientOf(url);
    await hutong.paymentIntents.retrieve('pi_1', { expand: ['attempts'] });
    await hutong.paymentIntents.list({ limit: 2, status: 'succeeded', merchant_order_no: 'a&b=c' });
    await hutong.paymentIntents.offers('pi_1', { device: 'wechat', timeoutMs: 5_000 });
    await hutong.ledger.transactions.list({ payment_intent: 'pi_1' });
    await hutong.webhookEndpoints.rotateSecret('we_1', { end_previous: true, maxRetries: 0 });
    expect(seen.map((one) => `${one.method} ${decodeURIComponent(one.url)} ${one.body}`)).toEqual([
      'GET /v1/payment_intents/pi_1?expand[]=attempts ',
      'GET /v1/payment_intents?limit=2&status=succeeded&merchant_order_no=a&b=c ',
      'GET /v1/payment_intents/pi_1/offers?device=wechat ',
      'GET /v1/ledger/transactions?payment_intent=pi_1 ',
      'POST /v1/webhook_endpoints/we_1/rotate_secret {"end_previous":true}',
    ]);
    expect(seen[1]!.url).toContain('merchant_order_no=a%26b%3Dc');
  });

  it('lets no id become another path', async () => {
    const { url, seen } = await serve((response) => json(response, 200, { id: 'x' }));
    const { client } = clientOf(url);
    for (const id of ['', '..', '../merchants?x=1', 're 1']) {
      await expect(client.refunds.retrieve(id)).rejects.toBeInstanceOf(TypeError);
    }
    expect(seen).toEqual([]);
  });

  it('refuses settings that could leak or loop', () => {
    const make = (options: Partial<HutongOptions>) => () =>
      new Hutong({ baseUrl: 'https://x.example', secretKey: 'sk_test_1', ...options });
    expect(make({ baseUrl: 'ftp://x' })).toThrow(TypeError);
    expect(make({ baseUrl: 'https://u:p@x.example' })).toThrow(TypeError);
    expect(make({ secretKey: '' })).toThrow(TypeError);
    expect(make({ secretKey: 'sk_test_1\r\nx: y' })).toThrow(/^(?!.*sk_test_1).*$/s);
    expect(make({ maxRetries: -1 })).toThrow(TypeError);
    expect(make({ timeoutMs: 0 })).toThrow(TypeError);
    expect(JSON.stringify(make({})())).not.toContain('sk_test_1');
  });

  it('refuses an idempotency key that a header cannot carry', async () => {
    const { client } = clientOf('http://127.0.0.1:9');
    await expect(
      client.paymentIntents.cancel('pi_1', { idempotencyKey: 'a\nb' }),
    ).rejects.toBeInstanceOf(TypeError);
  });

  it('uses the fetch that is passed in', async () => {
    const urls: string[] = [];
    const { client } = clientOf('https://pay.example/', {
      fetch: async (request) => {
        urls.push(request.url);
        return Response.json({ id: 'pi_1' });
      },
    });
    await client.paymentIntents.retrieve('pi_1');
    expect(urls).toEqual(['https://pay.example/v1/payment_intents/pi_1']);
  });

  it('follows no redirect, so the key stays at baseUrl', async () => {
    const other = await serve((response) => json(response, 200, { id: 'stolen' }));
    const { url } = await serve((response) => {
      response.writeHead(307, { location: `${other.url}/v1/refunds` });
      response.end();
    });
    const { client } = clientOf(url);
    await expect(client.refunds.retrieve('re_1')).rejects.toMatchObject({
      status: 307,
      code: 'http_307',
    });
    expect(other.seen).toEqual([]);
  });
});

describe('retries', () => {
  it('repeats a money request with the same key and body until it is answered', async () => {
    const { url, seen } = await serve((response, _seen, index) => {
      if (index === 0) return void response.destroy();
      if (index === 1) return json(response, 503, refusal('api_error', 'unavailable'));
      if (index === 2) {
        return json(
          response,
          409,
          refusal('idempotency_error', 'idempotency_key_in_flight', { retryable: true }),
          { 'retry-after': '2' },
        );
      }
      return json(response, 201, { id: 'pi_1' });
    });
    const { client, sleeps } = clientOf(url);
    expect(await client.paymentIntents.create(intent)).toEqual({ id: 'pi_1' });
    expect(seen).toHaveLength(4);
    expect(new Set(seen.map((one) => one.headers['idempotency-key'])).size).toBe(1);
    expect(new Set(seen.map((one) => one.body)).size).toBe(1);
    expect(sleeps).toEqual([250, 500, 2_000]);
  });

  it('uses another key for another call', async () => {
    const { url, seen } = await serve((response) => json(response, 201, { id: 'pi_1' }));
    const { client } = clientOf(url);
    await client.paymentIntents.create(intent);
    await client.paymentIntents.create(intent);
    expect(seen[0]!.headers['idempotency-key']).not.toBe(seen[1]!.headers['idempotency-key']);
  });

  it('gives up after maxRetries, and the error has the key to go on with', async () => {
    const { url, seen } = await serve((response) =>
      json(response, 500, refusal('api_error', 'internal')),
    );
    const { client } = clientOf(url, { maxRetries: 1 });
    const error = await client.refunds
      .create({ payment_intent: 'pi_1', sub_order: 'so_1', amount: 1, reason: 'x' })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HutongApiError);
    expect(seen).toHaveLength(2);
    expect((error as HutongError).idempotencyKey).toBe(seen[0]!.headers['idempotency-key']);
  });

  it.each([
    ['merchant_order_no_conflict', 409, 'invalid_request_error', false],
    ['amount_mismatch', 400, 'invalid_request_error', undefined],
    ['wallet_declined', 402, 'wallet_error', true],
    ['idempotency_key_reused', 422, 'idempotency_error', false],
    ['internal', 500, 'api_error', false],
    ['conflict', 409, 'invalid_request_error', undefined],
  ])('does not repeat %s', async (code, status, type, retryable) => {
    const { url, seen } = await serve((response) =>
      json(response, status, refusal(type, code, { retryable })),
    );
    await expect(clientOf(url).client.paymentIntents.create(intent)).rejects.toMatchObject({
      code,
      retryable,
    });
    expect(seen).toHaveLength(1);
  });

  it('waits as long as an HTTP date says, and refuses to wait for minutes', async () => {
    const nowMs = Date.UTC(2026, 11, 1);
    const { url, seen } = await serve((response, _seen, index) => {
      const after = index === 0 ? new Date(nowMs + 7_000).toUTCString() : '120';
      json(response, 429, refusal('rate_limit_error', 'rate_limited'), { 'retry-after': after });
    });
    const sleeps: number[] = [];
    const { client } = clientOf(url, {
      platform: {
        nowMs: () => nowMs,
        sleep: async (delayMs) => {
          sleeps.push(delayMs);
        },
      },
    });
    await expect(client.balances.retrieve()).rejects.toMatchObject({ retryAfterMs: 120_000 });
    expect(sleeps).toEqual([7_000]);
    expect(seen).toHaveLength(2);
  });

  it('repeats a keyless write only when the server cannot have acted on it', async () => {
    const broken = await serve((response) => void response.destroy());
    await expect(
      clientOf(broken.url).client.merchants.create({ name: 'shop' }),
    ).rejects.toBeInstanceOf(HutongConnectionError);
    expect(broken.seen).toHaveLength(1);

    const gone = await serve(() => undefined);
    await stops.pop()!();
    const { client, sleeps } = clientOf(gone.url);
    await expect(client.merchants.create({ name: 'shop' })).rejects.toMatchObject({
      code: 'network',
    });
    expect(sleeps).toHaveLength(3);
  });

  it('times out a silent server, and an aborted call is not repeated', async () => {
    const { url, seen } = await serve(() => undefined);
    const silent = clientOf(url, { timeoutMs: 1_000, maxRetries: 1 });
    await expect(silent.client.balances.retrieve()).rejects.toMatchObject({ code: 'timeout' });
    expect(seen).toHaveLength(2);

    const controller = new AbortController();
    const call = clientOf(url).client.balances.retrieve({ signal: controller.signal });
    // Aborted once it is under way, however slow the machine.
    while (seen.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'aborted' });
    expect(seen).toHaveLength(3);
  });

  it('repeats when an answer breaks off or is not JSON', async () => {
    const { url, seen } = await serve((response, _seen, index) => {
      if (index === 0) {
        response.writeHead(201, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"id":');
        setTimeout(() => response.destroy(), 10);
        return;
      }
      if (index === 1) {
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<html>proxy</html>');
        return;
      }
      json(response, 201, { id: 'pi_1' });
    });
    expect(await clientOf(url).client.paymentIntents.create(intent)).toEqual({ id: 'pi_1' });
    expect(new Set(seen.map((one) => one.headers['idempotency-key'])).size).toBe(1);
  });
});

describe('errors', () => {
  it.each([
    [400, 'invalid_request_error', 'amount_mismatch', HutongInvalidRequestError],
    [400, 'idempotency_error', 'idempotency_key_missing', HutongIdempotencyError],
    [401, 'authentication_error', 'invalid_api_key', HutongAuthenticationError],
    [402, 'wallet_error', 'wallet_declined', HutongWalletDeclinedError],
    [403, 'permission_error', 'scope_missing', HutongPermissionError],
    [404, 'invalid_request_error', 'not_found', HutongNotFoundError],
    [409, 'invalid_request_error', 'merchant_order_no_conflict', HutongConflictError],
    [409, 'idempotency_error', 'idempotency_key_in_flight', HutongIdempotencyError],
    [422, 'idempotency_error', 'idempotency_key_reused', HutongIdempotencyError],
    [429, 'rate_limit_error', 'rate_limited', HutongRateLimitError],
    [500, 'api_error', 'internal', HutongApiError],
  ])('%i %s %s', async (status, type, code, expected) => {
    const walletError = { wallet: 'alipay', code: 'A', message: 'no', request_id: 'r' };
    const body = refusal(type, code, {
      param: 'amount',
      doc_url: 'https://docs.example/errors',
      request_id: 'req_1',
      wallet_error: walletError,
    });
    const { url } = await serve((response) => json(response, status, body));
    const error = await clientOf(url, { maxRetries: 0 })
      .client.paymentIntents.create(intent)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(expected);
    expect(error).toBeInstanceOf(HutongError);
    expect((error as Error).name).toBe(expected.name);
    expect(error).toMatchObject({
      status,
      type,
      code,
      param: 'amount',
      docUrl: 'https://docs.example/errors',
      requestId: 'req_1',
      walletError,
      raw: body,
    });
    expect(`${JSON.stringify(error)}${(error as Error).stack}`).not.toContain('sk_test');
  });

  it('survives bodies that are not the API’s', async () => {
    for (const body of ['<html>502</html>', '', 'null', '{"error":"text"}', '[1]']) {
      const { url } = await serve((response) => {
        response.writeHead(502, { 'x-request-id': 'req_9' });
        response.end(body);
      });
      await expect(
        clientOf(url, { maxRetries: 0 }).client.balances.retrieve(),
      ).rejects.toMatchObject({ code: 'http_502', status: 502, requestId: 'req_9' });
    }
  });
});

describe('lists', () => {
  const ids = ['pi_1', 'pi_2', 'pi_3', 'pi_4', 'pi_5'];
  const answer: Answer = (response, seen) => {
    const query = new URL(seen.url, 'http://x').searchParams;
    const limit = Number(query.get('limit') ?? 2);
    const after = query.get('starting_after');
    const before = query.get('ending_before');
    const end = before === null ? ids.length : ids.indexOf(before);
    const start =
      before === null ? (after === null ? 0 : ids.indexOf(after) + 1) : Math.max(0, end - limit);
    const data = ids.slice(start, Math.min(end, start + limit)).map((id) => ({ id }));
    const has_more = before === null ? start + limit < ids.length : start > 0;
    json(response, 200, { object: 'list', data, has_more });
  };

  it('is a page when awaited and everything when iterated', async () => {
    const { url, seen } = await serve(answer);
    const { client } = clientOf(url);
    const page = await client.paymentIntents.list({ limit: 2 });
    expect(page.data.map((one) => one.id)).toEqual(['pi_1', 'pi_2']);
    const all: string[] = [];
    for await (const one of client.paymentIntents.list({ limit: 2 })) all.push(one.id);
    expect(all).toEqual(ids);
    expect(seen).toHaveLength(4);
  });

  it('walks backwards from ending_before', async () => {
    const { url } = await serve(answer);
    const all: string[] = [];
    for await (const one of clientOf(url).client.paymentIntents.list({ ending_before: 'pi_5' })) {
      all.push(one.id);
    }
    expect(all).toEqual(['pi_4', 'pi_3', 'pi_2', 'pi_1']);
  });

  it('ends where a server repeats itself or gives nothing', async () => {
    const same = await serve((response) =>
      json(response, 200, { object: 'list', data: [{ id: 'evt_1' }], has_more: true }),
    );
    const all: string[] = [];
    for await (const one of clientOf(same.url).client.events.list()) all.push(one.id);
    expect(all).toEqual(['evt_1', 'evt_1']);
    const empty = await serve((response) =>
      json(response, 200, { object: 'list', data: [], has_more: true }),
    );
    for await (const one of clientOf(empty.url).client.events.list()) all.push(one.id);
    expect(empty.seen).toHaveLength(1);
  });
});
