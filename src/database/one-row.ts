/** Statements of at most one row: read, or written in a transaction of its own, as operators do. */
import type { Db, Row, Statement } from './db.ts';

/** undefined = there is none. */
export async function readRow<T>(
  db: Db,
  statement: Statement,
  values: readonly unknown[],
  decode: (row: Row) => T,
): Promise<T | undefined> {
  const [row] = await db.read(statement, values);
  return row === undefined ? undefined : decode(row);
}

/** undefined = it wrote none. */
export async function writeRow<T>(
  db: Db,
  statement: Statement,
  values: readonly unknown[],
  decode: (row: Row) => T,
): Promise<T | undefined> {
  const [row] = await db.transaction(0, (session) => session.run(statement, values));
  return row === undefined ? undefined : decode(row);
}

/** Did it write its row? */
export async function writesRow(
  db: Db,
  statement: Statement,
  values: readonly unknown[],
): Promise<boolean> {
  return (await writeRow(db, statement, values, () => true)) ?? false;
}
