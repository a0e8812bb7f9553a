/**
 * The text TLV of EMVCo codes: `ID` (2 digits), `LEN` (2 digits, 01 to 99), `VALUE`. LEN counts
 * characters, taken here as Unicode code points: 最佳运输 is 4. Reading keeps order and unknown ids
 * and refuses what is cut short, doubled or not digits; it never interprets a value.
 */

import { err, ok, type Result } from '../../kernel/result.ts';
import { type CodecError, codecError } from '../codec-error.ts';

export interface TextField {
  readonly id: string;
  readonly value: string;
}

export interface TextObject extends TextField {
  /** Of its id's first digit, in characters of the whole payload. */
  readonly position: number;
}

const VALUE_LENGTH_MAX = 99;
const HEADER_LENGTH = 4;

/** `path` is the enclosing template with its slash, `startsAt` where its value starts. */
export function readTextObjects(
  text: string,
  path = '',
  startsAt = 0,
): Result<TextObject[], CodecError> {
  const characters = Array.from(text);
  const objects: TextObject[] = [];
  const seen = new Set<string>();
  let at = 0;
  while (at < characters.length) {
    const header = characters.slice(at, at + HEADER_LENGTH).join('');
    const [, id, lengthText] = /^(\d\d)(\d\d)$/.exec(header) ?? [];
    const position = startsAt + at;
    if (id === undefined || lengthText === undefined) {
      const what = 'an object starts with two digits of id and two of length';
      return fail('bad_tag', `${path}header`, position, what);
    }
    const object = `${path}${id}`;
    const length = Number(lengthText);
    if (length === 0) return fail('bad_length', object, position, 'a length is 01 to 99, not 00');
    const from = at + HEADER_LENGTH;
    const left = characters.length - from;
    if (length > left) {
      const what = `its length is ${length}, but ${left} characters follow`;
      return fail('truncated', object, position, what);
    }
    if (seen.has(id)) return fail('duplicate', object, position, 'it stands here a second time');
    seen.add(id);
    objects.push({ id, value: characters.slice(from, from + length).join(''), position });
    at = from + length;
  }
  return ok(objects);
}

function fail(
  code: CodecError['code'],
  object: string,
  position: number,
  what: string,
): { readonly ok: false; readonly error: CodecError } {
  const message = `At character ${position}, ${object}: ${what}. Scan the code again.`;
  return err(codecError(code, { object, position }, message));
}

/** Refuses a value that is empty or over 99 characters: LEN could not say its length. */
export function writeTextObjects(
  fields: readonly TextField[],
  path = '',
): Result<string, CodecError> {
  let text = '';
  for (const { id, value } of fields) {
    const at = { object: `${path}${id}`, position: Array.from(text).length };
    const length = Array.from(value).length;
    if (!/^\d\d$/.test(id)) {
      return err(codecError('bad_tag', at, `An id is two digits; give ${path}… such a one.`));
    }
    if (length === 0 || length > VALUE_LENGTH_MAX) {
      const message = `${at.object} has ${length} characters; give it 1 to ${VALUE_LENGTH_MAX}.`;
      return err(codecError('bad_length', at, message));
    }
    text += `${id}${String(length).padStart(2, '0')}${value}`;
  }
  return ok(text);
}
