/** Address parsing against Node's own, and the public test against Node's BlockList as judge. */
import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isInRange,
  isPublicAddress,
  parseAddress,
  parseRange,
  textOfAddress,
} from './ip-address.ts';

function isPublic(text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && isPublicAddress(address);
}

function v6Text(value: bigint): string {
  const groups: string[] = [];
  for (let index = 7n; index >= 0n; index -= 1n) {
    groups.push(((value >> (index * 16n)) & 0xffffn).toString(16));
  }
  return groups.join(':');
}

describe('parseAddress', () => {
  it('reads every IPv6 spelling as the value that its long form has', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        fc.pre(isIP(text) === 6);
        const address = parseAddress(text);
        // The WHATWG parser is the judge: it brings every spelling to one.
        const canonical = new URL(`http://[${text}]/`).hostname;
        const again = new URL(`http://[${v6Text(address?.value ?? 0n)}]/`).hostname;
        expect(again).toBe(canonical);
      }),
    );
  });

  it('reads IPv4 octets in network order', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const value = parseAddress(text)?.value ?? -1n;
        const octets = [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n);
        expect(octets.join('.')).toBe(text);
      }),
    );
  });

  it('never throws and never reads what Node does not take for an address', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdefx.:%/[]') }), (text) => {
        if (isIP(text) === 0) expect(parseAddress(text)).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
    for (const text of ['', '1.2.3', '01.2.3.4', '0x7f.1', '2130706433', 'fe80::1%lo', '::1 ']) {
      expect(parseAddress(text)).toBeUndefined();
    }
  });
});

describe('parseRange', () => {
  it('holds exactly the addresses that share the prefix', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 1, max: 32 }), (a, b, bits) => {
        const range = parseRange(`${a}/${bits}`);
        const address = parseAddress(b);
        const judge = new BlockList();
        judge.addSubnet(a, bits, 'ipv4');
        expect(range !== undefined && address !== undefined && isInRange(address, range)).toBe(
          judge.check(b, 'ipv4'),
        );
      }),
    );
  });

  it('refuses a prefix that is none', () => {
    for (const text of ['10.0.0.0/33', '10.0.0.0/', '::/129', '10.0.0.0/-1', '10/8', 'a/8']) {
      expect(parseRange(text)).toBeUndefined();
    }
  });
});

describe('textOfAddress', () => {
  it('spells IPv6 as the URL standard does, and IPv4 as itself', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const { hostname } = new URL(`http://[${text}]/`);
        const address = parseAddress(text);
        const spelt = address === undefined ? '' : textOfAddress(address);
        // The URL standard leaves an IPv4-mapped address in IPv6.
        if (hostname.startsWith('[::ffff:')) expect(spelt).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
        else expect(`[${spelt}]`).toBe(hostname);
      }),
    );
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        for (const spelling of [text, `::ffff:${text}`]) {
          const address = parseAddress(spelling);
          expect(address === undefined ? '' : textOfAddress(address)).toBe(text);
        }
      }),
    );
  });
});

describe('isPublicAddress', () => {
  it('agrees with an independent list over all of IPv4', () => {
    const special = new BlockList();
    for (const [network, bits] of [
      ['0.0.0.0', 8],
      ['10.0.0.0', 8],
      ['100.64.0.0', 10],
      ['127.0.0.0', 8],
      ['169.254.0.0', 16],
      ['172.16.0.0', 12],
      ['192.168.0.0', 16],
      ['198.18.0.0', 15],
      ['224.0.0.0', 3],
    ] as const) {
      special.addSubnet(network, bits, 'ipv4');
    }
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        if (special.check(text, 'ipv4')) expect(isPublic(text)).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    '127.0.0.1',
    '169.254.169.254',
    '169.254.0.23',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:8.8.8.8',
    '::8.8.8.8',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001::1',
    '2001:db8::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '3fff::1',
  ])('%s is not public', (text) => {
    expect(isPublic(text)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '223.5.5.5', '2400:3200::1', '2606:4700::1111'])(
    '%s is public',
    (text) => {
      expect(isPublic(text)).toBe(true);
    },
  );
});
