/**
 * Generates openapi.json from the route table: OpenAPI 3.1, with the same schemas that validate the
 * calls. It does not depend on where or how the server runs, so a test compares it with the
 * committed file.
 */
import type { TSchema } from 'typebox';
import { componentsOf, referenceTo } from '../core/shape.ts';
import { ERRORS, type ErrorCode } from '../kernel/errors.ts';
import { ID_KINDS } from '../kernel/id-prefixes.ts';
import { SCOPES } from '../kernel/scopes.ts';
import { VERSIONS } from './auth.ts';
import { ErrorShape } from './error-shape.ts';
import type { AnyRoute } from './route.ts';
import { ROUTES } from './routes.ts';

type Json = Record<string, unknown>;

const COMMON_ERRORS: readonly ErrorCode[] = [
  'parameter_invalid',
  'parameter_unknown',
  'version_unknown',
  'api_key_missing',
  'api_key_invalid',
  'scope_missing',
  'address_not_allowed',
  'rate_limited',
  'internal',
  'busy',
  'shutting_down',
];
const BODY_ERRORS: readonly ErrorCode[] = [
  'body_malformed',
  'body_too_large',
  'content_type_unsupported',
];
const IDEMPOTENCY_ERRORS: readonly ErrorCode[] = [
  'idempotency_key_missing',
  'idempotency_key_in_flight',
  'idempotency_key_reused',
];

const INTRODUCTION = `One API for WeChat Pay, Alipay, UnionPay Cloud QuickPass and JD Pay.

Amounts are integers of fen (分). Times are RFC 3339. Every call that moves or promises money takes
an \`Idempotency-Key\`; the same key and body answer the same again. Errors have one shape and a
stable \`code\`; [what each code means](/docs/errors).`;

const SECRET_KEY = `A marketplace’s secret key, \`sk_…\`. A restricted key, \`rk_…\`, has scopes:

${Object.entries(SCOPES)
  .map(([scope, meaning]) => `- \`${scope}\`: ${meaning}`)
  .join('\n')}`;

export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const route of ROUTES) {
    const path = paths[route.path] ?? {};
    path[route.method.toLowerCase()] = operation(route);
    paths[route.path] = path;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hutong 互通',
      version: VERSIONS.at(-1),
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [...new Set(ROUTES.map(({ tag }) => tag))].map((name) => ({ name })),
    security: [{ secretKey: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(components()).map(([name, schema]) => [name, plain(schema)]),
      ),
      securitySchemes: {
        secretKey: {
          type: 'http',
          scheme: 'bearer',
          description: SECRET_KEY,
        },
        clientSecret: {
          type: 'apiKey',
          in: 'header',
          name: 'Hutong-Client-Secret',
          description: 'A buyer’s secret of one payment_intent; only in this header.',
        },
      },
    },
  };
}

/** The shapes of all answers by their names. */
export function components(): Readonly<Record<string, TSchema>> {
  return componentsOf([ErrorShape, ...ROUTES.flatMap(({ answers }) => Object.values(answers))]);
}

function operation(route: AnyRoute): Json {
  const parameters = [...pathParameters(route), ...queryParameters(route), ...headers(route)];
  const described = route.description === undefined ? '' : `${route.description}\n\n`;
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    description: `${described}Scope: \`${route.scope}\`.`,
    // For a scheme that is not OAuth, OpenAPI 3.1 lists roles here: ours are scopes.
    security: [
      { secretKey: [route.scope] },
      ...(route.asBuyer === undefined ? [] : [{ clientSecret: [] }]),
    ],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: needsBody(route.body),
            content: { 'application/json': { schema: plain(route.body) } },
          },
        }),
    responses: { ...answers(route), ...refusals(route) },
  };
}

/** A missing body counts as an empty one: a body is required only if one of its fields is. */
function needsBody(body: TSchema): boolean {
  return 'required' in body && Array.isArray(body.required) && body.required.length > 0;
}

function pathParameters(route: AnyRoute): Json[] {
  return Object.entries(route.pathIds ?? {}).map(([name, kind]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', examples: [`${ID_KINDS[kind].prefix}_01K0Z3V7X9Q2A`] },
  }));
}

function queryParameters(route: AnyRoute): Json[] {
  if (route.query === undefined) return [];
  const { properties = {}, required = [] } = plain(route.query) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema;
    return {
      name,
      in: 'query',
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

function headers(route: AnyRoute): Json[] {
  const version = {
    name: 'Hutong-Version',
    in: 'header',
    required: false,
    description: 'Overrides the version that the key is pinned to.',
    schema: { type: 'string', enum: [...VERSIONS] },
  };
  if (route.idempotency === undefined) return [version];
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    required: true,
    description: 'Yours to choose, one per intention; kept for 7 days.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  };
  return [key, version];
}

function answers(route: AnyRoute): Json {
  const shown: Json = {};
  for (const [status, shape] of Object.entries(route.answers)) {
    shown[status] = {
      description: status === '201' ? 'Made.' : 'Done.',
      headers: {
        'Request-Id': { schema: { type: 'string' }, description: 'Names this request in our log.' },
        ...(route.idempotency === undefined
          ? {}
          : {
              'Idempotent-Replayed': {
                schema: { type: 'string', enum: ['true'] },
                description: 'Present where this key was answered before.',
              },
            }),
      },
      content: {
        [route.produces ?? 'application/json']: { schema: referenceTo(shape) },
      },
    };
  }
  return shown;
}

/** The codes that a route may answer, by status: for the document and for the hostile suite. */
function errorCodesOf(route: AnyRoute): readonly ErrorCode[] {
  return [
    ...COMMON_ERRORS,
    ...(route.method === 'POST' ? BODY_ERRORS : []),
    ...(route.idempotency === undefined ? [] : IDEMPOTENCY_ERRORS),
    ...(route.pathIds === undefined ? [] : (['not_found'] as const)),
    ...(route.errors ?? []),
  ];
}

function refusals(route: AnyRoute): Json {
  const byStatus = new Map<number, Set<ErrorCode>>();
  for (const code of errorCodesOf(route)) {
    const { status } = ERRORS[code];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  const shown: Json = {};
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    shown[status] = {
      description: [...codes].map((code) => `\`${code}\`: ${ERRORS[code].meaning}`).join('\n'),
      content: { 'application/json': { schema: referenceTo(ErrorShape) } },
    };
  }
  return shown;
}

/** A schema as plain JSON, without TypeBox's own symbols. */
function plain(schema: TSchema): Json {
  return JSON.parse(JSON.stringify(schema)) as Json;
}

export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}
