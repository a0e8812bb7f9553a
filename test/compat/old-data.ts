/**
 * A data folder that an earlier commit left behind, opened by today's code as its owner would: it
 * migrates, answers as before, continues what was in progress, refunds what was paid then, and
 * keeps selling. The city's clock starts where the old demo was stopped. One test file per home, so
 * that they run in parallel.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoProcess, freePorts, ROOT, startDemoProcess } from '../e2e/demo-process.ts';
import { call, type Json, Marketplace, Sandbox, until } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import { changesOf } from './compare-answers.ts';
import { type Home, type OldCommit, type Recorded, readAnswers, unpackHome } from './old-home.ts';
import { notRefused } from './refused-since.ts';

const START_TIMEOUT_MS = 120_000;
const STORY_TIMEOUT_MS = 120_000;
/** The last migration that it had. */
const MIGRATED_THEN = { b42034b: '0005', e218209: '0019' } as const;
/** The longest that a wallet wants between two refunds of one payment. */
const BETWEEN_REFUNDS_SECONDS = 61;
const CLOCK_TOLERANCE_MS = 5 * 60_000;
/** Each wallet's products of which the old story sold something. */
const PRODUCTS_THEN = { b42034b: 17, e218209: 17 } as const;

interface Opened {
  readonly recorded: Recorded;
  readonly demo: DemoProcess;
  readonly env: NodeJS.ProcessEnv;
  readonly sandbox: Sandbox;
  readonly shops: ReadonlyMap<string, Marketplace>;
  readonly close: () => Promise<void>;
}

/** Left out where there is no PostgreSQL: tools/run-tests.js says so, and fails with CI=true. */
export function testOldData(commit: OldCommit, home: Home): void {
  const isHere = ENGINES.find(({ name }) => name === home)?.isAvailable ?? false;
  describe.skipIf(!isHere)(`a data folder of ${commit} on ${home}`, () => {
    let opened: Opened;
    beforeAll(async () => {
      opened = await open(commit, home);
    });
    afterAll(() => opened?.close());

    test('is migrated', () => {
      const since = fs
        .readdirSync(path.join(ROOT, 'src/store/migrations'))
        .filter((file) => file.endsWith('.sql') && file.slice(0, 4) > MIGRATED_THEN[commit]);
      expect(since.length).toBeGreaterThanOrEqual(1);
      const output = opened.demo.output();
      for (const file of since) expect(output).toContain(file.replace('.sql', ''));
    });

    test('is opened at its own day', async () => {
      const clock = (await call('GET', `${opened.sandbox.url}/control/clock`)).body;
      const sinceMs = Number(clock.now_ms) - opened.recorded.cityNowMs;
      expect(sinceMs).toBeGreaterThan(0);
      expect(sinceMs).toBeLessThan(CLOCK_TOLERANCE_MS);
    });

    test('answers as it did', async () => {
      const now = await readAnswers(opened.demo.file);
      expect(changesOf(opened.recorded, now)).toEqual([]);
    });

    test('has each balance under the account that was paid', () => balancesMoved(opened));

    test('goes on with the refund that was under way', async () => {
      const { pendingRefund, pendingRefundStatus } = opened.recorded;
      expect(pendingRefundStatus).toBe('pending');
      await refunded(opened, shopOf(opened, 'taobao'), pendingRefund);
    });

    test('holds what the wallets hold', () => booksAgree(opened));

    test('books the order that waited for its buyer', async () => {
      const shop = shopOf(opened, 'taobao');
      const { sandbox, recorded } = opened;
      await sandbox.pay(await sandbox.scan('wechatpay', recorded.waitingCode));
      await paid(opened, shop, recorded.waiting);
    });

    test('sells what had been put into a cart', async () => {
      const shop = shopOf(opened, 'taobao');
      const { sandbox, recorded } = opened;
      const attempt = await shop.startAttempt(recorded.fresh, 'unionpay', 'qr');
      const { code } = attempt.next_action as Json;
      await sandbox.pay(await sandbox.scan('unionpay', code));
      await paid(opened, shop, recorded.fresh);
    });

    test('refunds what was paid then, of every wallet and product', async () => {
      await opened.sandbox.advance(BETWEEN_REFUNDS_SECONDS);
      const products = new Set<string>();
      for (const [name, shop] of opened.shops) {
        for (const id of paidThen(opened.recorded, name)) {
          products.add(await refundWhole(opened, shop, id));
        }
      }
      expect(products.size).toBe(PRODUCTS_THEN[commit]);
    });

    test('ends the conflict that waited for an operator', async () => {
      const { conflicted } = opened.recorded;
      if (conflicted === undefined) return;
      const shop = shopOf(opened, 'taobao');
      expect(await shop.getIntent(conflicted)).toMatchObject({ status: 'conflicted' });
      const path = `/v1/payment_intents/${conflicted}/resolve`;
      await shop.expect(200, 'POST', path, { outcome: 'refund', reason: 'old' });
      await until(
        'nothing is in suspense',
        async () => {
          await opened.sandbox.advance(BETWEEN_REFUNDS_SECONDS);
          return shop.balanceOf('suspense');
        },
        (held) => held === 0,
      );
    });

    test('refuses what is refused since, by the finding', async () => {
      expect(await notRefused(shopOf(opened, 'tmall'))).toEqual([]);
    });

    // Today's code on today's tables: one old folder shows it as well as another.
    if (commit === 'b42034b') {
      test('npm run story passes on it', () => run(opened, 'story'));

      test('npm run matrix passes on it', () => run(opened, 'matrix'));
    }

    test('its ledger agrees with the wallets after all that', () => booksAgree(opened));
  });
}

