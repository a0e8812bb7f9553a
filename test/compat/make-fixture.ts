/**
 * Makes test/fixtures/COMMIT/: two whole data folders of that commit, one on PGlite and one on
 * PostgreSQL (as a dump in SQL), as its own demo and its own story leave them, with an order that
 * waits for its buyer and a refund under way; of e218209 also a merchant with two accounts at a
 * wallet, refunds that succeeded and that nobody could finish, a conflict that waits and one that
 * was accepted; and its openapi.json. Wants PostgreSQL, pg_dump, tar.
 *
 *   git worktree add ../e218209 e218209 && (cd ../e218209 && npm ci)
 *   node tools/run.js test/compat/make-fixture.ts e218209 ../e218209
 *
 * All keys in it were made for it and open nothing else. It is made once: what is committed is
 * never made again while this commit is to be opened by later ones.
 */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { must } from '../../src/kernel/assert.ts';
import { findBinaries, startPostgres, type TestPostgres } from '../../tools/postgres.ts';
import { type DemoProcess, freePorts, ROOT, startDemoProcess } from '../e2e/demo-process.ts';
import { call, type Json, Marketplace, Sandbox, until } from '../helpers/api.ts';
import {
  COMMITS,
  fixtureOf,
  HOMES,
  type Home,
  pack,
  type Recorded,
  readAnswers,
} from './old-home.ts';

const WAITING_FEN = 4_321;
const REFUND_FEN = 1_234;
const STUCK_SECONDS = 1_200;
/** Other processes see a change of accounts after this at the latest. */
const SEEN_MS = 2_500;
const START_TIMEOUT_MS = 120_000;
const CHANCE_LETTERS = 6;

const commit = COMMITS.find((known) => known === process.argv[2]);
const old = path.resolve(process.argv[3] ?? '');
if (commit === undefined || !fs.existsSync(path.join(old, 'openapi.json'))) {
  throw new Error('name a commit and a checkout of it, installed');
}
const fixture = fixtureOf(commit);
fs.mkdirSync(fixture, { recursive: true });
pack(fs.readFileSync(path.join(old, 'openapi.json')), path.join(fixture, 'openapi.json.br'));
for (const home of HOMES) await make(home);

async function make(home: Home): Promise<void> {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-fixture-'));
  const dir = path.join(work, 'home');
  fs.mkdirSync(dir, { mode: 0o700 });
  const postgres = home === 'postgres' ? await startPostgres({ fsync: false }) : undefined;
  if (home === 'postgres' && postgres === undefined) throw new Error('PostgreSQL is wanted');
  const env = {
    PATH: process.env.PATH,
    ...(await freePorts()),
    HUTONG_DIR: dir,
    HOME: work,
    TZ: 'Asia/Shanghai',
    ...(postgres === undefined ? {} : { DATABASE_URL: await postgres.database('hutong') }),
  };
  const demo = await startDemoProcess({
    command: [process.execPath, 'bin/hutong.js', 'start'],
    cwd: old,
    env,
    dir,
    timeoutMs: START_TIMEOUT_MS,
  });
  try {
    await runStory(env);
    const more = commit === 'b42034b' ? {} : await leaveMore(demo, env);
    const recorded = { ...(await leaveOpen(demo)), ...more };
    fs.writeFileSync(path.join(work, 'told.json'), JSON.stringify(recorded));
  } finally {
    await demo.stop();
  }
  if (postgres !== undefined) fs.writeFileSync(path.join(work, 'database.sql'), dump(postgres));
  await postgres?.stop();
  checkNames(work);
  const tar = execFileSync('tar', ['-C', work, '--numeric-owner', '-cf', '-', '.'], {
    maxBuffer: 1 << 30,
  });
  const size = pack(tar, path.join(fixture, `${home}.tar.br`));
  process.stdout.write(`${home}: ${tar.length} bytes, ${size} packed\n`);
  fs.rmSync(work, { recursive: true, force: true });
}

