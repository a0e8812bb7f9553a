/** The committed documents and the code they were written from cannot drift apart. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';

import { posting } from '../../src/core/ledger/posting.ts';
import type { PaymentDraft } from '../../src/core/payment/draft.ts';
import { RefundShape } from '../../src/core/refund/shape.ts';
import type { ShownBuyerErasure } from '../../src/http/buyer/shape.ts';
import { errorReferenceMarkdown } from '../../src/http/error-reference.ts';
import { openApiDocument, openApiText } from '../../src/http/openapi.ts';
import { defineRoute } from '../../src/http/route.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { ERRORS } from '../../src/kernel/errors.ts';
import { EVENT_TYPES } from '../../src/kernel/event-types.ts';
import { ID_KINDS } from '../../src/kernel/id-prefixes.ts';
import { LEDGER_MOMENTS } from '../../src/kernel/ledger-moments.ts';
import { ok } from '../../src/kernel/result.ts';
import { isScope, SCOPES, type Scope } from '../../src/kernel/scopes.ts';
import { webhooksGuide, wordsReferenceMarkdown } from '../../tools/words-reference.ts';

const committed = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Every `$ref` in a document. */
function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : references(inner),
  );
}

describe('openapi.json', () => {
  it('is what the code says (npm run openapi)', () => {
    expect(committed('openapi.json')).toBe(openApiText());
  });

  it('refers only to what it has, and to all of it', () => {
    const document = openApiDocument();
    const { schemas } = document.components as { schemas: Record<string, unknown> };
    const used = new Set(references(document));
    for (const name of used) {
      expect(schemas).toHaveProperty([name.replace('#/components/schemas/', '')]);
    }
    for (const name of Object.keys(schemas)) expect(used).toContain(`#/components/schemas/${name}`);
  });

  it('names every operation once, and every path parameter', () => {
    const ids = ROUTES.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, pathIds = {} } of ROUTES) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(inPath).toEqual(Object.keys(pathIds));
    }
  });

  it('asks for an Idempotency-Key exactly where money moves or is promised', () => {
    const keyed = ROUTES.filter(({ idempotency }) => idempotency !== undefined);
    expect(keyed.map(({ path }) => path)).toEqual([
      '/v1/payment_intents',
      '/v1/payment_intents/{id}/cancel',
      '/v1/payment_intents/{id}/resolve',
      '/v1/payment_intents/{id}/attempts',
      '/v1/refunds',
    ]);
  });
});

describe('shapes', () => {
  it('are types: a property too few or too many, or another object, does not compile', () => {
    const erasure = { id: 'be_1', status: 'done', payment_intents: 0, created_at: '' } as const;
    const shown = { ...erasure, object: 'buyer_erasure', finished_at: null } as const;
    const wrong: readonly ShownBuyerErasure[] = [
      shown,
      // @ts-expect-error: no object
      { ...erasure, finished_at: null },
      // @ts-expect-error: no such property
      { ...shown, finished: true },
    ];
    const route = { method: 'GET', path: '/', operationId: 'x', tag: '', summary: '' } as const;
    const spec = { ...route, scope: 'buyers:erase', answers: { 200: RefundShape } } as const;
    const wrongRoute = () =>
      // @ts-expect-error: not what the route says that it answers
      defineRoute({ ...spec, handle: async () => ok({ status: 200, body: shown }) });
    expect([wrong.length, typeof wrongRoute]).toEqual([3, 'function']);
  });
});

describe('docs/guides/webhooks.md', () => {
  test('S9: its table has every event type, and no other (npm run openapi)', () => {
    const guide = committed('docs/guides/webhooks.md');
    expect(webhooksGuide(guide)).toBe(guide);
    const named = [...guide.matchAll(/^\| `(\w+\.\w+)` \|/gm)].map(([, type]) => type);
    expect(named).toEqual(Object.keys(EVENT_TYPES));
  });
});

describe('docs/reference/words.md', () => {
  it('has a row for each word (npm run openapi)', () => {
    const text = committed('docs/reference/words.md');
    expect(text).toBe(wordsReferenceMarkdown());
    const words = [
      ...Object.keys(SCOPES),
      ...Object.keys(LEDGER_MOMENTS),
      ...Object.values(ID_KINDS).map(({ prefix }) => `${prefix}_`),
    ];
    for (const word of words) expect(text).toContain(`\n| \`${word}\` |`);
  });
});

describe('the lists of public words', () => {
  it('have no scope that no call asks for', () => {
    const asked = new Set<string>(ROUTES.map(({ scope }) => scope));
    expect(Object.keys(SCOPES).filter((scope) => !asked.has(scope))).toEqual([]);
  });

  it('have no event that no decision emits', () => {
    const core = readdirSync(new URL('../../src/core', import.meta.url), { recursive: true })
      .map(String)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => committed(`src/core/${file}`))
      .join('\n');
    // Emitted for a status, it is written as `payment_attempt.${status}`.
    const isWritten = (type: string): boolean => {
      const [noun, status] = type.split('.');
      return core.includes(`\`${noun}.\${`) && core.includes(`'${status}'`);
    };
    const isEmitted = (type: string): boolean => core.includes(`'${type}'`) || isWritten(type);
    expect(Object.keys(EVENT_TYPES).filter((type) => !isEmitted(type))).toEqual([]);
  });

  it('are types: a misspelt word does not compile', () => {
    const emit = (draft: PaymentDraft): void => {
      // @ts-expect-error: no such event type
      draft.emit('refund.suceeded', 're_0000000000000');
    };
    const booked = { object: 're_0', currency: 'cny', occurredAtMs: null } as const;
    // @ts-expect-error: no such moment
    const book = () => posting('refund_suceeded', booked, []);
    // @ts-expect-error: no such scope
    const scope: Scope = 'refund:read';
    expect([typeof emit, typeof book, isScope(scope)]).toEqual(['function', 'function', false]);
  });

  it('have each id prefix once', () => {
    const prefixes = Object.values(ID_KINDS).map(({ prefix }) => prefix);
    expect(new Set(prefixes).size).toBe(prefixes.length);
  });

  it('say what each word means in one sentence', () => {
    const meanings = [EVENT_TYPES, SCOPES, LEDGER_MOMENTS].flatMap((list) => Object.values(list));
    const ofIds = Object.values(ID_KINDS).map(({ meaning }) => meaning);
    for (const meaning of [...meanings, ...ofIds]) expect(meaning).toMatch(/^[A-Z].+\.$/);
  });
});

describe('docs/reference/errors.md', () => {
  it('has a row for each code (npm run openapi)', () => {
    expect(committed('docs/reference/errors.md')).toBe(errorReferenceMarkdown());
    for (const code of Object.keys(ERRORS)) {
      expect(errorReferenceMarkdown()).toContain(`<a id="${code}"></a>`);
    }
  });
});
