/**
 * The follower's side of the sandbox city's clock, for the demo's composition only: a business
 * clock set to the city's. By long polling it learns of a move, adopts it, lets the platform do its
 * due work at the new time, and only then reports back; so the city knows when all work at a time
 * is done. The platform's core knows nothing of this and has no route that moves time.
 */
import { type Clock, wallClock } from '../runtime/clock.ts';
import type { HttpClient } from '../runtime/http-client.ts';

/** Longer than the city holds a poll open (20 s). */
const POLL_TIMEOUT_MS = 25_000;
const RETRY_MS = 300;
/** No offset is that low: the first poll is answered at once. */
const NEVER_ADOPTED_MS = Number.MIN_SAFE_INTEGER;

export interface FollowOptions {
  readonly sandboxUrl: string;
  /** A unique name per following process. */
  readonly follower: string;
  readonly http: HttpClient;
  /** The platform's public base URL: the city's phone may open its pages. */
  readonly publicUrl?: string;
  /**
   * Runs the platform's due work at the current business time; once nothing is due, resolves to
   * when the next work is due (business time). null = never.
   */
  readonly settle: () => Promise<number | null>;
  /** If the sandbox requires a token for its control. */
  readonly controlToken?: string;
  readonly log?: (line: string) => void;
}

export interface FollowedClock {
  readonly clock: Clock;
  /** The city's offset has been adopted for the first time. */
  readonly ready: Promise<void>;
  readonly stop: () => void;
}

export function followCityClock(options: FollowOptions): FollowedClock {
  // The first is adopted as it is: a city that was started on an earlier day has a negative one.
  let offsetMs: number | undefined;
  let isStopped = false;
  let setReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    setReady = resolve;
  });
  const run = async () => {
    let adoptedMs = NEVER_ADOPTED_MS;
    let nextDueMs: number | null = null;
    while (!isStopped) {
      const reported = await ask(options, adoptedMs, nextDueMs);
      if (isStopped) return;
      if (reported === undefined) {
        await pause(RETRY_MS);
        continue;
      }
      // Time never runs backwards, not even if the sandbox was restarted from scratch.
      offsetMs = offsetMs === undefined ? reported : Math.max(offsetMs, reported);
      adoptedMs = reported;
      setReady();
      nextDueMs = await settleFor(options);
    }
  };
  void run();
  return {
    clock: { nowMs: () => wallClock.nowMs() + (offsetMs ?? 0) },
    ready,
    stop: () => {
      isStopped = true;
    },
  };
}

/** The city's offset, as soon as it differs from the adopted one; undefined = no answer. */
async function ask(
  options: FollowOptions,
  adoptedMs: number,
  nextDueMs: number | null,
): Promise<number | undefined> {
  const token = options.controlToken;
  const answer = await options.http.send({
    method: 'POST',
    url: `${options.sandboxUrl}/control/clock/follow`,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({
      follower: options.follower,
      adopted_ms: adoptedMs,
      next_due_ms: nextDueMs,
      ...(options.publicUrl === undefined ? {} : { public_url: options.publicUrl }),
    }),
    timeoutMs: POLL_TIMEOUT_MS,
  });
  if (!answer.ok || answer.value.status !== 200) return undefined;
  try {
    const reported: unknown = JSON.parse(answer.value.body.toString('utf8'));
    const offset = (reported as { offset_ms?: unknown } | null)?.offset_ms;
    return typeof offset === 'number' && Number.isSafeInteger(offset) ? offset : undefined;
  } catch {
    return undefined;
  }
}

/** Failed due work is retried: a time is not finished while work due at it is undone. */
async function settleFor(options: FollowOptions): Promise<number | null> {
  try {
    return await options.settle();
  } catch (error) {
    options.log?.(`clock: due work failed: ${error instanceof Error ? error.message : 'unknown'}`);
    await pause(RETRY_MS);
    // In the past, so that the city asks again.
    return 0;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
