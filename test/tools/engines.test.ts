/** Every package that the lock installs runs on the Node that README promises, and says so. */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly engines?: { readonly node?: string } }>>;
}

const read = (file: string): unknown =>
  JSON.parse(fs.readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8'));

type Version = readonly [number, number, number];

const versionOf = (text: string): Version => {
  const [major = 0, minor = 0, patch = 0] = text
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  return [major, minor || 0, patch || 0];
};

const compare = (a: Version, b: Version): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/** The forms that packages write: `*`, `20`, `20.x`, `^20.19.0`, `>=18`, `>=6.4.0 <13`. */
function isWithin(version: Version, range: string): boolean {
  return range.split('||').some((alternative) =>
    alternative
      .replace(/(>=|<|\^)\s+/g, '$1')
      .trim()
      .split(/\s+/)
      .every((comparator) => {
        const [, sign = '', bound = ''] = /^(>=|<|\^|)(.*)$/.exec(comparator) ?? [];
        if (bound === '*') return true;
        const order = compare(version, versionOf(bound));
        if (sign === '>=') return order >= 0;
        if (sign === '<') return order < 0;
        return version[0] === versionOf(bound)[0] && (sign === '' || order >= 0);
      }),
  );
}

test.each([
  ['>=22', false],
  ['20 || >=22', true],
  ['^20.19.0 || >=22.12.0', true],
  ['^20.20.0', false],
  ['>=6.4.0 <13 || >=14', true],
  ['10.* || >= 12.*', true],
])('a range as packages write it: %s', (range, fits) => {
  expect(isWithin([20, 19, 0], range)).toBe(fits);
});

test('B5: no package of the lock asks for a newer Node than README promises', () => {
  const { engines } = read('package.json') as { readonly engines: { readonly node: string } };
  expect(engines.node).toBe('>=20.19');
  const { packages } = read('package-lock.json') as Lock;
  const refusing = Object.entries(packages)
    .filter(([place]) => place !== '')
    .filter(([, { engines: wanted }]) => !isWithin([20, 19, 0], wanted?.node ?? '*'))
    .map(([place, { engines: wanted }]) => `${place} wants ${wanted?.node}`);
  expect(refusing).toEqual([]);
});
