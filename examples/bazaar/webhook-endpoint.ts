/**
 * The shop's own webhook endpoint at Hutong. The secret is shown once, so it is kept in the data
 * directory, and the endpoint is made only where none was made for that address before.
 */
import { mkdirSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type EventPattern,
  type Hutong,
  HutongConflictError,
  HutongNotFoundError,
  type WebhookEndpoint,
} from '@hutong/sdk';
import type { MarketplaceName } from './catalogue/catalogue.ts';

/** What the order pages need to hear. */
export const ENABLED_EVENTS: EventPattern[] = [
  'payment_intent.created',
  'payment_intent.requires_action',
  'payment_intent.succeeded',
  'payment_intent.canceled',
  'payment_intent.expired',
  'payment_intent.conflicted',
  'payment_attempt.succeeded',
  'payment_attempt.failed',
  'payment_attempt.closed',
  'payment_attempt.superseded',
  'refund.created',
  'refund.succeeded',
  'refund.failed',
];

interface Kept {
  readonly platform: string;
  readonly url: string;
  readonly id: string;
  readonly secret: string;
  /** The event types it subscribed to; absent in what an earlier shop stored. */
  readonly events?: readonly string[];
}

export interface EnsureOptions {
  readonly hutong: Hutong;
  readonly marketplace: MarketplaceName;
  /** The platform's address: another platform is another endpoint. */
  readonly platform: string;
  /** Where this shop is. */
  readonly url: string;
  readonly dir: string;
}

/** The secret that deliveries to `{url}/webhooks/{marketplace}` are signed with. */
export async function ensureWebhookEndpoint(options: EnsureOptions): Promise<string> {
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const path = join(options.dir, `webhook-${options.marketplace}.json`);
  const url = `${options.url}/webhooks/${options.marketplace}`;
  const kept = await readKept(path);
  const hearsAll = kept?.events?.join() === ENABLED_EVENTS.join();
  if (kept?.url === url && kept.platform === options.platform && hearsAll) return kept.secret;
  if (kept !== undefined && (await hasMoved(options, kept, url))) {
    await keep(path, { ...kept, platform: options.platform, url, events: ENABLED_EVENTS });
    return kept.secret;
  }
  const endpoint = await createOrAdopt(options, url);
  if (endpoint.secret === undefined) throw new Error('the new webhook endpoint shows no secret');
  const { platform } = options;
  const { id, secret } = endpoint;
  await keep(path, { platform, url, id, secret, events: ENABLED_EVENTS });
  return endpoint.secret;
}

/** An endpoint of this address whose secret was lost here gets a new one. */
async function createOrAdopt({ hutong }: EnsureOptions, url: string): Promise<WebhookEndpoint> {
  const wanted = { url, enabled_events: ENABLED_EVENTS };
  try {
    return await hutong.webhookEndpoints.create(wanted);
  } catch (error) {
    if (!(error instanceof HutongConflictError) || error.existing === null) throw error;
    await hutong.webhookEndpoints.update(error.existing, wanted);
    return hutong.webhookEndpoints.rotateSecret(error.existing);
  }
}

/** The shop moved, or wants to hear more: its endpoint follows, secret and all, where known. */
async function hasMoved({ hutong }: EnsureOptions, kept: Kept, url: string): Promise<boolean> {
  try {
    await hutong.webhookEndpoints.update(kept.id, { url, enabled_events: ENABLED_EVENTS });
    return true;
  } catch (error) {
    if (error instanceof HutongNotFoundError) return false;
    throw error;
  }
}

async function keep(path: string, kept: Kept): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(kept), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function readKept(path: string): Promise<Kept | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
