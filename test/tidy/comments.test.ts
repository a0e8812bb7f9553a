/** What a comment names can be found. */
import { describe, expect, test } from 'vitest';
import { missingFiles, missingNames, namesOf } from './comments.ts';
import { paths, sample, tree } from './tree.ts';

describe('the tree', () => {
  test('has no comment that names a file which is not there', () => {
    expect(missingFiles(tree, paths)).toEqual([]);
  });

  test('has no comment that names a thing which is not there', () => {
    expect(missingNames(tree, namesOf(tree))).toEqual([]);
  });
});

describe('a rule sees', () => {
  test('a file that is not there, and knows one by its end or beside', () => {
    const bad = sample('src/a.ts', '/** See `lost.ts` and domain.md. */');
    const good = sample('src/a.ts', '// see b.ts, core/c.ts and ./d.ts\nconst x = "lost.ts";');
    const there = ['src/a.ts', 'src/b.ts', 'src/core/c.ts', 'src/d.ts'];
    expect(missingFiles([bad], there)).toEqual([
      'src/a.ts: names lost.ts, which is not there',
      'src/a.ts: names domain.md, which is not there',
    ]);
    expect(missingFiles([good], there)).toEqual([]);
  });

  test('an identifier that no code has', () => {
    const file = sample('src/a.ts', '/** `sweep()` calls `x.y`, not `gone`. */\nsweep(x.y);');
    expect(missingNames([file], namesOf([file]))).toEqual([
      'src/a.ts: names gone, which is not there',
    ]);
  });
});
