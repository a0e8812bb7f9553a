/**
 * SQLSTATE to error class, in one place. The message names the statement and keeps the server's
 * primary message; DETAIL is dropped, since it quotes rows.
 */
import pg from 'pg';
import { DbError, DbFailure, DbLost, DbRejected, DbRetry } from './db.ts';

export interface FailureContext {
  readonly statement: string;
  /** The connection is known to be dead. */
  readonly isBroken: boolean;
  readonly isCommitSent: boolean;
  /** On a read-only connection 25006 is our own mistake, elsewhere it is a failover. */
  readonly isReader: boolean;
}

/** Serialization, deadlock, lock wait, canceled (statement_timeout), and resources exhausted. */
const RETRY = new Set(['40001', '40P01', '55P03', '57014', '53000', '53100', '53200', '53400']);

/** Connection class, shutdown, too many connections, idle and transaction timeouts. */
const LOST = /^(?:08...|57P0[1-5]|53300|25P03|25P04)$/;

/** The server forgot our prepared statement, or its plan no longer fits after a migration. */
const STALE_PLAN = new Set(['26000', '0A000']);

export function toDbError(error: unknown, context: FailureContext): DbError {
  if (error instanceof DbError) return error;
  if (!(error instanceof pg.DatabaseError)) return fromDriver(error, context);
  const sqlState = error.code ?? '';
  const message = `${context.statement}: ${error.message} (${sqlState})`;
  const details = { sqlState, constraint: error.constraint, table: error.table };
  if (isLoss(error, context)) {
    return new DbLost(message, { ...details, commitUnknown: context.isCommitSent });
  }
  if (RETRY.has(sqlState) || isStalePlan(error)) return new DbRetry(message, details);
  if (sqlState.startsWith('22') || sqlState.startsWith('23')) {
    return new DbRejected(message, details);
  }
  return new DbFailure(message, details);
}

/**
 * Does this answer end the use of the connection? An internal error in answer to COMMIT leaves open
 * what became of it: so Citus says that it lost the worker which was to commit.
 */
export function isLoss(
  error: unknown,
  { isReader, isCommitSent }: Pick<FailureContext, 'isReader' | 'isCommitSent'>,
): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  const sqlState = error.code ?? '';
  if (error.severity === 'FATAL' || error.severity === 'PANIC') return true;
  if (isCommitSent && sqlState.startsWith('XX')) return true;
  return LOST.test(sqlState) || (sqlState === '25006' && !isReader);
}

/** A connection that answers so is healthy but must be reopened to prepare statements again. */
export function isStalePlan(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError) || !STALE_PLAN.has(error.code ?? '')) return false;
  return error.code === '26000' || error.routine === 'RevalidateCachedQuery';
}

function fromDriver(error: unknown, context: FailureContext): DbError {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `${context.statement}: ${reason}`;
  if (!context.isBroken) return new DbFailure(message);
  return new DbLost(message, { commitUnknown: context.isCommitSent });
}
