/**
 * A clone that has nothing beside it: every file that reads the shared vectors is run once as if it
 * stood there, in a vitest of its own. What needs the vectors is skipped, and nothing else.
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { trackedFiles } from '../helpers/tracked-files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const readers = trackedFiles()
  .filter((file) => file.endsWith('.test.ts') && file !== 'test/tools/nothing-beside.test.ts')
  .filter((file) => /helpers\/vectors\.ts/.test(fs.readFileSync(path.join(ROOT, file), 'utf8')));

test('T1: files that read the shared vectors run in a clone with nothing beside it', async () => {
  expect(readers.length).toBeGreaterThan(2);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-nothing-beside-'));
  const outputFile = path.join(folder, 'report.json');
  try {
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', '--maxWorkers=1'];
    const env = { ...process.env, HUTONG_SHARED_VECTORS: 'absent' };
    const ended = await run(
      process.execPath,
      [...vitest, `--outputFile.json=${outputFile}`, ...readers],
      { cwd: ROOT, env },
    ).then(
      () => 'passed',
      (error: { readonly stdout: string; readonly stderr: string }) =>
        `${error.stdout}${error.stderr}`.slice(-2_000),
    );
    expect(ended).toBe('passed');
    const { testResults } = JSON.parse(fs.readFileSync(outputFile, 'utf8')) as Report;
    expect(testResults.map(({ name }) => path.relative(ROOT, name)).sort()).toEqual(readers);
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    const skipped = results.filter(({ status }) => status !== 'passed');
    expect(skipped.length).toBeGreaterThan(0);
    expect(skipped.filter(({ fullName }) => !/vectors/i.test(fullName))).toEqual([]);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
