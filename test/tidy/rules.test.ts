/** Architecture and style rules, on what git tracks, and each rule on what it must catch. */
import { describe, expect, test } from 'vitest';
import { AREA_RULES } from './areas.ts';
import { LAYER_RULE } from './layers.ts';
import { RULES as FILE_RULES } from './rules.ts';
import { isSource, paths, sample, tree } from './tree.ts';
import { importCycles, WALLET_FILES, walletComplaints } from './whole-tree.ts';

const RULES = [LAYER_RULE, ...AREA_RULES, ...FILE_RULES];

describe('the tree', () => {
  for (const rule of RULES) {
    test(rule.name, () => {
      const found = tree
        .filter((file) => rule.applies(file.path))
        .flatMap((file) => rule.complaints(file).map((what) => `${file.path}: ${what}`));
      expect(found).toEqual([]);
    });
  }

  test('every wallet has the same files', () => {
    expect(walletComplaints(paths)).toEqual([]);
  });

  test('imports make no cycles', () => {
    expect(importCycles(tree.filter(({ path: file }) => isSource(file)))).toEqual([]);
  });

  test('is looked at', () => {
    expect(tree.filter(({ path: file }) => isSource(file)).length).toBeGreaterThan(50);
  });
});

describe('a rule sees', () => {
  for (const rule of RULES) {
    test(`what breaks it: ${rule.name}`, () => {
      expect(rule.bad.length).toBeGreaterThan(0);
      for (const file of rule.bad) {
        expect(rule.applies(file.path), `looks at ${file.path}`).toBe(true);
        expect(rule.complaints(file), `${file.path}: ${file.text.slice(0, 80)}`).not.toEqual([]);
      }
    });

    test(`what keeps it: ${rule.name}`, () => {
      for (const file of rule.good ?? []) {
        const complaints = rule.applies(file.path) ? rule.complaints(file) : [];
        expect(complaints, `${file.path}: ${file.text.slice(0, 80)}`).toEqual([]);
      }
    });
  }

  test('a wallet that lacks a file', () => {
    const complete = WALLET_FILES.map((name) => name.replace('{wallet}', 'a'));
    expect(walletComplaints(complete)).toEqual([]);
    expect(walletComplaints(complete.slice(1))).toEqual(['src/wallets/a/README.md']);
    expect(walletComplaints(complete.slice(0, -1))).toEqual(['sandbox/gateways/a/refunds.ts']);
  });

  test('a cycle, but not one of types', () => {
    const a = sample('src/core/a.ts', `import { b } from './b.ts';`);
    const b = sample('src/core/b.ts', `import { c } from './c.ts';`);
    const back = (kind: string) => sample('src/core/c.ts', `import ${kind}{ a } from './a.ts';`);
    expect(importCycles([a, b, back('')])).toEqual([
      'src/core/a.ts -> src/core/b.ts -> src/core/c.ts',
    ]);
    expect(importCycles([a, b, back('type ')])).toEqual([]);
  });
});
