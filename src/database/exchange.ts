/**
 * Statements that travel together: each is bound and executed, and one Sync ends them, so that the
 * server answers in one piece and not statement by statement. A statement that fails takes those
 * behind it along: the server skips them, up to the Sync.
 *
 * What a connection knows of its prepared statements is kept: a statement is parsed and its columns
 * are described once.
 */
import pg from 'pg';
import { assert } from '../kernel/assert.ts';
import { type Bound, bindAndExecute, type Parameter } from './bind.ts';
import { DbFailure, type Row, type Statement } from './db.ts';
import { typeParsers } from './db-types.ts';

export interface Reply {
  readonly rows: readonly Row[];
  readonly command: string;
}

/** `wasSkipped`: the error is of a statement before it, and this one did not run. */
export type Answer = (error: Error | null, reply: Reply | null, wasSkipped: boolean) => void;

/** What the driver has of columns: parsers by their types. */
interface Columns {
  readonly addFields: (fields: readonly unknown[]) => void;
  readonly parseRow: (values: readonly (string | null)[]) => Row;
}

const newColumns = (): Columns =>
  new (pg as unknown as { Result: new (mode: undefined, types: unknown) => Columns }).Result(
    undefined,
    typeParsers,
  );

/** The server's answer cannot be read, or did not come: of what follows nothing is known. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

interface Prepared {
  readonly text: string;
  readonly columns: Columns;
  /** `doubtful`: its first use failed, and whether the server has it is not known. */
  state: 'new' | 'there' | 'doubtful';
}

/** The prepared statements of one connection. */
export type PreparedStatements = Map<string, Prepared>;

interface Item extends Bound {
  readonly prepared: Prepared;
  readonly answer: Answer;
  readonly rows: Row[];
  /** It is parsed here. */
  isFirst: boolean;
}

/** As the driver treats its queries; its published types leave most of this out. */
const DriverQuery = pg.Query as unknown as new (config: { readonly text: string }) => object;

/** Parameters are sent as text, arrays (arrays.ts) in the server's binary form. */
function toParameter(value: unknown): Parameter {
  if (value === null || value === undefined) return null;
  if (Buffer.isBuffer(value)) return value;
  assert(typeof value !== 'object', 'a parameter is a scalar or encoded');
  return String(value);
}

/** The driver takes it for one query of its own kind. */
export class Exchange extends DriverQuery {
  readonly #prepared: PreparedStatements;
  readonly #items: Item[] = [];
  /** The one whose answer comes next; beyond the last, nothing is listened to any more. */
  #place = 0;

  constructor(prepared: PreparedStatements) {
    super({ text: '' });
    this.#prepared = prepared;
  }

  /** Throws what is wrong with the statement: nothing of it was sent then. */
  add({ name, text }: Statement, values: readonly unknown[], answer: Answer): void {
    const prepared = this.#prepared.get(name) ?? { text, columns: newColumns(), state: 'new' };
    if (prepared.text !== text) throw new DbFailure(`${name}: the name of two statements`);
    this.#prepared.set(name, prepared);
    const parameters = values.map(toParameter);
    this.#items.push({ name, prepared, values: parameters, answer, rows: [], isFirst: false });
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection;
    const isNew = this.#items.some(({ prepared }) => prepared.state !== 'there');
    // Columns are described behind the answers of what was sent before.
    const parts = isNew ? this.#items.map((item) => [item]) : [this.#items];
    stream.cork();
    for (const [index, part] of parts.entries()) {
      for (const item of part) if (item.prepared.state !== 'there') parse(item, connection);
      if (stream.writable) stream.write(bindAndExecute(part, index === parts.length - 1));
    }
    stream.uncork();
  }

  handleRowDescription({ fields }: { readonly fields: readonly unknown[] }): void {
    this.#items[this.#place]?.prepared.columns.addFields(fields);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const item = this.#items[this.#place];
    if (item === undefined) return;
    try {
      item.rows.push(item.prepared.columns.parseRow(fields));
    } catch (error) {
      this.handleError(new NoAnswer('a row cannot be read', { cause: error }));
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const item = this.#items[this.#place];
    if (item === undefined) return;
    this.#place += 1;
    const space = text.indexOf(' ');
    item.answer(null, { rows: item.rows, command: space < 0 ? text : text.slice(0, space) }, false);
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: '' });
  }

  /** The first that is not answered has failed; also when the connection is gone. */
  handleError(error: Error): void {
    const left = this.#items.slice(this.#place);
    this.#place = this.#items.length;
    for (const { isFirst, prepared } of left) if (isFirst) prepared.state = 'doubtful';
    for (const [index, { answer }] of left.entries()) answer(error, null, index > 0);
  }

  handleReadyForQuery(): void {
    if (this.#place < this.#items.length)
      this.handleError(new NoAnswer('a statement was not answered'));
  }
}

function parse(item: Item, connection: pg.Connection): void {
  const { name, prepared } = item;
  // Closing what is not there is no error.
  if (prepared.state === 'doubtful') connection.close({ type: 'S', name }, true);
  connection.parse({ name, text: prepared.text, types: [] }, true);
  connection.describe({ type: 'S', name }, true);
  prepared.state = 'there';
  item.isFirst = true;
}
