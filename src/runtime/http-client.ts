/**
 * Outgoing HTTP over node:http with keep-alive: a deadline for the whole exchange, a cap on the
 * answer's size, no redirects. A failure is a value that says whether the request may have been
 * received: with money, "unknown" and "never sent" are different answers.
 */
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { err, ok, type Result } from '../kernel/result.ts';

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Default 10 s, for the whole exchange. */
  readonly timeoutMs?: number;
  /** Default 1 MiB. */
  readonly responseBytesMax?: number;
  /** The client certificate for servers that request one (mutual TLS); unused on plain http. */
  readonly clientCertificate?: {
    readonly certificatePem: string;
    readonly privateKeyPem: string;
  };
  /** Connect to this address instead of resolving the name again (webhook guard). */
  readonly address?: { readonly ip: string; readonly family: 4 | 6 };
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface HttpFailure {
  readonly kind: 'not_sent' | 'timeout' | 'broken' | 'too_large';
  readonly message: string;
}

export interface HttpClient {
  readonly send: (request: HttpRequest) => Promise<Result<HttpResponse, HttpFailure>>;
  readonly close: () => void;
}

const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

export function createHttpClient(options: { readonly socketsMax?: number } = {}): HttpClient {
  const agentOptions = {
    keepAlive: true,
    maxSockets: options.socketsMax ?? 256,
    scheduling: 'lifo' as const,
  };
  const plain = new http.Agent(agentOptions);
  const secure = new https.Agent(agentOptions);
  return {
    send: (request) => exchange(request, plain, secure),
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

function exchange(
  request: HttpRequest,
  plain: http.Agent,
  secure: https.Agent,
): Promise<Result<HttpResponse, HttpFailure>> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = (result: Result<HttpResponse, HttpFailure>) => {
      clearTimeout(timer);
      resolve(result);
    };
    let outgoing: http.ClientRequest;
    try {
      outgoing = open(request, plain, secure);
    } catch (error) {
      finish(
        err({ kind: 'not_sent', message: error instanceof Error ? error.message : 'bad url' }),
      );
      return;
    }
    timer = setTimeout(() => {
      finish(
        err({ kind: 'timeout', message: `no answer within ${request.timeoutMs ?? 10_000} ms` }),
      );
      outgoing.destroy();
    }, request.timeoutMs ?? 10_000);
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const kind = NEVER_CONNECTED.has(error.code ?? '') ? 'not_sent' : 'broken';
      finish(err({ kind, message: error.message }));
    });
    outgoing.on('response', (incoming) =>
      collect(incoming, request.responseBytesMax ?? 1_048_576, finish),
    );
    outgoing.end(request.body);
  });
}

function open(request: HttpRequest, plain: http.Agent, secure: https.Agent): http.ClientRequest {
  const url = new URL(request.url);
  const isSecure = url.protocol === 'https:';
  if (!isSecure && url.protocol !== 'http:') throw new Error('only http and https urls are called');
  const options: https.RequestOptions = {
    method: request.method,
    path: `${url.pathname}${url.search}`,
    port: url.port,
    headers: { host: url.host, ...request.headers, ...lengthHeader(request) },
    agent: isSecure ? secure : plain,
    // The agent pools by certificate, too: no other request is ever sent under this one.
    ...(request.clientCertificate && {
      cert: request.clientCertificate.certificatePem,
      key: request.clientCertificate.privateKeyPem,
    }),
    ...(request.address === undefined ? named(url) : pinned(url, request.address)),
  };
  return (isSecure ? https : http).request(options);
}

function bareHost(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
}

function named(url: URL): https.RequestOptions {
  return { host: bareHost(url) };
}

/**
 * One address was checked; connecting to any other would bypass the check. So the address itself is
 * dialed and nothing is resolved; the name goes only into the Host header and, with TLS, into SNI
 * and the certificate check. The agent pools by (address, port, SNI): a kept connection leads to
 * the address it was made to, and another address is another connection.
 */
function pinned(
  url: URL,
  address: { readonly ip: string; readonly family: 4 | 6 },
): https.RequestOptions {
  const host = bareHost(url);
  const target = { host: address.ip, family: address.family };
  return isIP(host) === 0 ? { ...target, servername: host } : target;
}

function lengthHeader(request: HttpRequest): Record<string, string> {
  if (request.body === undefined) return {};
  return { 'content-length': String(Buffer.byteLength(request.body)) };
}

function collect(
  incoming: http.IncomingMessage,
  bytesMax: number,
  finish: (result: Result<HttpResponse, HttpFailure>) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  incoming.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > bytesMax) {
      finish(err({ kind: 'too_large', message: `the answer is larger than ${bytesMax} bytes` }));
      incoming.destroy();
      return;
    }
    chunks.push(chunk);
  });
  incoming.on('error', (error) => finish(err({ kind: 'broken', message: error.message })));
  incoming.on('aborted', () => finish(err({ kind: 'broken', message: 'the answer broke off' })));
  incoming.on('end', () => {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(incoming.headers)) {
      if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    finish(ok({ status: incoming.statusCode ?? 0, headers, body }));
  });
}
