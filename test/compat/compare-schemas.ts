/**
 * Two JSON schemas of one place in the API, then and now. What a caller sends must be taken as it
 * was; what a caller reads must be there as it was. A keyword that is not compared here is an
 * error, so that the comparison never goes blind.
 */
import type { Json } from '../helpers/api.ts';

/** One document's schema, with the document that its `$ref`s point into. */
export interface Placed {
  readonly schema: Json;
  readonly root: Json;
  /** What led to it. */
  readonly ref?: string;
}

/** Who writes what the schema describes: the caller, or the platform. */
export type Side = 'request' | 'response';

const SILENT = new Set(['description', 'examples', 'title', '$ref']);
const LEAST = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const MOST = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const ALIKE = ['pattern', 'format', 'multipleOf', 'uniqueItems'];
const INNER = ['items', 'propertyNames', 'additionalProperties', 'properties', 'required'];
const CHOICES = ['anyOf', 'oneOf'];
const VALUES = ['type', 'const', 'enum', 'default'];
const KNOWN = new Set([...LEAST, ...MOST, ...ALIKE, ...INNER, ...CHOICES, ...VALUES, ...SILENT]);
/** Deeper than any schema of the API: one that holds itself ends here. */
const DEPTH_MAX = 24;

/** Each with its place; empty = as it was, or only wider (request) or richer (response). */
export function changesOfSchema(then: Placed, now: Placed, at: string, side: Side): string[] {
  return compare(resolve(then), resolve(now), { at, side, depth: 0 });
}

interface Place {
  readonly at: string;
  readonly side: Side;
  readonly depth: number;
}

function compare(then: Placed, now: Placed, place: Place): string[] {
  if (place.depth > DEPTH_MAX) return [];
  const before = choicesOf(then);
  const after = choicesOf(now);
  if (before.length === 1 && after.length === 1) {
    const [one = then] = before;
    const [other = now] = after;
    return compareOne(one, other, place);
  }
  const nearest = before.flatMap((one) => nearestOf(one, after, place));
  const isNullNew = place.side === 'response' && after.some(isNull) && !before.some(isNull);
  return isNullNew ? [...nearest, `${place.at}: may be null`] : nearest;
}

/** A choice is compared with that of now which differs least from it. */
function nearestOf(one: Placed, after: readonly Placed[], place: Place): string[] {
  const found = after
    .map((other) => compareOne(one, other, place))
    .sort((a, b) => a.length - b.length);
  return found[0] ?? [`${place.at}: a choice is gone`];
}

function compareOne(then: Placed, now: Placed, place: Place): string[] {
  // What has a name is compared once, under that name, as what is read.
  if (place.side === 'response' && then.ref !== undefined && then.ref === now.ref) return [];
  return [
    ...valueChanges(then.schema, now.schema, place),
    ...(place.side === 'request' ? boundChanges(then.schema, now.schema, place.at) : []),
    ...propertyChanges(then, now, place),
    ...innerChanges(then, now, place),
  ];
}

function valueChanges(then: Json, now: Json, { at, side }: Place): string[] {
  const changes: string[] = [];
  // What is sent must still be taken; what is read must be nothing that was not known.
  const [given, taken] = side === 'request' ? [then, now] : [now, then];
  const strange = typesOf(given).filter((type) => !typesOf(taken).some((t) => holds(t, type)));
  if (strange.length > 0) {
    changes.push(`${at}: type ${typesOf(then).join('|')} is ${typesOf(now).join('|')}`);
  }
  const before = valuesOf(then);
  const after = valuesOf(now);
  if (before !== undefined && after !== undefined) {
    const gone = before.filter((value) => !after.includes(value));
    changes.push(...gone.map((value) => `${at}: value ${value} is gone`));
  } else if (before === undefined && after !== undefined && side === 'request') {
    changes.push(`${at}: only certain values are taken`);
  }
  if (side === 'request' && textOf(then.default) !== textOf(now.default)) {
    changes.push(`${at}: default ${textOf(then.default)} is ${textOf(now.default)}`);
  }
  return changes;
}

function boundChanges(then: Json, now: Json, at: string): string[] {
  const number = (value: unknown, other: number) => (typeof value === 'number' ? value : other);
  const lesser = LEAST.filter((key) => number(now[key], -Infinity) > number(then[key], -Infinity));
  const greater = MOST.filter((key) => number(now[key], Infinity) < number(then[key], Infinity));
  // A minimum of nothing is none.
  const bounds = [...lesser, ...greater].filter(
    (key) => !(now[key] === 0 && /^min(?:Length|Items|Properties)$/.test(key)),
  );
  const other = ALIKE.filter((key) => now[key] !== undefined && now[key] !== then[key]);
  return [...bounds, ...other].map((key) => `${at}: another ${key}`);
}

