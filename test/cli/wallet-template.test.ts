/**
 * `hutong wallet template` for every wallet: it has what the schema wants, filled in with the
 * city's credentials it is accepted, and left as it is it is refused by the name of a field.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GATEWAY_MAKERS } from '../../sandbox/gateways/all.ts';
import { openKit } from '../../sandbox/kit/open-kit.ts';
import * as admin from '../../src/cli/admin.ts';
import { openCells } from '../../src/cli/open-database.ts';
import { readSettings, type Settings } from '../../src/cli/settings.ts';
import { setWallet, type WalletInput } from '../../src/cli/wallet-admin.ts';
import { printTemplate, type TemplateInput } from '../../src/cli/wallet-template.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import type { Cells } from '../../src/store/cells.ts';
import { choicesOf, credentialFields } from '../../src/wallets/credentials.ts';
import { WALLETS } from '../../src/wallets/registry.ts';
import { builtCommand } from '../../tools/built-command.ts';
import { pooledKeyPair } from '../helpers/key-pool.ts';

type Json = Record<string, unknown>;

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-template-'));
const file = path.join(dir, 'given.json');
const accounts = new Map<WalletName, Json>();
const ids = createIdSource(9, wallClock);
let settings: Settings;
let cells: Cells;

beforeAll(async () => {
  fs.writeFileSync(path.join(dir, 'master.key'), randomBytes(32).toString('hex'), { mode: 0o600 });
  const read = readSettings({ HUTONG_DIR: dir });
  if (!read.ok) throw new Error(read.error);
  settings = read.value;
  cells = await openCells(settings, () => undefined);
  await admin.createMarketplace(
    { db: cells.home, cells, ids },
    { name: 'shop', displayName: 'Shop' },
    () => undefined,
  );
  const url = 'http://127.0.0.1:4100';
  const opened = await openKit({
    newKeyPair: pooledKeyPair,
    ...{ dir: path.join(dir, 'city'), publicUrl: url, allowLocalCallbacks: true },
    log: () => undefined,
  });
  const request = { label: 'shop', name: 'Shop', subMerchantNames: ['a'] };
  for (const { wallet, makeAccount } of GATEWAY_MAKERS) {
    const { credentials } = await makeAccount(opened.kit, request);
    accounts.set(wallet, credentials as Json);
  }
  await opened.close();
});
afterAll(async () => {
  await cells.close();
  fs.rmSync(dir, { recursive: true, force: true });
});

function template(wallet: string, more: Partial<TemplateInput> = {}): Json {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const input = { wallet, choices: [], hasOptional: false, isTest: false, isExplanation: false };
  printTemplate({ ...input, ...more }, { print, aside: () => undefined });
  return JSON.parse(lines.join('\n')) as Json;
}

async function set(wallet: string, credentials: unknown, more: Partial<WalletInput> = {}) {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  fs.writeFileSync(file, JSON.stringify(credentials));
  const input = { marketplace: 'shop', wallet, file, acceptsDirectSettlement: null };
  await setWallet(
    { db: cells.home, cells, ids },
    settings,
    { ...input, isRehearsal: true, ...more },
    print,
  );
  return lines.join('\n');
}

/** What is filled in, by the fields that the template has. */
function filled(given: unknown, own: unknown): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return own;
  const from = own as Json;
  return Object.fromEntries(
    Object.entries(given).map(([name, inner]) => [name, filled(inner, from[name])]),
  );
}

function placesOf(value: unknown, place = ''): string[] {
  if (typeof value !== 'object' || value === null) return [place];
  if (Array.isArray(value)) return [place];
  return Object.entries(value).flatMap(([name, inner]) =>
    placesOf(inner, place === '' ? name : `${place}.${name}`),
  );
}

/** The city's account, changed at one place. */
const changed = (wallet: WalletName, change: (own: Json) => void): Json => {
  const own = structuredClone(accounts.get(wallet) ?? {});
  change(own);
  return own;
};

