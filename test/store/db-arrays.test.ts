/** Arrays against the real servers: what goes in comes back, on both engines. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bigintArray,
  columnArray,
  idArray,
  intArray,
  smallintArray,
  textArray,
} from '../../src/database/arrays.ts';
import type { Db, Statement } from '../../src/database/db.ts';
import { formatId, type Id } from '../../src/kernel/id.ts';
import { ENGINES, type TestHome } from './engines.ts';

const boolArray = (values: readonly (boolean | null)[]) =>
  columnArray('boolean', values, (value) => value);
const jsonbArray = (values: readonly unknown[]) => columnArray('jsonb', values, (value) => value);

const echo = (type: string): Statement => ({
  name: `echo_${type}`,
  text: `SELECT $1::${type}[] AS back`,
});

const TEXT_ARRAY = echo('text');
const JSONB_ARRAY = echo('jsonb');
const UNNEST: Statement = {
  name: 'unnest',
  text: `SELECT id, body FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS t (id, body, n)
    ORDER BY n`,
};

/** Any text that PostgreSQL can hold: well-formed Unicode without NUL. */
const storableText = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', ',', ' ', '\n', "'", 'N', '分', '😀') }),
    fc.constantFrom('', 'NULL', 'null', 'Null', 'pi_0123', 'a,b', '{}', '""', '\\"', ' ', '\t'),
  )
  .filter((text) => !text.includes('\0'));
const int8 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const int4 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const listOf = <T>(item: fc.Arbitrary<T>) => fc.array(fc.option(item), { maxLength: 30 });

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(engine.name, () => {
    let home: TestHome;
    let db: Db;
    beforeAll(async () => {
      home = await engine.open({ isMigrated: false });
      db = home.db;
    });
    afterAll(() => home.close());

    const roundTrips = <T>(
      type: string,
      item: fc.Arbitrary<T>,
      encode: (values: readonly (T | null)[]) => Buffer,
    ) =>
      fc.assert(
        fc.asyncProperty(listOf(item), async (values) => {
          const [row] = await db.read(echo(type), [encode(values)]);
          expect(row?.back).toEqual(values);
        }),
        { numRuns: 150 },
      );

    test('bigint[]', () => roundTrips('bigint', int8, bigintArray));
    test('int[]', () => roundTrips('int', int4, intArray));
    test('smallint[]', () =>
      roundTrips('smallint', fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }), smallintArray));
    test('bigint[] of numbers', async () => {
      const whole = fc.maxSafeInteger();
      await fc.assert(
        fc.asyncProperty(listOf(whole), async (values) => {
          const [row] = await db.read(echo('bigint'), [bigintArray(values)]);
          expect(row?.back).toEqual(values.map((value) => (value === null ? null : BigInt(value))));
        }),
        { numRuns: 100 },
      );
    });
    test('bigint[] of ids', async () => {
      const value = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
      await fc.assert(
        fc.asyncProperty(listOf(value), async (values) => {
          const ids = values.map((id) => (id === null ? null : formatId('event', id)));
          const [row] = await db.read(echo('bigint'), [idArray(ids)]);
          expect(row?.back).toEqual(values);
        }),
        { numRuns: 100 },
      );
    });
    test('bool[]', () => roundTrips('bool', fc.boolean(), boolArray));
    test('text[]', () => roundTrips('text', storableText, textArray));
    test('jsonb[]', () => {
      const document = fc.dictionary(
        storableText.filter((key) => key !== '__proto__'),
        fc.oneof(storableText, int4, fc.boolean(), fc.constant(null)),
        { noNullPrototype: true },
      );
      return roundTrips('jsonb', document, jsonbArray);
    });

    test('undefined is NULL too', async () => {
      const [row] = await db.read(TEXT_ARRAY, [textArray([undefined, 'x', null])]);
      expect(row?.back).toEqual([null, 'x', null]);
      const [docs] = await db.read(JSONB_ARRAY, [jsonbArray([undefined, null, 'null'])]);
      expect(docs?.back).toEqual([null, null, 'null']);
    });

    test('columns become rows through unnest', async () => {
      const ids = [1n, null, 3n];
      const bodies = ['a"b', null, '支付'];
      const rows = await db.read(UNNEST, [bigintArray(ids), textArray(bodies)]);
      expect(rows).toEqual(ids.map((id, index) => ({ id, body: bodies[index] })));
    });

    test('NUL and lone surrogates never pass as something else', async () => {
      await expect(db.read(TEXT_ARRAY, [textArray(['a\0b'])])).rejects.toMatchObject({
        name: expect.stringMatching(/^Db/),
      });
      const [row] = await db.read(TEXT_ARRAY, [textArray(['\ud800'])]);
      expect(row?.back).toEqual(['\ufffd']);
    });
  });
}

describe('what is refused before it is sent', () => {
  test('a number that its type cannot hold', () => {
    const refused = { name: 'DbRejected', sqlState: '22003' };
    for (const value of [2 ** 15, -(2 ** 15) - 1, 1.5, Number.NaN])
      expect(() => smallintArray([value])).toThrow(expect.objectContaining(refused));
    for (const value of [2 ** 31, 0.5, Number.POSITIVE_INFINITY])
      expect(() => intArray([value])).toThrow(expect.objectContaining(refused));
    for (const value of [2 ** 53, 1.5])
      expect(() => bigintArray([value])).toThrow(expect.objectContaining(refused));
  });

  test('a bigint inside JSON', () => {
    expect(() => jsonbArray([{ amount: 1n }])).toThrow(TypeError);
  });

  test('an id that is none', () => {
    expect(() => idArray(['pi_0' as Id])).toThrow('well formed');
  });
});

test('L2: a bigint that int8 cannot hold is refused, never cut to one that it can', () => {
  for (const value of [2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n + 5n, 2n ** 64n]) {
    expect(() => bigintArray([1n, value]), String(value)).toThrow('out of range for bigint');
  }
  for (const value of [2n ** 63n - 1n, -(2n ** 63n), 0n])
    expect(bigintArray([value]).readBigInt64BE(24)).toBe(value);
});
