/**
 * Two OpenAPI documents, then and now. `gone`: what a client of then calls or reads and does not
 * find. `narrower`: what was taken then and is refused now, or may be. Additions are no change.
 */
import type { Json } from '../helpers/api.ts';
import { changesOfSchema } from './compare-schemas.ts';

export interface ApiChanges {
  readonly gone: readonly string[];
  readonly narrower: readonly string[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

export function changesOfApi(then: Json, now: Json): ApiChanges {
  const gone: string[] = [];
  const narrower: string[] = [];
  for (const [kind, things] of Object.entries(record(then.components))) {
    for (const [name, thing] of Object.entries(record(things))) {
      const twin = record(record(now.components)[kind])[name];
      if (twin === undefined) gone.push(`${kind} ${name}: is gone`);
      else if (kind === 'schemas') {
        gone.push(...changesOfSchema(put(thing, then), put(twin, now), name, 'response'));
      }
    }
  }
  for (const [path, methods] of Object.entries(record(then.paths))) {
    for (const method of METHODS.filter((name) => name in record(methods))) {
      const at = `${method.toUpperCase()} ${path}`;
      const one = record(record(methods)[method]);
      const other = record(record(now.paths)[path])[method];
      if (other === undefined) gone.push(`${at}: is gone`);
      else compareOperation({ then, now, at, gone, narrower }, one, record(other));
    }
  }
  // One schema is used in many places: each change is reported once.
  return { gone: [...new Set(gone)], narrower: [...new Set(narrower)] };
}

interface Comparison {
  readonly then: Json;
  readonly now: Json;
  readonly at: string;
  readonly gone: string[];
  readonly narrower: string[];
}

function compareOperation(comparison: Comparison, one: Json, other: Json): void {
  const { at, gone } = comparison;
  // Clients that are generated call it by this name.
  if (one.operationId !== other.operationId) gone.push(`${at}: operationId ${one.operationId}`);
  compareSecurity(comparison, one, other);
  compareParameters(comparison, rows(one.parameters), rows(other.parameters));
  compareBodies(comparison, one.requestBody, other.requestBody);
  compareResponses(comparison, record(one.responses), record(other.responses));
}

function compareSecurity({ then, now, at, narrower }: Comparison, one: Json, other: Json): void {
  const names = (security: unknown) => rows(security).map((way) => Object.keys(way).join('+'));
  const after = names(other.security ?? now.security);
  for (const way of names(one.security ?? then.security)) {
    if (!after.includes(way)) narrower.push(`${at}: ${way} opens nothing`);
  }
  if (scopeOf(one) !== scopeOf(other)) narrower.push(`${at}: scope ${scopeOf(other)} is wanted`);
}

/** Descriptions end with it. */
function scopeOf({ description }: Json): string | undefined {
  return /Scope: `(.+)`\.$/.exec(String(description))?.[1];
}

function compareParameters(comparison: Comparison, before: Json[], after: Json[]): void {
  const { at, gone, narrower } = comparison;
  const nameOf = (parameter: Json) => `${String(parameter.in)} ${String(parameter.name)}`;
  for (const parameter of before) {
    const twin = after.find((other) => nameOf(other) === nameOf(parameter));
    if (twin === undefined) gone.push(`${at} ${nameOf(parameter)}: is gone`);
    else narrower.push(...inputChanges(comparison, nameOf(parameter), parameter, twin));
  }
  const known = before.map(nameOf);
  for (const parameter of after.filter((other) => !known.includes(nameOf(other)))) {
    if (parameter.required === true) narrower.push(`${at} ${nameOf(parameter)}: is required`);
  }
}

function compareBodies(comparison: Comparison, before: unknown, after: unknown): void {
  const { at, gone, narrower } = comparison;
  const one = record(before);
  const other = record(after);
  if (other.required === true && one.required !== true) narrower.push(`${at} body: is required`);
  for (const [type, content] of Object.entries(record(one.content))) {
    const twin = record(other.content)[type];
    if (twin === undefined) gone.push(`${at} body ${type}: is gone`);
    else narrower.push(...inputChanges(comparison, 'body', record(content), record(twin)));
  }
}

function inputChanges({ then, now, at }: Comparison, name: string, one: Json, other: Json) {
  const isNew = other.required === true && one.required !== true;
  const before = put(one.schema, then);
  const after = put(other.schema, now);
  return [
    ...(isNew ? [`${at} ${name}: is required`] : []),
    ...changesOfSchema(before, after, `${at} ${name}`, 'request'),
  ];
}

function compareResponses(comparison: Comparison, before: Json, after: Json): void {
  const { then, now, at, gone, narrower } = comparison;
  for (const [status, response] of Object.entries(before)) {
    const one = record(response);
    const other = record(after[status]);
    if (after[status] === undefined) {
      gone.push(`${at} ${status}: is gone`);
      continue;
    }
    for (const name of Object.keys(record(one.headers))) {
      if (!(name in record(other.headers))) gone.push(`${at} ${status} ${name}: is gone`);
    }
    for (const [type, content] of Object.entries(record(one.content))) {
      const twin = record(other.content)[type];
      if (twin === undefined) {
        gone.push(`${at} ${status} ${type}: is gone`);
        continue;
      }
      const [old, today] = [record(content).schema, record(twin).schema];
      gone.push(...changesOfSchema(put(old, then), put(today, now), `${at} ${status}`, 'response'));
    }
  }
  const [codes, codesNow] = [codesOf(before), codesOf(after)];
  for (const code of codes) if (!codesNow.has(code)) gone.push(`${at} ${code}: is gone`);
  for (const code of codesNow) if (!codes.has(code)) narrower.push(`${at} ${code}: may refuse`);
}

/** An operation names the codes that it refuses with in its answers' descriptions. */
function codesOf(responses: Json): Set<string> {
  const texts = Object.values(responses).map((response) => String(record(response).description));
  return new Set(texts.flatMap((text) => [...text.matchAll(/^`(\w+)`: /gm)].map(codeOf)));
}

function codeOf([, code = '']: RegExpMatchArray): string {
  return code;
}

function put(schema: unknown, root: Json) {
  return { schema: record(schema), root };
}

function record(value: unknown): Json {
  return (value ?? {}) as Json;
}

function rows(value: unknown): Json[] {
  return (value ?? []) as Json[];
}
