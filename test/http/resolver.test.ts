/**
 * Names of webhooks: which servers are asked, for how long, and that a silent one delays no other.
 */
import { lookup } from 'node:dns/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { wallClock } from '../../src/runtime/clock.ts';
import { createResolver } from '../../src/runtime/resolver.ts';
import { type NameServer, openNameServer } from '../helpers/name-server.ts';

let server: NameServer;
const dir = mkdtempSync(join(tmpdir(), 'hutong-hosts-'));
const hostsFile = join(dir, 'hosts');

beforeAll(async () => {
  const names = { 'shop.example': '93.184.215.14', 'hooks.internal': '93.184.215.15' };
  server = await openNameServer({ names, silent: /silent/ });
  writeFileSync(
    hostsFile,
    '# a comment\n127.0.0.1 localhost\n10.0.0.8\thooks.internal hooks # two\n10.0.0.9 shop.example\n',
  );
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

const make = (localNames: readonly string[] = []) =>
  createResolver({
    wall: wallClock,
    servers: [server.address],
    localNames: new Set(localNames),
    hostsFile,
  });
const asker = (name: string, withinMs = 10_000) => ({ name, withinMs });
const ipsOf = async (found: ReturnType<ReturnType<typeof make>['resolve']>) => {
  const answer = await found;
  return answer.ok ? answer.value.map(({ ip }) => ip) : answer.error;
};

describe('a webhook’s name', () => {
  it('is asked of the servers that are set, once in a while', async () => {
    const resolver = make();
    expect(await ipsOf(resolver.resolve('shop.example', asker('a')))).toEqual(['93.184.215.14']);
    const before = server.asked.length;
    expect(await ipsOf(resolver.resolve('shop.example', asker('b')))).toEqual(['93.184.215.14']);
    expect(server.asked.length).toBe(before);
    expect(await ipsOf(resolver.resolve('nobody.example', asker('a')))).toContain('ENOTFOUND');
  });

  test('S2: is found in the hosts file only where it is localhost or allowed by name', async () => {
    const plain = make();
    expect(await ipsOf(plain.resolve('localhost', asker('a')))).toEqual(['127.0.0.1']);
    expect(await ipsOf(plain.resolve('hooks.internal', asker('a')))).toEqual(['93.184.215.15']);
    const allowing = make(['hooks.internal', 'shop.example.invalid']);
    expect(await ipsOf(allowing.resolve('hooks.internal', asker('a')))).toEqual(['10.0.0.8']);
    expect(server.asked).not.toContain('localhost');
    // Allowed, and not in the file: DNS is asked.
    const other = make(['shop.example']);
    expect(await ipsOf(other.resolve('shop.example', asker('a')))).toEqual(['10.0.0.9']);
  });

  test('S2: whose server is silent is given up after two seconds and one try', async () => {
    const resolver = make();
    const startedMs = performance.now();
    expect(await ipsOf(resolver.resolve('silent.example', asker('a')))).toMatch(/does not resolve/);
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThan(1_500);
    expect(tookMs).toBeLessThan(3_500);
    expect(server.asked.filter((name) => name === 'silent.example')).toHaveLength(2);
  });

  test('S2: eight silent names of one marketplace delay no other, and its ninth waits', async () => {
    const resolver = make();
    const silent = Array.from({ length: 40 }, (_, index) =>
      resolver.resolve(`silent-${index}.example`, asker('b', 3_000)),
    );
    const startedMs = performance.now();
    expect(await ipsOf(resolver.resolve('shop.example', asker('a')))).toEqual(['93.184.215.14']);
    // Node's own look-up, which connections to wallets go through, has all its threads.
    expect((await lookup('localhost')).address).toMatch(/^(127\.0\.0\.1|::1)$/);
    expect(performance.now() - startedMs).toBeLessThan(500);
    expect(new Set(server.asked.filter((name) => /^silent-/.test(name))).size).toBe(8);
    const answers = await Promise.all(silent);
    expect(performance.now() - startedMs).toBeLessThan(6_000);
    expect(answers.every(({ ok }) => !ok)).toBe(true);
    expect(answers.filter((one) => !one.ok && /too many/.test(one.error)).length).toBeGreaterThan(
      8,
    );
  });
});
