/** The quick form of `npm run drill -- keys`. */
import { expect, inject, test } from 'vitest';
import { runKeysDrill } from './keys.ts';

test.skipIf(inject('postgresUrl') === null)(
  'S10: the master key is rotated under load by two processes: nothing lost, refused or doubled',
  async () => {
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    expect(await runKeysDrill({ loadMs: 2_000, retires: false, print })).toEqual([]);
    expect(lines.at(-1)).toMatch(/^drill keys: [1-9]\d* payments .* 0 refused, .* 0 problems$/);
  },
  300_000,
);
