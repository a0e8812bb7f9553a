/**
 * `npm test`: installs what is missing, then type check, lint and every test. `npm test -- path`
 * runs the tests of that path alone.
 *
 * What could not be tested is said loudly, and with CI=true it counts as failed: a green run means
 * that everything was tested. The one exception is a test that needs the shared vectors.json where
 * that file is absent; such tests have "vectors" in their name or file.
 *
 * The last line is `N passed, N failed, N skipped`; type check and lint count as one each.
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureInstalled, ROOT } from '../bin/install.js';

const VECTORS = path.join(ROOT, '..', 'shared', 'protocols', 'vectors.json');
const VITEST_TIMEOUT_MS = 45 * 60_000;
const isCi = process.env.CI === 'true' || process.env.CI === '1';
const filters = process.argv.slice(2);

await main();

async function main() {
  await ensureInstalled({ withDevelopment: true });
  const missing = await missingThings();
  const total = { passed: 0, failed: 0, skipped: 0 };
  if (filters.length > 0) console.log('A path was given: type check and lint are left out.');
  const checked = filters.length > 0 ? undefined : checkAll(total);
  const skips = await runVitest(total);
  await checked;
  tell(missing, skips, total);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

/** Beside the first tests: each of them alone would leave a core idle. */
async function checkAll(total) {
  await check(total, 'type check', ['node_modules/typescript7/bin/tsc', '--noEmit']);
  await check(total, 'lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']);
}

async function check(total, name, args) {
  const startedAt = performance.now();
  const code = await node(args);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${name}: ${code === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
  total[code === 0 ? 'passed' : 'failed'] += 1;
}

/** Runs the tests, adds to `total` and gives the full names of those that were skipped. */
async function runVitest(total) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-tests-'));
  const file = path.join(folder, 'report.json');
  const code = await node([
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...filters,
  ]);
  const report = readJson(file);
  fs.rmSync(folder, { recursive: true, force: true });
  if (report === undefined) {
    console.log(`vitest ended with ${code} and left no report: counted as failed`);
    total.failed += 1;
    return [];
  }
  const failedBefore = total.failed;
  const skips = report.testResults.flatMap((suite) => countSuite(suite, total));
  if (report.numTotalTests === 0 && total.failed === failedBefore) {
    console.log(`no test was run (${filters.join(' ')}): counted as failed`);
    total.failed += 1;
  } else if (code !== 0 && total.failed === failedBefore) {
    console.log(`vitest ended with ${code} although no test failed: counted as failed`);
    total.failed += 1;
  }
  return skips;
}

function countSuite(suite, total) {
  const file = path.relative(ROOT, suite.name);
  const results = suite.assertionResults;
  const count = (...statuses) => results.filter(({ status }) => statuses.includes(status));
  const failed = count('failed').length;
  const passed = count('passed').length;
  const skipped = results.filter(({ status }) => status !== 'failed' && status !== 'passed');
  total.passed += passed;
  total.failed += failed;
  if (suite.status === 'failed' && failed === 0) {
    console.log(`${file} could not be run: counted as failed`);
    total.failed += 1;
  }
  return skipped.map(({ fullName }) => `${file}: ${fullName}`);
}

function tell(missing, skips, total) {
  const isExcused = (name) => !fs.existsSync(VECTORS) && /vectors/i.test(name);
  const unexcused = isCi ? skips.filter((name) => !isExcused(name)) : [];
  total.failed += unexcused.length;
  total.skipped += skips.length - unexcused.length;
  if (missing.length === 0 && skips.length === 0) return;
  const line = '='.repeat(78);
  console.log(`\n${line}`);
  console.log(skips.length === 0 ? 'NOT ALL IS HERE' : `NOT TESTED: ${skips.length} tests skipped`);
  for (const what of missing) console.log(`  ! ${what}`);
  for (const name of skips.slice(0, 200)) console.log(`  - ${name}`);
  if (unexcused.length > 0) console.log(`CI=true: ${unexcused.length} of them count as failed`);
  console.log(`${line}\n`);
}

async function missingThings() {
  const { register } = await import('tsx/esm/api');
  const unregister = register();
  const { findBinaries } = await import('./postgres.ts');
  await unregister();
  const missing = [];
  if (findBinaries() === undefined) {
    missing.push('no PostgreSQL: nothing was tested against a real server');
  }
  const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  if (!browsers.some(isOnPath)) missing.push('no Chromium: no page was opened in a browser');
  const fonts = spawnSync('fc-list', [':lang=zh'], { encoding: 'utf8' });
  if (fonts.status !== 0 || fonts.stdout.trim() === '') {
    missing.push('no Chinese font (fc-list :lang=zh): pages cannot be looked at');
  }
  for (const [command, what] of [
    ['go', "no Go: the sandbox guide's block was not run"],
    ['php', "no PHP: the sandbox guide's blocks and PHP's conformance were not run"],
    ['python3', "no Python 3: the sandbox guide's blocks were not run"],
  ]) {
    if (!isOnPath(command)) missing.push(what);
  }
  if (!fs.existsSync(VECTORS)) missing.push('no shared vectors.json: its tests are skipped');
  return missing;
}

function isOnPath(name) {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.some((folder) => folder !== '' && fs.existsSync(path.join(folder, name)));
}

function node(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
    const timer = setTimeout(() => {
      console.log('it did not end in time and was stopped');
      child.kill('SIGKILL');
    }, VITEST_TIMEOUT_MS);
    const forward = (signal) => child.kill(signal);
    process.once('SIGINT', forward).once('SIGTERM', forward);
    child.once('close', (code) => {
      clearTimeout(timer);
      process.off('SIGINT', forward).off('SIGTERM', forward);
      resolve(code ?? 1);
    });
  });
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
