/**
 * Building blocks of shapes. A shape is the schema of an object that the API shows: openapi.json is
 * generated from it and its presenter is typed by it, so that a missing or extra property does not
 * compile. A schema is plain data; no answer is validated at run time.
 */
import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import { assert, must } from '../kernel/assert.ts';
import type { IdKind } from '../kernel/id.ts';
import { ID_KINDS } from '../kernel/id-prefixes.ts';
import { AMOUNT_FEN_MAX, fenToJson } from '../kernel/money.ts';

/** Control characters and line ends: they could forge a line of a log or a bill. */
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029';
/** Marks that change the direction of text: they make a name read other than it is. */
const DIRECTIONS = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
/** Characters that are invisible on their own; within a text (emoji, Persian) they are allowed. */
const BLANKS =
  ' \\u00a0\\u00ad\\u034f\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f\\u2000-\\u200d\\u202f' +
  '\\u205f-\\u2064\\u2800\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0';
/**
 * At least one visible character, and none that deceives. Each part ends where the next begins, so
 * that the match never backtracks, however long the text.
 */
export const READABLE =
  `^[${BLANKS}]*[^${BLANKS}${CONTROLS}${DIRECTIONS}]` + `[^${CONTROLS}${DIRECTIONS}]*$`;
/** 63 bits in Crockford's base32: what this lets through, parseId reads. */
const ID_BODY = '[0-7][0-9A-HJKMNP-TV-Z]{12}';

/** Far below the limit of JSON integers. */
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

export function idField(kind: IdKind, description: string) {
  return Type.String({ pattern: `^${ID_KINDS[kind].prefix}_${ID_BODY}$`, description });
}

export function amount(description: string) {
  return Type.Integer({ minimum: 1, maximum: AMOUNT_MAX, description, examples: [1999] });
}

export const Metadata = Type.Unsafe<Record<string, string>>({
  type: 'object',
  description: 'The marketplace’s own notes: at most 50 keys of 40 characters, values of 500.',
  maxProperties: 50,
  propertyNames: { type: 'string', minLength: 1, maxLength: 40, pattern: READABLE },
  additionalProperties: { type: 'string', maxLength: 500 },
});

/** A time as it is shown. */
export const time = Type.String({ format: 'date-time' });

export const fen = (description: string) => Type.Integer({ minimum: 0, description });

export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** Shown lists are never changed. */
export const listOf = <T extends TSchema>(items: T, options: { description?: string } = {}) =>
  Type.Unsafe<readonly Static<T>[]>(Type.Array(items, options));

/** Any members, all of one kind. */
export const record = <T = unknown>(value: object, description: string) =>
  Type.Unsafe<Readonly<Record<string, T>>>({
    type: 'object',
    additionalProperties: value,
    description,
  });

const REFERENCE = '#/components/schemas/';
const SHAPES = new Map<string, TSchema>();
const NAMES = new Map<TSchema, string>();

/** A shape that stands under this name in openapi.json: what a route answers has one. */
export function named<T extends TSchema>(name: string, schema: T): T {
  assert(!SHAPES.has(name), `one shape is named ${name}`);
  SHAPES.set(name, schema);
  NAMES.set(schema, name);
  return schema;
}

/** An object under a name. */
export const shape = <P extends TProperties>(name: string, properties: P) =>
  named(name, closed(properties));

const nameOf = (known: TSchema): string => must(NAMES.get(known), 'a shape with a name');

export const referenceTo = (known: TSchema) => ({ $ref: REFERENCE + nameOf(known) });

/** Another shape by its name in openapi.json. */
export const component = <T extends TSchema>(known: T) =>
  Type.Unsafe<Static<T>>(referenceTo(known));

/** These shapes and whatever they refer to, each under its name. */
export function componentsOf(shapes: readonly TSchema[]): Readonly<Record<string, TSchema>> {
  const found = new Map<string, TSchema>();
  const wanted = shapes.map(nameOf);
  for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
    if (found.has(name)) continue;
    const schema = must(SHAPES.get(name), 'a shape of this name');
    found.set(name, schema);
    const parts = JSON.stringify(schema).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);
    wanted.push(...[...parts].map(([, part = '']) => part));
  }
  return Object.fromEntries(found);
}

/** An object whose members we do not define. */
export const anything = (description: string) =>
  Type.Unsafe<unknown>({ type: 'object', additionalProperties: {}, description });

/** One page of a list, as every list is shown. */
export const page = <T extends TSchema>(items: T, name = `${nameOf(items)}_list`) =>
  shape(name, {
    object: Type.Literal('list'),
    data: listOf(component(items)),
    has_more: Type.Boolean(),
  });
