/**
 * The guide's blocks in other languages, taken out of the guide and run as a reader would run them:
 * each signs, calls and verifies with its standard library. Where a machine lacks the language its
 * tests are skipped, which counts as failed with CI=true.
 */
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningSandbox, runSandbox } from '../../sandbox/cli.ts';
import { pooledKeyPair } from '../helpers/key-pool.ts';
import { call } from '../sandbox/city-support.ts';

const run = promisify(execFile);
const ROOT = path.join(import.meta.dirname, '../..');
const GUIDE = fs.readFileSync(path.join(ROOT, 'docs/guides/sandbox.md'), 'utf8');
const BLOCK = /^```(?:go|php|python)\n(?:\/\/|#) (\w+\.(?:go|php|py))\n([\s\S]*?)^```/gm;

interface Block {
  readonly name: string;
  readonly code: string;
}
const BLOCKS: readonly Block[] = [...GUIDE.matchAll(BLOCK)].map(([, name = '', code = '']) => ({
  name,
  code,
}));

function works(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { timeout: 30_000 }).status === 0;
}

/** Debian's own Python has python3-cryptography; another one in front of it may not. */
const PYTHON = ['/usr/bin/python3', 'python3'].find((command) =>
  works(command, ['-c', 'import cryptography']),
);
const COMMANDS: Readonly<Record<string, readonly string[] | undefined>> = {
  '.go': works('go', ['version']) ? ['go', 'run'] : undefined,
  '.php': works('php', ['-r', "exit(extension_loaded('openssl') ? 0 : 1);"]) ? ['php'] : undefined,
  '.py': PYTHON === undefined ? undefined : [PYTHON],
};

const CODES: Readonly<Record<string, RegExp>> = {
  wechatpay: /^weixin:\/\/wxpay\/bizpayurl\?pr=\w+$/,
  alipay: /^https:\/\/qr\.alipay\.com\/\w+$/,
  unionpay: /^https:\/\/qr\.95516\.com\/\d+\/\d+$/,
};

describe("the guide's blocks", () => {
  let sandbox: RunningSandbox;
  let folder: string;

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-languages-'));
    sandbox = await runSandbox({
      newKeyPair: pooledKeyPair,
      ...{ dir: path.join(folder, '.hutong'), port: 0, host: '127.0.0.1', quiet: true },
      ...{ allowLocalCallbacks: true, writeDemoCredentials: true },
    });
  }, 60_000);
  afterAll(async () => {
    await sandbox?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  test('F5: Go, PHP and Python each call WeChat Pay, and two more wallets are called', () => {
    const names = ['wechatpay.go', 'wechatpay.php', 'alipay.php', 'wechatpay.py', 'unionpay.py'];
    expect(BLOCKS.map(({ name }) => name)).toEqual(names);
  });

  for (const { name, code } of BLOCKS) {
    const command = COMMANDS[path.extname(name)];
    const wallet = path.basename(name, path.extname(name));
    test.skipIf(command === undefined)(`F5: ${name}`, { timeout: 120_000 }, async () => {
      const [program = '', ...args] = command ?? [];
      fs.writeFileSync(path.join(folder, name), code);
      const { stdout } = await run(program, [...args, name], { cwd: folder });
      expect(stdout.trim()).toMatch(CODES[wallet] ?? /^$/);
      const scan = { wallet, code: stdout.trim() };
      const scanned = await call(`${sandbox.url}/phone/scan`, 'POST', scan);
      expect([scanned.json.amount, scanned.json.currency]).toEqual([12_800, 'cny']);
      const pay = { scan: scanned.json.scan, outcome: 'success' };
      expect((await call(`${sandbox.url}/phone/pay`, 'POST', pay)).json.status).toBe('paid');
    });
  }
});
