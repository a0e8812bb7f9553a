/**
 * The documents say what is so: settings are the command line's, links lead somewhere, and the SDK
 * examples of the sandbox's guide run as they stand against a sandbox that is really started.
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningSandbox, runSandbox } from '../../sandbox/cli.ts';
import { FAULTS } from '../../sandbox/kit/kit.ts';
import { SETTING_HELP } from '../../src/cli/settings.ts';
import { pooledKeyPair } from '../helpers/key-pool.ts';
import { ROOT } from './demo-process.ts';

const run = promisify(execFile);
const read = (file: string): string => fs.readFileSync(path.join(ROOT, file), 'utf8');

function documents(folder = ''): string[] {
  const entries = fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return /^(?:docs|docs\/.*)$/.test(file) ? documents(file) : [];
    return file.endsWith('.md') ? [file] : [];
  });
}

describe('the documents', () => {
  it.each(['README.md', 'README.zh-CN.md'])('%s has every setting and no other', (file) => {
    const rows = [...read(file).matchAll(/^\| `([A-Z][A-Z_]+…?)` \|/gm)].map(([, name]) => name);
    expect(rows).toEqual(SETTING_HELP.map(([name]) => name));
  });

  it.each(documents())('%s links to what is there', (file) => {
    const links = [...read(file).matchAll(/\]\(([^)#]+)(#[^)]*)?\)/g)].map(([, to = '']) => to);
    const broken = links.filter(
      (to) => !/^[a-z]+:/.test(to) && !fs.existsSync(path.join(ROOT, path.posix.dirname(file), to)),
    );
    expect(broken).toEqual([]);
  });

  it('names faults that exist', () => {
    const table = read('docs/guides/sandbox.md').split('| fault | what happens |')[1] ?? '';
    const named = table
      .split('\n')
      .slice(2)
      .filter((line) => line.startsWith('| '))
      .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)])
      .map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !FAULTS.some((fault) => fault === name))).toEqual([]);
  });
});

describe("the sandbox guide's examples run as they stand", () => {
  let sandbox: RunningSandbox;
  let dir: string;
  let folder: string;

  beforeAll(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-docs-'));
    sandbox = await runSandbox({
      newKeyPair: pooledKeyPair,
      dir: dir,
      port: 0,
      host: '127.0.0.1',
      allowLocalCallbacks: true,
      quiet: true,
      writeDemoCredentials: true,
    });
    // Inside the checkout, so that the packages are found as a reader would find them.
    fs.mkdirSync(path.join(ROOT, 'artefacts'), { recursive: true });
    folder = fs.mkdtempSync(path.join(ROOT, 'artefacts', 'docs-'));
    fs.symlinkSync(dir, path.join(folder, '.hutong'));
  });
  afterAll(async () => {
    await sandbox?.stop();
    for (const made of [folder, dir]) fs.rmSync(made, { recursive: true, force: true });
  });

  const examples = [
    ...read('docs/guides/sandbox.md').matchAll(/^```js\n\/\/ (\S+)\n([\s\S]*?)^```/gm),
  ];

  it('has one for each wallet', () => {
    expect(examples.map(([, name]) => name)).toEqual(['wechatpay.mjs', 'alipay.mjs']);
  });

  it.each(examples.map(([, name = '', code = '']) => ({ name, code })))(
    '$name',
    async ({ name, code }) => {
      fs.writeFileSync(path.join(folder, name), code);
      const { stdout } = await run(process.execPath, [name], { cwd: folder });
      expect(stdout.trim()).toMatch(
        name === 'alipay.mjs' ? /^https:\/\/qr\.alipay\.com\/\w+$/ : /^weixin:\/\/wxpay\/\S+$/,
      );
    },
  );
});
