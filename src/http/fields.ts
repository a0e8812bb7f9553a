/** Fields that many calls share. Every string and list is bounded, every object is closed. */
import { type TObject, type TProperties, Type } from 'typebox';
import type { IdKind } from '../kernel/id.ts';
import { ID_KINDS } from '../kernel/id-prefixes.ts';
import { AMOUNT_FEN_MAX, fenToJson } from '../kernel/money.ts';

/** Control characters and line ends: with them a line of a log or a bill could be forged. */
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029';
/** Marks that turn the direction of text: with them a name reads other than it is. */
const DIRECTIONS = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
/** What leaves nothing to read where it stands alone; within a text (emoji, Persian) it may be. */
const BLANKS =
  ' \\u00a0\\u00ad\\u034f\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f\\u2000-\\u200d\\u202f' +
  '\\u205f-\\u2064\\u2800\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0';
/**
 * Something to read, and nothing that deceives. Each part ends where the next begins, so that no
 * text of any length makes the match go back.
 */
export const READABLE =
  `^[${BLANKS}]*[^${BLANKS}${CONTROLS}${DIRECTIONS}]` + `[^${CONTROLS}${DIRECTIONS}]*$`;
/** 63 bits in Crockford's base32: what this lets through, parseId reads. */
const ID_BODY = '[0-7][0-9A-HJKMNP-TV-Z]{12}';

/** Far below what JSON can carry. */
export const AMOUNT_MAX = fenToJson(AMOUNT_FEN_MAX);

export function closed<P extends TProperties>(
  properties: P,
  options: { readonly description?: string; readonly examples?: readonly unknown[] } = {},
) {
  return Type.Object(properties, {
    additionalProperties: false,
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.examples === undefined ? {} : { examples: [...options.examples] }),
  });
}

export function text(lengthMax: number, description: string, example?: string) {
  return Type.String({
    minLength: 1,
    maxLength: lengthMax,
    pattern: READABLE,
    description,
    ...(example === undefined ? {} : { examples: [example] }),
  });
}

export function idField(kind: IdKind, description: string) {
  return Type.String({ pattern: `^${ID_KINDS[kind].prefix}_${ID_BODY}$`, description });
}

export function amount(description: string) {
  return Type.Integer({ minimum: 1, maximum: AMOUNT_MAX, description, examples: [1999] });
}

export function time(description: string) {
  return Type.String({
    maxLength: 40,
    format: 'date-time',
    description,
    examples: ['2026-12-01T12:00:00+08:00'],
  });
}

export const Metadata = Type.Unsafe<Record<string, string>>({
  type: 'object',
  description: 'The marketplace’s own notes: at most 50 keys of 40 characters, values of 500.',
  maxProperties: 50,
  propertyNames: { type: 'string', minLength: 1, maxLength: 40, pattern: READABLE },
  additionalProperties: { type: 'string', maxLength: 500 },
});

export function paged<P extends TProperties>(kind: IdKind, filters: P) {
  return closed({
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, default: 10, description: 'How many to answer.' }),
    ),
    starting_after: Type.Optional(idField(kind, 'The last id of the page before.')),
    ending_before: Type.Optional(idField(kind, 'The first id of the page after.')),
    ...filters,
  });
}

export const NoQuery: TObject = closed({});
export const NoBody: TObject = closed({});
