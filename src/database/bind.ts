/**
 * The messages that every exchange is made of (Bind, Execute, Sync) as one buffer of the right
 * size: the driver's own writer starts small and is copied each time that it grows, for every
 * statement. Unnamed portal, all rows, results as text.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** Text, or a value in the server's binary form. */
export type Parameter = string | Buffer | null;

export interface Bound {
  /** Of the prepared statement. */
  readonly name: string;
  readonly values: readonly Parameter[];
}

const BIND = 0x42;
const EXECUTE = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0]);
const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);
const IS_TEXT = 0;
const IS_BINARY = 1;
const IS_NULL = -1;

/** Bind and Execute of each, and one Sync behind them if they are the end of an exchange. */
export function bindAndExecute(statements: readonly Bound[], isEnd: boolean): Buffer {
  let size = isEnd ? SYNC.length : 0;
  for (const statement of statements) size += 1 + bindSize(statement) + EXECUTE.length;
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const statement of statements) {
    at = writeBind(statement, bytes, at);
    at += EXECUTE.copy(bytes, at);
  }
  if (isEnd) SYNC.copy(bytes, at);
  return bytes;
}

/** As the message itself says it: without its first byte. */
function bindSize({ name, values }: Bound): number {
  let size = 4 + 1 + Buffer.byteLength(name) + 1 + 2 + 2 * values.length + 2 + 4;
  for (const value of values) size += value === null ? 4 : 4 + Buffer.byteLength(value);
  return size;
}

/** Where it ends; so do all below. */
function writeBind(statement: Bound, bytes: Buffer, start: number): number {
  const { name, values } = statement;
  bytes[start] = BIND;
  let at = bytes.writeInt32BE(bindSize(statement), start + 1);
  bytes[at] = 0;
  at += 1 + bytes.write(name, at + 1);
  bytes[at] = 0;
  at = bytes.writeInt16BE(values.length, at + 1);
  for (const value of values) {
    at = bytes.writeInt16BE(Buffer.isBuffer(value) ? IS_BINARY : IS_TEXT, at);
  }
  at = bytes.writeInt16BE(values.length, at);
  for (const value of values) at = writeValue(value, bytes, at);
  // One format for all results: text.
  at = bytes.writeInt16BE(1, at);
  return bytes.writeInt16BE(IS_TEXT, at);
}

function writeValue(value: Parameter, bytes: Buffer, at: number): number {
  if (value === null) return bytes.writeInt32BE(IS_NULL, at);
  const start = at + 4;
  const length = Buffer.isBuffer(value) ? value.copy(bytes, start) : bytes.write(value, start);
  bytes.writeInt32BE(length, at);
  return start + length;
}
