/** A small API and changes of it, each with what compare-apis.ts must say of it. */
import type { Json } from '../helpers/api.ts';

/** The parts that samples change. */
interface Parts {
  readonly root: Json;
  readonly post: Json;
  readonly sent: Json;
  readonly shop: Json;
  readonly name: Json;
  readonly kind: Json;
  readonly tags: Json;
  readonly list: Json;
  readonly payer: Json;
  readonly notes: Json;
  readonly limit: Json;
  readonly next: Json;
  readonly code: Json;
  readonly till: Json;
}
type Change = (parts: Parts) => unknown;
type Sample = readonly [what: string, change: Change, told: string[]];

const POST = 'POST /shops';
const NAME = `${POST} body.name`;
const KIND = `${POST} body.kind`;
const ANY = 'array|boolean|null|number|object|string';

export function api(): Json {
  const error = { description: '`busy`: Later.\n`full`: No room.', content: json(ref('error')) };
  const limit = { type: 'integer', minimum: 1, maximum: 100, default: 10 };
  return {
    security: [{ secretKey: [] }],
    paths: {
      '/shops': {
        post: {
          operationId: 'makeShop',
          parameters: [{ name: 'limit', in: 'query', required: false, schema: limit }],
          requestBody: { required: true, content: json(sent()) },
          responses: {
            201: {
              description: 'Made.',
              headers: { 'Request-Id': { schema: { type: 'string' } } },
              content: { ...json(ref('shop')), 'image/svg+xml': { schema: { type: 'string' } } },
            },
            400: error,
          },
        },
        get: { operationId: 'readShop', responses: { 200: { content: json(ref('shop')) } } },
      },
      '/till': {
        get: {
          operationId: 'till',
          description: 'Sells.\n\nScope: `tills:read`.',
          responses: { 200: { content: json({}) } },
        },
      },
    },
    components: {
      securitySchemes: { secretKey: { type: 'http' } },
      schemas: { shop: shop(), error: closed({ code: { enum: ['busy', 'full'] } }), old: {} },
    },
  };
}

function sent(): Json {
  return {
    type: 'object',
    required: ['name'],
    additionalProperties: false,
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 9 },
      kind: { type: 'string', enum: ['shop', 'stall'] },
      tags: { type: 'array', maxItems: 5, items: { type: 'string', pattern: '^a' } },
      list: { type: 'array' },
      payer: { anyOf: [closed({ id: { type: 'string' } }), { type: 'null' }] },
      notes: {
        type: 'object',
        maxProperties: 9,
        propertyNames: { maxLength: 9 },
        additionalProperties: { type: 'string', maxLength: 9 },
      },
    },
  };
}

function shop(): Json {
  return closed({
    id: { type: 'string' },
    fen: { type: 'integer' },
    rows: { type: 'array', items: closed({ at: { type: 'string' } }) },
    parent: { anyOf: [ref('shop'), { type: 'null' }] },
    next: {
      anyOf: [
        closed({ type: { const: 'go' }, url: { type: 'string' } }),
        closed({ type: { const: 'show' }, text: { type: 'string' } }),
      ],
    },
  });
}

function closed(properties: Json): Json {
  const required = Object.keys(properties);
  return { type: 'object', required, properties, additionalProperties: false };
}

function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

/** The sample with one change. */
export function changed(change: Change): Json {
  const root = api();
  const post = at(root, 'paths', '/shops', 'post');
  const body = at(post, 'requestBody', 'content', 'application/json', 'schema');
  const schemas = at(root, 'components', 'schemas');
  const fields = at(body, 'properties') as Readonly<Record<string, Json>>;
  const { name = {}, kind = {}, tags = {}, list = {}, payer = {}, notes = {} } = fields;
  change({
    ...{ root, post, sent: body, name, kind, tags, list, payer, notes },
    shop: at(schemas, 'shop'),
    limit: at(post, 'parameters', '0'),
    next: at(schemas, 'shop', 'properties', 'next'),
    code: at(schemas, 'error', 'properties', 'code'),
    till: at(root, 'paths', '/till', 'get'),
  });
  return root;
}

function at(from: Json | undefined, ...names: readonly string[]): Json {
  return names.reduce((inner, name) => inner[name] as Json, from ?? {});
}

function rows(list: unknown): Json[] {
  return list as Json[];
}

function add(parent: Json, more: Json): void {
  Object.assign(parent, more);
}

