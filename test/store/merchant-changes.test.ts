/**
 * Rules 10 and 11 with cached merchants: what one process changes, another sees within a second,
 * however transactions overlap; and nobody fills a cache with merchants that do not exist.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db, Session, Statement } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import {
  createMerchantCache,
  type MerchantCache,
} from '../../src/flows/merchant/merchant-cache.ts';
import { formatId, type Id } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { addMarketplace } from '../../src/store/merchant/marketplaces.ts';
import {
  forgetMerchantChanges,
  noteMerchants,
  readMerchantChanges,
} from '../../src/store/merchant/merchant-changes.ts';
import {
  addMerchant,
  type MerchantEntry,
  putAccount,
  readMerchants,
} from '../../src/store/merchant/merchants.ts';
import { testNote } from '../helpers/audit-note.ts';
import { ENGINES, type TestHome } from './engines.ts';

const MARKETPLACE = formatId('marketplace', 77n);
const SEEN_MS = 1_000;
const merchantOf = (number: number): Id<'merchant'> => formatId('merchant', BigInt(1_000 + number));

let sequence = 0n;

/** Consent is given or withdrawn, as an operator does it. */
async function agree(db: Db, merchant: Id<'merchant'>, hasConsented: boolean): Promise<void> {
  sequence += 1n;
  const row = {
    id: formatId('wallet_account', 50_000n + sequence),
    ...{ marketplace: MARKETPLACE, merchant, wallet: 'wechatpay' as const },
    ...{ config: null, feeBps: 60, createdAtMs: 1 },
    walletMerchant: '1900000109',
    consentedAtMs: hasConsented ? Number(sequence) : null,
    withdrawsConsent: !hasConsented,
  } as const;
  await putAccount(db, row, testNote(MARKETPLACE));
}

interface Counted {
  readonly cache: MerchantCache;
  readonly reads: Id<'merchant'>[][];
  readonly questions: () => number;
}

function cacheOn(db: Db): Counted {
  const reads: Id<'merchant'>[][] = [];
  let questions = 0;
  const cache = createMerchantCache({
    wall: wallClock,
    read: (ids) => {
      reads.push([...ids]);
      return readMerchants(db, ids);
    },
    readChanges: (snapshot) => {
      questions += 1;
      return readMerchantChanges(db, snapshot);
    },
  });
  return { cache, reads, questions: () => questions };
}

async function find(cache: MerchantCache, id: Id<'merchant'>): Promise<MerchantEntry | undefined> {
  return (await cache.find([id])).get(id);
}

const hasConsent = async (cache: MerchantCache, id: Id<'merchant'>): Promise<boolean> =>
  (await find(cache, id))?.accounts.some(({ consentedAtMs }) => consentedAtMs !== null) === true;

