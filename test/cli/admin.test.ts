/** The operator's commands against both databases: what they print, keep and refuse. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as admin from '../../src/cli/admin.ts';
import { readSettings } from '../../src/cli/settings.ts';
import { setWallet } from '../../src/cli/wallet-admin.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { hashKey } from '../../src/flows/key/authenticate.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { oneCell } from '../../src/store/cells.ts';
import { readKeys } from '../../src/store/key/api-keys.ts';
import { readMarketplaces } from '../../src/store/merchant/marketplaces.ts';
import { readInterconnects } from '../../src/store/offer/interconnects.ts';
import { accountsOf } from '../helpers/accounts.ts';
import { ENGINES, type TestHome } from '../store/engines.ts';

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`operator's commands on ${engine.name}`, () => {
    const lines: string[] = [];
    const print = (line: string): void => void lines.push(line);
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-admin-'));
    const read = readSettings({ HUTONG_DIR: dir });
    const settings = read.ok ? read.value : undefined;
    const ids = createIdSource(9, wallClock);
    let home: TestHome;
    const session = () => ({ db: home.db, cells: oneCell(home.db), ids });

    beforeAll(async () => {
      fs.writeFileSync(path.join(dir, 'master.key'), randomBytes(32).toString('hex'), {
        mode: 0o600,
      });
      home = await engine.open();
    });
    afterAll(async () => {
      await home.close();
      fs.rmSync(dir, { recursive: true, force: true });
    });

    test('a marketplace is made once and can be renamed', async () => {
      await admin.listMarketplaces(session(), print);
      expect(lines.at(-1)).toContain('no marketplace yet');
      await admin.createMarketplace(session(), { name: 'shop', displayName: 'Shop' }, print);
      await admin.createMarketplace(session(), { name: 'shop', displayName: '商店' }, print);
      expect((await readMarketplaces(home.db)).map((row) => row.displayName)).toEqual(['商店']);
      const bad = { name: 'No Good', displayName: '' };
      await expect(admin.createMarketplace(session(), bad, print)).rejects.toThrow('a-z');
    });

    test('a key is shown once, kept as a hash, and can be ended', async () => {
      const wanted = { marketplace: 'shop', scopes: ['refunds:write'], isLive: true };
      await admin.createKey(session(), wanted, print);
      const [id, secretKey] = (lines.at(-2) ?? '').split('  ');
      expect(secretKey).toMatch(/^rk_live_[0-9a-f]{40}$/);
      const hash = hashKey(String(secretKey));
      expect((await readKeys(home.db, [hash])).get(hash)?.scopes).toEqual(['refunds:write']);
      await admin.printKeys(session(), 'shop', print);
      expect(lines.at(-1)).not.toContain(secretKey);
      await admin.endKey(session(), String(id), print);
      expect((await readKeys(home.db, [hash])).size).toBe(0);
      await expect(admin.endKey(session(), String(id), print)).rejects.toThrow('no key');
      await expect(
        admin.createKey(session(), { ...wanted, marketplace: 'x' }, print),
      ).rejects.toThrow('there are: shop');
    });

    test('S14: a key of unknown or no scopes is refused, with those that there are', async () => {
      for (const scopes of [['bogus:scope'], [''], [], ['refunds:read', 'refunds:wirte']]) {
        const wanted = { marketplace: 'shop', scopes, isLive: false };
        await expect(admin.createKey(session(), wanted, print)).rejects.toThrow(
          'the scopes are: *, payment_intents:read',
        );
      }
    });

    test('S14: a key that expires is refused from then on', async () => {
      await admin.createMarketplace(
        session(),
        { name: 'expiring', displayName: 'Expiring' },
        print,
      );
      const made = async (expiresAtMs: number) => {
        const wanted = { marketplace: 'expiring', scopes: ['*'], isLive: false, expiresAtMs };
        await admin.createKey(session(), wanted, print);
        return hashKey(String((lines.at(-2) ?? '').split('  ')[1]));
      };
      const nowMs = wallClock.nowMs();
      const [past, ahead] = [await made(nowMs - 1_000), await made(nowMs + 60_000)];
      const found = await readKeys(home.db, [past, ahead]);
      expect([found.has(past), found.has(ahead)]).toEqual([false, true]);
      await admin.printKeys(session(), 'expiring', print);
      expect(lines.slice(-2).map((line) => line.split('  ').at(-1))).toEqual([
        expect.stringMatching(/^expired /),
        expect.stringMatching(/^in use until /),
      ]);
      expect(admin.parseExpiry('90d', nowMs)).toBe(nowMs + 90 * 86_400_000);
      expect(admin.parseExpiry('2099-01-31', nowMs)).toBe(Date.UTC(2099, 0, 31));
      for (const text of ['', '0d', 'tomorrow', '2020-01-01', '1e9d', '99'])
        expect(() => admin.parseExpiry(text, nowMs), text).toThrow('--expires is 90d');
    });

    test('credentials that the wallet cannot use are refused by field', async () => {
      const file = path.join(dir, 'bad.json');
      fs.writeFileSync(file, '{"mchid":"x"}');
      const settlement = { acceptsDirectSettlement: null };
      const input = { marketplace: 'shop', wallet: 'wechatpay', file, ...settlement };
      if (settings === undefined) throw new Error('settings');
      await expect(setWallet(session(), settings, input, print)).rejects.toThrow('mchid');
      const other = { ...input, wallet: 'cash' };
      await expect(setWallet(session(), settings, other, print)).rejects.toThrow('not a wallet');
    });

    test('an interconnection is set, paused and listed; one wallet is no pair', async () => {
      await admin.printInterconnects(session(), 'shop', print);
      expect(lines.at(-1)).toContain('no pair yet');
      const pair = { marketplace: 'shop', payer: 'unionpay', acceptor: 'wechatpay' } as const;
      await admin.setInterconnect(session(), { ...pair, status: 'active' }, print);
      await admin.setInterconnect(session(), { ...pair, status: 'paused' }, print);
      await admin.printInterconnects(session(), 'shop', print);
      expect(lines.at(-1)).toBe('unionpay -> wechatpay  paused');
      const marketplace = (await readMarketplaces(home.db))[0]!.id;
      expect(await readInterconnects(home.db, marketplace)).toHaveLength(1);
      for (const acceptor of ['unionpay', 'cash']) {
        const bad = { ...pair, acceptor, status: 'active' } as const;
        await expect(admin.setInterconnect(session(), bad, print)).rejects.toThrow('two wallets');
      }
    });

    test('an account without consent is kept but never offered (rule 10)', async () => {
      const input = {
        marketplace: 'shop',
        merchant: 'seller-1',
        wallet: 'wechatpay',
        walletMerchant: '1600000001',
        feeBps: 60,
        hasConsented: false,
      };
      await admin.setAccount(session(), input, print);
      const marketplace = (await readMarketplaces(home.db))[0]!.id;
      expect((await accountsOf(home.db, marketplace))[0]!.consentedAtMs).toBeNull();
      await admin.setAccount(session(), { ...input, hasConsented: true }, print);
      const accounts = await accountsOf(home.db, marketplace);
      expect(accounts).toHaveLength(1);
      expect(accounts[0]!.consentedAtMs).not.toBeNull();
    });

    test('consent is withdrawn, and stays withdrawn until it is given again', async () => {
      const whose = { marketplace: 'shop', merchant: 'seller-2', wallet: 'wechatpay' };
      const input = { ...whose, walletMerchant: '1600000002', feeBps: 60, hasConsented: true };
      await admin.setAccount(session(), input, print);
      const both = { ...input, withdrawsConsent: true };
      await expect(admin.setAccount(session(), both, print)).rejects.toThrow('--withdrawn');
      const last = lines.length;
      await admin.setAccount(session(), { ...both, hasConsented: false }, print);
      expect(lines.slice(last).join()).toContain('not consented: never offered');
      await admin.setAccount(session(), { ...input, hasConsented: false }, print);
      const marketplace = (await readMarketplaces(home.db))[0]!.id;
      const account = (await accountsOf(home.db, marketplace)).at(-1)!;
      expect(account.walletMerchant).toBe('1600000002');
      expect(account.consentedAtMs).toBeNull();
    });

    test('a merchant is found by its id or by the marketplace’s own number', async () => {
      const whose = { marketplace: 'shop', wallet: 'alipay', walletMerchant: '2088000000000001' };
      const input = { ...whose, feeBps: 60, hasConsented: true };
      const last = lines.length;
      await admin.setAccount(session(), { ...input, merchant: 'seller-3' }, print);
      expect(lines.slice(last).join()).toContain('made merchant seller-3');
      const marketplace = (await readMarketplaces(home.db))[0]!.id;
      const { merchant } = (await accountsOf(home.db, marketplace)).at(-1)!;
      const next = lines.length;
      await admin.setAccount(session(), { ...input, merchant }, print);
      await admin.setAccount(session(), { ...input, merchant: 'seller-3' }, print);
      expect(lines.slice(next).join()).not.toContain('made merchant');
      const nobody = { ...input, merchant: 'mer_0000000000000' };
      await expect(admin.setAccount(session(), nobody, print)).rejects.toThrow('no merchant');
    });
  });
}
