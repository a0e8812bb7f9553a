/** No dead files and no dead exports. */
import { describe, expect, test } from 'vitest';
import { deadExports, deadFiles } from './dead.ts';
import { sample, tree } from './tree.ts';

describe('the tree', () => {
  test('has no file that no entry leads to', () => {
    expect(deadFiles(tree)).toEqual([]);
  });

  test('exports nothing that nobody imports', () => {
    expect(deadExports(tree)).toEqual([]);
  });
});

describe('a rule sees', () => {
  const entry = sample('bin/a.js', `import '../src/main.ts';`);
  const main = sample('src/main.ts', `import { x } from './used.ts';\nx();`);
  const used = sample('src/used.ts', `export const x = 1;`);

  test('a file that nothing reaches', () => {
    const dead = sample('src/dead.ts', `import { x } from './used.ts';\nexport const z = x;`);
    expect(deadFiles([entry, main, used])).toEqual([]);
    expect(deadFiles([entry, main, used, dead])).toEqual(['src/dead.ts: no entry leads to it']);
  });

  test('a worker and a lazy import as reached', () => {
    const lazy = sample(
      'src/main.ts',
      `await import('./a.ts'); new URL('./b.js', import.meta.url);`,
    );
    const files = [entry, lazy, sample('src/a.ts', ''), sample('src/b.js', '')];
    expect(deadFiles(files)).toEqual([]);
    expect(deadFiles(files.slice(1))).not.toEqual([]);
  });

  test('an export that nobody imports, but not a type that its file itself uses', () => {
    const file = sample('src/used.ts', `${used.text}\nexport function y(a: Y): void {}\n`);
    const typed = sample('src/used.ts', `${file.text}export interface Y {}\nexport type Z = 1;\n`);
    expect(deadExports([entry, main, used])).toEqual([]);
    expect(deadExports([entry, main, file])).toEqual(['src/used.ts: nobody imports y']);
    expect(deadExports([entry, main, typed])).toEqual([
      'src/used.ts: nobody imports y',
      'src/used.ts: nobody imports Z',
    ]);
  });
});
