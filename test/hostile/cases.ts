/**
 * Attacks made out of openapi.json: for every operation what a careless or hostile client may send,
 * and which coded error must come back. Pure: a document and a fixture in, requests out. A route
 * added to the document is attacked without a line here; only its valid body must be known.
 */
import type { ErrorCode } from '../../src/kernel/errors.ts';

export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly examples?: readonly unknown[];
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  readonly isKeyed: boolean;
  readonly takesBuyers: boolean;
}

export interface Fixture {
  readonly key: string;
  readonly otherKey: string;
  /** A real id of the first tenant by path prefix (`/v1/refunds`) or parameter (`attempt`). */
  readonly idOf: (operation: Operation, parameter: string) => string;
  /** A body that is accepted, or would be if the state allowed it. */
  readonly bodyOf: (operation: Operation) => unknown;
}

export interface Attack {
  readonly group: string;
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  readonly codes: readonly ErrorCode[];
  /** The field that the error must name. */
  readonly param?: string;
}

export const BODY_BYTES_MAX = 262_144;

export function operationsOf(document: unknown): Operation[] {
  const { paths } = document as {
    paths: Record<string, Record<string, Record<string, unknown>>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const parameters = (operation.parameters ?? []) as Parameter[];
      const requestBody = operation.requestBody as
        | { content: { 'application/json': { schema: Schema } } }
        | undefined;
      const security = (operation.security ?? []) as Record<string, unknown>[];
      return {
        method: method.toUpperCase(),
        path,
        operationId: String(operation.operationId),
        parameters,
        body: requestBody?.content['application/json'].schema,
        isKeyed: parameters.some(({ name }) => name === 'Idempotency-Key'),
        takesBuyers: security.some((way) => Object.hasOwn(way, 'clientSecret')),
      };
    }),
  );
}

let fresh = 0;

