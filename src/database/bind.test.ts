/** The driver writes the same messages; it is the judge of ours. */
import fc from 'fast-check';
import pg from 'pg';
import { expect, test } from 'vitest';
import { bindAndExecute, type Parameter } from './bind.ts';

interface Writes {
  readonly bind: (config: object) => void;
  readonly execute: (config: null) => void;
}

function asTheDriverWrites(statement: string, values: readonly Parameter[]): Buffer {
  const sent: Buffer[] = [];
  const { bind, execute } = pg.Connection.prototype as unknown as Writes;
  const connection = { _send: (bytes: Buffer) => sent.push(Buffer.from(bytes)) };
  bind.call(connection, { statement, values });
  execute.call(connection, null);
  return Buffer.concat(sent);
}

const parameter = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);

test('property: Bind and Execute are, byte for byte, what the driver would send', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 40 }),
      fc.array(parameter, { maxLength: 40 }),
      (name, all) => {
        const statement = name.replaceAll('\u0000', '');
        expect(bindAndExecute(statement, all)).toEqual(asTheDriverWrites(statement, all));
      },
    ),
  );
});
