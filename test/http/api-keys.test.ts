/** Where API keys may be used from, and when they last were: composed server and tables. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as admin from '../../src/cli/admin.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { startWritingUses } from '../../src/flows/key/key-uses.ts';
import { parseTrustedProxies } from '../../src/http/address.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { oneCell } from '../../src/store/cells.ts';
import { listKeys } from '../../src/store/key/api-keys.ts';
import { type EdgePlatform, openEdgePlatform } from '../helpers/edge-platform.ts';
import { ENGINES, type TestHome } from '../store/engines.ts';

const proxies = parseTrustedProxies('1');
if (!proxies.ok) throw new Error(proxies.error);
const trustedProxies = proxies.value;
const ids = createIdSource(13, wallClock);

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`keys of the API on ${engine.name}`, () => {
    let home: TestHome;
    let edge: EdgePlatform;
    const lines: string[] = [];
    const session = () => ({ db: home.db, cells: oneCell(home.db), ids });
    const print = (line: string): void => void lines.push(line);

    beforeAll(async () => {
      home = await engine.open();
    });
    afterAll(() => home.close());
    beforeEach(async () => {
      edge = await openEdgePlatform({ db: home.db, trustedProxies });
    });
    afterEach(() => edge.close());

    /** As an operator makes it. */
    async function keyFrom(allowFrom: string[] | null): Promise<{ id: string; key: string }> {
      const wanted = { marketplace: 'taobao', scopes: ['*'], isLive: false, allowFrom };
      await admin.createKey(session(), wanted, print);
      const [id = '', key = ''] = (lines.at(-2) ?? '').split('  ');
      return { id, key };
    }

    async function ask(key: string, from: string, route = '/v1/merchants') {
      const headers = { authorization: `Bearer ${key}`, 'x-forwarded-for': from };
      const answer = await edge.composed.server.inject({ url: route, headers });
      return { status: answer.statusCode, code: answer.json().error?.code };
    }

    test('S14: a key is refused from other addresses than its own', async () => {
      const { id, key } = await keyFrom(['203.0.113.7', '10.0.0.0/8', '2001:db8:1::/48']);
      for (const from of [
        ...['203.0.113.7', '10.255.0.1', '2001:db8:1:2::3', '::ffff:10.1.2.3'],
        // The left part is unverified input of the caller.
        '192.0.2.1, 10.0.0.1',
      ])
        expect(await ask(key, from), from).toEqual({ status: 200, code: undefined });
      for (const from of [
        ...['203.0.113.8', '11.0.0.1', '2001:db8:2::1', '127.0.0.1', '10.0.0.1, 192.0.2.1'],
        ...['::a00:1', '::ffff:11.0.0.1'],
      ])
        expect(await ask(key, from), from).toEqual({ status: 403, code: 'address_not_allowed' });
      // Any other key of the marketplace is as free as before.
      expect((await ask(edge.taobao.key, '192.0.2.1')).status).toBe(200);
      const logged = edge.lines().find(({ msg }) => String(msg).includes('may not be used from'));
      expect(logged).toMatchObject({ key_id: id, address: '203.0.113.8' });
    });

    test('S14: what a stolen key asks from elsewhere counts by address, not against the key', async () => {
      await edge.close();
      edge = await openEdgePlatform({
        ...{ db: home.db, trustedProxies, rateLimit: { max: 20, windowMs: 60_000 } },
      });
      const { key } = await keyFrom(['10.0.0.1']);
      const codes = new Set<string>();
      for (let call = 0; call < 130; call += 1) codes.add((await ask(key, '192.0.2.9')).code);
      expect([...codes]).toEqual(['address_not_allowed', 'rate_limited']);
      expect((await ask(key, '10.0.0.1')).status).toBe(200);
    });

    test('S14: the last use is written in the background, once for many calls', async () => {
      const { id, key } = await keyFrom(['10.0.0.1']);
      const { platform } = edge.composed;
      const before = await listKeys(home.db, edge.taobao.id);
      expect(before.find((row) => row.id === id)?.lastUsedAtMs).toBeNull();
      await ask(key, '192.0.2.1');
      expect(platform.keyUses.take().size).toBe(0);
      const fromMs = Date.now();
      for (let call = 0; call < 20; call += 1) await ask(key, '10.0.0.1');
      await ask(edge.tmall.key, '10.0.0.1');
      const seen = platform.keyUses.take();
      expect(new Set(seen.keys())).toEqual(new Set([id, edge.tmall.keyId]));
      for (const [one] of seen) platform.keyUses.note(one);
      await startWritingUses(platform).stop();
      const used = async () =>
        (await listKeys(home.db, edge.taobao.id)).find((row) => row.id === id)?.lastUsedAtMs ?? 0;
      const atMs = await used();
      expect(atMs).toBeGreaterThanOrEqual(fromMs);
      expect(atMs).toBeLessThanOrEqual(Date.now());
      // Another process that saw it earlier takes nothing back.
      const earlier = new Map([...seen].map(([one]) => [one, fromMs - 60_000]));
      const keyUses = { note: () => undefined, take: () => earlier };
      await startWritingUses({ ...platform, keyUses }).stop();
      expect(await used()).toBe(atMs);
      await admin.printKeys(session(), 'taobao', print);
      const minute = new Date(atMs).toISOString().slice(0, 16);
      expect(lines.find((line) => line.startsWith(id) && line.includes('used'))).toContain(
        `*  from 10.0.0.1  used ${minute}Z  in use`,
      );
    });

    test('S14: stopping writes what was seen since the last minute', async () => {
      const { id, key } = await keyFrom(null);
      await ask(key, '192.0.2.1');
      await edge.close();
      const rows = await listKeys(home.db, edge.taobao.id);
      expect(rows.find((row) => row.id === id)?.lastUsedAtMs).toBeGreaterThan(0);
      edge = await openEdgePlatform({ db: home.db, trustedProxies });
    });
  });
}

test('S14: --allow-from takes addresses and ranges in one spelling, and refuses the rest', () => {
  const given = ' 203.0.113.7 , 10.0.0.0/8,2001:DB8:1::/48,2001:db8::0:1,192.0.2.7/32';
  expect(admin.parseAllowFrom(given)).toEqual([
    ...['203.0.113.7', '10.0.0.0/8', '2001:db8:1::/48', '2001:db8::1', '192.0.2.7'],
  ]);
  for (const text of [
    ...['', ',', '10.0.0.0/33', '10.0.0.0/', '10.0.0', 'example.org', '10.0.0.1 10.0.0.2'],
    ...['::ffff:10.0.0.1', 'fe80::1%eth0', '10.0.0.1,', '1.2.3.4/-1', '010.0.0.1'],
  ])
    expect(() => admin.parseAllowFrom(text), text).toThrow('--allow-from is addresses or ranges');
  // Wider than its writer may have meant.
  expect(() => admin.parseAllowFrom('10.1.2.3/8')).toThrow('begins at 10.0.0.0: name 10.0.0.0/8');
});
