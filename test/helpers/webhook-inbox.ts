/** A marketplace's own server: takes webhooks, verified by the `standardwebhooks` package. */
import http from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { Json } from './api.ts';

export interface WebhookInbox {
  readonly url: string;
  readonly events: Json[];
  readonly refused: string[];
  /** The secret arrives after the endpoint was made. */
  readonly trust: (secret: string) => void;
  readonly close: () => Promise<void>;
}

export async function openInbox(): Promise<WebhookInbox> {
  const events: Json[] = [];
  const refused: string[] = [];
  const secrets: Webhook[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const headers = request.headers as Record<string, string>;
      const verified = secrets
        .map((secret) => tryVerify(secret, body, headers))
        .find((event) => event !== undefined);
      if (verified === undefined) refused.push(body.slice(0, 200));
      else events.push(verified);
      response.writeHead(verified === undefined ? 400 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    events,
    refused,
    trust: (secret) => void secrets.push(new Webhook(secret)),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function tryVerify(
  webhook: Webhook,
  body: string,
  headers: Record<string, string>,
): Json | undefined {
  try {
    return webhook.verify(body, headers) as Json;
  } catch {
    return undefined;
  }
}
