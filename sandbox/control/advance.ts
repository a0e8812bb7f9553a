/**
 * Advances the city's time timer by timer: the earliest due work of any gateway, the callback queue
 * or a follower is reached, done and settled before the next. So thirty days pass in their real
 * order, and nothing in between is skipped.
 */
import type { Clock } from '../../src/runtime/clock.ts';
import type { OpenCallbackQueue } from '../kit/callback-queue.ts';
import type { CityClock } from '../kit/city-clock.ts';
import type { DeliveryLog } from '../kit/delivery-log.ts';
import { earliest, type Followers } from './followers.ts';

/** At one time of the clock. More rounds mean that some work never stops being due. */
const ROUND_COUNT_MAX = 200;

export interface DueGateways {
  readonly nextDueMs: () => number | null;
  /** Runs what is due now; never two runs at a time. */
  readonly runDue: () => Promise<void>;
}

export interface City {
  readonly clock: CityClock;
  readonly wall: Clock;
  readonly callbackQueue: OpenCallbackQueue;
  readonly deliveries: DeliveryLog;
  readonly gateways: DueGateways;
  readonly followers: Followers;
}

export interface Advancer {
  /** Resolves when that time is reached and no work is due at it. Calls run one after the other. */
  readonly advance: (ms: number) => Promise<void>;
}

export function createAdvancer(city: City): Advancer {
  let last: Promise<void> = Promise.resolve();
  return {
    advance: (ms) => {
      const mine = last.then(() => advanceTo(city, city.clock.nowMs() + ms));
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

async function advanceTo(city: City, targetMs: number): Promise<void> {
  await settle(city);
  for (;;) {
    const next = nextDueMs(city);
    if (next === null || next > targetMs) break;
    city.clock.moveTo(next);
    await settle(city);
  }
  city.clock.moveTo(targetMs);
  await settle(city);
}

function nextDueMs(city: City): number | null {
  return earliest([
    city.gateways.nextDueMs(),
    city.callbackQueue.nextDueMs(),
    city.followers.nextDueMs(),
  ]);
}

/** Repeats until a round made no delivery and left nothing due: then this time is finished. */
async function settle(city: City): Promise<void> {
  for (let round = 0; round < ROUND_COUNT_MAX; round += 1) {
    await city.gateways.runDue();
    await city.callbackQueue.settle();
    const deliveredCount = city.deliveries.count();
    await city.followers.settle();
    await city.callbackQueue.settle();
    const next = nextDueMs(city);
    const isQuiet = next === null || next > city.clock.nowMs();
    if (isQuiet && deliveredCount === city.deliveries.count()) return;
  }
  throw new Error('the clock does not come to rest: something stays due however often it is run');
}
