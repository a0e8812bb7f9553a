/**
 * Makes test/fixtures/b42034b/: two whole data folders of that commit, one on PGlite and one on
 * PostgreSQL (as a dump in SQL), as its own demo and its own story leave them, with an order that
 * waits for its buyer and a refund under way; and its openapi.json. Wants PostgreSQL, pg_dump, tar.
 *
 *   git worktree add ../b42034b b42034b && (cd ../b42034b && npm ci)
 *   node tools/run.js test/compat/make-fixture.ts ../b42034b
 *
 * All keys in it were made for it and open nothing else. It is made once: what is committed is
 * never made again while this commit is to be opened by later ones.
 */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findBinaries, startPostgres, type TestPostgres } from '../../tools/postgres.ts';
import { type DemoProcess, freePorts, ROOT, startDemoProcess } from '../e2e/demo-process.ts';
import { call, type Json, Marketplace, Sandbox, until } from '../helpers/api.ts';
import { FIXTURE, HOMES, type Home, pack, type Recorded, readAnswers } from './old-home.ts';

const WAITING_FEN = 4_321;
const REFUND_FEN = 1_234;
const START_TIMEOUT_MS = 120_000;
const CHANCE_LETTERS = 6;

const old = path.resolve(process.argv[2] ?? '');
if (!fs.existsSync(path.join(old, 'openapi.json'))) {
  throw new Error('name a checkout of b42034b, installed');
}
fs.mkdirSync(FIXTURE, { recursive: true });
pack(fs.readFileSync(path.join(old, 'openapi.json')), path.join(FIXTURE, 'openapi.json.br'));
for (const home of HOMES) await make(home);

async function make(home: Home): Promise<void> {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-b42034b-'));
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
    const recorded = await leaveOpen(demo);
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
  const size = pack(tar, path.join(FIXTURE, `${home}.tar.br`));
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
    commit: 'b42034b',
    cityNowMs: Number(clock.now_ms),
    waiting: String(waiting.id),
    waitingCode: (attempt.next_action as Json).code,
    fresh: String(fresh.id),
    pendingRefund: String(refund.id),
    pendingRefundStatus: String(refund.status),
    answers: await readAnswers(demo),
  };
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
