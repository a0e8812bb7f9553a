/**
 * The marketplace's own endpoints: created, changed, rotated; a secret is returned only at
 * creation.
 */
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import { type Id, shardOf } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { AuditNote } from '../../store/audit/audited.ts';
import {
  addEndpoint,
  changeEndpoint,
  type EndpointChange,
  type EndpointRow,
  readEndpoints,
  rotateEndpointSecret,
} from '../../store/webhook/endpoints.ts';
import { newWebhookSecret } from '../../webhooks/sign.ts';
import { checkUrl } from '../../webhooks/url-guard.ts';
import { auditNote } from '../audit/audit-log.ts';
import type { Outcome } from '../base/outcome.ts';
import { type Page, type PageRequest, pageOf } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind, attemptRead } from '../base/read-payment.ts';
import { endpointSecretPlace } from '../key/envelope.ts';

export type WebhookEndpoint = Pick<
  EndpointRow,
  'id' | 'url' | 'enabledEvents' | 'status' | 'createdAtMs'
>;

/** How long the old secret still signs beside the new one. */
const ROTATION_MS = 24 * 3_600_000;
/** Deleted ones do not count. */
const ENDPOINTS_MAX = 16;
/** How long a request waits for the name to resolve; longer than one query takes. */
const RESOLVE_MS = 3_000;

function shown(row: EndpointRow): WebhookEndpoint {
  const { id, url, enabledEvents, status, createdAtMs } = row;
  return { id, url, enabledEvents, status, createdAtMs };
}

function noteOf(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  actor: string,
  verb: 'created' | 'updated' | 'deleted' | 'secret_rotated',
): AuditNote {
  return auditNote(platform, { marketplace, actor, action: `webhook_endpoint.${verb}` });
}

const UNKNOWN = hutongError('not_found', 'no such webhook_endpoint');

async function refusedUrl(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  url: string,
): Promise<HutongError | undefined> {
  const asker = { name: marketplace, withinMs: RESOLVE_MS };
  const checked = await checkUrl(url, platform.urlPolicy, asker);
  return checked.ok
    ? undefined
    : hutongError('webhook_url_refused', checked.error.message, { param: 'url' });
}

/** The address as it is called: equal for different spellings. */
function addressOf(url: string): string {
  const { href, hash } = new URL(url);
  return hash === '' ? href : href.slice(0, -hash.length);
}

/** Another endpoint of the marketplace has this address already. */
function sameAddress(
  present: readonly EndpointRow[],
  url: string,
  own: Id<'webhook_endpoint'> | null,
): Result<undefined, HutongError> {
  const address = addressOf(url);
  const same = present.find((row) => row.id !== own && addressOf(row.url) === address);
  if (same === undefined) return ok(undefined);
  return err(
    hutongError('webhook_endpoint_exists', `${same.id} has this address`, {
      param: 'url',
      existing: same.id,
    }),
  );
}

function roomForOneMore(
  present: readonly EndpointRow[],
  url: string,
): Result<undefined, HutongError> {
  const same = sameAddress(present, url, null);
  if (!same.ok || present.length < ENDPOINTS_MAX) return same;
  const message = `a marketplace has at most ${ENDPOINTS_MAX} webhook endpoints`;
  return err(hutongError('webhook_endpoints_full', message));
}

async function sealedSecret(
  { envelope }: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
  secret: string,
): Promise<string> {
  const seal = await envelope.sealer(marketplace);
  return seal(secret, endpointSecretPlace({ id, marketplace }));
}

export async function createWebhookEndpoint(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  input: {
    readonly url: string;
    readonly enabledEvents: readonly string[];
    readonly by: string;
  },
): Outcome<{ readonly endpoint: WebhookEndpoint; readonly secret: string }> {
  const refused = await refusedUrl(platform, marketplace, input.url);
  if (refused !== undefined) return err(refused);
  const secret = newWebhookSecret(platform.random);
  const id = platform.ids.next('webhook_endpoint', shardOf(marketplace));
  const added = await attemptRead(async () =>
    addEndpoint(
      platform.cells,
      {
        id,
        marketplace,
        url: input.url,
        enabledEvents: input.enabledEvents,
        sealed: await sealedSecret(platform, marketplace, id, secret),
        createdAtMs: platform.clock.nowMs(),
      },
      (present) => roomForOneMore(present, input.url),
      noteOf(platform, marketplace, input.by, 'created'),
    ),
  );
  platform.directory.forgetEndpoints(marketplace);
  const row = added.ok ? added.value : added;
  if (!row.ok) return row;
  return row.value === undefined ? err(UNKNOWN) : ok({ endpoint: shown(row.value), secret });
}

export async function listWebhookEndpoints(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  page: PageRequest,
): Outcome<Page<WebhookEndpoint>> {
  const rows = await attemptRead(() => readEndpoints(platform.db, marketplace));
  return rows.ok ? ok(pageOf(rows.value.map(shown), page)) : rows;
}

export async function getWebhookEndpoint(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
): Outcome<WebhookEndpoint> {
  const found = await attemptFind(async () => {
    const rows = await readEndpoints(platform.db, marketplace);
    return rows.find((row) => row.id === id);
  }, UNKNOWN);
  return found.ok ? ok(shown(found.value)) : found;
}

export async function updateWebhookEndpoint(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
  change: EndpointChange & { readonly by: string },
): Outcome<WebhookEndpoint> {
  const { url, by } = change;
  const refused = url === undefined ? undefined : await refusedUrl(platform, marketplace, url);
  if (refused !== undefined) return err(refused);
  const changed = await attemptRead(() =>
    changeEndpoint(
      platform.cells,
      marketplace,
      id,
      change,
      (present) => (url === undefined ? ok(undefined) : sameAddress(present, url, id)),
      noteOf(platform, marketplace, by, change.status === 'deleted' ? 'deleted' : 'updated'),
    ),
  );
  platform.directory.forgetEndpoints(marketplace);
  const row = changed.ok ? changed.value : changed;
  if (!row.ok) return row;
  return row.value === undefined ? err(UNKNOWN) : ok(shown(row.value));
}

export async function deleteWebhookEndpoint(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
  by: string,
): Outcome<void> {
  const deleted = { status: 'deleted', by } as const;
  const changed = await updateWebhookEndpoint(platform, marketplace, id, deleted);
  return changed.ok ? ok(undefined) : changed;
}

/** For 24 h the old secret signs beside the new one, and does nothing else. */
export async function rotateWebhookSecret(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
  input: { readonly endsPrevious: boolean; readonly by: string },
): Outcome<{ readonly secret: string }> {
  const secret = newWebhookSecret(platform.random);
  const keptMs = input.endsPrevious ? 0 : ROTATION_MS;
  const row = await attemptFind(async () => {
    const sealed = await sealedSecret(platform, marketplace, id, secret);
    const beforeUntilMs = platform.wall.nowMs() + keptMs;
    const note = noteOf(platform, marketplace, input.by, 'secret_rotated');
    return rotateEndpointSecret(platform.db, marketplace, id, { sealed, beforeUntilMs }, note);
  }, UNKNOWN);
  platform.directory.forgetEndpoints(marketplace);
  return row.ok ? ok({ secret }) : row;
}