function runStory(env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = ['tools/run.js', 'test/story/story.ts'];
    const story = spawn(process.execPath, args, { cwd: old, env, stdio: 'inherit' });
    story.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the story ended with ${code}`));
    });
  });
}

/** What an upgrade finds in progress, and all that the old API answers about it. */
async function leaveOpen({ file: demo }: DemoProcess): Promise<Recorded> {
  const { secret_key: key, merchants } = demo.marketplaces.taobao ?? {};
  if (key === undefined || merchants === undefined) throw new Error('no marketplace');
  const shop = new Marketplace(demo.platform.url, key, merchants);
  const sandbox = new Sandbox(demo.sandbox.url);
  const waiting = await shop.createIntent([WAITING_FEN]);
  const attempt = await shop.startAttempt(String(waiting.id), 'wechatpay', 'native');
  const fresh = await shop.createIntent([WAITING_FEN, WAITING_FEN]);
  const paid = await shop.createIntent([WAITING_FEN]);
  const code = await shop.startAttempt(String(paid.id), 'wechatpay', 'native');
  await sandbox.pay(await sandbox.scan('wechatpay', (code.next_action as Json).code));
  await until(
    'paid',
    () => shop.getIntent(String(paid.id)),
    ({ status }) => status === 'succeeded',
  );
  // WeChat Pay takes its time for it: whoever opens the folder next goes on asking.
  const refund = await shop.expect(201, 'POST', '/v1/refunds', {
    payment_intent: paid.id,
    sub_order: (paid.sub_orders as Json[])[0]?.id,
    amount: REFUND_FEN,
    reason: 'requested_by_customer',
  });
  const clock = (await call('GET', `${sandbox.url}/control/clock`)).body;
  return {
    commit: must(commit, 'the commit'),
    cityNowMs: Number(clock.now_ms),
    waiting: String(waiting.id),
    waitingCode: (attempt.next_action as Json).code,
    fresh: String(fresh.id),
    pendingRefund: String(refund.id),
    pendingRefundStatus: String(refund.status),
    answers: await readAnswers(demo),
  };
}

/** What an upgrade of the ledger has to tell apart. */
async function leaveMore(
  { file: demo }: DemoProcess,
  env: NodeJS.ProcessEnv,
): Promise<Pick<Recorded, 'conflicted' | 'twoAccounts'>> {
  const { secret_key: key = '', merchants = [] } = demo.marketplaces.taobao ?? {};
  const shop = new Marketplace(demo.platform.url, key, merchants);
  const sandbox = new Sandbox(demo.sandbox.url);
  const pay = async (amounts: readonly number[]): Promise<Json> => {
    const { id } = await shop.createIntent(amounts);
    const attempt = await shop.startAttempt(String(id), 'wechatpay', 'native');
    await sandbox.pay(await sandbox.scan('wechatpay', (attempt.next_action as Json).code));
    return until(
      'paid',
      () => shop.getIntent(String(id)),
      ({ status }) => status === 'succeeded' || status === 'conflicted',
    );
  };
  const refund = ({ id, sub_orders: subs }: Json, amount = REFUND_FEN): Promise<Json> =>
    shop.expect(201, 'POST', '/v1/refunds', {
      ...{ payment_intent: id, sub_order: (subs as Json[])[0]?.id, amount },
      reason: 'requested_by_customer',
    });
  const ended = (made: Json, wanted: string): Promise<Json> =>
    until(
      wanted,
      async () => {
        const now = await shop.expect(200, 'GET', `/v1/refunds/${String(made.id)}`);
        if (now.status === 'pending') await sandbox.advance(STUCK_SECONDS);
        return now;
      },
      ({ status }) => status === wanted,
    );
  const [owner, neighbour] = merchants;
  const all = (await shop.expect(200, 'GET', '/v1/merchants?limit=100')).data as Json[];
  const other = all.find(({ id }) => id === neighbour);
  const accounts = (other?.wallet_accounts ?? []) as Json[];
  const number = accounts.find(({ wallet }) => wallet === 'wechatpay')?.wallet_merchant;
  await ended(await refund(await pay([WAITING_FEN])), 'succeeded');
  // A number that its wallet knows: its neighbour's.
  const account = ['account', 'taobao', String(owner), 'wechatpay', String(number)];
  execFileSync(process.execPath, ['bin/hutong.js', ...account, '--consented'], { cwd: old, env });
  await new Promise((resolve) => setTimeout(resolve, SEEN_MS));
  await ended(await refund(await pay([WAITING_FEN, WAITING_FEN])), 'succeeded');
  await sandbox.fault('refund_stuck', { wallet: 'wechatpay' });
  await ended(await refund(await pay([WAITING_FEN])), 'requires_attention');
  await sandbox.fault('wrong_payee', { wallet: 'wechatpay', times: 100 });
  const accepted = await pay([WAITING_FEN]);
  const conflicted = await pay([WAITING_FEN]);
  await sandbox.clearFaults();
  const resolution = { outcome: 'accept', reason: 'the bill has it' };
  const path = `/v1/payment_intents/${String(accepted.id)}/resolve`;
  await shop.expect(200, 'POST', path, resolution);
  await ended(await refund(accepted), 'succeeded');
  return { conflicted: String(conflicted.id), twoAccounts: String(owner) };
}

/** Statements alone, for any server that Hutong runs on: no command of psql's own. */
function dump(postgres: TestPostgres): string {
  const binaries = findBinaries() ?? '';
  const args = ['--no-owner', '--no-privileges', '--inserts', '--rows-per-insert=200'];
  const url = postgres.url.replace(/\/[^/]*$/, '/hutong');
  const text = execFileSync(path.join(binaries, 'pg_dump'), [...args, url], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return text.replace(/^\\(?:un)?restrict .*\n/gm, '').replace(/^SET transaction_timeout.*\n/m, '');
}

/** Nothing of this machine may be inside: its name, its folders, its user's. */
function checkNames(work: string): void {
  // A host name of a few letters stands in any key by chance.
  const host = os.hostname().length >= CHANCE_LETTERS ? [os.hostname()] : [];
  const names = [work, old, ROOT, os.homedir(), ...host];
  for (const file of fs.readdirSync(work, { recursive: true, encoding: 'utf8' })) {
    const full = path.join(work, file);
    if (!fs.statSync(full).isFile()) continue;
    const bytes = fs.readFileSync(full);
    for (const name of names) {
      if (bytes.includes(name)) throw new Error(`${file} names ${name}`);
    }
  }
}
