/** What only a socket can do, and which port has what, in the composed server. */
import net, { type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ComposeOptions } from '../../src/compose.ts';
import type { Db } from '../../src/database/db.ts';
import { type EdgePlatform, openEdgeHome, openEdgePlatform } from '../helpers/edge-platform.ts';

let home: Db;
let edge: EdgePlatform | undefined;
const sockets: net.Socket[] = [];

beforeAll(async () => {
  home = await openEdgeHome();
});
afterAll(() => home.close());
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await edge?.close();
  edge = undefined;
});

async function listen(options: Partial<ComposeOptions> = {}): Promise<number> {
  edge = await openEdgePlatform({ db: home, ...options });
  await edge.composed.server.listen({ port: 0, host: '127.0.0.1' });
  return (edge.composed.server.server.address() as AddressInfo).port;
}

function connect(port: number): net.Socket {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** Everything that came until the other side closed, and after how long that was. */
function untilClosed(socket: net.Socket): Promise<{ text: string; ms: number }> {
  const startedMs = performance.now();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => {
    socket.on('close', () =>
      resolve({ text: Buffer.concat(chunks).toString(), ms: performance.now() - startedMs }),
    );
  });
}

const HEAD = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n';

test('S20: connections beyond the limit are closed, and those within are served', async () => {
  const port = await listen({ connections: { max: 20 } });
  const idle = Array.from({ length: 19 }, () => connect(port));
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.on('connect', resolve))));
  const served = connect(port);
  served.write(`${HEAD}\r\n`);
  const first = await new Promise((resolve) =>
    served.once('data', (chunk) => resolve(String(chunk))),
  );
  expect(first).toContain('200 OK');
  const beyond = await untilClosed(connect(port));
  expect(beyond.text).toBe('');
  expect(beyond.ms).toBeLessThan(2_000);
});

test('S20: slow headers and a slow body are cut with a coded answer, soon', async () => {
  const port = await listen({ connections: { headersTimeoutMs: 1_000, requestTimeoutMs: 2_000 } });
  const slowHeaders = connect(port);
  slowHeaders.write(HEAD);
  const slowBody = connect(port);
  slowBody.write(
    'POST /v1/webhook_endpoints HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n' +
      `Authorization: Bearer ${edge?.taobao.key}\r\nContent-Length: 1000\r\n\r\n{`,
  );
  const [headers, body] = await Promise.all([untilClosed(slowHeaders), untilClosed(slowBody)]);
  for (const { text } of [headers, body]) {
    expect(text).toMatch(/^HTTP\/1\.1 400/);
    expect(text).toContain('"code":"parameter_invalid"');
    expect(text).toContain('x-content-type-options: nosniff');
  }
  expect(headers.ms).toBeLessThan(4_000);
  expect(body.ms).toBeLessThan(5_000);
});

test('S20: by default headers have 10 s, a request 30 s, and connections an end', async () => {
  await listen();
  const { server } = edge?.composed.server ?? {};
  expect([server?.headersTimeout, server?.requestTimeout, server?.maxConnections]).toEqual([
    10_000, 30_000, 10_000,
  ]);
});

test('S20: a request that names two hosts is refused', async () => {
  const port = await listen();
  for (const second of ['Host: evil.example', 'hOST: 127.0.0.1']) {
    const socket = connect(port);
    socket.write(`${HEAD}${second}\r\nConnection: close\r\n\r\n`);
    const { text } = await untilClosed(socket);
    expect(text).toMatch(/^HTTP\/1\.1 400/);
    expect(text).toContain('"param":"Host"');
  }
});

test('S16: with a private port, the public one has no figures and no reference', async () => {
  await listen({ hasPrivateServer: true });
  const { server, privateServer } = edge?.composed ?? {};
  const statuses = async (on: typeof server | null) => {
    const found: Record<string, number | undefined> = {};
    for (const url of [
      '/metrics',
      '/docs',
      '/docs/static/swagger-ui.css',
      '/openapi.json',
      '/',
      '/docs/errors',
      '/healthz',
      '/readyz',
      '/v1/events',
      '/pay/nothing',
    ]) {
      found[url] = (await on?.inject({ url }))?.statusCode;
    }
    return found;
  };
  expect(await statuses(server)).toEqual({
    '/metrics': 404,
    '/docs': 404,
    '/docs/static/swagger-ui.css': 404,
    '/openapi.json': 404,
    '/': 404,
    '/docs/errors': 200,
    '/healthz': 200,
    '/readyz': 200,
    '/v1/events': 401,
    '/pay/nothing': 404,
  });
  expect(await statuses(privateServer)).toEqual({
    '/metrics': 200,
    '/docs': 200,
    '/docs/static/swagger-ui.css': 200,
    '/openapi.json': 200,
    '/': 302,
    '/docs/errors': 200,
    '/healthz': 200,
    '/readyz': 200,
    '/v1/events': 404,
    '/pay/nothing': 404,
  });
  // What the public port answered is counted where it is read.
  const figures = await privateServer?.inject({ url: '/metrics' });
  expect(figures?.body).toContain('route="/v1/events"');
  const page = await server?.inject({ url: '/docs/errors' });
  expect(page?.body).not.toContain('href="/docs"');
});

test('S16: without one, all is where it was', async () => {
  await listen();
  const { server, privateServer } = edge?.composed ?? {};
  expect(privateServer).toBeNull();
  for (const url of ['/metrics', '/docs', '/openapi.json', '/docs/errors', '/healthz', '/readyz']) {
    expect((await server?.inject({ url }))?.statusCode, url).toBe(200);
  }
  expect((await server?.inject({ url: '/docs/errors' }))?.body).toContain('href="/docs"');
});
