/**
 * One try of one delivery. It reports what happened and decides nothing: the caller records the
 * outcome and asks the schedule. No redirect is followed, the connection goes to the address that
 * the guard checked, and nothing of the answer but its status is used or stored.
 */
import type { Clock } from '../runtime/clock.ts';
import type { HttpClient } from '../runtime/http-client.ts';
import { type WebhookKey, webhookHeaders } from './sign.ts';
import { checkUrl, type UrlPolicy } from './url-guard.ts';

export interface DeliverySeams {
  readonly http: HttpClient;
  /** Wall time: receivers refuse signatures with another time. */
  readonly wall: Clock;
  readonly policy: UrlPolicy;
}

export interface Delivery {
  readonly marketplace: string;
  readonly url: string;
  /** The endpoint's keys, newest first: two during a rotation. */
  readonly secrets: readonly WebhookKey[];
  /** The webhook-id: the same at every try, so that a receiver can drop duplicates. */
  readonly eventId: string;
  readonly body: string;
  /** 1 for the first try. */
  readonly attempt: number;
}

export type DeliveryOutcome =
  | { readonly outcome: 'delivered'; readonly status: number }
  /** 410: the receiver is gone; the endpoint is disabled. */
  | { readonly outcome: 'gone'; readonly status: 410 }
  | { readonly outcome: 'retry'; readonly status: number | null; readonly reason: string };

/** For a whole try: name resolution, connection, answer. */
const TIMEOUT_MS = 10_000;
const RESPONSE_BYTES_MAX = 65_536;

export async function sendDelivery(
  seams: DeliverySeams,
  delivery: Delivery,
): Promise<DeliveryOutcome> {
  const begunMs = performance.now();
  const asker = { name: delivery.marketplace, withinMs: TIMEOUT_MS };
  const checked = await checkUrl(delivery.url, seams.policy, asker);
  if (!checked.ok) return { outcome: 'retry', status: null, reason: checked.error.message };
  const answered = await seams.http.send({
    method: 'POST',
    url: delivery.url,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Hutong-Webhooks/1',
      'hutong-delivery-attempt': String(delivery.attempt),
      ...webhookHeaders({
        id: delivery.eventId,
        body: delivery.body,
        wallMs: seams.wall.nowMs(),
        keys: delivery.secrets,
      }),
    },
    body: delivery.body,
    timeoutMs: Math.max(1, TIMEOUT_MS - Math.round(performance.now() - begunMs)),
    responseBytesMax: RESPONSE_BYTES_MAX,
    address: checked.value,
  });
  if (!answered.ok) {
    return {
      outcome: 'retry',
      status: null,
      reason: `${answered.error.kind}: ${answered.error.message}`,
    };
  }
  const { status } = answered.value;
  if (status >= 200 && status < 300) return { outcome: 'delivered', status };
  if (status === 410) return { outcome: 'gone', status };
  return { outcome: 'retry', status, reason: `answered ${status}` };
}
