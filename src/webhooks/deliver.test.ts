/**
 * Deliveries over real sockets. The judge of a signature is the standardwebhooks package, the same
 * that receivers use.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { must } from '../kernel/assert.ts';
import { wallClock } from '../runtime/clock.ts';
import { createHttpClient, type HttpClient } from '../runtime/http-client.ts';
import { systemRandom } from '../runtime/random.ts';
import { createResolver } from '../runtime/resolver.ts';
import { type DeliveryOutcome, sendDelivery } from './deliver.ts';
import { nextTryDelayMs, TRY_COUNT_MAX, TRY_DELAYS_MS } from './schedule.ts';
import { newWebhookSecret, webhookHeaders, webhookKey } from './sign.ts';
import { parseAllowList } from './url-guard.ts';

const open: { close: () => void }[] = [];
afterEach(() => {
  for (const closable of open.splice(0)) closable.close();
});

interface Receiver {
  readonly url: string;
  readonly requests: { headers: http.IncomingHttpHeaders; body: string; port: number }[];
}

async function receiver(
  answer: (response: http.ServerResponse, request: http.IncomingMessage) => void,
): Promise<Receiver> {
  const requests: Receiver['requests'] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      requests.push({ headers: request.headers, body, port: request.socket.remotePort ?? 0 });
      answer(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => server.close() }, { close: () => server.closeAllConnections() });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, requests };
}

function client(): HttpClient {
  const made = createHttpClient();
  open.push(made);
  return made;
}

function key(secret: string) {
  const made = webhookKey(secret);
  if (!made.ok) throw new Error(made.error);
  return made.value;
}

async function send(
  url: string,
  options: { allow?: string[]; secrets?: string[]; body?: string; http?: HttpClient } = {},
): Promise<DeliveryOutcome> {
  const allowed = parseAllowList(options.allow ?? ['127.0.0.0/8']);
  if (!allowed.ok) throw new Error(allowed.error);
  const policy = { resolver: createResolver({ wall: wallClock }), ...allowed.value };
  return sendDelivery(
    { http: options.http ?? client(), wall: wallClock, policy },
    {
      marketplace: 'mkt_0000000000001',
      url,
      secrets: (options.secrets ?? [newWebhookSecret(systemRandom)]).map(key),
      eventId: 'evt_0000000000001',
      body: options.body ?? '{"id":"evt_0000000000001"}',
      attempt: 1,
    },
  );
}

describe('signatures', () => {
  it('gives the published vector of the Standard Webhooks libraries', () => {
    const headers = webhookHeaders({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      body: '{"test": 2432232314}',
      wallMs: 1_614_265_330_000,
      keys: [key('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')],
    });
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
    expect(headers['webhook-timestamp']).toBe('1614265330');
  });

  it('refuses secrets that are none', () => {
    for (const secret of [
      '',
      'whsec_',
      'whsec_c2hvcnQ=',
      'abc',
      'whsec_%%%',
      `whsec_${'A'.repeat(99)}`,
    ]) {
      expect(webhookKey(secret).ok).toBe(false);
    }
  });
});

describe('sendDelivery', () => {
  it('is verified by the receivers’ own library, with either secret of a rotation', async () => {
    const to = await receiver((response) => response.writeHead(204).end());
    const secrets = [newWebhookSecret(systemRandom), newWebhookSecret(systemRandom)];
    const body = JSON.stringify({ id: 'evt_0000000000001', note: '互通 ✓' });
    expect(await send(to.url, { secrets, body })).toEqual({ outcome: 'delivered', status: 204 });
    const got = must(to.requests[0], 'the request');
    for (const secret of secrets) {
      const headers = got.headers as Record<string, string>;
      expect(new Webhook(secret).verify(got.body, headers)).toEqual(JSON.parse(body));
    }
    const stranger = new Webhook(newWebhookSecret(systemRandom));
    expect(() => stranger.verify(got.body, got.headers as Record<string, string>)).toThrow();
  });

  it('keeps the connection to a checked address', async () => {
    const to = await receiver((response) => response.writeHead(200).end('ok'));
    const shared = client();
    for (let index = 0; index < 5; index += 1) await send(to.url, { http: shared });
    expect(new Set(to.requests.map(({ port }) => port)).size).toBe(1);
  });

  it('connects to the checked address and sends the name in Host', async () => {
    const to = await receiver((response) => response.writeHead(200).end());
    const port = new URL(to.url).port;
    const outcome = await send(`http://localhost:${port}/hook?a=1`, { allow: ['localhost'] });
    // The system may put ::1 first; what counts is that no second resolution happened.
    if (outcome.outcome === 'delivered') {
      expect(to.requests[0]?.headers.host).toBe(`localhost:${port}`);
    } else expect(outcome).toMatchObject({ outcome: 'retry', status: null });
  });

  it.each([
    [410, 'gone'],
    [301, 'retry'],
    [307, 'retry'],
    [400, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
  ])('answers %i with %s and follows no redirect', async (status, outcome) => {
    const elsewhere = await receiver((response) => response.writeHead(200).end());
    const to = await receiver((response) =>
      response.writeHead(status, { location: elsewhere.url }).end(),
    );
    expect(await send(to.url)).toMatchObject({ outcome, status });
    expect(elsewhere.requests).toHaveLength(0);
  });

  it('retries what was cut off, was too large or never listened', async () => {
    const cut = await receiver((_response, request) => request.socket.destroy());
    expect(await send(cut.url)).toMatchObject({ outcome: 'retry', status: null });
    const large = await receiver((response) => response.writeHead(200).end('x'.repeat(70_000)));
    expect(await send(large.url)).toMatchObject({
      outcome: 'retry',
      reason: expect.stringContaining('too_large'),
    });
    expect(await send('http://127.0.0.1:9/hook')).toMatchObject({ outcome: 'retry' });
  });

  it('sends nothing where the guard refuses', async () => {
    const to = await receiver((response) => response.writeHead(200).end());
    expect(await send(to.url, { allow: [] })).toMatchObject({
      outcome: 'retry',
      status: null,
      reason: expect.stringContaining('private'),
    });
    expect(to.requests).toHaveLength(0);
  });
});

describe('schedule', () => {
  it('tries ten times over about 75 hours', () => {
    expect(TRY_COUNT_MAX).toBe(10);
    const hours = TRY_DELAYS_MS.reduce((sum, ms) => sum + ms, 0) / 3_600_000;
    expect(hours).toBeGreaterThan(74);
    expect(hours).toBeLessThan(77);
    expect(nextTryDelayMs(0, systemRandom)).toBe(0);
    expect(nextTryDelayMs(10, systemRandom)).toBeNull();
  });

  it('moves a wait by a tenth at most', () => {
    const low = { bytes: (length: number) => Buffer.alloc(length, 0) };
    const high = { bytes: (length: number) => Buffer.alloc(length, 255) };
    for (let done = 1; done < TRY_COUNT_MAX; done += 1) {
      const base = must(TRY_DELAYS_MS[done], 'a delay');
      expect(nextTryDelayMs(done, low)).toBe(Math.round(base * 0.9));
      expect(nextTryDelayMs(done, high)).toBeCloseTo(base * 1.1, -1);
    }
  });
});
