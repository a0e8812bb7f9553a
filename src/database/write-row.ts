/**
 * One statement that writes at most one row, in a transaction of its own: for operators' changes.
 */
import type { Db, Row, Statement } from './db.ts';

/** undefined = it wrote none. */
export async function writeRow<T>(
  db: Db,
  statement: Statement,
  values: readonly unknown[],
  decode: (row: Row) => T,
): Promise<T | undefined> {
  const rows = await db.transaction(0, (session) => session.run(statement, values));
  const [row] = rows;
  return row === undefined ? undefined : decode(row);
}
