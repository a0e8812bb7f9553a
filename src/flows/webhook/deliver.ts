/**
 * Delivers events. What this process has just committed is sent at once from memory; late, failed
 * and other processes' deliveries are found by the sweep. Every endpoint has a queue of its own, so
 * that a dead one does not delay another host's (rule 9); those of one host share its gate.
 */

import { plainly } from '../../core/draft.ts';
import { presentEvent } from '../../core/webhook/present-event.ts';
import { claimed, type Work } from '../../engine/due.ts';
import type { Id } from '../../kernel/id.ts';
import { ok } from '../../kernel/result.ts';
import { createGate, type Gate } from '../../runtime/gate.ts';
import {
  DELIVERY,
  type Delivery,
  type DeliveryResult,
  deliveryId,
} from '../../store/webhook/delivery.ts';
import type { DueDelivery } from '../../store/webhook/due.ts';
import { changeEndpoint } from '../../store/webhook/endpoints.ts';
import type { EventRow, OwedDelivery } from '../../store/webhook/events.ts';
import { readEvent } from '../../store/webhook/queries.ts';
import { sendDelivery } from '../../webhooks/deliver.ts';
import { nextTryDelayMs } from '../../webhooks/schedule.ts';
import { auditNote } from '../audit/audit-log.ts';
import type { OpenedEndpoint } from '../base/directory.ts';
import type { Platform } from '../base/platform.ts';
import { describe } from '../base/wallet-call.ts';

/** Concurrent deliveries to one endpoint; more wait. */
const UNDER_WAY_MAX = 32;
/**
 * Concurrent deliveries of one marketplace to one host, over all its endpoints there; they take
 * turns.
 */
const HOST_UNDER_WAY_MAX = 64;
/** Queued in memory per endpoint; the rest is left to the sweep. */
const WAITING_MAX = 5_000;
/** How long a claim on a delivery lasts: longer than a try can take. */
const CLAIM_MS = 30_000;

interface DeliveryJob {
  readonly marketplace: Id<'marketplace'>;
  readonly delivery: OwedDelivery;
  readonly triesDone: number;
  readonly body: string;
}

export interface WebhookQueue {
  /** The deliveries that a batch has just committed. */
  readonly dispatch: (owed: readonly OwedDelivery[], events: readonly EventRow[]) => void;
  /** Queues a job and returns at once: nobody waits for somebody else's dead endpoint. */
  readonly send: (job: DeliveryJob) => void;
  /** Is it queued or in flight here already? */
  readonly isQueued: (delivery: OwedDelivery) => boolean;
  /** Resolves when nothing is in flight. */
  readonly idle: () => Promise<void>;
}

interface Queue {
  underWay: number;
  readonly waiting: DeliveryJob[];
}

const nameOf = ({ event, endpoint }: OwedDelivery): string => `${event} ${endpoint}`;

export function createWebhookQueue(platform: Platform): WebhookQueue {
  const queues = new Map<Id<'webhook_endpoint'>, Queue>();
  const hosts = createGate({ insideMax: HOST_UNDER_WAY_MAX });
  const open = new Set<Promise<void>>();
  const held = new Set<string>();

  const next = (queue: Queue): void => {
    const job = queue.waiting.shift();
    if (job === undefined) return;
    queue.underWay += 1;
    const work = deliver(platform, hosts, job)
      .catch((error: unknown) => platform.log.error({ defect: describe(error) }, 'a try failed'))
      .finally(() => {
        queue.underWay -= 1;
        open.delete(work);
        held.delete(nameOf(job.delivery));
        next(queue);
      });
    open.add(work);
  };
  const send = (job: DeliveryJob): void => {
    const { endpoint } = job.delivery;
    const queue = queues.get(endpoint) ?? { underWay: 0, waiting: [] };
    queues.set(endpoint, queue);
    if (queue.waiting.length >= WAITING_MAX) return;
    held.add(nameOf(job.delivery));
    queue.waiting.push(job);
    if (queue.underWay < UNDER_WAY_MAX) next(queue);
  };
  return {
    send,
    isQueued: (delivery) => held.has(nameOf(delivery)),
    dispatch: (owed, events) => {
      const bodies = new Map<Id<'event'>, string>();
      const byId = new Map(events.map((event) => [event.id, event]));
      for (const delivery of owed) {
        const event = byId.get(delivery.event);
        if (event === undefined) continue;
        const body = bodies.get(event.id) ?? JSON.stringify(presentEvent(event));
        bodies.set(event.id, body);
        send({ marketplace: event.marketplace, delivery, triesDone: 0, body });
      }
    },
    idle: async () => {
      while (open.size > 0) await Promise.all(open);
    },
  };
}

