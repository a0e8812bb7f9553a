/** The client of load: what servers may do to an answer, and to a connection. */
import net from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { openLoadClient } from '../../tools/load-client.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Answers each request, on whichever connection, with the next of these pieces. */
async function serve(answers: readonly (readonly string[])[]) {
  let connections = 0;
  const requests: string[] = [];
  const server = net.createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.on('data', async (chunk) => {
      const pieces = answers[requests.length] ?? [];
      requests.push(chunk.toString('utf8'));
      if (pieces.length === 0) return socket.destroy();
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = openLoadClient();
  closers.push(client.close, () => server.close());
  const { port } = server.address() as net.AddressInfo;
  const url = `http://127.0.0.1:${port}/v1/things?x=1`;
  return {
    ask: (body: unknown = { 名: '字' }) => client.post(url, body, { expected: 200 }),
    client,
    url,
    requests,
    connections: () => connections,
  };
}

const whole = (text: string, more = '') =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(text)}\r\n${more}\r\n${text}`;

it('sends one request, as long as it says, and keeps the connection', async () => {
  const server = await serve([[whole('{"a":"字"}')], [whole('{"b":2}')]]);
  expect(await server.ask()).toEqual({ a: '字' });
  expect(await server.ask()).toEqual({ b: 2 });
  expect(server.connections()).toBe(1);
  const [head = '', body = ''] = server.requests[0]?.split('\r\n\r\n') ?? [];
  expect(head).toContain('POST /v1/things?x=1 HTTP/1.1');
  expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
  expect(JSON.parse(body)).toEqual({ 名: '字' });
});

it('puts an answer together that comes in pieces, or in chunks', async () => {
  const text = whole('{"a":"字"}');
  const server = await serve([
    [...text],
    [
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{"a"\r\n',
      '3\r\n:1}\r',
      '\n0\r\n\r\n',
    ],
  ]);
  expect(await server.ask()).toEqual({ a: '字' });
  expect(await server.ask()).toEqual({ a: 1 });
});

it('opens another connection where the server wants no more on this one', async () => {
  const closing = whole('{}', 'Connection: close\r\n');
  const server = await serve([[closing], [whole('{}')]]);
  await server.ask();
  await server.ask();
  expect(server.connections()).toBe(2);
});

it('gives headers to who asks for them, and says what was answered instead', async () => {
  const server = await serve([
    [whole('{}', 'Set-Session: s1\r\n')],
    ['HTTP/1.1 409 Conflict\r\ncontent-length: 4\r\n\r\nbusy'],
    [],
  ]);
  let session = '';
  const onHeaders = (headers: Readonly<Record<string, string>>): void => {
    session = headers['set-session'] ?? '';
  };
  await server.client.post(server.url, {}, { expected: 200, onHeaders });
  expect(session).toBe('s1');
  await expect(server.ask()).rejects.toThrow(/409: busy/);
  await expect(server.ask()).rejects.toThrow(/closed before it answered/);
});
