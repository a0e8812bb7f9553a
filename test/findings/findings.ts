/**
 * `npm run findings [-- ID ...]`: every finding, the tests whose titles begin with its id, and how
 * they end now. A finding without a test, or with one that does not pass, is a miss. The last line
 * is `N mended, N missed, N declined, N tests`; the exit code is 1 where one is missed.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { trackedFiles } from '../helpers/tracked-files.ts';
import { DECLINED_MAX, FINDINGS, type Finding } from './list.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TITLE = /^([A-Z]\d+)[a-z]?: /;

interface Verdict {
  readonly title: string;
  readonly file: string;
  readonly isPassed: boolean;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

const wanted = wantedFindings(process.argv.slice(2));
const verdicts = run(wanted);
let missed = 0;
for (const finding of wanted) {
  const tests = verdicts.get(finding.id) ?? [];
  const isMended = tests.length > 0 && tests.every(({ isPassed }) => isPassed);
  const isDeclined =
    finding.declined !== undefined && fs.existsSync(path.join(ROOT, finding.declined));
  if (!isMended && !isDeclined) missed += 1;
  const result = isMended ? 'mended' : isDeclined ? `declined: ${finding.declined}` : 'MISSED';
  console.log(`${finding.id.padEnd(4)} ${result.padEnd(7)} ${finding.what}`);
  if (tests.length === 0 && !isDeclined)
    console.log('       no test has a title that begins with it');
  for (const { title, file, isPassed } of tests)
    console.log(`       ${isPassed ? 'pass' : 'FAIL'}  ${title}  (${file})`);
}
const declined = wanted.filter((finding) => finding.declined !== undefined).length;
if (declined > DECLINED_MAX) {
  console.log(`${declined} findings are declined; at most ${DECLINED_MAX} may be`);
  missed += 1;
}
const tests = [...verdicts.values()].reduce((sum, rows) => sum + rows.length, 0);
const mended = wanted.length - missed - declined;
console.log(`${mended} mended, ${missed} missed, ${declined} declined, ${tests} tests`);
process.exitCode = missed === 0 ? 0 : 1;

function wantedFindings(ids: readonly string[]): readonly Finding[] {
  const unknown = ids.filter((id) => !FINDINGS.some((finding) => finding.id === id));
  if (unknown.length > 0 || ids.includes('--help')) {
    const known = FINDINGS.map(({ id }) => id).join(' ');
    process.stderr.write(`usage: npm run findings [-- ID ...]; the ids: ${known}\n`);
    process.exit(2);
  }
  return ids.length === 0 ? FINDINGS : FINDINGS.filter(({ id }) => ids.includes(id));
}

/** Runs the tests of these findings, and no others of their files. */
function run(findings: readonly Finding[]): ReadonlyMap<string, readonly Verdict[]> {
  const ids = findings.map(({ id }) => id).join('|');
  const files = filesWith(new RegExp(`(['"\`]|name: ')(?:${ids})[a-z]?: `));
  const found = new Map<string, Verdict[]>();
  if (files.length === 0) return found;
  for (const suite of runVitest(files, `(?:^| )(?:${ids})[a-z]?: `).testResults) {
    const file = path.relative(ROOT, suite.name);
    const titled = suite.assertionResults.filter(({ title }) => TITLE.test(title));
    if (titled.length === 0) console.log(`${file} ran no such test ${suite.message}`);
    for (const { title, status } of titled) {
      const [, id = ''] = TITLE.exec(title) ?? [];
      // Left out by the pattern: a title of another finding in the same file.
      if (!findings.some((finding) => finding.id === id)) continue;
      const rows = found.get(id) ?? [];
      rows.push({ title, file, isPassed: status === 'passed' });
      found.set(id, rows);
    }
  }
  return found;
}

/** Test files with such a title, or whose table of cases in a folder beside them has one. */
function filesWith(title: RegExp): readonly string[] {
  const read = (file: string): string => fs.readFileSync(path.join(ROOT, file), 'utf8');
  const sources = trackedFiles().filter((file) => file.endsWith('.ts'));
  const hits = sources.filter((file) => title.test(read(file)));
  const tests = sources.filter((file) => file.endsWith('.test.ts'));
  const tables = hits
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => path.dirname(file));
  return tests.filter((file) => {
    const hasTable = tables.some((folder) => {
      const isBeside = path.dirname(folder) === path.dirname(file);
      return isBeside && read(file).includes(`'./${path.basename(folder)}/`);
    });
    return hits.includes(file) || hasTable;
  });
}

function runVitest(files: readonly string[], pattern: string): Report {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-findings-'));
  const outputFile = path.join(folder, 'report.json');
  try {
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json'];
    spawnSync(
      process.execPath,
      [...args, `--outputFile.json=${outputFile}`, '-t', pattern, ...files],
      { cwd: ROOT, stdio: ['ignore', 2, 2] },
    );
    return JSON.parse(fs.readFileSync(outputFile, 'utf8')) as Report;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