export const ADDED: readonly (readonly [what: string, change: Change])[] = [
  ['a path', ({ root }) => add(at(root, 'paths'), { '/new': { get: {} } })],
  ['a property of an answer', ({ shop }) => add(at(shop, 'properties'), { more: {} })],
  ['a property that may be sent', ({ sent }) => add(at(sent, 'properties'), { more: {} })],
  ['an error code', ({ code }) => add(code, { enum: ['busy', 'new', 'full'] })],
  ['longer names', ({ name }) => add(name, { minLength: 0, maxLength: 10 })],
  ['names of any length', ({ name }) => delete name.maxLength],
  ['nothing has to be sent', ({ sent }) => delete sent.required],
  ['no body has to be sent', ({ post }) => delete at(post, 'requestBody').required],
  ['a value', ({ kind }) => add(kind, { enum: ['stall', 'van', 'shop'] })],
  ['any value', ({ kind }) => delete kind.enum],
  ['a parameter', ({ post }) => rows(post.parameters).push({ name: 'x', in: 'query' })],
  ['a choice of the caller', ({ payer }) => rows(payer.anyOf).unshift({ type: 'boolean' })],
  ['a choice of ours', ({ next }) => rows(next.anyOf).push(closed({ code: {} }))],
];

export const GONE: readonly Sample[] = [
  ['a path', ({ root }) => delete at(root, 'paths')['/till'], ['GET /till: is gone']],
  ['a method', ({ root }) => delete at(root, 'paths', '/shops').get, ['GET /shops: is gone']],
  ["an operation's name", ({ post }) => delete post.operationId, [`${POST}: operationId makeShop`]],
  ['a parameter', ({ post }) => delete post.parameters, [`${POST} query limit: is gone`]],
  [
    'a status with its codes',
    ({ post }) => delete at(post, 'responses')[400],
    [`${POST} 400: is gone`, `${POST} busy: is gone`, `${POST} full: is gone`],
  ],
  [
    'a header',
    ({ post }) => delete at(post, 'responses', '201').headers,
    [`${POST} 201 Request-Id: is gone`],
  ],
  [
    'a form of an answer',
    ({ post }) => delete at(post, 'responses', '201', 'content')['image/svg+xml'],
    [`${POST} 201 image/svg+xml: is gone`],
  ],
  [
    'a form of what is sent',
    ({ post }) => add(at(post, 'requestBody'), { content: { 'text/plain': {} } }),
    [`${POST} body application/json: is gone`],
  ],
  ['a code', ({ code }) => add(code, { enum: ['busy'] }), ['error.code: value "full" is gone']],
  [
    'a code of one operation',
    ({ post }) => add(at(post, 'responses', '400'), { description: '`busy`: Later.' }),
    [`${POST} full: is gone`],
  ],
  [
    'a schema',
    ({ root }) => delete at(root, 'components', 'schemas').old,
    ['schemas old: is gone'],
  ],
  ['a property', ({ shop }) => delete at(shop, 'properties').fen, ['shop.fen: is gone']],
  [
    'a property of a row',
    ({ shop }) => delete at(shop, 'properties', 'rows', 'items', 'properties').at,
    ['shop.rows[].at: is gone'],
  ],
  [
    'what rows are',
    ({ shop }) => delete at(shop, 'properties', 'rows').items,
    ['shop.rows[]: is gone'],
  ],
  [
    'a property of a choice',
    ({ next }) => delete at(rows(next.anyOf)[1], 'properties').text,
    ['shop.next.text: is gone'],
  ],
  [
    'a choice',
    ({ next }) => rows(next.anyOf).pop(),
    ['shop.next.type: value "show" is gone', 'shop.next.text: is gone'],
  ],
  [
    'a property behind a reference of another name',
    ({ root }) => {
      add(at(root, 'components', 'schemas'), { other: closed({ id: { type: 'string' } }) });
      add(at(root, 'paths', '/shops', 'get', 'responses', '200'), { content: json(ref('other')) });
    },
    ['fen', 'rows', 'parent', 'next'].map((name) => `GET /shops 200.${name}: is gone`),
  ],
  ['that it is always there', ({ shop }) => rows(shop.required).shift(), ['shop.id: may miss']],
  [
    'its type',
    ({ shop }) => add(at(shop, 'properties', 'fen'), { type: 'string' }),
    ['shop.fen: type integer is string'],
  ],
  [
    'its whole numbers',
    ({ shop }) => add(at(shop, 'properties', 'fen'), { type: 'number' }),
    ['shop.fen: type integer is number'],
  ],
  [
    'that it has a value',
    ({ shop }) => add(at(shop, 'properties'), { fen: { type: ['integer', 'null'] } }),
    ['shop.fen: type integer is integer|null'],
  ],
  [
    'that it has one of its choices',
    ({ next }) => rows(next.anyOf).push({ type: 'null' }),
    ['shop.next: may be null'],
  ],
];

