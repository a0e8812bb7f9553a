/** The marketplace's own server: takes events, checks signatures of a sample, wakes who waits. */
import http from 'node:http';
import type net from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { Json } from '../tools/load-client.ts';

/** One in so many is verified: the generator's CPU is not the platform's. */
const VERIFY_EVERY = 20;

export interface WebhookSink {
  readonly url: string;
  readonly trust: (secret: string) => void;
  /** Resolves when the payment's event arrives; rejects when it does not in time. */
  readonly succeeded: (intent: string, timeoutMs: number) => Promise<void>;
  readonly verified: () => number;
  readonly refused: () => number;
  readonly close: () => Promise<void>;
}

export async function openWebhookSink(): Promise<WebhookSink> {
  const waiting = new Map<string, () => void>();
  const early = new Set<string>();
  let webhook: Webhook | undefined;
  let taken = 0;
  let verified = 0;
  let refused = 0;
  const take = (body: string, headers: Record<string, string>): void => {
    taken += 1;
    if (taken % VERIFY_EVERY === 0) {
      webhook?.verify(body, headers);
      verified += 1;
    }
    const event = JSON.parse(body) as { readonly data: { readonly object: Json } };
    const intent = String(event.data.object.id);
    const wake = waiting.get(intent);
    if (wake === undefined) early.add(intent);
    else wake();
  };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      let status = 204;
      try {
        take(Buffer.concat(chunks).toString('utf8'), request.headers as Record<string, string>);
      } catch {
        refused += 1;
        status = 400;
      }
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/hooks`,
    trust: (secret) => {
      webhook = new Webhook(secret);
    },
    verified: () => verified,
    refused: () => refused,
    succeeded: (intent, timeoutMs) =>
      new Promise((resolve, reject) => {
        if (early.delete(intent)) return resolve();
        const timer = setTimeout(() => {
          waiting.delete(intent);
          reject(new Error(`no webhook of a paid intent within ${timeoutMs} ms`));
        }, timeoutMs);
        waiting.set(intent, () => {
          clearTimeout(timer);
          waiting.delete(intent);
          resolve();
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
