/**
 * The city's HTTP server. It uses node:http without a framework, because gateways verify over the
 * raw request target and the exact body bytes. It refuses foreign Host and Origin first, limits
 * bodies, and answers only after the journal's lines have been handed to the operating system.
 */
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { WireRequest, WireResponse } from '../kit/kit.ts';
import { type HostPolicy, refuseForeign } from './host-policy.ts';
import { jsonError } from './json.ts';

const BODY_BYTES_MAX = 4 << 20;
const HEADER_BYTES_MAX = 65_536;
const CLOSE_WAIT_MS = 3_000;

/** A request, with a signal for its route that the caller has disconnected. */
export interface CityRequest extends WireRequest {
  readonly onGone: (listener: () => void) => void;
}

/** `lost`: the caller gets no answer, the connection just breaks. */
export type CityAnswer = WireResponse | { readonly lost: true };

export interface CityServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly hostPolicy: HostPolicy;
  readonly route: (request: CityRequest) => Promise<CityAnswer>;
  /** Called before every answer. */
  readonly flush: () => void;
  readonly log: (line: string) => void;
}

export async function openServer(options: ServerOptions): Promise<CityServer> {
  const server = http.createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: 30_000, keepAliveTimeout: 65_000 },
    (incoming, outgoing) => {
      void serve(incoming, outgoing, options);
    },
  );
  server.on('clientError', refuseUnreadable);
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => closeServer(server),
  };
}

async function serve(
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  options: ServerOptions,
): Promise<void> {
  try {
    const body = await readBody(incoming);
    const request = wireRequest(incoming, outgoing, body ?? Buffer.alloc(0));
    const answer =
      refuseForeign(request, options.hostPolicy) ??
      (body === undefined
        ? jsonError(413, 'body_too_large', `a body has at most ${BODY_BYTES_MAX} bytes`)
        : await options.route(request));
    options.flush();
    if ('lost' in answer) incoming.socket.destroy();
    else send(incoming, outgoing, answer);
  } catch (error) {
    if (incoming.destroyed && !incoming.complete) return;
    options.log(`error ${incoming.method} ${pathOf(incoming.url ?? '')}: ${errorText(error)}`);
    send(
      incoming,
      outgoing,
      jsonError(500, 'sandbox_error', 'a defect of the sandbox; see its log'),
    );
  }
}

/** undefined = longer than allowed; the rest is not read. */
function readBody(incoming: http.IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > BODY_BYTES_MAX) resolve(undefined);
      else chunks.push(chunk);
    });
    incoming.on('end', () => resolve(Buffer.concat(chunks)));
    incoming.on('error', reject);
  });
}

function wireRequest(
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  body: Buffer,
): CityRequest {
  const target = incoming.url ?? '/';
  const mark = target.indexOf('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return {
    method: incoming.method ?? '',
    target,
    path: pathOf(target),
    queryText: mark < 0 ? '' : target.slice(mark + 1),
    headers,
    body,
    onGone: (listener) => {
      outgoing.once('close', listener);
    },
  };
}

function send(
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  answer: WireResponse,
): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  const headers: Record<string, string> = { ...answer.headers };
  // 204 and 304 have no body, and must not have a content length.
  if (answer.status !== 204 && answer.status !== 304) {
    headers['content-length'] = String(Buffer.byteLength(answer.body));
  }
  // The unread rest of a refused body would be parsed as the next request.
  if (!incoming.complete) headers.connection = 'close';
  outgoing.writeHead(answer.status, headers).end(answer.body);
}

function refuseUnreadable(_error: Error, socket: Socket | import('node:stream').Duplex): void {
  if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
}

function listen(server: http.Server, options: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      const where = `${options.host}:${options.port}`;
      reject(isTaken ? new Error(`${where} is in use; set HUTONG_SANDBOX_PORT`) : error);
    });
    server.listen(options.port, options.host, resolve);
  });
}

async function closeServer(server: http.Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_WAIT_MS);
  await closed;
  clearTimeout(timer);
}

function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? target : target.slice(0, mark);
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : 'unknown';
}
