/**
 * A database that refuses chosen statements: in their place the server is sent one that raises, so
 * that the error and the aborted transaction are its own. By the connection and not by a trigger:
 * Citus refuses triggers on what a worker has.
 */
import type { Db, Session } from '../../src/database/db.ts';

export interface Refusal {
  /** The statement's name. */
  readonly statement: string;
  /** Only where one of its values holds this text. */
  readonly holding: string;
  readonly sqlState: string;
  /** So often; default: always. */
  readonly times?: number;
}

export interface RaisingDb {
  readonly db: Db;
  readonly raise: (refusal: Refusal) => void;
}

export function raisingDb(db: Db): RaisingDb {
  const refusals: { readonly refusal: Refusal; struck: number }[] = [];
  const strike = (name: string, values: readonly unknown[]): Refusal | undefined => {
    const found = refusals.find(
      ({ refusal: { statement, holding, times = Infinity }, struck }) =>
        statement === name && struck < times && values.some((v) => String(v).includes(holding)),
    );
    if (found !== undefined) found.struck += 1;
    return found?.refusal;
  };
  const raising = (session: Session): Session => ({
    losses: session.losses,
    run: (statement, values) => {
      const struck = strike(statement.name, values);
      if (struck === undefined) return session.run(statement, values);
      const { sqlState } = struck;
      const text = `do $$ begin raise exception 'as asked' using errcode = '${sqlState}'; end $$`;
      return session.run({ name: `raise_${sqlState}`, text }, []);
    },
  });
  return {
    raise: (refusal) => void refusals.push({ refusal, struck: 0 }),
    db: {
      kind: db.kind,
      laneCount: db.laneCount,
      transaction: (lane, work) => db.transaction(lane, (session) => work(raising(session))),
      background: (work) => db.background(work),
      read: (statement, values) => db.read(statement, values),
      script: (text) => db.script(text),
      close: () => db.close(),
    },
  };
}
