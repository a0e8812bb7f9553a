/** No document leads to a file that is not there. */
import { expect, test } from 'vitest';
import { brokenLinks } from './links.ts';
import { paths, sample, tree } from './tree.ts';

const folders = new Set(
  paths.flatMap((file) => {
    const parts = file.split('/').slice(0, -1);
    return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  }),
);
const files = new Set(paths);
const isThere = (target: string): boolean => files.has(target) || folders.has(target);

test('documents lead to what is there', () => {
  const documents = tree.filter(({ path: file }) => file.endsWith('.md'));
  expect(documents.flatMap((file) => brokenLinks(file, isThere))).toEqual([]);
});

test('a rule sees a link that leads nowhere', () => {
  const broken = sample(
    'docs/a.md',
    'See [b](b.md), [c](../src/c.ts#L1) and [d](https://d.cn/d.md).',
  );
  expect(brokenLinks(broken, (target) => target === 'docs/b.md')).toEqual([
    'docs/a.md: links to src/c.ts, which is not there',
  ]);
});
