/** `hutong doctor` about wallets: what it warns of, what it refuses, and that no secret is said. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as admin from '../../src/cli/admin.ts';
import { doctor } from '../../src/cli/doctor.ts';
import { openCells } from '../../src/cli/open-database.ts';
import { readSettings } from '../../src/cli/settings.ts';
import { setWallet } from '../../src/cli/wallet-admin.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { wallClock } from '../../src/runtime/clock.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-doctor-'));
// A wallet that is elsewhere calls back to an address that it can reach.
const environment = { HUTONG_DIR: dir, HUTONG_PUBLIC_URL: 'https://pay.example' };
const keys = (modulusLength = 2_048) => generateKeyPairSync('rsa', { modulusLength });
const [shop, jdKeys, weak] = [keys(), keys(), keys(1_024)];
const url = 'https://jd.example';
const credentials = {
  online: {
    merchant: '110000001',
    desKey: randomBytes(24).toString('base64'),
    privateKey: shop.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    jdPublicKey: jdKeys.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  },
  endpoints: { api: url, pc: url, h5: url },
};
const FIELD = 'resultCodes.orderNotFound';

function newKey(): void {
  const file = path.join(dir, 'master.key');
  fs.writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
}

async function setJdpay(resultCodes: unknown, online: object = {}): Promise<string[]> {
  const settings = readSettings(environment);
  if (!settings.ok) throw new Error(settings.error);
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const cells = await openCells(settings.value, () => undefined);
  const { home: db } = cells;
  const session = { db, cells, ids: createIdSource(9, wallClock) };
  await admin.createMarketplace(session, { name: 'shop', displayName: 'Shop' }, print);
  const file = path.join(dir, 'jdpay.json');
  const given = { ...credentials.online, ...online };
  fs.writeFileSync(file, JSON.stringify({ ...credentials, online: given, resultCodes }));
  const input = { marketplace: 'shop', wallet: 'jdpay', file, acceptsDirectSettlement: null };
  try {
    await setWallet(session, settings.value, input, print);
  } finally {
    await db.close();
  }
  return lines;
}

async function doctorSays(about = 'jdpay'): Promise<string[]> {
  const lines: string[] = [];
  await doctor(environment, (line) => void lines.push(line));
  return lines.filter((line) => line.includes(about) && !line.startsWith('✓'));
}

beforeAll(newKey);
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

test('a JD account that cannot learn of a missing order is warned of, with what to do', async () => {
  const lines = await setJdpay({ refused: ['NO'] });
  expect(lines.filter((line) => line.startsWith(`! ${FIELD}`))).toHaveLength(1);
  const said = await doctorSays();
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^! jdpay\s+of shop: resultCodes\.orderNotFound is empty/);
  expect(said[0]).toContain('name the result code');
  expect(said[0]).not.toContain(credentials.online.desKey);
}, 120_000);

test("S19: JD's keys of 1024 bit are taken, and warned of where they are configured", async () => {
  const jdPublicKey = weak.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const lines = await setJdpay({ orderNotFound: ['NONE'] }, { jdPublicKey });
  const warned = lines.filter((line) => line.startsWith('! '));
  expect(warned).toHaveLength(1);
  expect(warned[0]).toMatch(/^! online\.jdPublicKey has 1024 bits/);
  expect(await doctorSays()).toEqual([
    expect.stringMatching(/^! jdpay\s+of shop: online\.jdPublicKey has 1024 bits/),
  ]);
}, 120_000);

test('one that can is not; one that a foreign master key cannot open is an error', async () => {
  expect((await setJdpay({ orderNotFound: ['NONE'] })).join()).not.toContain(FIELD);
  expect(await doctorSays()).toEqual([]);
  newKey();
  const said = await doctorSays('✗');
  expect(said[0]).toMatch(/^✗ master key .*lacks the current master key [0-9a-f]{8}/);
  await expect(setJdpay({ orderNotFound: ['NONE'] })).rejects.toThrow('lacks the current');
}, 120_000);

test('S10: doctor refuses a key file that others can read, and says what to do', async () => {
  const file = path.join(dir, 'master.key');
  fs.chmodSync(file, 0o644);
  const said = await doctorSays('✗');
  expect(said[0]).toContain(`(mode 0644): chmod 600 ${file}`);
  fs.chmodSync(file, 0o600);
  expect((await doctorSays('chmod')).length).toBe(0);
}, 120_000);

test('D2: whose account each configuration is, and credentials of another one are an error', async () => {
  // The key of the database before is gone by now.
  fs.rmSync(path.join(dir, 'db'), { recursive: true, force: true });
  newKey();
  await setJdpay({ orderNotFound: ['NONE'] });
  const said: string[] = [];
  await doctor(environment, (line) => void said.push(line));
  const own = said.filter((line) => line.includes('(merchant 110000001)'));
  expect(own.map((line) => line[0]).sort()).toEqual(['✓']);
  const settings = readSettings(environment);
  if (!settings.ok) throw new Error(settings.error);
  const cells = await openCells(settings.value, () => undefined);
  const { home: db } = cells;
  await db.script(`update wallet_configs set identity = '{"merchant":"110000009"}'`);
  await db.close();
  const [wrong] = await doctorSays();
  expect(wrong).toMatch(/^✗ jdpay.*\(merchant 110000009\) holds credentials of another account/);
}, 120_000);

test('a balance that the books do not have is named, with both figures', async () => {
  expect(await doctorSays('ledger')).toEqual([]);
  const settings = readSettings(environment);
  if (!settings.ok) throw new Error(settings.error);
  const cells = await openCells(settings.value, () => undefined);
  const { home: db } = cells;
  try {
    await db.script(`insert into merchant_balances values (0, 7, 1, 1, 'jdpay', 'cny', 1, 5, 0);
      insert into merchant_balances values (0, 8, 1, 1, 'jdpay', 'cny', 1, 0, 3);
      insert into ledger_balances values
        (0, 1, 'wallet_account:wa_0000000000008:owed', 'cny', 0, 3, 0, 0),
        (0, 1, 'wallet_account:wa_0000000000009:available', 'cny', 0, 0, 2, 0)`);
  } finally {
    await db.close();
  }
  const said = await doctorSays('ledger');
  const shown = /^! ledger +wallet_account:(\S+) holds (\d+) fen in the books and (\d+) fen in its/;
  expect(said.map((line) => shown.exec(line)?.slice(1))).toEqual([
    ['wa_0000000000009:available', '2', '0'],
    ['wa_0000000000007:available', '0', '5'],
  ]);
}, 60_000);

test('money that has not reached its balance for a quarter of an hour is named, and since when', async () => {
  expect(await doctorSays('transfers')).toEqual([]);
  const settings = readSettings(environment);
  if (!settings.ok) throw new Error(settings.error);
  const cells = await openCells(settings.value, () => undefined);
  const { home: db } = cells;
  const minutesAgo = (minutes: number) => wallClock.nowMs() - minutes * 60_000;
  const owed = (id: number, kind: string, shortfall: string, createdAtMs: number) =>
    `(0, ${id}, 1, 6, '${kind}', '', 7, 1, 'jdpay', 'cny', 50, '${shortfall}', 'owed',
      ${createdAtMs}, ${minutesAgo(-5)}, 9)`;
  try {
    await db.script(`insert into transfers (shard, id, marketplace, intent, kind, source,
        wallet_account, merchant, wallet, currency, amount, shortfall, status, created_at, due_at,
        tries)
      values ${owed(1, 'release', 'advance', minutesAgo(16))},
        ${owed(2, 'charge', 'advance', minutesAgo(95))},
        ${owed(3, 'reserve', 'wait', minutesAgo(900))},
        ${owed(4, 'give_back', 'advance', minutesAgo(14))}`);
  } finally {
    await db.close();
  }
  expect(await doctorSays('transfers ')).toEqual([
    expect.stringMatching(
      /^! transfers +2 of 100 fen .*\(charge tr_0000000000002 of pi_0000000000006\) for 9[56] min/,
    ),
  ]);
  // Its payment has not booked them: 50 + 50 - 50 are on their way, and the books have none.
  expect(await doctorSays('transfer:in_transit')).toEqual([
    expect.stringMatching(
      /^! ledger +\S+ of mkt_0000000000001 holds 0 fen in the books and 50 fen/,
    ),
  ]);
}, 60_000);