async function seenAfterMs(cache: MerchantCache, id: Id<'merchant'>, is: boolean): Promise<number> {
  const startedMs = performance.now();
  while ((await hasConsent(cache, id)) !== is) {
    if (performance.now() - startedMs > 5 * SEEN_MS) break;
    await sleep(5);
  }
  return performance.now() - startedMs;
}

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`merchants by key on ${name}`, () => {
    let home: TestHome;
    beforeAll(async () => {
      home = await open({ isPlain: true });
      const shop = { name: 'shop', displayName: 'Shop', createdAtMs: 1 };
      await addMarketplace(home.db, { id: MARKETPLACE, ...shop });
      for (let number = 0; number < 40; number += 1) {
        const merchant = { id: merchantOf(number), marketplace: MARKETPLACE, createdAtMs: 1 };
        await addMerchant(home.db, { ...merchant, name: `s${number}`, externalId: `e${number}` });
      }
    });
    afterAll(() => home.close());

    test('a cached merchant is not read again, and its changes are asked twice a second', async () => {
      const { cache, reads, questions } = cacheOn(home.db);
      const untilMs = performance.now() + 1_200;
      while (performance.now() < untilMs) {
        expect((await find(cache, merchantOf(1)))?.merchant.name).toBe('s1');
        await sleep(2);
      }
      expect(reads).toHaveLength(1);
      expect(questions()).toBeGreaterThanOrEqual(2);
      expect(questions()).toBeLessThanOrEqual(4);
    });

    test('an idle process asks nothing', async () => {
      const { cache, questions } = cacheOn(home.db);
      await find(cache, merchantOf(1));
      await sleep(1_100);
      expect(questions()).toBe(1);
    });

    test('only what changed is read again', async () => {
      const { cache, reads } = cacheOn(home.db);
      await cache.find([merchantOf(2), merchantOf(3)]);
      await agree(home.db, merchantOf(2), true);
      expect(await seenAfterMs(cache, merchantOf(2), true)).toBeLessThan(SEEN_MS);
      await cache.find([merchantOf(2), merchantOf(3)]);
      expect(reads.flat().filter((id) => id === merchantOf(3))).toHaveLength(1);
      expect(reads.flat().filter((id) => id === merchantOf(2))).toHaveLength(2);
    });

    test('look-ups that come together share a read', async () => {
      const { cache, reads } = cacheOn(home.db);
      const all = Array.from({ length: 40 }, (_, number) => merchantOf(number));
      const found = await Promise.all(all.map((id) => find(cache, id)));
      expect(found.map((entry) => entry?.merchant.id)).toEqual(all);
      expect(reads.length).toBeLessThanOrEqual(2);
    });

    test('a merchant that does not exist is read once, and evicts no other', async () => {
      const { cache, reads } = cacheOn(home.db);
      await find(cache, merchantOf(1));
      const nobody = merchantOf(9_999);
      for (let round = 0; round < 20; round += 1) expect(await find(cache, nobody)).toBeUndefined();
      expect(reads.flat().filter((id) => id === nobody)).toHaveLength(1);
      const guesses = Array.from({ length: 12_000 }, (_, number) => merchantOf(20_000 + number));
      expect((await cache.find(guesses)).size).toBe(0);
      await find(cache, merchantOf(1));
      expect(reads.flat().filter((id) => id === merchantOf(1))).toHaveLength(1);
    });

    test('a failed question is the caller’s error, and the next one asks again', async () => {
      let isAway = true;
      const cache = createMerchantCache({
        wall: wallClock,
        read: (ids) => readMerchants(home.db, ids),
        readChanges: (snapshot) =>
          isAway ? Promise.reject(new Error('away')) : readMerchantChanges(home.db, snapshot),
      });
      await expect(cache.find([merchantOf(1)])).rejects.toThrow('away');
      isAway = false;
      expect((await find(cache, merchantOf(1)))?.merchant.name).toBe('s1');
    });

    test('what is read while it changes is not kept', async () => {
      const merchant = merchantOf(4);
      await agree(home.db, merchant, true);
      let release: () => void = () => undefined;
      let held: Promise<void> | undefined = new Promise((resolve) => {
        release = resolve;
      });
      const cache = createMerchantCache({
        wall: wallClock,
        read: async (ids) => {
          const found = await readMerchants(home.db, ids);
          await held;
          return found;
        },
        readChanges: (snapshot) => readMerchantChanges(home.db, snapshot),
      });
      const reading = hasConsent(cache, merchant);
      await sleep(50);
      await agree(home.db, merchant, false);
      await sleep(600);
      const later = hasConsent(cache, merchant);
      await sleep(50);
      held = undefined;
      release();
      await Promise.all([reading, later]);
      expect(await hasConsent(cache, merchant)).toBe(false);
    });

    test('every change of many at once is seen', async () => {
      const { cache } = cacheOn(home.db);
      await hasConsent(cache, merchantOf(5));
      await agree(home.db, merchantOf(5), true);
      const many = Array.from({ length: 3_000 }, (_, number) => merchantOf(50_000 + number));
      await home.db.transaction(0, (session) => noteMerchants(session, many));
      expect(await seenAfterMs(cache, merchantOf(5), true)).toBeLessThan(SEEN_MS);
      const { changed } = await readMerchantChanges(home.db, '1:1:');
      expect(changed).toBeNull();
    });

    test('old changes are forgotten, new ones are not', async () => {
      const age: Statement = {
        name: 'age',
        text: "update merchant_changes set at = now() - interval '11 minutes'",
      };
      await home.db.transaction(0, (session) => session.run(age, []));
      await agree(home.db, merchantOf(6), true);
      expect(await forgetMerchantChanges(home.db)).toBeGreaterThan(0);
      expect(await forgetMerchantChanges(home.db)).toBe(0);
      const { changed } = await readMerchantChanges(home.db, '1:1:');
      expect(changed).toEqual([merchantOf(6)]);
    });
  });
}

const postgres = ENGINES.find(({ name }) => name === 'postgres');
describe.skipIf(postgres?.isAvailable !== true)('merchants seen by two processes', () => {
  let home: TestHome;
  let other: Db;
  beforeAll(async () => {
    home = await postgres!.open({ isPlain: true });
    other = openPostgres({ url: home.url!, lanes: 1, readers: 1 });
    const shop = { name: 'shop', displayName: 'Shop', createdAtMs: 1 };
    await addMarketplace(home.db, { id: MARKETPLACE, ...shop });
    for (const number of [1, 2])
      await addMerchant(home.db, {
        ...{ id: merchantOf(number), marketplace: MARKETPLACE, createdAtMs: 1 },
        ...{ name: `s${number}`, externalId: null },
      });
  });
  afterAll(async () => {
    await other?.close();
    await home?.close();
  });

  test('rule 10: consent withdrawn by one is seen by the other within a second, each time', async () => {
    const { cache } = cacheOn(other);
    const merchant = merchantOf(1);
    for (let round = 0; round < 20; round += 1) {
      const is = round % 2 === 0;
      await hasConsent(cache, merchant);
      await sleep((round * 67) % 500);
      await agree(home.db, merchant, is);
      expect(await seenAfterMs(cache, merchant, is)).toBeLessThan(SEEN_MS);
    }
  });

  test('a change whose commit is late is not missed, though later ones were seen', async () => {
    const { cache } = cacheOn(other);
    const [late, early] = [merchantOf(1), merchantOf(2)];
    await agree(home.db, late, true);
    expect(await seenAfterMs(cache, late, true)).toBeLessThan(SEEN_MS);
    let commit: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const withdraw: Statement = {
      name: 'withdraw',
      text: 'update wallet_accounts set consented_at = null where merchant = $1::bigint',
    };
    const slow = home.db.background(async (session: Session) => {
      await session.run(withdraw, [1_001n]);
      await noteMerchants(session, [late]);
      await waiting;
    });
    await sleep(50);
    // Commits later transactions meanwhile, and the other process has seen them.
    for (const is of [true, false, true]) {
      await agree(home.db, early, is);
      expect(await seenAfterMs(cache, early, is)).toBeLessThan(SEEN_MS);
    }
    expect(await hasConsent(cache, late)).toBe(true);
    commit();
    await slow;
    expect(await seenAfterMs(cache, late, false)).toBeLessThan(SEEN_MS);
  });
});
