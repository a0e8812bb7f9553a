/** The security headers of every answer, in the composed server. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db } from '../../src/database/db.ts';
import { type EdgePlatform, openEdgeHome, openEdgePlatform } from '../helpers/edge-platform.ts';

let home: Db;
let edge: EdgePlatform;

beforeAll(async () => {
  home = await openEdgeHome();
  edge = await openEdgePlatform({ db: home, publicUrl: 'https://pay.example' });
});
afterAll(async () => {
  await edge.close();
  await home.close();
});

const PATHS = [
  '/',
  '/healthz',
  '/readyz',
  '/metrics',
  '/openapi.json',
  '/docs',
  '/docs/errors',
  '/docs/static/swagger-ui.css',
  '/docs/nothing',
  '/v1/events',
  '/v1/nothing',
  '/nothing',
  '/%',
  '/pay/nothing',
  '/q/nothing',
  '/c/nothing',
  '/pay/assets/nothing',
  '/pay/back/nothing',
  '/notify/wechatpay/wc_0000000000001/payment',
];

describe('where the public address is https', () => {
  test.each(PATHS)('S16: %s has HSTS, nosniff, a policy and no frame', async (url) => {
    for (const method of ['GET', 'POST', 'PUT'] as const) {
      const { headers } = await edge.composed.server.inject({ url, method });
      const name = `${method} ${url}`;
      expect(headers['strict-transport-security'], name).toBe('max-age=31536000');
      expect(headers['x-content-type-options'], name).toBe('nosniff');
      expect(headers['content-security-policy'], name).toContain("frame-ancestors 'none'");
      expect(headers['x-frame-options'], name).toBe('DENY');
    }
  });
});

test('S16: without https there is no HSTS', async () => {
  const plain = await openEdgePlatform({ db: home });
  for (const url of PATHS) {
    const { headers } = await plain.composed.server.inject({ url });
    expect(headers['strict-transport-security'], url).toBeUndefined();
    expect(headers['x-content-type-options'], url).toBe('nosniff');
  }
  await plain.close();
});
