/** The committed documents and the code they were written from cannot drift apart. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { errorReferenceMarkdown } from '../../src/http/error-reference.ts';
import { openApiDocument, openApiText } from '../../src/http/openapi.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { ERRORS } from '../../src/kernel/errors.ts';
import { EVENT_TYPES } from '../../src/kernel/event-types.ts';

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

describe('docs/guides/webhooks.md', () => {
  test('S9: its table has every event type, and no other', () => {
    const named = committed('docs/guides/webhooks.md')
      .split('\n')
      .flatMap((line) => {
        const [cell = ''] = /^\| `\w+\.\w+`[^|]*/.exec(line) ?? [];
        const names = [...cell.matchAll(/`(\w*)\.(\w+)`/g)];
        return names.map(([, , verb]) => `${names[0]?.[1]}.${verb}`);
      });
    expect(named.sort()).toEqual(Object.keys(EVENT_TYPES).sort());
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