async function open(commit: OldCommit, home: Home): Promise<Opened> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-compat-'));
  const recorded = unpackHome(commit, home, folder);
  const dir = path.join(folder, 'home');
  setCityClock(dir, recorded.cityNowMs);
  const databaseUrl = home === 'pglite' ? undefined : await restore(folder);
  const env = {
    ...process.env,
    ...(await freePorts()),
    HUTONG_DIR: dir,
    DATABASE_URL: databaseUrl,
  };
  const demo = await startDemoProcess({
    command: [process.execPath, 'bin/hutong.js', 'start'],
    cwd: ROOT,
    env,
    dir,
    timeoutMs: START_TIMEOUT_MS,
  });
  const { platform, sandbox, marketplaces } = demo.file;
  const shops = Object.entries(marketplaces).map(
    ([name, { secret_key: key, merchants }]) =>
      [name, new Marketplace(platform.url, key, merchants)] as const,
  );
  return {
    ...{ recorded, demo, env },
    sandbox: new Sandbox(sandbox.url),
    shops: new Map(shops),
    close: async () => {
      await demo.stop();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The city's clock is this machine's and an offset that it keeps: the folder is opened at the time
 * when it was closed, whenever the test is run. Wallets refund for a year at most.
 */
function setCityClock(dir: string, nowMs: number): void {
  const offsetMs = nowMs + 1 - Date.now();
  const line = JSON.stringify(['clock', 'offset_ms', offsetMs]);
  fs.appendFileSync(path.join(dir, 'sandbox', 'journal.jsonl'), `${line}\n`);
}

/** A database of its own, empty, and what was dumped of the old one. */
async function restore(folder: string): Promise<string> {
  const home = await ENGINES.find(({ name }) => name === 'postgres')?.open({ isMigrated: false });
  await home?.close();
  if (typeof home?.url !== 'string') throw new Error('there is no PostgreSQL');
  await runSql(home.url, fs.readFileSync(path.join(folder, 'database.sql'), 'utf8'));
  return home.url;
}

async function runSql(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

function shopOf(opened: Opened, name: string): Marketplace {
  const shop = opened.shops.get(name);
  if (shop === undefined) throw new Error(`${name} is not there`);
  return shop;
}

/** Callbacks go to the old demo's port, where nothing listens: the platform polls, in its time. */
async function paid({ sandbox }: Opened, shop: Marketplace, intent: string): Promise<void> {
  await until(
    'paid',
    async () => {
      const now = await shop.getIntent(intent);
      if (now.status !== 'succeeded') await sandbox.advance(20);
      return now;
    },
    ({ status }) => status === 'succeeded',
  );
}

async function refunded({ sandbox }: Opened, shop: Marketplace, refund: string): Promise<void> {
  await until(
    'refunded',
    async () => {
      const now = await shop.expect(200, 'GET', `/v1/refunds/${refund}`);
      if (now.status === 'pending') await sandbox.advance(20);
      return now;
    },
    ({ status }) => status === 'succeeded',
  );
}

/** What the wallet took to refund and could not finish: nobody but an operator can. */
function stuckFen({ recorded }: Opened, intent?: string): number {
  const answers = Object.values(recorded.answers).flatMap((paths) => Object.entries(paths));
  const refunds = answers.flatMap(([at, answer]) =>
    at.startsWith('/v1/refunds/') ? [answer as Json] : [],
  );
  return refunds
    .filter((row) => row.status === 'requires_attention')
    .filter((row) => intent === undefined || row.payment_intent === intent)
    .reduce((sum, row) => sum + Number(row.amount), 0);
}

/** Refunds what is left of each of its sellers' parts; returns the wallet and product. */
async function refundWhole(opened: Opened, shop: Marketplace, id: string): Promise<string> {
  const { sandbox } = opened;
  const intent = await shop.getIntent(id);
  const attempts = (intent.attempts as Json).data as Json[];
  const attempt = attempts.find(({ status }) => status === 'succeeded');
  if (attempt === undefined) throw new Error(`${id} has no attempt that succeeded`);
  const wallet = String(attempt.wallet);
  for (const sub of intent.sub_orders as Json[]) {
    const leftFen = Number(sub.amount) - Number(sub.amount_refunded) - stuckFen(opened, id);
    if (leftFen === 0) continue;
    const refund = await shop.expect(201, 'POST', '/v1/refunds', {
      payment_intent: id,
      sub_order: sub.id,
      amount: leftFen,
      reason: 'requested_by_customer',
    });
    await refunded(opened, shop, String(refund.id));
  }
  const numbers = (attempt.legs as Json[]).map((leg) => leg.order_no);
  const orders = (await sandbox.orders(wallet)).filter((row) => numbers.includes(row.order_no));
  expect(orders.length).toBe(numbers.length);
  for (const order of orders) expect(order.refunded).toBe(order.amount);
  return `${wallet}.${String(attempt.product)}`;
}

/** What a merchant had at a wallet it has in its accounts there; the old names are at zero. */
async function balancesMoved({ recorded, shops }: Opened): Promise<void> {
  for (const [name, shop] of shops) {
    const before = (recorded.answers[name]?.['/v1/balances'] ?? []) as Json[];
    const after = (await shop.expect(200, 'GET', '/v1/balances')).data as Json[];
    const sumsOf = (rows: Json[]): Record<string, number> => {
      const sums: Record<string, number> = {};
      for (const { merchant, wallet, escrow, available, owed } of rows) {
        for (const [kind, amount] of Object.entries({ escrow, available, owed })) {
          // What is owed was kept by merchant alone.
          const key = `${merchant} ${kind === 'owed' ? '' : wallet} ${kind}`;
          sums[key] = (sums[key] ?? 0) + Number(amount);
        }
      }
      return sums;
    };
    const moved = sumsOf(after);
    for (const [key, amount] of Object.entries(sumsOf(before)))
      expect(moved[key] ?? 0, key).toBe(amount);
    for (const row of after) expect(row).toMatchObject({ pending: row.escrow });
    for (const row of after) expect(row.wallet_account).toMatch(/^wa_/);
    const accounts = (await shop.expect(200, 'GET', '/v1/ledger/accounts')).data as Json[];
    const former = accounts.filter((row) => String(row.name).startsWith('merchant:'));
    expect(former.length).toBeGreaterThan(0);
    for (const row of former) expect(row.balance, String(row.name)).toBe(0);
    const two = after.filter(
      ({ merchant, wallet }) => merchant === recorded.twoAccounts && wallet === 'wechatpay',
    );
    if (name === 'taobao' && recorded.twoAccounts !== undefined) expect(two).toHaveLength(2);
  }
}

/** Balances are the sums of their entries; clearing is what the wallets' own orders hold. */
async function booksAgree(opened: Opened): Promise<void> {
  const { shops, sandbox } = opened;
  const booked: Record<string, number> = {};
  for (const shop of shops.values()) {
    expect(await shop.ledgerProblems()).toEqual([]);
    for (const wallet of WALLETS) {
      const held = await shop.balanceOf(`wallet:${wallet}:clearing`);
      booked[wallet] = (booked[wallet] ?? 0) + held;
    }
  }
  const held: Record<string, number> = {};
  for (const wallet of WALLETS) {
    const orders = (await sandbox.orders(wallet)).filter(({ paid_at: at }) => at !== null);
    held[wallet] = orders.reduce(
      (sum, order) => sum + Number(order.payer_amount) - Number(order.refunded),
      0,
    );
  }
  held.wechatpay = (held.wechatpay ?? 0) + stuckFen(opened);
  expect(booked).toEqual(held);
}

const WALLETS = ['wechatpay', 'alipay', 'unionpay', 'jdpay'];

function paidThen({ answers }: Recorded, marketplace: string): string[] {
  const intents = (answers[marketplace]?.['/v1/payment_intents'] ?? []) as Json[];
  return intents.filter(({ status }) => status === 'succeeded').map(({ id }) => String(id));
}

/** A script of package.json beside the demo: its last line has no failure and no skip. */
async function run({ env }: Opened, script: string): Promise<void> {
  const child = spawn('npm', ['run', '--silent', script], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: STORY_TIMEOUT_MS,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(output).toMatch(/\b[1-9]\d* passed, 0 failed, 0 skipped\n$/);
  expect(code).toBe(0);
}
