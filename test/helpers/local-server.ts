/** Bare node:http servers on random ports of the loopback, and what came in as plain data. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WireRequest } from '../../sandbox/kit/kit.ts';

export interface LocalServer {
  /** Without a trailing slash. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

type Handler = (incoming: http.IncomingMessage, outgoing: http.ServerResponse) => Promise<void>;

export async function openLocalServer(handler: Handler): Promise<LocalServer> {
  const server = http.createServer((incoming, outgoing) => {
    handler(incoming, outgoing).catch((error) => {
      // A caller that breaks off in the middle is what some tests want; all else fails the run.
      if (incoming.complete) throw error;
    });
  });
  // The openssl command, which some tests ask, blocks the process for seconds.
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export async function bodyOf(incoming: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The request with its whole body, as gateways and wallets read it. */
export async function wireRequestOf(incoming: http.IncomingMessage): Promise<WireRequest> {
  const target = incoming.url ?? '/';
  const [path = '', ...query] = target.split('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const method = incoming.method ?? '';
  const body = await bodyOf(incoming);
  return { method, target, path, queryText: query.join('?'), headers, body };
}
