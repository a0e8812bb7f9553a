/**
 * A new wallet out of the template: made in a copy of the checkout, it stands there complete. The
 * compiler, biome and tidy's rules take it as it is, and its two ends speak to each other.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { credentialsReferenceMarkdown } from '../../tools/credentials-reference.ts';
import { linesOf } from '../../tools/new-wallet/lists.ts';
import { newWallet } from '../../tools/new-wallet.ts';
import { walletsReferenceMarkdown } from '../../tools/wallets-reference.ts';
import { LAYER_RULE } from '../tidy/layers.ts';
import { RULES } from '../tidy/rules.ts';
import { ROOT } from '../tidy/tree.ts';
import { WALLET_FILES, walletComplaints } from '../tidy/whole-tree.ts';

const WORDS = { name: 'meituan', display: 'Meituan Pay', displayZh: '美团支付' };
const LISTS = [...new Set(linesOf(WORDS).map(({ file }) => file))];
const TEMPLATE = 'tools/new-wallet/template';

const read = (root: string, file: string) => fs.readFileSync(path.join(root, file), 'utf8');

function copyInto(root: string, files: readonly string[]): void {
  for (const file of files) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.copyFileSync(path.join(ROOT, file), path.join(root, file));
  }
}

const filesBelow = (root: string) =>
  fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();

describe('npm run new-wallet refuses', () => {
  const roots: string[] = [];
  afterEach(() => {
    for (const root of roots.splice(0)) fs.rmSync(root, { recursive: true, force: true });
  });

  /** The template and the lists as they stand today, and nothing else. */
  function smallRoot(): string {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-scaffold-'));
    roots.push(root);
    copyInto(root, LISTS);
    fs.cpSync(path.join(ROOT, TEMPLATE), path.join(root, TEMPLATE), { recursive: true });
    return root;
  }

  function expectRefusal(root: string, args: readonly string[], words: RegExp): void {
    const before = filesBelow(root).map((file) => [file, read(root, file)]);
    const told = newWallet(root, args);
    expect(told.exitCode).toBe(2);
    expect(told.text).toMatch(words);
    expect(filesBelow(root).map((file) => [file, read(root, file)])).toEqual(before);
  }

  test('bad names, and writes nothing', () => {
    const root = smallRoot();
    for (const name of ['', 'A', 'Meituan', 'mei-tuan', '../evil', 'ab', 'a'.repeat(21), '1pay'])
      expectRefusal(root, [name], /a name has/);
    for (const name of ['nfc', 'class', 'samplepay']) expectRefusal(root, [name], /reserved/);
    expectRefusal(root, [], /one name is wanted/);
    expectRefusal(root, ['meituan', 'douyin'], /one name is wanted/);
    expectRefusal(root, ['meituan', '--nothing'], /usage:/);
    for (const display of ["Mei'tuan", 'a`b', '$x', '<b>', ' x', 'x'.repeat(25)])
      expectRefusal(root, ['meituan', '--display', display], /a display name has/);
  });

  test('a wallet that exists, and a list that it no longer understands', () => {
    const root = smallRoot();
    fs.mkdirSync(path.join(root, 'src/wires/meituan'), { recursive: true });
    fs.writeFileSync(path.join(root, 'src/wires/meituan/trade.ts'), '');
    expectRefusal(root, ['meituan'], /exists already/);
    fs.writeFileSync(path.join(root, 'sandbox/gateways/all.ts'), '// nothing here\n');
    expectRefusal(root, ['douyin'], /sandbox\/gateways\/all\.ts has changed its shape/);
  });

  test('a checkout with changes; a dry run writes nothing, and help explains', () => {
    const root = smallRoot();
    execFileSync('git', ['init', '--quiet'], { cwd: root });
    const before = filesBelow(root);
    expect(newWallet(root, ['meituan'])).toMatchObject({
      exitCode: 2,
      text: expect.stringMatching(/not committed: commit them, or add --force/),
    });
    const dry = newWallet(root, ['meituan', '--dry-run']);
    expect(dry).toMatchObject({ exitCode: 0, text: expect.stringMatching(/^Nothing is written/) });
    expect(dry.text).toContain('src/wallets/meituan/adapter.ts');
    expect(filesBelow(root)).toEqual(before);
    expect(newWallet(root, ['--help'])).toMatchObject({
      exitCode: 0,
      text: expect.stringMatching(/^usage: npm run new-wallet -- NAME/),
    });
  });
});

