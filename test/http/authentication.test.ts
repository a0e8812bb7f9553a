/** Who may ask: keys, scopes, tenants, versions. */
import type { InjectOptions } from 'fastify';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/http/routes.ts';
import { call, createIntent, edge, get, post, refused, serveEachTest, storedKeys } from './edge.ts';

serveEachTest();

describe('authentication', () => {
  it('comes before everything else, on every route', async () => {
    for (const route of ROUTES) {
      const url = route.path.replaceAll(/\{\w+\}/g, 'nonsense');
      const bare: InjectOptions = {
        method: route.method,
        url,
        payload: '{',
        headers: { 'content-type': 'application/json' },
      };
      if (route.method === 'GET') delete bare.payload;
      const answer = await refused(bare, 'api_key_missing');
      expect(answer.headers['www-authenticate']).toContain('Bearer');
      for (const authorization of [
        'Bearer sk_test_wrong',
        `Bearer ${edge.taobao.key}x`,
        'Basic c2s6',
        'Bearer',
        'sk_test_taobao',
      ]) {
        await refused({ ...bare, headers: { ...bare.headers, authorization } }, 'api_key_invalid');
      }
    }
    expect(await storedKeys()).toEqual([]);
  });

  it('keeps a restricted key to its scopes', async () => {
    const { id } = await createIntent();
    expect((await call(get(`/v1/payment_intents/${id}`, edge.readKey))).status).toBe(200);
    for (const route of ROUTES.filter(({ scope }) => scope !== 'payment_intents:read')) {
      const url = route.path.replaceAll('{id}', id).replaceAll('{attempt}', 'pa_0000000000001');
      await refused(
        { method: route.method, url, headers: { authorization: `Bearer ${edge.readKey}` } },
        'scope_missing',
      );
    }
  });

  it('keeps tenants apart', async () => {
    const { id } = await createIntent();
    const headers = { authorization: `Bearer ${edge.tmall.key}` };
    await refused(get(`/v1/payment_intents/${id}`, edge.tmall.key), 'not_found');
    await refused(post(`/v1/payment_intents/${id}/cancel`, {}, headers), 'not_found');
    await refused(
      post(`/v1/payment_intents/${id}/attempts`, { wallet: 'alipay', product: 'page' }, headers),
      'not_found',
    );
  });

  it('pins the version and lets a header choose another', async () => {
    const headers = { authorization: `Bearer ${edge.taobao.key}`, 'hutong-version': '2020-01-01' };
    await refused(
      { method: 'GET', url: '/v1/events', headers },
      'version_unknown',
      'Hutong-Version',
    );
    headers['hutong-version'] = '2026-12-01';
    expect((await call({ method: 'GET', url: '/v1/events', headers })).status).toBe(200);
  });
});