export function requestOf(
  operation: Operation,
  fixture: Fixture,
  more: {
    readonly key?: string | null;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly query?: string;
    readonly method?: string;
    readonly path?: string;
  } = {},
): Attack['request'] {
  fresh += 1;
  const path =
    more.path ??
    operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => fixture.idOf(operation, name));
  const key = more.key === undefined ? fixture.key : more.key;
  const body =
    more.body ?? (operation.method === 'POST' ? bodyText(operation, fixture) : undefined);
  return {
    method: more.method ?? operation.method,
    url: more.query === undefined ? path : `${path}?${more.query}`,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(operation.isKeyed ? { 'idempotency-key': `hostile-${process.pid}-${fresh}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...more.headers,
    },
    ...(body === undefined ? {} : { body }),
  };
}

function bodyText(operation: Operation, fixture: Fixture): string {
  return JSON.stringify(operation.body === undefined ? {} : fixture.bodyOf(operation));
}

export function attacksOn(operation: Operation, fixture: Fixture): Attack[] {
  const title = `${operation.method} ${operation.path}`;
  const attack = (
    group: string,
    name: string,
    codes: readonly ErrorCode[],
    request: Attack['request'],
    param?: string,
  ): Attack => ({
    group,
    name: `${title}: ${name}`,
    codes,
    request,
    ...(param === undefined ? {} : { param }),
  });
  return [
    ...strangers(operation, fixture, attack),
    ...rawBodies(operation, fixture, attack),
    ...fields(operation, fixture, attack),
    ...queries(operation, fixture, attack),
    ...paths(operation, fixture, attack),
    ...headers(operation, fixture, attack),
  ];
}

type MakeAttack = (
  group: string,
  name: string,
  codes: readonly ErrorCode[],
  request: Attack['request'],
  param?: string,
) => Attack;

function strangers(operation: Operation, fixture: Fixture, attack: MakeAttack): Attack[] {
  const group = 'unauthenticated';
  const withHeader = (authorization: string) =>
    requestOf(operation, fixture, { key: null, headers: { authorization } });
  const attacks = [
    attack(group, 'no key', ['api_key_missing'], requestOf(operation, fixture, { key: null })),
    ...['Bearer', 'Bearer sk_test_0', `Bearer ${'x'.repeat(5_000)}`, `Basic ${btoa('a:b')}`].map(
      (header) => attack(group, header.slice(0, 20), ['api_key_invalid'], withHeader(header)),
    ),
  ];
  if (operation.takesBuyers) {
    const secret = { 'hutong-client-secret': 'cs_of_somebody_else' };
    const request = requestOf(operation, fixture, { key: null, headers: secret });
    attacks.push(attack(group, 'a foreign client_secret', ['client_secret_invalid'], request));
  }
  return attacks;
}

function rawBodies(operation: Operation, fixture: Fixture, attack: MakeAttack): Attack[] {
  if (operation.method !== 'POST') return [];
  const valid = bodyText(operation, fixture);
  const nul = valid === '{}' ? '{"a":"\\u0000"}' : valid.replace(/:"/, ':"\\u0000');
  const malformed = ['{', `${valid}}`, valid.slice(0, -1), "{'a':1}", 'NaN', '{"__proto__":{}}'];
  const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
  const large = `{"pad":"${'x'.repeat(BODY_BYTES_MAX)}"}`;
  const send = (body: string) => requestOf(operation, fixture, { body });
  const typed = (type: string) =>
    requestOf(operation, fixture, { headers: { 'content-type': type } });
  return [
    ...malformed.map((body) =>
      attack('malformed_json', body.slice(0, 24), ['body_malformed'], send(body)),
    ),
    attack('malformed_json', 'too deep', ['body_malformed'], send(deep)),
    ...(nul === valid
      ? []
      : [attack('malformed_json', 'NUL', ['body_malformed', 'parameter_unknown'], send(nul))]),
    ...['[]', '"x"', '7', 'null', 'true'].flatMap((body) =>
      // An empty body counts as an empty object; so does null where nothing is required.
      body === 'null' && (operation.body?.required ?? []).length === 0
        ? []
        : [attack('wrong_type', `body ${body}`, ['parameter_invalid'], send(body))],
    ),
    attack('oversized_body', '256 kB and more', ['body_too_large'], send(large)),
    ...['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'nonsense'].map(
      (type) => attack('content_type', type, ['content_type_unsupported'], typed(type)),
    ),
  ];
}

function fields(operation: Operation, fixture: Fixture, attack: MakeAttack): Attack[] {
  if (operation.method !== 'POST') return [];
  const send = (body: unknown) => requestOf(operation, fixture, { body: JSON.stringify(body) });
  const schema: Schema = operation.body ?? { type: 'object', properties: {} };
  const base = operation.body === undefined ? {} : filled(schema, fixture.bodyOf(operation));
  return mutations(schema, base, []).map(({ group, path, value, what }) => {
    const param = paramOf(path);
    const code = group === 'unknown_field' ? 'parameter_unknown' : 'parameter_invalid';
    return attack(group, `${param} ${what}`, [code], send(changed(base, path, value)), param);
  });
}

interface Mutation {
  readonly group: string;
  readonly path: readonly (string | number)[];
  /** undefined = left out. */
  readonly value: unknown;
  readonly what: string;
}

function mutations(schema: Schema, value: unknown, path: readonly (string | number)[]): Mutation[] {
  const found: Mutation[] = path.length === 0 ? [] : wrongValues(schema, path, value);
  if (schema.properties !== undefined && schema.additionalProperties === false) {
    found.push({ group: 'unknown_field', path: [...path, 'zzz'], value: 1, what: 'added' });
  } else if (path.length === 0) {
    found.push({ group: 'unknown_field', path: ['zzz'], value: 1, what: 'added' });
  }
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const own = (value as Record<string, unknown>)[name];
    if (schema.required?.includes(name) === true) {
      found.push({ group: 'missing', path: [...path, name], value: undefined, what: 'left out' });
    }
    found.push(...mutations(inner, own, [...path, name]));
  }
  if (schema.items !== undefined && Array.isArray(value) && value.length > 0) {
    found.push(...mutations(schema.items, value[0], [...path, 0]));
  }
  return found;
}

function wrongValues(
  schema: Schema,
  path: readonly (string | number)[],
  value: unknown,
): Mutation[] {
  const all: readonly unknown[] = ['x', 7, 1.5, true, null, [], {}];
  const kind = kindOf(schema);
  const others = all.filter((one) => !fits(kind, one));
  const bounds: unknown[] = [];
  if (kind === 'integer') {
    bounds.push(-1, 2 ** 53, 1e308);
    if (schema.minimum !== undefined) bounds.push(schema.minimum - 1);
    if (schema.maximum !== undefined) bounds.push(schema.maximum + 1);
  }
  if (kind === 'string') {
    if (schema.minLength !== undefined) bounds.push('');
    if (schema.maxLength !== undefined) bounds.push('x'.repeat(schema.maxLength + 1));
    if (schema.pattern !== undefined) bounds.push('a\u0001b', 'a\u007f', '\n', ...UNREADABLE);
    if (schema.format === 'date-time') bounds.push('yesterday', '2026-02-30T00:00:00Z');
  }
  if (kind === 'enum') bounds.push('nonsense', '', 'toString', '__proto__');
  if (kind === 'array' && schema.maxItems !== undefined && Array.isArray(value)) {
    bounds.push(Array.from({ length: schema.maxItems + 1 }, () => value[0]));
    if (schema.minItems !== undefined) bounds.push([]);
  }
  return [...others, ...bounds].map((wrong) => ({
    group: 'wrong_type',
    path,
    value: wrong,
    what: `= ${JSON.stringify(wrong)?.slice(0, 24)}`,
  }));
}

/** Nothing to read, or something that reads other than it is. */
const UNREADABLE = [
  ' ',
  '\u3000',
  '\u200b\ufe0f',
  'shop\u202egnp.exe',
  '\u2066shop\u2069',
  '\u061c1',
];

type Kind = 'enum' | 'string' | 'integer' | 'array' | 'object' | 'other';

function kindOf(schema: Schema): Kind {
  if (schema.enum !== undefined || schema.const !== undefined) return 'enum';
  const { type } = schema;
  return type === 'string' || type === 'integer' || type === 'array' || type === 'object'
    ? type
    : 'other';
}

function fits(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'string':
      return typeof value === 'string';
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'enum':
      return false;
    case 'other':
      return true;
  }
}

/** The valid body with every optional field present, so that each can be attacked. */
function filled(schema: Schema, value: unknown): unknown {
  if (schema.properties !== undefined) {
    const given = (value ?? {}) as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, inner]) => [name, filled(inner, given[name])]),
    );
  }
  if (schema.items !== undefined) {
    const { items } = schema;
    const given = Array.isArray(value) && value.length > 0 ? value : [undefined];
    return given.map((one) => filled(items, one));
  }
  return value ?? sample(schema);
}

function sample(schema: Schema): unknown {
  if (schema.examples?.[0] !== undefined) return schema.examples[0];
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.type === 'integer') return schema.minimum ?? 1;
  if (schema.type === 'object') return {};
  return 'https://shop.example/';
}

function changed(base: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(base);
  let at = copy as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) at = at[part] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

function paramOf(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`,
    '',
  );
}

