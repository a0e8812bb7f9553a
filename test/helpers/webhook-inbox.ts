/** A marketplace's own server: takes webhooks, verified by the `standardwebhooks` package. */
import { Webhook } from 'standardwebhooks';
import type { Json } from './api.ts';
import { openLocalServer, wireRequestOf } from './local-server.ts';

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
  const server = await openLocalServer(async (incoming, outgoing) => {
    const { headers, body: bytes } = await wireRequestOf(incoming);
    const body = bytes.toString('utf8');
    const verified = secrets
      .map((secret) => tryVerify(secret, body, headers))
      .find((event) => event !== undefined);
    if (verified === undefined) refused.push(body.slice(0, 200));
    else events.push(verified);
    outgoing.writeHead(verified === undefined ? 400 : 204).end();
  });
  return {
    url: `${server.url}/hooks`,
    events,
    refused,
    trust: (secret) => void secrets.push(new Webhook(secret)),
    close: server.close,
  };
}

function tryVerify(
  webhook: Webhook,
  body: string,
  headers: Readonly<Record<string, string>>,
): Json | undefined {
  try {
    return webhook.verify(body, headers) as Json;
  } catch {
    return undefined;
  }
}
