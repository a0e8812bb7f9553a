/** The follower of the city's clock against an endpoint that returns offsets. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FollowedClock, followCityClock } from '../../src/cli/follow-clock.ts';
import { createHttpClient } from '../../src/runtime/http-client.ts';
import { type LocalServer, openLocalServer, wireRequestOf } from '../helpers/local-server.ts';

const DAY_MS = 86_400_000;

describe('the city’s clock', () => {
  /** Returned one after the other; the last poll is held open, as the city does. */
  let offsets: number[];
  let adopted: number[];
  let city: LocalServer;
  let followed: FollowedClock;

  beforeEach(async () => {
    adopted = [];
    city = await openLocalServer(async (incoming, outgoing) => {
      const { body } = await wireRequestOf(incoming);
      adopted.push(JSON.parse(body.toString()).adopted_ms);
      const offset = offsets.shift();
      if (offset !== undefined) outgoing.end(JSON.stringify({ offset_ms: offset }));
    });
  });
  afterEach(async () => {
    followed.stop();
    await city.close();
  });

  /** How far the clock is from this machine's, each time that it settled. */
  async function follow(...answers: number[]): Promise<number[]> {
    offsets = [...answers];
    const seen: number[] = [];
    followed = followCityClock({
      sandboxUrl: city.url,
      follower: 'platform',
      http: createHttpClient(),
      settle: async () => {
        seen.push(Math.round((followed.clock.nowMs() - Date.now()) / 1_000) * 1_000);
        return null;
      },
    });
    await followed.ready;
    while (seen.length < answers.length) await new Promise((resolve) => setTimeout(resolve, 5));
    return seen;
  }

  test('is adopted although it is behind: old data is opened at its own day', async () => {
    expect(await follow(-6 * DAY_MS)).toEqual([-6 * DAY_MS]);
    expect(adopted[0]).toBeLessThan(-365 * DAY_MS);
  });

  test('goes on from there', async () => {
    expect(await follow(-6 * DAY_MS, -5 * DAY_MS, DAY_MS)).toEqual([
      -6 * DAY_MS,
      -5 * DAY_MS,
      DAY_MS,
    ]);
  });

  test('never runs backwards, not even when the sandbox was started over', async () => {
    expect(await follow(-DAY_MS, -2 * DAY_MS, DAY_MS, 0, 2 * DAY_MS)).toEqual([
      -DAY_MS,
      -DAY_MS,
      DAY_MS,
      DAY_MS,
      2 * DAY_MS,
    ]);
  });
});
