import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeBody,
  encodeBody,
  formatId,
  ID_EPOCH_MS,
  type IdKind,
  idValue,
  packId,
  parseId,
  SHARD_COUNT,
  shardOf,
  shardOfId,
  unpackId,
} from './id.ts';
import { ID_KINDS } from './id-prefixes.ts';

const parts = fc.record({
  unixMs: fc.integer({ min: ID_EPOCH_MS, max: ID_EPOCH_MS + 2 ** 40 - 1 }),
  shard: fc.integer({ min: 0, max: 255 }),
  process: fc.integer({ min: 0, max: 255 }),
  sequence: fc.integer({ min: 0, max: 127 }),
});
const kinds = Object.keys(ID_KINDS) as IdKind[];

describe('ids', () => {
  it('carry their parts, 13 characters wide', () => {
    fc.assert(
      fc.property(parts, fc.constantFrom(...kinds), (given, kind) => {
        const value = packId(given);
        const id = formatId(kind, value);
        expect(unpackId(value)).toEqual(given);
        expect(id).toMatch(/^[a-z]+_[0-9A-HJKMNP-TV-Z]{13}$/);
        expect(parseId(kind, id)).toBe(id);
        expect(idValue(id)).toBe(value);
        expect(shardOfId(id)).toBe(given.shard);
      }),
    );
  });

  it('sort as they were made', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        fc.pre(a.unixMs < b.unixMs);
        expect(formatId('event', packId(a)) < formatId('event', packId(b))).toBe(true);
      }),
    );
  });

  it('are read only where they are well formed', () => {
    const body = encodeBody(packId({ unixMs: ID_EPOCH_MS, shard: 1, process: 2, sequence: 3 }));
    for (const text of [
      `pa_${body}`,
      `pi_${body}0`,
      `pi_${body.slice(1)}`,
      `pi_${body.toLowerCase()}x`,
      `pi_${body.slice(0, 12)}I`,
      ` pi_${body}`,
      'pi_',
      '',
    ])
      expect(parseId('payment_intent', text)).toBeUndefined();
    // 65 bits of ones do not fit into 63.
    expect(decodeBody('ZZZZZZZZZZZZZ')).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), (text) => {
        const value = decodeBody(text);
        if (value !== undefined) expect(encodeBody(value)).toBe(text);
      }),
    );
  });

  it('refuse parts that do not fit', () => {
    const fine = { unixMs: ID_EPOCH_MS, shard: 0, process: 0, sequence: 0 };
    for (const wrong of [
      { unixMs: ID_EPOCH_MS - 1 },
      { unixMs: ID_EPOCH_MS + 2 ** 40 },
      { shard: 256 },
      { process: -1 },
      { sequence: 128 },
    ])
      expect(() => packId({ ...fine, ...wrong })).toThrow();
  });

  it('have prefixes of their own', () => {
    expect(new Set(Object.values(ID_KINDS).map(({ prefix }) => prefix)).size).toBe(kinds.length);
  });

  it('spread natural keys over all shards, and keep their parts apart', () => {
    const seen = new Set(Array.from({ length: 10_000 }, (_, index) => shardOf('m', String(index))));
    expect(seen.size).toBe(SHARD_COUNT);
    expect(shardOf('a', 'bc')).not.toBe(shardOf('ab', 'c'));
  });
});
