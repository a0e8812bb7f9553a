/**
 * How the text of a PostgreSQL value becomes a JavaScript value: the same for both engines, and
 * never by the driver's guess. Any type not listed stays text, dates and times included.
 */
import pg from 'pg';

type Parser = (text: string) => unknown;

const int8Array = (text: string): unknown =>
  parseArray(text, (item) => (item === null ? null : BigInt(item)));
const isTrue = (text: string): boolean => text === 't';
const parseJson = (text: string): unknown => JSON.parse(text);

const PARSERS: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [16, isTrue],
  [17, pg.types.getTypeParser(17, 'text') as Parser],
  [20, BigInt],
  [21, Number],
  [23, Number],
  [26, Number],
  [700, Number],
  [701, Number],
  [114, parseJson],
  [3802, parseJson],
  [1000, (text) => parseArray(text, (item) => (item === null ? null : item === 't'))],
  [1005, (text) => parseArray(text, (item) => (item === null ? null : Number(item)))],
  [1007, (text) => parseArray(text, (item) => (item === null ? null : Number(item)))],
  [1009, (text) => parseArray(text, (item) => item)],
  [1015, (text) => parseArray(text, (item) => item)],
  [1016, int8Array],
  [3807, (text) => parseArray(text, (item) => (item === null ? null : JSON.parse(item)))],
]);

const asText: Parser = (text) => text;

/** The interface that pg expects; only the text format is ever requested. */
export const typeParsers = {
  getTypeParser: (oid: number): Parser => PARSERS.get(oid) ?? asText,
} as unknown as pg.CustomTypesConfig;

/** A one-dimensional array literal as the server writes it. */
function parseArray(text: string, parseItem: (item: string | null) => unknown): unknown[] {
  const items: unknown[] = [];
  let index = 1;
  while (index < text.length - 1) {
    if (text[index] === '"') {
      let item = '';
      index += 1;
      while (text[index] !== '"') {
        if (text[index] === '\\') index += 1;
        item += text[index];
        index += 1;
      }
      items.push(parseItem(item));
      index += 2;
    } else {
      const comma = text.indexOf(',', index);
      const end = comma === -1 ? text.length - 1 : comma;
      const item = text.slice(index, end);
      items.push(parseItem(item === 'NULL' ? null : item));
      index = end + 1;
    }
  }
  return items;
}
