/** The marketplace's own endpoints: made, changed, rotated; secrets leave only once, when made. */
import { type HutongError, hutongError } from '../core/errors.ts';
import { type Id, shardOf, shardOfId } from '../core/id.ts';
import { err, ok, type Result } from '../core/result.ts';
import { oweDeliveries } from '../store/events.ts';
import { readEvent } from '../store/queries.ts';
import {
  addEndpoint,
  changeEndpoint,
  type EndpointRow,
  readEndpoints,
  rotateEndpointSecret,
} from '../store/webhook-endpoints.ts';
import { newWebhookSecret } from '../webhooks/sign.ts';
import { checkUrl } from '../webhooks/url-guard.ts';
import { endpointSecretPlace } from './directory.ts';
import type { Platform } from './platform.ts';
import { attemptRead } from './read-payment.ts';
import type { WebhookEndpoint } from './use-cases.ts';

/** How long the old secret still signs beside the new one. */
const ROTATION_MS = 24 * 3_600_000;

function shown(row: EndpointRow): WebhookEndpoint {
  const { id, url, enabledEvents, status, createdAtMs } = row;
  return { id, url, enabledEvents, status, createdAtMs };
}

const NOT_FOUND = err(hutongError('not_found', 'no such webhook_endpoint'));

async function refusedUrl(platform: Platform, url: string): Promise<HutongError | undefined> {
  const checked = await checkUrl(url, platform.urlPolicy);
  return checked.ok
    ? undefined
    : hutongError('webhook_url_refused', checked.error.message, { param: 'url' });
}

export async function createWebhookEndpoint(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  input: { readonly url: string; readonly enabledEvents: readonly string[] },
): Promise<Result<{ readonly endpoint: WebhookEndpoint; readonly secret: string }, HutongError>> {
  const refused = await refusedUrl(platform, input.url);
  if (refused !== undefined) return err(refused);
  const secret = newWebhookSecret(platform.random);
  const row = await attemptRead(() =>
    addEndpoint(platform.db, {
      id: platform.ids.next('webhook_endpoint', shardOf(marketplace)),
      marketplace,
      url: input.url,
      enabledEvents: input.enabledEvents,
      sealed: platform.envelope.seal(secret, endpointSecretPlace(marketplace)),
      createdAtMs: platform.clock.nowMs(),
    }),
  );
  platform.directory.forget();
  if (!row.ok) return row;
  return row.value === undefined ? NOT_FOUND : ok({ endpoint: shown(row.value), secret });
}

export async function listWebhookEndpoints(
  platform: Platform,
  marketplace: Id<'marketplace'>,
): Promise<Result<readonly WebhookEndpoint[], HutongError>> {
  const rows = await attemptRead(() => readEndpoints(platform.db, marketplace));
  return rows.ok ? ok(rows.value.map(shown)) : rows;
}

export async function getWebhookEndpoint(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
): Promise<Result<WebhookEndpoint, HutongError>> {
  const rows = await listWebhookEndpoints(platform, marketplace);
  if (!rows.ok) return rows;
  const found = rows.value.find((row) => row.id === id);
  return found === undefined ? NOT_FOUND : ok(found);
}

export async function updateWebhookEndpoint(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
  change: {
    readonly url?: string;
    readonly enabledEvents?: readonly string[];
    readonly status?: 'enabled' | 'disabled' | 'deleted';
  },
): Promise<Result<WebhookEndpoint, HutongError>> {
  const refused = change.url === undefined ? undefined : await refusedUrl(platform, change.url);
  if (refused !== undefined) return err(refused);
  const row = await attemptRead(() => changeEndpoint(platform.db, marketplace, id, change));
  platform.directory.forget();
  if (!row.ok) return row;
  return row.value === undefined ? NOT_FOUND : ok(shown(row.value));
}

export async function rotateWebhookSecret(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
): Promise<Result<{ readonly secret: string }, HutongError>> {
  const secret = newWebhookSecret(platform.random);
  const row = await attemptRead(() =>
    rotateEndpointSecret(platform.db, marketplace, id, {
      sealed: platform.envelope.seal(secret, endpointSecretPlace(marketplace)),
      beforeUntilMs: platform.wall.nowMs() + ROTATION_MS,
    }),
  );
  platform.directory.forget();
  if (!row.ok) return row;
  return row.value === undefined ? NOT_FOUND : ok({ secret });
}

/** Owes the event to every endpoint that wants it now, delivered before or not. */
export async function resendEvent(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'event'>,
  wake: () => void,
): Promise<Result<{ readonly deliveries: number }, HutongError>> {
  const event = await attemptRead(() => readEvent(platform.db, shardOfId(id), id));
  if (!event.ok) return event;
  if (event.value?.marketplace !== marketplace)
    return err(hutongError('not_found', 'no such event'));
  const { type } = event.value;
  const nowMs = platform.clock.nowMs();
  const count = await attemptRead(() =>
    oweDeliveries(platform.db, { shard: shardOfId(id), id, marketplace, type, nowMs }),
  );
  wake();
  return count.ok ? ok({ deliveries: count.value }) : count;
}
