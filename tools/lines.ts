/**
 * `npm run lines [-- COMMIT]`: lines of src, sandbox and sdk that are neither blank, comment nor
 * generated, and comment lines per 100 of them; tests are left out. With a commit both are
 * compared, and the exit is 1 where there are more lines or fewer comments per 100 than there.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COUNTED = /^(?:src|sandbox|sdk)\/.*\.(?:ts|js)$/;
const LEFT_OUT = /\.test\.ts$|\.generated\.ts$|(?:^|\/)(?:test|dist|node_modules)\//;
const BYTES_MAX = 64 * 1024 * 1024;

interface Count {
  code: number;
  comments: number;
}

/** A line that holds code counts as code, whatever comment follows it. */
function countLines(text: string): Count {
  const count: Count = { code: 0, comments: 0 };
  let isInside = false;
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '') continue;
    const isComment = isInside || line.startsWith('//') || line.startsWith('/*');
    if (isComment) count.comments += 1;
    else count.code += 1;
    if (!isInside && line.startsWith('/*')) isInside = !line.includes('*/');
    else if (isInside && line.includes('*/')) isInside = false;
  }
  return count;
}

function git(...words: readonly string[]): string {
  return execFileSync('git', words, { cwd: ROOT, encoding: 'utf8', maxBuffer: BYTES_MAX });
}

function listed(text: string): string[] {
  return text.split('\0').filter((file) => COUNTED.test(file) && !LEFT_OUT.test(file));
}

function total(texts: readonly string[]): Count {
  const counts = texts.map(countLines);
  return {
    code: counts.reduce((sum, { code }) => sum + code, 0),
    comments: counts.reduce((sum, { comments }) => sum + comments, 0),
  };
}

function here(): Count {
  const files = listed(git('ls-files', '-z')).map((file) => path.join(ROOT, file));
  return total(files.filter((file) => fs.existsSync(file)).map((f) => fs.readFileSync(f, 'utf8')));
}

function at(commit: string): Count {
  const files = listed(git('ls-tree', '-r', '-z', '--name-only', commit));
  return total(files.map((file) => git('show', `${commit}:${file}`)));
}

const per100 = ({ code, comments }: Count): number => (100 * comments) / code;
const shown = (count: Count): string =>
  `${count.code} lines, ${per100(count).toFixed(2)} comment lines per 100`;

const [commit] = process.argv.slice(2);
const now = here();
if (commit === undefined) {
  console.log(shown(now));
} else if (!/^[0-9a-f]{7,40}$/.test(commit)) {
  console.error('usage: npm run lines [-- COMMIT]   (7 to 40 hex digits)');
  process.exitCode = 2;
} else {
  const then = at(commit);
  const isMissed = now.code > then.code || per100(now) < per100(then);
  console.log(`${commit}: ${shown(then)}`);
  console.log(`here: ${shown(now)}`);
  const change = now.code - then.code;
  console.log(`${change > 0 ? '+' : ''}${change} lines: ${isMissed ? 'MISSED' : 'ok'}`);
  process.exitCode = isMissed ? 1 : 0;
}
