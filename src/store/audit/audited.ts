/**
 * A change of one row of reference data together with its audit row, in one transaction. The
 * previous values are read under a lock, so that the rows of two changes are in order.
 */
import type { AuditFact, AuditValue } from '../../core/audit/audit.ts';
import type { Db, Row, Session, Statement } from '../../database/db.ts';
import type { Id } from '../../kernel/id.ts';
import { appendAudit } from './audit-log.ts';

/** Who, what kind of change, and when; the rows describe the change itself. */
export interface AuditNote extends Pick<AuditFact, 'marketplace' | 'actor' | 'action'> {
  readonly id: Id<'audit_entry'>;
  readonly atMs: number;
}

/** For a transaction with several changes: one audit row about one of them. */
export function noteChange(
  session: Session,
  { id, atMs, ...who }: AuditNote,
  change: Pick<AuditFact, 'object' | 'before' | 'after'>,
): Promise<void> {
  return appendAudit(session, { id, atMs, fact: { ...who, ...change } });
}

export interface AuditedChange<T> {
  readonly note: AuditNote;
  /** The current row, `for update`; left out if it is always a new one. */
  readonly before?: { readonly statement: Statement; readonly values: readonly unknown[] };
  /** Writes at most one row and returns it. */
  readonly write: { readonly statement: Statement; readonly values: readonly unknown[] };
  readonly decode: (row: Row) => T;
  /** The changed object's id or natural name. */
  readonly object: (row: T) => string;
  /** The loggable fields of a row: never a secret, a hash or a sealed value. */
  readonly show: (row: T) => AuditValue;
}

/** undefined = nothing was written, and nothing is logged. */
export function writeAudited<T>(db: Db, change: AuditedChange<T>): Promise<T | undefined> {
  const { note, before, write, decode, object, show } = change;
  return db.transaction(0, async (session) => {
    const [old] = before === undefined ? [] : await session.run(before.statement, before.values);
    const [row] = await session.run(write.statement, write.values);
    if (row === undefined) return undefined;
    const after = decode(row);
    await noteChange(session, note, {
      object: object(after),
      before: old === undefined ? null : show(decode(old)),
      after: show(after),
    });
    return after;
  });
}
