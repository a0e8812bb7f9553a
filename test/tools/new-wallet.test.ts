/** The scaffold of a wallet: what it writes, what it refuses, and nothing half done. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { credentialsReferenceMarkdown } from '../../tools/credentials-reference.ts';
import { newWallet } from '../../tools/new-wallet.ts';
import { walletsReferenceMarkdown } from '../../tools/wallets-reference.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LISTS = ['src/kernel/wallet-names.ts', 'src/wallets/registry.ts', 'sandbox/gateways/all.ts'];
const roots: string[] = [];

/** A root with the three lists as they stand today, and nothing else. */
function copyOfLists(): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-scaffold-'));
  roots.push(root);
  for (const file of LISTS) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.copyFileSync(path.join(ROOT, file), path.join(root, file));
  }
  return root;
}

const read = (root: string, file: string) => fs.readFileSync(path.join(root, file), 'utf8');

afterEach(() => {
  for (const root of roots.splice(0)) fs.rmSync(root, { recursive: true, force: true });
});

describe('npm run new-wallet', () => {
  test('writes the folder in the house shape and the lines in the three lists', () => {
    const root = copyOfLists();
    expect(newWallet(root, 'meituan')).toBeUndefined();
    const written = fs
      .readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
      .filter((file) => !LISTS.includes(file));
    expect(written.sort()).toEqual([
      'sandbox/gateways/meituan/account.ts',
      'sandbox/gateways/meituan/gateway.ts',
      'src/wallets/meituan/README.md',
      'src/wallets/meituan/adapter.ts',
      'src/wallets/meituan/answer.ts',
      'src/wallets/meituan/capabilities.ts',
      'src/wallets/meituan/config.ts',
      'src/wallets/meituan/notify.ts',
      'src/wires/meituan/credentials.ts',
    ]);
    expect(read(root, LISTS[0]!)).toMatch(/WALLET_NAMES = \[[^\]]*'meituan'\] as const/);
    expect(read(root, LISTS[1]!)).toMatch(/\[[^\]]*, meituan\]\.map/);
    expect(read(root, LISTS[2]!)).toContain("{ wallet: 'meituan', open: openMeituanGateway");
  });

  test.each(['', 'A', 'Meituan', 'mei-tuan', '../evil', 'ab', 'a'.repeat(21), 'nfc', '1pay'])(
    'refuses the name %j and writes nothing',
    (name) => {
      const root = copyOfLists();
      const before = LISTS.map((file) => read(root, file));
      expect(newWallet(root, name)).toMatch(/a name has/);
      expect(LISTS.map((file) => read(root, file))).toEqual(before);
      expect(fs.readdirSync(path.join(root, 'src/wallets'))).toEqual(['registry.ts']);
    },
  );

  test('refuses a wallet that exists, and a list that it no longer understands', () => {
    const root = copyOfLists();
    expect(newWallet(root, 'meituan')).toBeUndefined();
    const lists = LISTS.map((file) => read(root, file));
    expect(newWallet(root, 'meituan')).toMatch(/exists already/);
    expect(LISTS.map((file) => read(root, file))).toEqual(lists);
    fs.writeFileSync(path.join(root, LISTS[2]!), '// nothing here\n');
    expect(newWallet(root, 'douyin')).toMatch(/by hand/);
    expect(read(root, LISTS[0]!)).toBe(lists[0]);
    expect(fs.existsSync(path.join(root, 'src/wallets/douyin'))).toBe(false);
  });
});

test('docs/reference/wallets.md is what the capabilities say (npm run docs:wallets)', () => {
  expect(read(ROOT, 'docs/reference/wallets.md')).toBe(walletsReferenceMarkdown());
});

test('docs/reference/credentials.md is what the schemas say (npm run docs:wallets)', () => {
  expect(read(ROOT, 'docs/reference/credentials.md')).toBe(credentialsReferenceMarkdown());
});
