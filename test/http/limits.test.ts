/** Limits in the composed server, where every scope's hooks meet. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EdgePlatform, openEdgePlatform } from '../helpers/edge-platform.ts';

let edge: EdgePlatform;

beforeAll(async () => {
  edge = await openEdgePlatform();
});
afterAll(() => edge.close());

const from = (remoteAddress: string) => ({ remoteAddress });

describe('the cashier’s limits, composed', () => {
  test('S5: the 121st look at a counter in a minute answers 429 in words, and no error is logged', async () => {
    const answers = [];
    for (let look = 0; look < 125; look += 1) {
      const url = '/c/ctr_0000000000001';
      const headers = { 'accept-language': 'en' };
      answers.push(await edge.composed.server.inject({ url, headers, ...from('198.51.100.7') }));
    }
    const statuses = answers.map(({ statusCode }) => statusCode);
    expect(statuses.slice(0, 120)).toEqual(Array<number>(120).fill(404));
    expect(statuses.slice(120)).toEqual(Array<number>(5).fill(429));
    const last = answers.at(-1);
    const seconds = Number(last?.headers['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(last?.body).toContain('Too many tries');
    expect(last?.body).toContain(`Please wait ${seconds} seconds`);
    const errors = edge
      .lines()
      .filter(({ level, err }) => Number(level) >= 50 || err !== undefined);
    expect(errors).toEqual([]);
  });

  test('S5: the limit of starts answers 429, too', async () => {
    const statuses: number[] = [];
    for (let start = 0; start < 12; start += 1) {
      const answer = await edge.composed.server.inject({
        method: 'POST',
        url: `/pay/${'f'.repeat(58)}/attempts`,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: 'http://127.0.0.1:4000',
        },
        payload: 'wallet=wechatpay&product=native',
        ...from('198.51.100.8'),
      });
      statuses.push(answer.statusCode);
    }
    expect(statuses.slice(10)).toEqual([429, 429]);
    expect(edge.lines().filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  test('S5: a limited API call answers the coded 429, never 503', async () => {
    const statuses = new Map<number, number>();
    const headers = { authorization: `Bearer ${edge.taobao.key}` };
    for (let call = 0; call < 1_005; call += 1) {
      const answer = await edge.composed.server.inject({ url: '/v1/webhook_endpoints', headers });
      statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
    }
    expect([...statuses]).toEqual([
      [200, 1_000],
      [429, 5],
    ]);
  });
});
