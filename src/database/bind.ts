/**
 * The two messages that every statement needs, Bind and Execute, as one buffer of the right size:
 * the driver's own writer starts small and is copied each time that it grows, for every statement.
 * Unnamed portal, all rows, results as text.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** Text, or a value in the server's binary form. */
export type Parameter = string | Buffer | null;

const BIND = 0x42;
const EXECUTE = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0]);
const IS_TEXT = 0;
const IS_BINARY = 1;
const IS_NULL = -1;

export function bindAndExecute(statement: string, values: readonly Parameter[]): Buffer {
  const nameBytes = Buffer.byteLength(statement);
  let size = 4 + 1 + nameBytes + 1 + 2 + 2 * values.length + 2 + 4 * values.length + 4;
  for (const value of values) if (value !== null) size += Buffer.byteLength(value);
  const bytes = Buffer.allocUnsafe(1 + size + EXECUTE.length);
  bytes[0] = BIND;
  let at = bytes.writeInt32BE(size, 1);
  bytes[at] = 0;
  at += 1 + bytes.write(statement, at + 1);
  bytes[at] = 0;
  at = bytes.writeInt16BE(values.length, at + 1);
  for (const value of values) {
    at = bytes.writeInt16BE(Buffer.isBuffer(value) ? IS_BINARY : IS_TEXT, at);
  }
  at = bytes.writeInt16BE(values.length, at);
  for (const value of values) at = writeValue(value, bytes, at);
  // One format for all results: text.
  at = bytes.writeInt16BE(1, at);
  at = bytes.writeInt16BE(IS_TEXT, at);
  EXECUTE.copy(bytes, at);
  return bytes;
}

/** Where it ends. */
function writeValue(value: Parameter, bytes: Buffer, at: number): number {
  if (value === null) return bytes.writeInt32BE(IS_NULL, at);
  const start = at + 4;
  const length = Buffer.isBuffer(value) ? value.copy(bytes, start) : bytes.write(value, start);
  bytes.writeInt32BE(length, at);
  return start + length;
}