for (const [wallet, module] of WALLETS) {
  describe(`template of ${wallet}`, () => {
    test('has every required field, live addresses, and no other field', () => {
      const places = placesOf(template(wallet));
      const fields = credentialFields(module.configSchema);
      for (const { field } of fields.filter(({ required }) => required === 'yes'))
        expect(places, field).toContain(field);
      const known = fields.map(({ field }) => field);
      expect(places.filter((place) => !known.includes(place))).toEqual([]);
      expect(template(wallet).endpoints).toEqual(module.liveEndpoints);
      expect(Object.keys(template(wallet, { hasOptional: true })).length).toBeGreaterThanOrEqual(
        Object.keys(template(wallet)).length,
      );
    });

    test('says of every field what it is', () => {
      for (const { field, what } of credentialFields(module.configSchema))
        expect(what, field).not.toMatch(/an object$/);
    });

    test('filled in with the credentials of the city it is accepted', async () => {
      const own = accounts.get(wallet);
      const complete = filled(template(wallet), own);
      expect(Value.Check(module.configSchema, complete)).toBe(true);
      const said = await set(wallet, complete);
      expect(said).toContain('would be added');
      expect(said).toContain('its addresses are for tests');
      expect(await set(wallet, own)).toContain('would be added');
    });

    test('not filled in it is refused by the name of each field in turn', async () => {
      const own = accounts.get(wallet) ?? {};
      for (const place of placesOf(template(wallet))) {
        const left = structuredClone(own);
        const names = place.split('.');
        const last = names.pop() ?? '';
        const at = (from: Json) => names.reduce((inner, name) => inner[name] as Json, from);
        const text = at(template(wallet))[last];
        if (typeof text !== 'string' || !text.startsWith('<')) continue;
        at(left)[last] = text;
        await expect(set(wallet, left), place).rejects.toThrow(`${place}: is not filled in`);
      }
      await expect(set(wallet, template(wallet))).rejects.toThrow('is not filled in');
    });

    test('a field that is missing, or not one, is named', async () => {
      for (const { field } of credentialFields(module.configSchema)) {
        const [name = ''] = field.split('.');
        const required: readonly string[] = (module.configSchema as Json).required as string[];
        if (!required.includes(name)) continue;
        const without = changed(wallet, (own) => delete own[name]);
        await expect(set(wallet, without)).rejects.toThrow(`${name}: is missing`);
      }
      const more = { ...accounts.get(wallet), colour: 'red' };
      await expect(set(wallet, more)).rejects.toThrow('colour: is not a field');
    });

    test('one live address beside test ones is refused, and opens where it is stored', async () => {
      const places = Object.keys(module.liveEndpoints);
      for (const place of places.slice(1)) {
        const mixed = changed(wallet, (own) => {
          (own.endpoints as Json)[place] = module.liveEndpoints[place];
        });
        await expect(set(wallet, mixed)).rejects.toThrow(`endpoints.${place}: is live`);
        expect(module.identityOf(mixed)).toBeDefined();
        expect(module.review(mixed)).toHaveLength(1);
      }
      expect(
        await set(wallet, { ...accounts.get(wallet), endpoints: module.liveEndpoints }),
      ).toContain('its addresses are live');
    });

    test('every choice makes a template of its own', () => {
      for (const [field, values] of choicesOf(module.configSchema)) {
        for (const value of values) {
          const choices = [`${field}=${value}`];
          const made = template(wallet, { choices, hasOptional: true });
          const names = field.split('.');
          expect(names.reduce((inner, name) => inner[name] as Json, made)).toBe(value);
        }
      }
      expect(() => template(wallet, { choices: ['no=such'] })).toThrow('--choose takes');
    });
  });
}

test('a wallet without a test gateway says so; the others name it', () => {
  expect(template('unionpay', { isTest: true }).endpoints).toEqual({
    gateway: 'https://gateway.test.95516.com',
  });
  expect(() => template('jdpay', { isTest: true })).toThrow('no test gateway');
  expect(() => template('cash')).toThrow('not a wallet');
});

test('WeChat Pay: a certificate of another serial number or key is refused', async () => {
  const other = changed('wechatpay', (own) => {
    own.serialNo = 'ABCDEF0123456789';
  });
  await expect(set('wechatpay', other)).rejects.toThrow(
    /merchantCertificate: has the serial number [0-9A-F]+, but serialNo is ABCDEF0123456789/,
  );
  // Beside no APIv2 key, too, where it is not opened.
  delete other.apiV2Key;
  await expect(set('wechatpay', other)).rejects.toThrow('merchantCertificate: has the serial');
});

test('UnionPay: the test signer is refused at a live gateway', async () => {
  const trusting = changed('unionpay', (own) => {
    (own.signing as Json).acceptsTestSigner = true;
  });
  expect(await set('unionpay', trusting)).toContain('for tests');
  const endpoints = { gateway: 'https://gateway.95516.com' };
  await expect(set('unionpay', { ...trusting, endpoints })).rejects.toThrow(
    'signing.acceptsTestSigner: is for',
  );
});

test('the error of a variant is reported, not that of another', async () => {
  const short = changed('unionpay', (own) => {
    own.signing = { method: '12', secureKey: 'short' };
  });
  await expect(set('unionpay', short)).rejects.toThrow('signing.secureKey: must be the secure key');
  const none = changed('alipay', (own) => {
    own.keys = { mode: 'paper' };
  });
  await expect(set('alipay', none)).rejects.toThrow('keys.mode: must be key | certificate');
});

test('a file that is no JSON is named, and nothing of it is repeated', async () => {
  const bad = path.join(dir, 'bad.json');
  fs.writeFileSync(bad, '{"apiV3Key": secretsecret}');
  const input = { marketplace: 'shop', wallet: 'wechatpay', file: bad };
  const work = setWallet(
    { db: cells.home, cells, ids },
    settings,
    { ...input, acceptsDirectSettlement: null },
    () => undefined,
  );
  await expect(work).rejects.toThrow(`${bad}: is not JSON`);
  await expect(work).rejects.not.toThrow('secret');
});

test('a number that the wallet cannot have given is refused, and no merchant is made', async () => {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const whose = { marketplace: 'shop', merchant: 'shop-7', feeBps: 60, hasConsented: true };
  const account = (wallet: string, walletMerchant: string) =>
    admin.setAccount({ db: cells.home, cells, ids }, { ...whose, wallet, walletMerchant }, print);
  for (const [wallet, number] of [
    ['wechatpay', 'banana'],
    ['alipay', '1600000001'],
    ['unionpay', '123'],
    ['jdpay', 'a b'],
  ] as const)
    await expect(account(wallet, number)).rejects.toThrow(
      `a merchant's number at ${wallet} must be`,
    );
  expect(lines).toEqual([]);
  await account('wechatpay', '1600000001');
  expect(lines[0]).toMatch(/^made merchant shop-7 \(mer_\w+\)/);
  await account('wechatpay', '1600000001');
  expect(lines.filter((line) => line.startsWith('made merchant'))).toHaveLength(1);
});

test('a reader that has enough ends no command with a stack', async () => {
  const values = [builtCommand(), 'wallet', 'template', 'wechatpay', '--explain'];
  const env = { ...process.env, HUTONG_DIR: dir };
  const child = spawn(process.execPath, values, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const stderr: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const [code] = (await once(child, 'close')) as [number];
  expect(Buffer.concat(stderr).toString()).toBe('');
  expect(code).toBe(0);
});
