/**
 * A lean JSON client for load, over kept connections: what the generator itself costs must not be
 * what is measured. It speaks as much HTTP/1.1 as the servers that it loads: a request is one
 * write, an answer has a Content-Length or is chunked, and no request follows on a connection
 * before the answer to the one before.
 */
import net from 'node:net';

export type Json = Record<string, unknown>;

/** By their names in lower case; of several of one name, the last. */
export type AnswerHeaders = Readonly<Record<string, string>>;

export interface LoadClient {
  /** Rejects where the status is another than `expected`, with the answer in the message. */
  readonly post: (
    url: string,
    body: unknown,
    options: {
      readonly expected: number;
      readonly headers?: Record<string, string>;
      /** Where a server hands out a session in a header of its answer. */
      readonly onHeaders?: (headers: AnswerHeaders) => void;
    },
  ) => Promise<Json>;
  readonly close: () => void;
}

const TIMEOUT_MS = 20_000;
/** Servers close what was idle for five seconds; one that is nearly so is not taken again. */
const KEPT_MS = 2_000;

export function openLoadClient(): LoadClient {
  const pools = new Map<string, Connection[]>();
  const open = new Set<Connection>();
  const take = (origin: string): Connection => {
    const pool = pools.get(origin) ?? [];
    const kept = pool.pop();
    if (kept !== undefined && performance.now() - kept.usedAtMs() < KEPT_MS) return kept;
    // Those below it were used earlier still.
    for (const old of [kept, ...pool.splice(0)]) old?.end();
    const connection = connect(new URL(origin), () => {
      open.delete(connection);
      const pool = pools.get(origin) ?? [];
      const place = pool.indexOf(connection);
      if (place >= 0) pool.splice(place, 1);
    });
    open.add(connection);
    return connection;
  };
  const give = (origin: string, connection: Connection): void => {
    const pool = pools.get(origin);
    if (pool === undefined) pools.set(origin, [connection]);
    else pool.push(connection);
  };
  return {
    close: () => {
      for (const connection of open) connection.end();
    },
    post: async (url, body, { expected, headers = {}, onHeaders }) => {
      const { origin, target } = splitUrl(url);
      const connection = take(origin);
      const answer = await connection.ask(requestText(origin, target, headers, body));
      if (answer.isKept) give(origin, connection);
      else connection.end();
      onHeaders?.(answer.headers);
      if (answer.status === expected) return JSON.parse(answer.text) as Json;
      throw new Error(`POST ${url}: ${answer.status}: ${answer.text.slice(0, 300)}`);
    },
  };
}

function splitUrl(url: string): { readonly origin: string; readonly target: string } {
  const slash = url.indexOf('/', 'http://'.length);
  return slash < 0
    ? { origin: url, target: '/' }
    : { origin: url.slice(0, slash), target: url.slice(slash) };
}

function requestText(
  origin: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): string {
  const text = JSON.stringify(body);
  let head = `POST ${target} HTTP/1.1\r\nhost: ${origin.slice('http://'.length)}\r\n`;
  head += `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`;
  for (const name of Object.keys(headers)) head += `${name}: ${headers[name]}\r\n`;
  return `${head}\r\n${text}`;
}

interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly text: string;
  /** The server takes another request on this connection. */
  readonly isKept: boolean;
}

interface Connection {
  readonly ask: (request: string) => Promise<Answer>;
  /** On performance.now()'s scale. */
  readonly usedAtMs: () => number;
  readonly end: () => void;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

function connect({ hostname, port }: URL, onClose: () => void): Connection {
  const socket = net.connect({ host: hostname, port: Number(port || '80'), noDelay: true });
  let waiting: Waiting | undefined;
  let usedAtMs = performance.now();
  let received: Buffer = Buffer.alloc(0);
  const fail = (error: Error): void => {
    waiting?.reject(error);
    waiting = undefined;
  };
  socket.setTimeout(TIMEOUT_MS, () => {
    if (waiting === undefined) return;
    fail(new Error(`${hostname}:${port}: no answer`));
    socket.destroy();
  });
  socket.on('error', fail);
  socket.on('close', () => {
    fail(new Error(`${hostname}:${port}: closed before it answered`));
    onClose();
  });
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = answerIn(received);
    if (answer === undefined) return;
    received = Buffer.alloc(0);
    const { resolve } = waiting ?? { resolve: () => undefined };
    waiting = undefined;
    usedAtMs = performance.now();
    resolve(answer);
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    usedAtMs: () => usedAtMs,
    end: () => socket.destroy(),
  };
}

const HEAD_END = '\r\n\r\n';

/** undefined = there is more to come. */
function answerIn(received: Buffer): Answer | undefined {
  const headLength = received.indexOf(HEAD_END);
  if (headLength < 0) return undefined;
  const [first = '', ...lines] = received.toString('latin1', 0, headLength).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const status = Number(first.slice('HTTP/1.1 '.length, 'HTTP/1.1 '.length + 3));
  const rest = received.subarray(headLength + HEAD_END.length);
  const body = bodyIn(status, headers, rest);
  if (body === undefined) return undefined;
  return { status, headers, text: body.toString('utf8'), isKept: headers.connection !== 'close' };
}

function bodyIn(status: number, headers: AnswerHeaders, rest: Buffer): Buffer | undefined {
  if (status === 204 || status === 304) return rest;
  if (headers['transfer-encoding'] === 'chunked') return chunksIn(rest);
  const length = Number(headers['content-length'] ?? '0');
  return rest.length < length ? undefined : rest.subarray(0, length);
}

/** Sizes in hex, each before its bytes; the last is 0. */
function chunksIn(rest: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16);
    const begin = lineEnd + 2;
    if (rest.length < begin + size + 2) return undefined;
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(rest.subarray(begin, begin + size));
    at = begin + size + 2;
  }
}
