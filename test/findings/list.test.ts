/** Every finding has a test under its own name, or a decision that says why it has none. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { trackedFiles } from '../helpers/tracked-files.ts';
import { DECLINED_MAX, FINDINGS } from './list.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('every finding has a titled test or a written reason', () => {
  const text = trackedFiles()
    .filter((file) => file.endsWith('.ts') && !file.startsWith('test/findings/'))
    .map((file) => fs.readFileSync(path.join(ROOT, file), 'utf8'))
    .join('\n');
  const missing = FINDINGS.filter(({ id, declined }) =>
    declined === undefined
      ? !new RegExp(`['"\`]${id}[a-z]?: `).test(text)
      : !fs.existsSync(path.join(ROOT, declined)),
  );
  expect(missing.map(({ id }) => id)).toEqual([]);
  const declined = FINDINGS.filter((finding) => finding.declined !== undefined);
  expect(declined.length).toBeLessThanOrEqual(DECLINED_MAX);
  expect(new Set(FINDINGS.map(({ id }) => id)).size).toBe(FINDINGS.length);
});
