/**
 * The API of b42034b is still there: openapi.json of then against today's. What became narrower
 * stands in refused-since.ts by its finding; a row there that is not found any more fails too.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Compile } from 'typebox/compile';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../e2e/demo-process.ts';
import { FINDINGS } from '../findings/list.ts';
import type { Json } from '../helpers/api.ts';
import { ADDED, api, changed, GONE, NARROWED } from './api-samples.ts';
import { changesOfApi } from './compare-apis.ts';
import { type OldCommit, unpack } from './old-home.ts';
import { bodyOf, NARROWER, type Narrower, REFUSED_INTENTS } from './refused-since.ts';

const readThen = (commit: OldCommit) =>
  JSON.parse(unpack(commit, 'openapi.json.br').toString('utf8')) as Json;
const then = readThen('b42034b');
const now = JSON.parse(fs.readFileSync(path.join(ROOT, 'openapi.json'), 'utf8')) as Json;

describe('the API of b42034b', () => {
  const changes = changesOfApi(then, now);

  test('nothing of it is gone', () => {
    // What is compared is all of it.
    expect(Object.keys(then.paths as Json).length).toBe(27);
    expect(changes.gone).toEqual([]);
  });

  test('what became narrower has its finding, and every row is still so', () => {
    expect(changes.narrower.filter((change) => rowsOf(change).length === 0)).toEqual([]);
    const rows = new Set(changes.narrower.flatMap(rowsOf));
    expect(NARROWER.filter((row) => !rows.has(row))).toEqual([]);
  });

  test('rows name findings', () => {
    const known = FINDINGS.map(({ id }) => id);
    for (const { finding } of [...NARROWER, ...REFUSED_INTENTS]) expect(known).toContain(finding);
  });

  test.each(REFUSED_INTENTS)('$finding: $what was allowed, and is no matter of schemas', (row) => {
    const body = bodyOf(row, 'mer_0123456789ABC', 'A1');
    for (const root of [then, now]) {
      expect(Compile(intentSchemaOf(root)).Errors(body)).toEqual([]);
    }
  });
});

test('the API of 0.2.0 is there whole, and nothing of it is narrower', () => {
  expect(changesOfApi(readThen('e218209'), now)).toEqual({ gone: [], narrower: [] });
});

describe('changes are caught', () => {
  test('none is found where there is none', () => {
    expect(changesOfApi(then, then)).toEqual({ gone: [], narrower: [] });
    expect(changesOfApi(now, now)).toEqual({ gone: [], narrower: [] });
    expect(changesOfApi(api(), api())).toEqual({ gone: [], narrower: [] });
  });

  test.each(ADDED)('what is added is none: %s', (_what, change) => {
    expect(changesOfApi(api(), changed(change))).toEqual({ gone: [], narrower: [] });
  });

  test.each(GONE)('gone: %s', (_what, change, expected) => {
    expect(changesOfApi(api(), changed(change))).toEqual({ gone: expected, narrower: [] });
  });

  test.each(NARROWED)('narrower: %s', (_what, change, expected) => {
    expect(changesOfApi(api(), changed(change))).toEqual({ gone: [], narrower: expected });
  });

  test('a keyword that is not compared', () => {
    const strange = changed(({ name }) => Object.assign(name, { contentEncoding: 'x' }));
    expect(() => changesOfApi(api(), strange)).toThrow('contentEncoding');
  });
});

function rowsOf(change: string): Narrower[] {
  return NARROWER.filter((row) =>
    row.change.startsWith('*') ? change.endsWith(row.change.slice(1)) : change === row.change,
  );
}

function intentSchemaOf(root: Json): Json {
  const { paths } = root as { readonly paths: Record<string, Record<string, Json>> };
  const { requestBody } = paths['/v1/payment_intents']?.post ?? {};
  const { content } = requestBody as { readonly content: Record<string, { schema: Json }> };
  return content['application/json']?.schema ?? {};
}