export const NARROWED: readonly Sample[] = [
  ['longer at least', ({ name }) => add(name, { minLength: 2 }), [`${NAME}: another minLength`]],
  ['shorter', ({ name }) => add(name, { maxLength: 8 }), [`${NAME}: another maxLength`]],
  ['a pattern', ({ name }) => add(name, { pattern: '^b' }), [`${NAME}: another pattern`]],
  ['a format', ({ name }) => add(name, { format: 'uri' }), [`${NAME}: another format`]],
  [
    'another pattern of rows',
    ({ tags }) => add(at(tags, 'items'), { pattern: '^b' }),
    [`${POST} body.tags[]: another pattern`],
  ],
  ['fewer rows', ({ tags }) => add(tags, { maxItems: 4 }), [`${POST} body.tags: another maxItems`]],
  [
    'rows of something',
    ({ list }) => add(list, { items: { type: 'string' } }),
    [`${POST} body.list[]: type ${ANY} is string`],
  ],
  ['a type', ({ name }) => add(name, { type: 'null' }), [`${NAME}: type string is null`]],
  [
    'certain values only',
    ({ name }) => add(name, { enum: ['a'] }),
    [`${NAME}: only certain values are taken`],
  ],
  [
    'one value',
    ({ name }) => add(name, { const: 'a' }),
    [`${NAME}: only certain values are taken`],
  ],
  ['a value less', ({ kind }) => add(kind, { enum: ['shop'] }), [`${KIND}: value "stall" is gone`]],
  [
    'another default',
    ({ kind }) => add(kind, { default: 'stall' }),
    [`${KIND}: default nothing is "stall"`],
  ],
  ['required', ({ sent }) => add(sent, { required: ['name', 'kind'] }), [`${KIND}: is required`]],
  ['a property less', ({ sent }) => delete at(sent, 'properties').kind, [`${KIND}: is gone`]],
  [
    'closed',
    ({ notes }) => add(notes, { additionalProperties: false }),
    [`${POST} body.notes: is closed`],
  ],
  [
    'shorter notes',
    ({ notes }) => add(at(notes, 'additionalProperties'), { maxLength: 8 }),
    [`${POST} body.notes{value}: another maxLength`],
  ],
  [
    'shorter names of notes',
    ({ notes }) => add(at(notes, 'propertyNames'), { maxLength: 8 }),
    [`${POST} body.notes{name}: another maxLength`],
  ],
  [
    'fewer notes',
    ({ notes }) => add(notes, { maxProperties: 8 }),
    [`${POST} body.notes: another maxProperties`],
  ],
  [
    'a choice less',
    ({ payer }) => rows(payer.anyOf).pop(),
    [`${POST} body.payer: type null is object`, `${POST} body.payer.id: is required`],
  ],
  [
    'a choice that is narrower',
    ({ payer }) => add(at(rows(payer.anyOf)[0], 'properties', 'id'), { maxLength: 5 }),
    [`${POST} body.payer.id: another maxLength`],
  ],
  [
    'a lower maximum of a parameter',
    ({ limit }) => add(at(limit, 'schema'), { maximum: 50 }),
    [`${POST} query limit: another maximum`],
  ],
  [
    'a parameter that is required',
    ({ limit }) => add(limit, { required: true }),
    [`${POST} query limit: is required`],
  ],
  [
    'a new parameter that is required',
    ({ post }) => rows(post.parameters).push({ name: 'x', in: 'header', required: true }),
    [`${POST} header x: is required`],
  ],
  [
    'a body that is required',
    ({ till }) => add(till, { requestBody: { required: true, content: json({}) } }),
    ['GET /till body: is required'],
  ],
  [
    'a key of another kind',
    ({ post }) => add(post, { security: [{ other: [] }] }),
    [`${POST}: secretKey opens nothing`],
  ],
  [
    'another scope',
    ({ till }) => add(till, { description: 'Sells.\n\nScope: `tills:write`.' }),
    ['GET /till: scope tills:write is wanted'],
  ],
  [
    'a code more',
    ({ till }) => add(at(till, 'responses'), { 400: { description: '`busy`: Later.' } }),
    ['GET /till busy: may refuse'],
  ],
];
