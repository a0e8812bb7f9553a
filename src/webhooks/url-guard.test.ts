import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { err, ok } from '../kernel/result.ts';
import type { Resolver } from '../runtime/resolver.ts';
import { checkUrl, parseAllowList, type UrlPolicy } from './url-guard.ts';

/** Names of this test's own world: the resolver is a seam. */
const ZONE: Record<string, readonly string[]> = {
  'shop.example': ['93.184.215.14'],
  'rebind.example': ['93.184.215.14', '10.0.0.7'],
  'inside.example': ['10.0.0.7'],
  'v6.example': ['fd00::7'],
  'hooks.internal': ['10.0.0.8'],
};

const resolver: Resolver = {
  resolve: async (host) => {
    const ips = ZONE[host];
    if (ips === undefined) return err('the name does not resolve (ENOTFOUND)');
    return ok(ips.map((ip) => ({ ip, family: ip.includes(':') ? (6 as const) : (4 as const) })));
  },
};

function policy(...allow: string[]): UrlPolicy {
  const made = parseAllowList(allow);
  if (!made.ok) throw new Error(made.error);
  return { resolver, ...made.value };
}

async function code(url: string, allowed: UrlPolicy = policy()): Promise<string> {
  const checked = await checkUrl(url, allowed, { name: 'a marketplace', withinMs: 1_000 });
  return checked.ok ? `ok ${checked.value.ip}` : checked.error.code;
}

describe('checkUrl', () => {
  it.each([
    ['https://shop.example/hook', 'ok 93.184.215.14'],
    ['https://shop.example:8443/hook?x=1', 'ok 93.184.215.14'],
    ['https://8.8.8.8/', 'ok 8.8.8.8'],
    ['http://shop.example/hook', 'http_not_allowed'],
    ['http://8.8.8.8/', 'http_not_allowed'],
    ['https://user:pw@shop.example/', 'credentials'],
    ['https://shop.example:22/', 'port'],
    ['https://shop.example:25/', 'port'],
    ['https://inside.example/', 'address_not_public'],
    ['https://rebind.example/', 'address_not_public'],
    ['https://v6.example/', 'address_not_public'],
    ['https://nowhere.example/', 'unresolved'],
    ['ftp://shop.example/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['gopher://127.0.0.1:6379/_', 'scheme'],
    ['/hook', 'malformed'],
    ['https://', 'malformed'],
    [`https://shop.example/${'x'.repeat(2_048)}`, 'malformed'],
    // Spellings of 127.0.0.1 and of the metadata service.
    ['https://127.0.0.1/', 'address_not_public'],
    ['https://0x7f000001/', 'address_not_public'],
    ['https://2130706433/', 'address_not_public'],
    ['https://0177.0.0.1/', 'address_not_public'],
    ['https://127.1/', 'address_not_public'],
    ['https://１２７.０.０.１/', 'address_not_public'],
    ['https://[::1]/', 'address_not_public'],
    ['https://[::ffff:127.0.0.1]/', 'address_not_public'],
    ['https://[64:ff9b::a9fe:a9fe]/', 'address_not_public'],
    ['https://169.254.169.254/latest/meta-data/', 'address_not_public'],
  ])('%s: %s', async (url, expected) => {
    expect(await code(url)).toBe(expected);
  });

  it('lets an operator allow hosts and ranges, http included, and nothing beside them', async () => {
    const allowed = policy('127.0.0.0/8', 'hooks.internal', '::1');
    expect(await code('http://127.0.0.1:4200/hook', allowed)).toBe('ok 127.0.0.1');
    expect(await code('http://[::1]:4200/hook', allowed)).toBe('ok ::1');
    expect(await code('http://hooks.internal:81/', allowed)).toBe('ok 10.0.0.8');
    expect(await code('http://inside.example/', allowed)).toBe('address_not_public');
    expect(await code('http://10.0.0.8/', allowed)).toBe('address_not_public');
    expect(await code('http://shop.example/', allowed)).toBe('http_not_allowed');
    expect(await code('http://user@127.0.0.1/', allowed)).toBe('credentials');
  });

  it('refuses an allow-list entry that is nothing', () => {
    for (const entry of ['', '10.0.0.0/99', 'https://a', 'a b', '*', '1.2.3']) {
      expect(parseAllowList([entry]).ok).toBe(false);
    }
  });

  it('never throws, and never lets a loopback spelling through', async () => {
    const dots = fc.constantFrom('127.0.0.1', '0x7f.0.0.1', '017700000001', '127.0.1', '[::1]');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('https', 'HTTPS', 'http', ' https'),
        fc.constantFrom('://', ':/', ':', ':\\\\'),
        dots,
        fc.constantFrom('', ':443', ':8080', '/', '?', '#', '\t', '.'),
        async (scheme, separator, host, rest) => {
          expect(await code(`${scheme}${separator}${host}${rest}`)).not.toMatch(/^ok/);
        },
      ),
      { numRuns: 500 },
    );
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await code(text)).not.toMatch(/^ok/);
      }),
    );
  });
});
