import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MIGRATIONS_FOLDER, readMigrations } from './migrate.ts';
import { splitScript } from './split-script.ts';

test('a script is split where its statements end', () => {
  expect(splitScript("select 1; select ';' || E'\\';' ; ; -- a; b\n;select 2 -- ;")).toEqual([
    'select 1',
    " select ';' || E'\\';' ",
    'select 2 -- ;',
  ]);
  expect(splitScript('do $a$ begin; $$;$$ end; $a$; select ";" /* ; */ from t')).toEqual([
    'do $a$ begin; $$;$$ end; $a$',
    ' select ";" /* ; */ from t',
  ]);
  expect(splitScript(' ;\n;-- nothing\n')).toEqual([]);
  expect(splitScript('select $1; select $2')).toEqual(['select $1', ' select $2']);
  expect(splitScript("select date'2026-01-01\\'; select 2")).toHaveLength(2);
  expect(splitScript(`${'/* a */'.repeat(2_000)};select 1`)).toEqual(['select 1']);
});

test('property: nothing but separators and what is empty is lost', () => {
  const quoted = fc.constantFrom("'a;b'", '"c;"', '$$d;$$', '$x$e;$$;$x$', "E'\\';'", "''';'");
  const plain = fc.constantFrom('select', ' ', '1', '(', ')', '\n', '$1');
  const statement = fc
    .array(fc.oneof(quoted, plain), { minLength: 1 })
    // Two quotes side by side would be one text, as after a word.
    .map((parts) => `select ${parts.join(' , ')}`);
  fc.assert(
    fc.property(fc.array(statement), (statements) => {
      expect(splitScript(statements.join(';'))).toEqual(statements);
    }),
  );
});

test('every migration is split into statements that have a verb', () => {
  for (const { name, text } of readMigrations(MIGRATIONS_FOLDER)) {
    const statements = splitScript(text);
    expect(statements.length, name).toBeGreaterThan(0);
    expect(fs.existsSync(path.join(MIGRATIONS_FOLDER, `${name}.sql`))).toBe(true);
    for (const statement of statements)
      expect(statement.replaceAll(/^(?:\s|--.*\n)+/g, '')).toMatch(
        /^(?:create|alter|drop|insert|update|delete|with|select|do|set|lock|comment|analyze)\b/i,
      );
  }
});
