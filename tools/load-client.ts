/**
 * A lean JSON client over node:http with kept connections, for load: what the generator itself
 * costs must not be what is measured.
 */
import http from 'node:http';

export type Json = Record<string, unknown>;

export interface LoadClient {
  /** Rejects where the status is another than `expected`, with the answer in the message. */
  readonly post: (
    url: string,
    body: unknown,
    options: {
      readonly expected: number;
      readonly headers?: Record<string, string>;
      /** Where a server hands out a session in a header of its answer. */
      readonly onHeaders?: (headers: http.IncomingHttpHeaders) => void;
    },
  ) => Promise<Json>;
  readonly close: () => void;
}

const TIMEOUT_MS = 20_000;

export function openLoadClient(): LoadClient {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1_024, scheduling: 'lifo' });
  return {
    close: () => agent.destroy(),
    post: (url, body, { expected, headers, onHeaders }) =>
      new Promise((resolve, reject) => {
        const bytes = Buffer.from(JSON.stringify(body));
        const request = http.request(url, {
          method: 'POST',
          agent,
          timeout: TIMEOUT_MS,
          headers: {
            'content-type': 'application/json',
            'content-length': bytes.length,
            ...headers,
          },
        });
        request.on('timeout', () => request.destroy(new Error(`${url}: no answer`)));
        request.on('error', reject);
        request.on('response', (response) => {
          onHeaders?.(response.headers);
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            if (response.statusCode === expected) resolve(JSON.parse(text) as Json);
            else reject(new Error(`POST ${url}: ${response.statusCode}: ${text.slice(0, 300)}`));
          });
        });
        request.end(bytes);
      }),
  };
}
