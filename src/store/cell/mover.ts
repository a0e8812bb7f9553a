/**
 * Who may copy and drop in a cell: one mover, whose name stands in it. Each of its transactions
 * looks for that first, so that one that stood still and was overtaken writes nothing any more.
 */
import type { Db, Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';

export class MoveLost extends Error {
  override readonly name = 'MoveLost';

  constructor() {
    super('another mover has taken this move over; it goes on');
  }
}

/** A cell in which a mover works. */
export interface MovedCell {
  readonly name: string;
  readonly db: Db;
  readonly mover: string;
}

const SQL = statements('cell_mover', {
  name: 'update cell_epoch set mover = $1',
  hold: 'select 1 from cell_epoch where mover = $1 for share',
});

/** From here on no other mover writes there. */
export async function nameMover({ db, mover }: MovedCell): Promise<void> {
  await db.background((session) => session.run(SQL.name, [mover]));
}

export function asMover<T>(
  { db, mover }: MovedCell,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return db.background(async (session) => {
    const held = await session.run(SQL.hold, [mover]);
    if (held.length === 0) throw new MoveLost();
    return work(session);
  });
}

/** A script of definitions; its mover's name is of our own making. */
export async function defineAsMover({ db, mover }: MovedCell, text: string): Promise<void> {
  try {
    await db.script(`do $mover$ begin
        perform 1 from cell_epoch where mover = '${mover}' for share;
        if not found then raise exception 'no mover of ours' using errcode = '${LOST}'; end if;
      end $mover$;
      ${text}`);
  } catch (error) {
    throw (error as { readonly sqlState?: string }).sqlState === LOST ? new MoveLost() : error;
  }
}

/** Raised by our own guard. */
const LOST = 'HT002';