async function deliver(platform: Platform, hosts: Gate, job: DeliveryJob): Promise<void> {
  const endpoint = await endpointOf(platform, job);
  if (endpoint === undefined || endpoint.row.status !== 'enabled') {
    await record(platform, job, {
      status: 'failed',
      dueAtMs: null,
      lastStatus: null,
      lastError: 'the endpoint is gone or disabled',
    });
    return;
  }
  const leave = await hosts.enter(`${job.marketplace} ${new URL(endpoint.row.url).host}`);
  const outcome = await sendDelivery(
    { http: platform.http, wall: platform.wall, policy: platform.urlPolicy },
    {
      marketplace: job.marketplace,
      url: endpoint.row.url,
      secrets: endpoint.keys,
      eventId: job.delivery.event,
      body: job.body,
      attempt: job.triesDone + 1,
    },
  ).finally(leave);
  platform.metrics.delivery(outcome.outcome);
  if (outcome.outcome === 'delivered') {
    await record(platform, job, {
      status: 'delivered',
      dueAtMs: null,
      lastStatus: outcome.status,
      lastError: null,
    });
    return;
  }
  if (outcome.outcome === 'gone') await disable(platform, endpoint);
  const delayMs =
    outcome.outcome === 'gone' ? null : nextTryDelayMs(job.triesDone + 1, platform.random);
  await record(platform, job, {
    status: delayMs === null ? 'failed' : 'pending',
    dueAtMs: delayMs === null ? null : platform.clock.nowMs() + delayMs,
    lastStatus: outcome.status,
    lastError: outcome.outcome === 'gone' ? 'the receiver answered 410' : outcome.reason,
  });
}

/** The cached list may lack an endpoint that another process just created: it is read once more. */
async function endpointOf(
  platform: Platform,
  { marketplace, delivery }: DeliveryJob,
): Promise<OpenedEndpoint | undefined> {
  const known = await platform.directory.endpoint(marketplace, delivery.endpoint);
  if (known?.row.status === 'enabled') return known;
  platform.directory.forgetEndpoints(marketplace);
  return platform.directory.endpoint(marketplace, delivery.endpoint);
}

async function disable(platform: Platform, endpoint: OpenedEndpoint): Promise<void> {
  platform.log.warn(
    { webhook_endpoint: endpoint.row.id },
    'answered 410: the endpoint is disabled',
  );
  const { id, marketplace } = endpoint.row;
  const change = { status: 'disabled' } as const;
  const action = 'webhook_endpoint.updated';
  const note = auditNote(platform, { marketplace, actor: 'system', action });
  await changeEndpoint(platform.cells, marketplace, id, change, () => ok(undefined), note);
  platform.directory.forgetEndpoints(marketplace);
}

/** Nobody waits for it but the deliveries that are queued for its endpoint. */
const DELIVERED_PIGGYBACK_MS = 25;

async function record(
  platform: Platform,
  job: Pick<DeliveryJob, 'delivery' | 'triesDone'>,
  result: {
    readonly status: 'pending' | 'delivered' | 'failed';
    readonly dueAtMs: number | null;
    readonly lastStatus: number | null;
    readonly lastError: string | null;
  },
): Promise<void> {
  const { delivery, triesDone } = job;
  await platform.engine.submit({
    ...resultCommand({ ...delivery, tries: triesDone + 1, ...result }),
    name: 'record_delivery',
    // If the note is lost, the event is delivered once more (rule 9).
    ...(result.status === 'delivered' ? { piggybackMs: DELIVERED_PIGGYBACK_MS } : {}),
  });
}

/** Notes the outcome of a try, unless the batch already recorded it as delivered. */
function resultCommand(result: DeliveryResult) {
  return {
    aggregate: DELIVERY,
    shard: result.shard,
    marketplace: null,
    root: deliveryId(result),
    decide: (delivery: Delivery) =>
      plainly(delivery.result?.status === 'delivered' ? delivery : { ...delivery, result }, null),
  };
}

/** One step of the sweep: claim, then try (unless it is in flight here already). */
export async function claimDelivery(
  platform: Platform,
  queue: WebhookQueue,
  due: DueDelivery,
): Promise<Work> {
  const delivery = { shard: due.shard, event: due.event, endpoint: due.endpoint };
  const claim = await platform.engine.submit({
    ...resultCommand({
      ...delivery,
      status: 'pending',
      tries: due.tries,
      dueAtMs: platform.clock.nowMs() + CLAIM_MS,
      lastStatus: null,
      lastError: null,
    }),
    name: 'claim_delivery',
  });
  claimed(claim);
  if (queue.isQueued(delivery)) return null;
  return async () => {
    const event = await readEvent(platform.cells, due.event);
    if (event === undefined) {
      const gone = { status: 'failed', dueAtMs: null, lastStatus: null } as const;
      const job = { delivery, triesDone: due.tries };
      await record(platform, job, { ...gone, lastError: 'its event is no longer kept' });
      return;
    }
    queue.send({
      marketplace: event.marketplace,
      delivery,
      triesDone: due.tries,
      body: JSON.stringify(presentEvent(event)),
    });
  };
}
