import { describe, expect, it, test } from 'vitest';
import {
  addressKey,
  callerAddress,
  parseTrustedProxies,
  plainAddress,
  type TrustedProxies,
} from './address.ts';

function trust(text: string): TrustedProxies {
  const parsed = parseTrustedProxies(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

describe('parseTrustedProxies', () => {
  it('takes a number of hops, or ranges', () => {
    for (const none of ['', '0', 'false', ' ']) expect(trust(none)).toEqual({ kind: 'none' });
    expect(trust('1')).toEqual({ kind: 'hops', count: 1 });
    expect(trust('true')).toEqual({ kind: 'hops', count: 1 });
    expect(trust('3')).toEqual({ kind: 'hops', count: 3 });
    expect(trust('10.0.0.0/8, ::1').kind).toBe('ranges');
  });

  it('refuses what would be ignored in silence', () => {
    for (const text of ['yes', '-1', '1.5', '33', '10.0.0.0/33', '10.0.0.1,', 'proxy.internal']) {
      expect(parseTrustedProxies(text).ok, text).toBe(false);
    }
  });
});

describe('plainAddress', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    [' 192.0.2.7 ', '192.0.2.7'],
    ['192.0.2.7:4711', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:0207', '192.0.2.7'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[::ffff:192.0.2.7]:443', '192.0.2.7'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('reads %s', (text, plain) => {
    expect(plainAddress(text)).toBe(plain);
  });

  it.each([
    '',
    'unknown',
    '_hidden',
    '192.0.2',
    '192.0.2.07',
    '0xc0000207',
    '192.0.2.7:',
    '192.0.2.7:123456',
    '192.0.2.7:80:80',
    '[192.0.2.7',
    '[2001:db8::1]x',
    '[2001:db8::1',
    '2001:db8::1::2',
    '192.0.2.7 192.0.2.8',
    '"192.0.2.7"',
  ])('reads nothing in %s', (text) => {
    expect(plainAddress(text)).toBeUndefined();
  });
});

describe('callerAddress', () => {
  const proxy = '10.0.0.1';

  test.each([
    ['none', '0', '9.9.9.9', proxy],
    ['one hop, honest', '1', '198.51.100.7', '198.51.100.7'],
    ['one hop, a made-up prefix', '1', '8.8.8.8, 198.51.100.7', '198.51.100.7'],
    ['one hop, a made-up chain', '1', '1.1.1.1, 10.0.0.9, 8.8.8.8, 198.51.100.7', '198.51.100.7'],
    ['one hop, no header', '1', '', proxy],
    ['one hop, blanks', '1', ' , ', proxy],
    ['one hop, with a port', '1', '8.8.8.8, 198.51.100.7:50123', '198.51.100.7'],
    ['one hop, mapped', '1', '::ffff:198.51.100.7', '198.51.100.7'],
    ['one hop, no address there', '1', '198.51.100.7, unknown', proxy],
    ['two hops', '2', '8.8.8.8, 198.51.100.7, 203.0.113.5', '198.51.100.7'],
    ['two hops, one entry', '2', '198.51.100.7', '198.51.100.7'],
    ['two hops, rubbish beyond', '2', 'rubbish, 203.0.113.5', '203.0.113.5'],
    ['ranges', '10.0.0.0/8', '8.8.8.8, 198.51.100.7, 10.0.0.2', '198.51.100.7'],
    ['ranges, a claim to be inside', '10.0.0.0/8', '10.0.0.9, 198.51.100.7', '198.51.100.7'],
    ['ranges, all of them proxies', '10.0.0.0/8', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['ranges, with ports', '10.0.0.0/8', '198.51.100.7:1, 10.0.0.2:2', '198.51.100.7'],
    ['ranges that the connection is not in', '192.0.2.0/24', '8.8.8.8', proxy],
    ['IPv6', '1', '8.8.8.8, [2001:db8::7]:443', '2001:db8::7'],
  ])('S6: %s', (_name, setting, header, caller) => {
    expect(callerAddress(proxy, header, trust(setting))).toBe(caller);
    expect(callerAddress(`::ffff:${proxy}`, header, trust(setting))).toBe(caller);
  });

  it('reads a header of any length from the right alone', () => {
    const long = `${'8.8.8.8, '.repeat(20_000)}198.51.100.7`;
    const startedMs = performance.now();
    for (let round = 0; round < 100; round += 1) {
      expect(callerAddress(proxy, long, trust('1'))).toBe('198.51.100.7');
    }
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});

describe('addressKey', () => {
  test('S6: is the address, or the /64 of an IPv6 one', () => {
    expect(addressKey('198.51.100.7')).toBe('198.51.100.7');
    expect(addressKey('::ffff:198.51.100.7')).toBe('198.51.100.7');
    expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(addressKey('2001:db8:1:2:ffff::')).toBe('2001:db8:1:2::/64');
    expect(addressKey('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64');
    expect(addressKey('fe80::1%eth0')).toBe(addressKey('fe80::2%eth1'));
    expect(addressKey(undefined)).toBe('unknown');
    expect(addressKey('rubbish')).toBe('unknown');
  });
});
