/** The driver writes the same messages; it is the judge of ours. */
import fc from 'fast-check';
import pg from 'pg';
import { expect, test } from 'vitest';
import { type Bound, bindAndExecute } from './bind.ts';

interface Writes {
  readonly bind: (config: object) => void;
  readonly execute: (config: null) => void;
  readonly sync: () => void;
}

function asTheDriverWrites(statements: readonly Bound[]): Buffer {
  const sent: Buffer[] = [];
  const { bind, execute, sync } = pg.Connection.prototype as unknown as Writes;
  const connection = { _send: (bytes: Buffer) => sent.push(Buffer.from(bytes)) };
  for (const { name, values } of statements) {
    bind.call(connection, { statement: name, values });
    execute.call(connection, null);
  }
  sync.call(connection);
  return Buffer.concat(sent);
}

const bound = fc.record({
  name: fc.string({ maxLength: 40 }).map((name) => name.replaceAll('\u0000', '')),
  values: fc.array(
    fc.oneof(
      fc.constant(null),
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 40 },
  ),
});

test('property: an exchange is, byte for byte, what the driver would send', () => {
  fc.assert(
    fc.property(fc.array(bound, { maxLength: 5 }), (statements) => {
      expect(bindAndExecute(statements, true)).toEqual(asTheDriverWrites(statements));
    }),
  );
});
