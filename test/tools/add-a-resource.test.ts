/**
 * docs/guides/add-a-resource.md, taken at its word: in a copy of the checkout its blocks are the
 * new files and the edits, in its order. What comes out compiles, keeps the house's rules, passes
 * the guide's own tests on PGlite and the tests that hold lists of words, routes and SDK together;
 * and no more existing files had to be edited by hand than a reader can keep in mind.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { paths, ROOT } from '../tidy/tree.ts';

const GUIDE = 'docs/guides/add-a-resource.md';
const EDITED_MAX = 8;
/** What `npm run openapi` may write. */
const GENERATED =
  /^(?:openapi\.json|sdk\/src\/\w+\.generated\.ts|docs\/(?:reference|guides)\/\w+\.md)$/;
/** Tests that would tell of a list which the guide forgot. */
const HELD_BY = [
  'test/tidy/rules.test.ts',
  'test/sdk/schema.test.ts',
  'test/http/documents.test.ts',
  'test/compat/openapi.test.ts',
];

interface Block {
  readonly language: string;
  readonly file: string;
  readonly text: string;
}

const FIRST_LINE: Readonly<Record<string, RegExp>> = {
  ts: /^\/\/ (\S+)\n/,
  sql: /^-- (\S+)\n/,
  md: /^<!-- (\S+) -->\n/,
  diff: /^--- (\S+)\n/,
};

/** Every block that names a file in its first line; one that does not is a mistake of the guide. */
function blocksOf(guide: string): Block[] {
  return [...guide.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, language]) => language !== 'sh')
    .map(([, language = '', whole = '']) => {
      const first = FIRST_LINE[language]?.exec(whole);
      const file = first?.[1] ?? '';
      expect(file, `a block says which file it is: ${whole.slice(0, 60)}`).not.toBe('');
      return { language, file, text: whole.slice(first?.[0].length) };
    });
}

/** Each hunk is found once, by the lines that stay or go. */
function patched(text: string, { file, text: diff }: Block): string {
  return diff.split(/^@@\n/m).reduce((before, hunk) => {
    const lines = hunk.split('\n').slice(0, -1);
    const without = (mark: string) =>
      lines
        .filter((line) => !line.startsWith(mark))
        .map((line) => `${line.slice(1)}\n`)
        .join('');
    const parts = before.split(without('+'));
    expect(parts, `${file} has once: ${hunk}`).toHaveLength(2);
    return parts.join(without('-'));
  }, text);
}

/** The guide's number of the migration may have been given away since. */
function inPlace(root: string, { file }: Block): string {
  const folder = 'src/store/migrations';
  const last = fs
    .readdirSync(path.join(ROOT, folder))
    .filter((name) => /^\d{4}-/.test(name))
    .map((name) => Number(name.slice(0, 4)))
    .reduce((a, b) => Math.max(a, b));
  const number = String(last + 1).padStart(4, '0');
  const placed = file.replace(/(?<=^src\/store\/migrations\/)\d{4}/, number);
  expect(fs.existsSync(path.join(root, placed)), `${placed} is new`).toBe(false);
  return placed;
}

describe(GUIDE, () => {
  const guide = fs.readFileSync(path.join(ROOT, GUIDE), 'utf8');
  const made: string[] = [];
  const edited = new Set<string>();
  let root = '';

  const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8');
  const write = (file: string, text: string) => {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), text);
  };

  /** What a tool says in the copy, and how it ended. */
  function run(tool: string, ...args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [path.join('node_modules', tool), ...args], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', VITEST: '' },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    return new Promise((resolve) => {
      child.once('close', (code) => resolve(`${said}\nexit code ${code}`));
    });
  }

  beforeAll(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-resource-'));
    for (const file of paths) {
      // A template's file is listed where it will stand, not where it is.
      if (!fs.existsSync(path.join(ROOT, file))) continue;
      fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      fs.copyFileSync(path.join(ROOT, file), path.join(root, file));
    }
    fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
    for (const block of blocksOf(guide)) {
      if (block.language === 'diff') {
        write(block.file, patched(read(block.file), block));
        edited.add(block.file);
      } else {
        const file = inPlace(root, block);
        write(file, block.text);
        made.push(file);
      }
    }
  });
  afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

  test(`edits at most ${EDITED_MAX} existing files by hand`, async () => {
    expect(guide).toContain('npm run openapi\n');
    expect(await run('tsx/dist/cli.mjs', 'tools/write-openapi.ts')).toMatch(/exit code 0$/);
    const changed = paths.filter((file) => {
      const [before, after] = [ROOT, root].map((place) => path.join(place, file));
      if (!fs.existsSync(after!) || !fs.existsSync(before!)) return false;
      return !fs.readFileSync(before!).equals(fs.readFileSync(after!));
    });
    const generated = changed.filter((file) => !edited.has(file));
    const list = (title: string, files: Iterable<string>) =>
      `${title}: ${[...files].length}\n${[...files].map((file) => `  ${file}\n`).join('')}`;
    process.stdout.write(
      list('existing files edited by hand', edited) +
        list('generated', generated) +
        list('new files', made),
    );
    expect(generated.filter((file) => !GENERATED.test(file))).toEqual([]);
    expect(generated).toEqual(expect.arrayContaining(['openapi.json', 'docs/reference/words.md']));
    expect([...edited].filter((file) => GENERATED.test(file))).toEqual([]);
    expect(edited.size).toBeLessThanOrEqual(EDITED_MAX);
  });

  test('compiles, keeps the rules, and works', async () => {
    expect(guide).toContain('npx biome check --write src sdk test\n');
    const code = [...made, ...edited].filter((file) => file.endsWith('.ts'));
    const biome = await run('@biomejs/biome/bin/biome', 'check', '--write', ...code);
    expect(biome).not.toMatch(/Found \d+ (?:error|warning)/);
    expect(biome).toMatch(/exit code 0$/);
    // As in the guide but for the order of imports: it is formatted as it stands.
    for (const file of made.filter((name) => name.endsWith('.ts')))
      expect(guide).toContain(read(file));

    // The new files and whatever they reach, without the sandbox and the other tests.
    const config = { extends: './tsconfig.json', include: [], files: code };
    write('tsconfig.made.json', JSON.stringify(config));
    // Without the database server of the other suites, and what they share is read once.
    const own = { include: ['**/*.test.ts'], isolate: false, maxWorkers: 1, hookTimeout: 60_000 };
    write('vitest.config.ts', `export default { test: ${JSON.stringify(own)} };\n`);
    const tests = [...made.filter((file) => file.endsWith('.test.ts')), ...HELD_BY];
    const [types, ran] = await Promise.all([
      run('typescript7/bin/tsc', '--noEmit', '-p', 'tsconfig.made.json'),
      run('vitest/vitest.mjs', 'run', ...tests),
    ]);
    expect(types).toBe('\nexit code 0');
    expect(ran).toMatch(/exit code 0$/);
    expect(ran).toMatch(new RegExp(`Test Files\\s+${tests.length} passed`));
  });
});
