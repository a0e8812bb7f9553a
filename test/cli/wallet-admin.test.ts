/**
 * `hutong wallet` against both databases: whose account a configuration is, what renews it, what is
 * put beside it, and that nothing of a configuration is ever overwritten by another account's.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMarketplace, setAccount } from '../../src/cli/admin.ts';
import { readSettings } from '../../src/cli/settings.ts';
import {
  identifyAfterMigration,
  listWallets,
  setWallet,
  setWalletStatus,
  type WalletInput,
} from '../../src/cli/wallet-admin.ts';
import { MIGRATIONS_FOLDER, migrate } from '../../src/database/migrate.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { type Id, idValue } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { oneCell } from '../../src/store/cells.ts';
import { readMarketplaces } from '../../src/store/merchant/marketplaces.ts';
import { putConfig, readConfigs, type WalletConfigRow } from '../../src/store/wallet/configs.ts';
import { accountsOf } from '../helpers/accounts.ts';
import { testNote } from '../helpers/audit-note.ts';
import { ENGINES, type TestHome } from '../store/engines.ts';

const merId = (number: number): string => `7772900000${String(number).padStart(5, '0')}`;
const FIRST = merId(1);
const SECRET = 'a secure key of UnionPay';

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`hutong wallet on ${engine.name}`, () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-wallet-'));
    const ids = createIdSource(9, wallClock);
    let home: TestHome;
    let shops = 0;
    const settings = () => {
      const read = readSettings({ HUTONG_DIR: dir });
      if (!read.ok) throw new Error(read.error);
      return read.value;
    };
    const session = () => ({ db: home.db, cells: oneCell(home.db), ids });

    beforeAll(async () => {
      const key = randomBytes(32).toString('hex');
      fs.writeFileSync(path.join(dir, 'master.key'), key, { mode: 0o600 });
      home = await engine.open();
    });
    afterAll(async () => {
      await home.close();
      fs.rmSync(dir, { recursive: true, force: true });
    });

    /** A marketplace of its own, and what is said to its operator. */
    async function newShop() {
      shops += 1;
      const name = `shop-${shops}`;
      await createMarketplace(session(), { name, displayName: name }, () => undefined);
      const marketplace = (await readMarketplaces(home.db)).find((row) => row.name === name)!.id;
      const lines: string[] = [];
      const print = (line: string): void => void lines.push(line);
      const said = async (work: Promise<void>): Promise<string> => {
        lines.length = 0;
        await work;
        return lines.join('\n');
      };
      return {
        name,
        marketplace,
        said,
        set: (own: string, more: Partial<WalletInput> = {}, secureKey = SECRET) => {
          const file = path.join(dir, `${name}.json`);
          const endpoints = { gateway: 'https://gateway.95516.com' };
          const signing = { method: '12', secureKey };
          fs.writeFileSync(file, JSON.stringify({ merId: own, signing, endpoints }));
          const input = { marketplace: name, wallet: 'unionpay', file };
          const options = { acceptsDirectSettlement: null, ...more };
          return said(setWallet(session(), settings(), { ...input, ...options }, print));
        },
        status: (id: Id, status: 'active' | 'retiring') =>
          said(setWalletStatus(session(), id, status, print)),
        account: (merchant: string, walletMerchant: string, config: string | null = null) => {
          const input = { marketplace: name, wallet: 'unionpay', feeBps: 60, hasConsented: true };
          return said(setAccount(session(), { ...input, merchant, walletMerchant, config }, print));
        },
        list: () => said(listWallets(session(), name, print)),
        configs: async () =>
          (await readConfigs(home.db)).filter((row) => row.marketplace === marketplace),
        accounts: () => accountsOf(home.db, marketplace),
      };
    }
    const shape = (rows: readonly WalletConfigRow[]) =>
      rows.map(({ identity, status }) => [identity?.merId, status]);

    test('D2: the same account is renewed in place: its id stays, nothing retires', async () => {
      const shop = await newShop();
      expect(await shop.set(FIRST)).toContain(`unionpay of ${shop.name} (merId ${FIRST}), sealed`);
      const [before] = await shop.configs();
      const said = await shop.set(FIRST, {}, 'another secure key of it');
      expect(said).toContain(`${before!.id}  unionpay of ${shop.name} (merId ${FIRST})`);
      expect(said).toContain('its credentials are renewed');
      expect(said).toContain(`/notify/unionpay/${before!.id}/payment`);
      const [after, other] = await shop.configs();
      expect(other).toBeUndefined();
      expect(after).toMatchObject({ id: before!.id, identity: { merId: FIRST }, status: 'active' });
      expect(after!.sealed).not.toBe(before!.sealed);
      expect(said).not.toContain(SECRET);
    });

    test('S15: an address in the clear is refused before anything is sealed', async () => {
      const shop = await newShop();
      const file = path.join(dir, 'clear.json');
      const endpoints = { gateway: 'http://gateway.95516.com' };
      const signing = { method: '12', secureKey: SECRET };
      fs.writeFileSync(file, JSON.stringify({ merId: FIRST, signing, endpoints }));
      const input = { marketplace: shop.name, wallet: 'unionpay', acceptsDirectSettlement: null };
      const work = setWallet(session(), settings(), { ...input, file }, () => undefined);
      await expect(work).rejects.toThrow('endpoints.gateway: must be https');
      expect(await shop.configs()).toEqual([]);
    });

    test('D2: another account is a configuration beside it; the old one retires whole', async () => {
      const shop = await newShop();
      await shop.set(FIRST, { acceptsDirectSettlement: true });
      await shop.account('seller-1', '777290000000011');
      const [old] = await shop.configs();
      const would = await shop.set(merId(2), { isRehearsal: true });
      expect(would).toContain(`${old!.id}  unionpay (merId ${FIRST}) retires`);
      expect(would).toContain('0 open payments, 0 paid orders that may be refunded, 1 merchants');
      expect(would).toContain('would be added');
      expect(shape(await shop.configs())).toEqual([[FIRST, 'active']]);

      const said = await shop.set(merId(2));
      const [kept, added] = await shop.configs();
      expect(kept).toEqual({ ...old!, status: 'retiring' });
      // Agreed to by the marketplace for this wallet, not for a number.
      expect(added).toMatchObject({ status: 'active', acceptsDirectSettlement: true });
      expect(said).toContain(`a mistake? hutong wallet activate ${old!.id}`);
      expect((await shop.accounts()).map((row) => row.config)).toEqual([old!.id]);

      // The retired one's keys are still renewed, and that does not offer it again.
      expect(await shop.set(FIRST, {}, 'rotated while retiring')).toContain('retiring as before');
      expect(shape(await shop.configs())).toEqual([
        [FIRST, 'retiring'],
        [merId(2), 'active'],
      ]);
      const list = await shop.list();
      expect(list).toMatch(new RegExp(`${old!.id}  ${shop.name}  unionpay.*retiring.*${FIRST}`));
      expect(list).toMatch(new RegExp(`${added!.id}  ${shop.name}  unionpay.*active.*${merId(2)}`));
      expect(list).not.toContain(SECRET);
    });

    test('D2: several may be active; retire and activate say what follows', async () => {
      const shop = await newShop();
      await shop.set(FIRST);
      await shop.set(merId(2), { keepsActive: true });
      const [one, two] = await shop.configs();
      expect([one!.status, two!.status]).toEqual(['active', 'active']);
      expect(await shop.status(one!.id, 'retiring')).toContain('retires');
      expect(await shop.status(two!.id, 'retiring')).toContain('no configuration of unionpay');
      const again = await shop.status(one!.id, 'active');
      expect(again).toContain(`merId ${FIRST}) is active`);
      await expect(shop.status('wc_0000000000000', 'active')).rejects.toThrow('no configuration');
    });

    test('D2: merchants are taken along by the same numbers only where that is asked', async () => {
      const shop = await newShop();
      await shop.account('seller-1', '777290000000011');
      expect((await shop.accounts())[0]!.config).toBeNull();
      await shop.set(FIRST);
      const [first] = await shop.configs();
      expect((await shop.accounts())[0]!.config).toBe(first!.id);
      const said = await shop.set(merId(2), { movesAccounts: true });
      const [, second] = await shop.configs();
      expect(said).toContain(`1 merchants are now paid through ${second!.id}`);
      const [account, other] = await shop.accounts();
      expect(other).toBeUndefined();
      expect(account).toMatchObject({ config: second!.id, walletMerchant: '777290000000011' });
    });

    test('D2: another number of a merchant is another account, and one is current', async () => {
      const shop = await newShop();
      await shop.set(FIRST);
      await shop.account('seller-1', '777290000000011');
      const [first] = await shop.accounts();
      expect(await shop.account('seller-1', '777290000000012')).toContain(
        `${first!.id}  777290000000011 retires`,
      );
      const byNumber = async () =>
        (await shop.accounts()).map(({ walletMerchant, status }) => [walletMerchant, status]);
      expect(await byNumber()).toEqual([
        ['777290000000011', 'retiring'],
        ['777290000000012', 'active'],
      ]);
      await shop.account('seller-1', '777290000000011');
      expect(await byNumber()).toEqual([
        ['777290000000011', 'active'],
        ['777290000000012', 'retiring'],
      ]);
      expect((await shop.accounts())[0]).toEqual(first);
      const other = await newShop();
      await other.set(FIRST);
      const [foreign] = await other.configs();
      await expect(shop.account('seller-1', '777290000000011', foreign!.id)).rejects.toThrow(
        'no configuration',
      );
    });

    test('D2: operators at once lose none of what they add, and leave one active', async () => {
      const shop = await newShop();
      await shop.set(merId(100));
      const numbers = Array.from({ length: 24 }, (_, at) => 101 + Math.floor(at / 2));
      await Promise.all(
        numbers.map((number) =>
          putConfig(
            home.db,
            {
              id: ids.next('wallet_config', number % 256),
              ...{ marketplace: shop.marketplace, wallet: 'unionpay' },
              identity: { merId: merId(number) },
              createdAtMs: number,
              ...{ acceptsDirectSettlement: null, keepsActive: false, movesAccounts: false },
            },
            () => `sealed ${number}`,
            testNote(shop.marketplace),
          ),
        ),
      );
      const rows = await shop.configs();
      const named = rows.map(({ identity }) => String(identity?.merId)).sort();
      expect(named).toEqual([100, ...new Set(numbers)].map(merId));
      expect(rows.filter(({ status }) => status === 'active')).toHaveLength(1);
    });

    /** As a row of before the migration is. */
    const forgetIdentity = (id: Id) =>
      home.db.script(`update wallet_configs set identity = null where id = ${idValue(id)}`);

    test('D2: an identity of before is read once from the credentials, by many at once', async () => {
      const shop = await newShop();
      await shop.set(FIRST);
      const [before] = await shop.configs();
      await forgetIdentity(before!.id);
      expect((await shop.configs())[0]!.identity).toBeNull();
      const lines: string[] = [];
      const fill = () =>
        identifyAfterMigration(home.db, settings(), (line) => void lines.push(line));
      await Promise.all([fill(), fill(), fill(), fill()]);
      expect((await shop.configs())[0]).toEqual(before);
      expect(lines).toEqual([`${before!.id}  unionpay is of merId ${FIRST}`]);
      // Renewed in place all the same where nothing filled it before.
      await forgetIdentity(before!.id);
      expect(await shop.set(FIRST)).toContain('renewed');
      expect(await shop.configs()).toHaveLength(1);
    });

    test('D2: one that does not open says so, and is never overwritten', async () => {
      const shop = await newShop();
      await shop.set(FIRST);
      const [before] = await shop.configs();
      await forgetIdentity(before!.id);
      // As one that was sealed under a key that is gone.
      const reseal = (sealed: string) =>
        home.db.script(`update wallet_configs set sealed = '${sealed}'
          where id = ${idValue(before!.id)}`);
      await reseal('v1.gone.gone');
      const said = await shop.set(FIRST);
      expect(said).toContain(`! ${before!.id}  unionpay: whose account it is cannot be read`);
      expect(said).toContain('whose account is not known');
      const [kept, added] = await shop.configs();
      expect(kept).toEqual({
        ...before!,
        ...{ sealed: 'v1.gone.gone', identity: null, status: 'retiring' },
      });
      expect(added).toMatchObject({ identity: { merId: FIRST }, status: 'active' });
      // Opened again: two of one account are not made one.
      await reseal(before!.sealed);
      const lines: string[] = [];
      await identifyAfterMigration(home.db, settings(), (line) => void lines.push(line));
      expect(lines.join()).toContain('another configuration of this marketplace');
      expect((await shop.configs())[0]!.identity).toBeNull();
    });

    test('D2: the migration says through which configuration each merchant was paid', async () => {
      const old = await engine.open({ isMigrated: false });
      const folder = fs.mkdtempSync(path.join(dir, 'migrations-'));
      for (const file of fs.readdirSync(MIGRATIONS_FOLDER).filter((name) => name < '0006'))
        fs.copyFileSync(path.join(MIGRATIONS_FOLDER, file), path.join(folder, file));
      await migrate(old.db, { folder });
      await old.db.script(`
        insert into marketplaces values (1, 'a', 'A', 1), (2, 'b', 'B', 1);
        insert into merchants values (11, 1, 'm', 'm', 1), (12, 2, 'n', 'n', 1);
        insert into wallet_configs (id, marketplace, wallet, sealed, status, created_at)
          values (21, 1, 'alipay', 'x', 'active', 1), (22, 2, 'alipay', 'y', 'paused', 1);
        insert into wallet_accounts values
          (31, 1, 11, 'alipay', '2088', 'active', 1, 60, 1),
          (32, 1, 11, 'jdpay', 'j', 'paused', null, 60, 1),
          (33, 2, 12, 'alipay', '2089', 'active', 1, 60, 1);`);
      await migrate(old.db);
      const rows = await old.db.read(
        {
          name: 'accounts_after_migration',
          text: 'select id, wallet_config, status from wallet_accounts order by id',
        },
        [],
      );
      expect(rows).toEqual([
        { id: 31n, wallet_config: 21n, status: 'active' },
        { id: 32n, wallet_config: null, status: 'paused' },
        { id: 33n, wallet_config: 22n, status: 'active' },
      ]);
      expect((await readConfigs(old.db)).map(({ status }) => status)).toEqual(['active', 'paused']);
      await old.close();
    });
  });
}