function queries(operation: Operation, fixture: Fixture, attack: MakeAttack): Attack[] {
  const send = (query: string) => requestOf(operation, fixture, { query });
  const attacks = [
    attack('unknown_field', 'query zzz', ['parameter_unknown'], send('zzz=1'), 'zzz'),
  ];
  for (const { name, schema } of operation.parameters.filter((one) => one.in === 'query')) {
    const key = encodeURIComponent(name);
    const values = [
      '%00',
      '%0a',
      ...(schema.type === 'integer' ? ['x', '1.5', '-1', '0', '1e9'] : []),
    ];
    if (schema.enum !== undefined || schema.items !== undefined) values.push('nonsense', '');
    if (schema.pattern !== undefined) {
      values.push(...UNREADABLE.map(encodeURIComponent));
      if (!new RegExp(schema.pattern).test('nonsense')) values.push('nonsense');
    }
    if (schema.format === 'date-time') values.push('yesterday', '2026-02-30T00%3A00%3A00Z');
    for (const value of values) {
      attacks.push(
        attack(
          'wrong_type',
          `query ${name}=${value}`,
          ['parameter_invalid'],
          send(`${key}=${value}`),
        ),
      );
    }
    if (!name.endsWith('[]')) {
      const twice = send(`${key}=1&${key}=2`);
      attacks.push(attack('wrong_type', `query ${name} twice`, ['parameter_invalid'], twice));
    }
  }
  return attacks;
}

function paths(operation: Operation, fixture: Fixture, attack: MakeAttack): Attack[] {
  const attacks = [
    ...['PUT', 'PATCH', 'DELETE'].flatMap((method) =>
      operation.method === 'DELETE' || (operation.path.endsWith('{id}') && method === 'DELETE')
        ? []
        : [
            attack(
              'wrong_method',
              method,
              ['method_not_allowed'],
              requestOf(operation, fixture, { method, body: '{}' }),
            ),
          ],
    ),
  ];
  for (const { name } of operation.parameters.filter((one) => one.in === 'path')) {
    for (const id of [
      'nonsense',
      'mer_0000000000001',
      `${'pi_'.padEnd(90, '0')}`,
      '%00',
      "'--",
      '..%2f',
    ]) {
      const path = operation.path
        .replace(`{${name}}`, id)
        .replaceAll(/\{(\w+)\}/g, (_all, other: string) => fixture.idOf(operation, other));
      attacks.push(
        attack('wrong_id', id.slice(0, 16), ['not_found'], requestOf(operation, fixture, { path })),
      );
    }
  }
  if (operation.parameters.some((one) => one.in === 'path')) {
    const request = requestOf(operation, fixture, { key: fixture.otherKey });
    attacks.push(attack('wrong_tenant', 'an id of another tenant', ['not_found'], request));
  }
  return attacks;
}

function headers(operation: Operation, fixture: Fixture, attack: MakeAttack): Attack[] {
  const version = requestOf(operation, fixture, { headers: { 'hutong-version': '1999-01-01' } });
  const attacks = [attack('wrong_version', 'a year that is not', ['version_unknown'], version)];
  if (!operation.isKeyed) return attacks;
  for (const key of ['', 'x'.repeat(256), '\t']) {
    const request = requestOf(operation, fixture, { headers: { 'idempotency-key': key } });
    attacks.push(
      attack('no_idempotency_key', `of ${key.length}`, ['idempotency_key_missing'], request),
    );
  }
  return attacks;
}