function propertyChanges(then: Placed, now: Placed, place: Place): string[] {
  const { at, side, depth } = place;
  const before = propertiesOf(then.schema);
  const after = propertiesOf(now.schema);
  const changes: string[] = [];
  for (const [name, schema] of Object.entries(before)) {
    const inner = after[name];
    if (inner === undefined) changes.push(`${at}.${name}: is gone`);
    else changes.push(...deeper(then, schema, now, inner, { at: `${at}.${name}`, side, depth }));
  }
  const [less, more] = side === 'request' ? [then, now] : [now, then];
  const kept = namesOf(less.schema.required);
  for (const name of namesOf(more.schema.required).filter((needed) => !kept.includes(needed))) {
    const isGone = before[name] !== undefined && after[name] === undefined;
    if (!isGone) changes.push(`${at}.${name}: ${side === 'request' ? 'is required' : 'may miss'}`);
  }
  return changes;
}

/** Rows, names, and properties that have no name of their own. */
function innerChanges(then: Placed, now: Placed, { at, side, depth }: Place): string[] {
  const changes: string[] = [];
  if (side === 'response' && isObject(then.schema.items) && !isObject(now.schema.items)) {
    changes.push(`${at}[]: is gone`);
  }
  if (isObject(now.schema.items)) {
    const place = { at: `${at}[]`, side, depth };
    changes.push(...deeper(then, asSchema(then.schema.items), now, now.schema.items, place));
  }
  if (side === 'response') return changes;
  if (isObject(now.schema.propertyNames)) {
    const place = { at: `${at}{name}`, side, depth };
    const names = asSchema(then.schema.propertyNames);
    changes.push(...deeper(then, names, now, now.schema.propertyNames, place));
  }
  const open = then.schema.additionalProperties;
  if (!typesOf(then.schema).includes('object') || open === false) return changes;
  if (now.schema.additionalProperties === false) return [...changes, `${at}: is closed`];
  if (isObject(now.schema.additionalProperties)) {
    const place = { at: `${at}{value}`, side, depth };
    changes.push(...deeper(then, asSchema(open), now, now.schema.additionalProperties, place));
  }
  return changes;
}

function deeper(then: Placed, before: Json, now: Placed, after: Json, place: Place): string[] {
  const one = resolve({ schema: before, root: then.root });
  const other = resolve({ schema: after, root: now.root });
  return compare(one, other, { ...place, depth: place.depth + 1 });
}

function resolve(placed: Placed): Placed {
  const { schema, root } = placed;
  if (typeof schema.$ref !== 'string') return placed;
  let found: unknown = root;
  for (const name of schema.$ref.replace(/^#\//, '').split('/')) {
    found = (found as Json | undefined)?.[name];
  }
  if (!isObject(found)) throw new Error(`${schema.$ref} leads nowhere`);
  return resolve({ schema: found, root, ref: schema.$ref });
}

function choicesOf(placed: Placed): Placed[] {
  for (const key of Object.keys(placed.schema)) {
    if (!KNOWN.has(key)) throw new Error(`schemas with ${key} are not compared yet`);
  }
  const choices = placed.schema.anyOf ?? placed.schema.oneOf;
  if (!Array.isArray(choices)) return [placed];
  return (choices as Json[]).flatMap((schema) => choicesOf(resolve({ schema, root: placed.root })));
}

const ALL_TYPES = ['array', 'boolean', 'null', 'number', 'object', 'string'];

function typesOf(schema: Json): string[] {
  if (Array.isArray(schema.type)) return schema.type as string[];
  if (typeof schema.type === 'string') return [schema.type];
  const values = valuesOf(schema);
  if (values === undefined) return ALL_TYPES;
  return [...new Set(values.map((value) => typeNameOf(JSON.parse(value))))];
}

function typeNameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function holds(wide: string, narrow: string): boolean {
  return wide === narrow || (wide === 'number' && narrow === 'integer');
}

function isNull({ schema }: Placed): boolean {
  return schema.type === 'null';
}

function valuesOf(schema: Json): string[] | undefined {
  if (Array.isArray(schema.enum)) return schema.enum.map(textOf);
  return schema.const === undefined ? undefined : [textOf(schema.const)];
}

function propertiesOf(schema: Json): Readonly<Record<string, Json>> {
  return (schema.properties ?? {}) as Record<string, Json>;
}

function namesOf(required: unknown): string[] {
  return (required ?? []) as string[];
}

function asSchema(value: unknown): Json {
  return isObject(value) ? value : {};
}

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