describe('a wallet that it made', () => {
  let root = '';
  let told = '';
  let made: string[] = [];

  beforeAll(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-wallet-'));
    copyInto(root, checkoutFiles());
    fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
    const before = new Set(filesBelow(root));
    const { name, display, displayZh } = WORDS;
    const done = newWallet(root, [name, '--display', display, '--display-zh', displayZh]);
    expect(done).toMatchObject({ exitCode: 0 });
    told = done.text;
    made = filesBelow(root).filter((file) => !before.has(file));
  });
  afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

  /** What the compiler reads of it. */
  function checkoutFiles(): string[] {
    const paths = ['src', 'sandbox', 'sdk', 'test', 'tools', 'bench', 'examples', 'package.json'];
    const files = ['tsconfig.json', 'biome.json', 'vitest.config.ts', '.gitignore'];
    return paths
      .flatMap((place) => {
        const whole = path.join(ROOT, place);
        if (!fs.statSync(whole).isDirectory()) return [place];
        return filesBelow(whole).map((file) => path.join(place, file));
      })
      .filter((file) => !/(?:^|\/)(?:node_modules|dist|\.hutong|artefacts)\//.test(file))
      .concat(files.filter((file) => fs.existsSync(path.join(ROOT, file))));
  }

  function runIn(tool: string, ...args: readonly string[]) {
    const program = path.join(root, 'node_modules', tool);
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      ...{ cwd: root, encoding: 'utf8' },
      env: { ...process.env, NO_COLOR: '1', VITEST: '' },
    });
    return { status, said: `${stdout}${stderr}` };
  }

  test('has the files that every wallet has, none with a word of the template', () => {
    const wanted = WALLET_FILES.map((file) => file.replace('{wallet}', WORDS.name));
    expect(made).toEqual(expect.arrayContaining(wanted));
    expect(walletComplaints(made)).toEqual([]);
    for (const file of made) {
      expect(`${file}\n${read(root, file)}`).not.toMatch(/sample.?pay|样例/i);
      expect(told).toContain(`  ${file}\n`);
    }
    for (const file of LISTS) {
      expect(told).toContain(`  ${file}\n`);
      expect(read(root, file)).toContain(WORDS.name);
    }
    expect(told).toContain('Left to do by hand');
    const letters = /WALLET_LETTERS = \{([^}]*)\}/.exec(
      read(root, 'src/flows/payment/identify-payer.ts'),
    )?.[1];
    expect(letters).toMatch(/jdpay: '3',\s+meituan: '4',/);
  });

  test('keeps the rules of layers and of single files', () => {
    const complaints = made.flatMap((file) => {
      const source = { path: file, text: read(root, file) };
      return [LAYER_RULE, ...RULES]
        .filter((rule) => rule.applies(file))
        .flatMap((rule) => rule.complaints(source).map((what) => `${file}: ${what}`));
    });
    expect(complaints).toEqual([]);
  });

  test('is formatted and linted', () => {
    const code = [...made, ...LISTS].filter((file) => file.endsWith('.ts'));
    const { status, said } = runIn('@biomejs/biome/bin/biome', 'check', ...code);
    expect(said).not.toMatch(/Found \d+ (?:error|warning)/);
    expect(status, said).toBe(0);
  });

  /** The program, and of what stands around it all that names a wallet: a list names them all. */
  function whatMayListWallets(): string[] {
    const around = ['test', 'tools', 'bench', 'examples'].flatMap((place) =>
      filesBelow(path.join(root, place)).map((file) => path.join(place, file)),
    );
    const naming = around.filter((file) => /\.ts$/.test(file) && /jdpay/i.test(read(root, file)));
    return ['src', 'sandbox', 'sdk/src', 'test/setup.ts', ...naming];
  }

  test('compiles, and leaves no list that lacks it', () => {
    const config = { extends: './tsconfig.json', include: whatMayListWallets() };
    fs.writeFileSync(path.join(root, 'tsconfig.made.json'), JSON.stringify(config));
    const { status, said } = runIn('typescript7/bin/tsc', '--noEmit', '-p', 'tsconfig.made.json');
    expect(said).toBe('');
    expect(status).toBe(0);
  });

  test('speaks to its own gateway: create, query, notify, a flipped byte refused', () => {
    // Without the databases of the other suites.
    fs.writeFileSync(
      path.join(root, 'made.config.ts'),
      "export default { test: { include: ['**/*.test.ts'], maxWorkers: 1 } };\n",
    );
    const tests = made.filter((file) => file.endsWith('.test.ts'));
    const ran = runIn('vitest/vitest.mjs', 'run', '--config', 'made.config.ts', ...tests);
    expect(ran.status, ran.said).toBe(0);
    expect(ran.said).toMatch(/Test Files\s+4 passed/);
  });
});

test('docs/reference/wallets.md is what the capabilities say (npm run docs:wallets)', () => {
  expect(read(ROOT, 'docs/reference/wallets.md')).toBe(walletsReferenceMarkdown());
});

test('docs/reference/credentials.md is what the schemas say (npm run docs:wallets)', () => {
  expect(read(ROOT, 'docs/reference/credentials.md')).toBe(credentialsReferenceMarkdown());
});
