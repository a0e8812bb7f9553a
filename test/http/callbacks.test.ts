/** The wallets’ callbacks at the edge: their very bytes, and answers that are repeated or not. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { call, edge, handedOn, refused, serveEachTest } from './edge.ts';

serveEachTest();

describe('callbacks', () => {
  const url = '/notify/wechatpay/wc_0000000000001/payment?x=1';

  it('hand on the very bytes, target and headers, whatever the content type', async () => {
    const requests = handedOn();
    const payload = Buffer.from([0, 1, 0xff, 0x0d, 0x0a]);
    for (const type of [
      'application/json',
      'text/xml',
      'application/x-www-form-urlencoded',
      'nonsense',
      'a/b;c="d',
    ]) {
      const answer = await call({
        method: 'POST',
        url,
        payload,
        headers: { 'content-type': type, 'Wechatpay-Nonce': 'AbC' },
      });
      expect([answer.status, answer.text], type).toEqual([200, 'success']);
      const got = requests.at(-1);
      expect(got?.body.equals(payload), type).toBe(true);
      expect(got?.target).toBe(url);
      expect(got?.headers['wechatpay-nonce']).toBe('AbC');
      expect(got?.headers['content-type']).toBe(type);
    }
    const bare = await call({ method: 'POST', url });
    expect(bare.status).toBe(200);
    expect(requests.at(-1)?.body).toHaveLength(0);
  });

  it('take a body without a content type, from a raw socket', async () => {
    const requests = handedOn();
    await edge.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = edge.app.server.address() as AddressInfo;
    const status = await new Promise((resolve, reject) => {
      const request = http.request(
        { port, host: '127.0.0.1', method: 'POST', path: url },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      request.on('error', reject);
      request.end('raw=1');
    });
    expect(status).toBe(200);
    expect(requests.at(-1)?.body.toString()).toBe('raw=1');
  });

  it('know their addresses, and answer a defect with a status that the wallet repeats', async () => {
    for (const bad of [
      '/notify/paypal/wc_0000000000001/payment',
      '/notify/alipay/wc_1/payment',
      '/notify/alipay/wc_0000000000001/P%00',
    ]) {
      await refused({ method: 'POST', url: bad, payload: 'x' }, 'not_found');
    }
    edge.verbs.acceptNotification = () => Promise.reject(new Error('a defect'));
    await refused({ method: 'POST', url, payload: 'x' }, 'internal');
    const large = { method: 'POST' as const, url, payload: 'x'.repeat(262_145) };
    await refused(large, 'body_too_large');
  });
});
