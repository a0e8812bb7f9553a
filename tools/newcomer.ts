/**
 * `npm run newcomer`: README.md as a newcomer follows it. A fresh clone of HEAD in an empty folder,
 * an empty HOME, the README's own commands; then Ctrl-C, and the same again: everything is there.
 *
 * The npm cache is this machine's, so that what is timed is Hutong and not the network; how long
 * the install took is printed apart. Ports are free ones; everything is removed at the end.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type DemoFile,
  type DemoProcess,
  freePorts,
  ROOT,
  startDemoProcess,
} from '../test/e2e/demo-process.ts';
import { call, type Json, Marketplace, Sandbox, until } from '../test/helpers/api.ts';
import { openTally } from '../test/helpers/table.ts';

const BANNER_MS_MAX = 90_000;
/** Over and above the banner's time: the install is not what is measured. */
const INSTALL_MS_MAX = 600_000;
const STORY_MS_MAX = 900_000;
const FIGURES = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;

interface Newcomer {
  readonly checkout: string;
  readonly env: NodeJS.ProcessEnv;
  readonly readme: Readme;
}

interface Readme {
  readonly start: string;
  readonly test: string;
  readonly story: string;
  /** The block of shell that makes the first paid order. */
  readonly order: string;
}

interface PaidOrder {
  readonly marketplace: string;
  readonly intent: string;
  readonly orderNo: string;
  readonly amount: number;
}

const tally = openTally();
const temp = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-newcomer-'));

async function run(): Promise<void> {
  const newcomer = await arrive();
  const first = await start(newcomer, 'first start');
  let order: PaidOrder | null = null;
  try {
    checkDemoFile(newcomer, first.file);
    firstOrder(newcomer, first.file);
    await story(newcomer);
    order = await payOne(first.file);
  } finally {
    tally.row('Ctrl-C ends every process', (await first.stop()) ? null : 'some had to be killed');
  }
  const before = demoText(newcomer);
  const second = await start(newcomer, 'second start');
  try {
    const isSame = demoText(newcomer) === before;
    tally.row('second start: demo.json is as before', isSame ? null : 'it differs');
    await stillThere(second.file, order);
  } finally {
    tally.row('Ctrl-C ends them again', (await second.stop()) ? null : 'some had to be killed');
  }
}

/** The clone, the empty HOME, and what the README says. */
async function arrive(): Promise<Newcomer> {
  const checkout = path.join(temp, 'hutong');
  const home = path.join(temp, 'home');
  fs.mkdirSync(home);
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, checkout]);
  const cache = execFileSync('npm', ['config', 'get', 'cache'], {
    cwd: temp,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|HUTONG_|DATABASE_URL$|HOME$|XDG_|INIT_CWD$)/i.test(name),
  );
  const env = {
    ...Object.fromEntries(kept),
    ...(await freePorts()),
    HOME: home,
    npm_config_cache: cache,
  };
  const readme = readReadme(fs.readFileSync(path.join(checkout, 'README.md'), 'utf8'));
  tally.row(
    'README names its commands',
    null,
    `${readme.start} · ${readme.test} · ${readme.story}`,
  );
  const { scripts } = JSON.parse(fs.readFileSync(path.join(checkout, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const missing = commandsOf(checkout).filter((name) => !(name in scripts));
  tally.row(
    'every npm command of README.md and README.zh-CN.md exists',
    missing.length === 0 ? null : `not there: ${missing.join(', ')}`,
  );
  return { checkout, env, readme };
}

/** Start and test are lines of its shell blocks, the story a row of its table. */
function readReadme(text: string): Readme {
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, body = '']) => body);
  const lines = blocks.flatMap((body) =>
    body.split('\n').map((line) => line.replace(/\s+#.*$/, '').trim()),
  );
  const find = (pattern: RegExp): string => {
    const line = lines.find((candidate) => pattern.test(candidate));
    if (line === undefined) throw new Error(`README.md has no command like ${pattern}`);
    return line;
  };
  return {
    start: find(/^npm start$/),
    test: find(/^npm test$/),
    story: /`(npm run story)`/.exec(text)?.[1] ?? find(/^npm run story$/),
    order: blocks.find((body) => body.startsWith('KEY=')) ?? '',
  };
}

function commandsOf(checkout: string): string[] {
  const names = ['README.md', 'README.zh-CN.md'].flatMap((file) => {
    const text = fs.readFileSync(path.join(checkout, file), 'utf8');
    return [...text.matchAll(/\bnpm (?:run )?([a-z][a-z-]*)\b/g)].map(([, name = '']) => name);
  });
  const ofNpm = new Set(['run', 'ci', 'install', 'cache', 'test', 'start']);
  return [...new Set(names)].filter((name) => !ofNpm.has(name));
}

async function start(newcomer: Newcomer, name: string): Promise<DemoProcess> {
  const lines: string[] = [];
  const demo = await startDemoProcess({
    command: words(newcomer.readme.start),
    cwd: newcomer.checkout,
    env: newcomer.env,
    dir: path.join(newcomer.checkout, '.hutong'),
    timeoutMs: INSTALL_MS_MAX + BANNER_MS_MAX,
    onLine: (line) => lines.push(line),
  });
  const installMs = installedMs(lines);
  const bannerMs = demo.readyAfterMs - installMs;
  tally.row(
    `${name}: banner within ${BANNER_MS_MAX / 1000} s`,
    bannerMs <= BANNER_MS_MAX ? null : `${seconds(bannerMs)}`,
    `${seconds(bannerMs)}${installMs > 0 ? `, after an install of ${seconds(installMs)}` : ''}`,
  );
  return demo;
}

/** As bin/install.js reports it; 0 if nothing had to be installed. */
function installedMs(lines: readonly string[]): number {
  const told = lines.map((line) => /^hutong: installed in ([\d.]+) s$/.exec(line)?.[1]);
  return Number(told.find((text) => text !== undefined) ?? 0) * 1000;
}

function checkDemoFile({ checkout }: Newcomer, demo: DemoFile): void {
  const file = path.join(checkout, '.hutong', 'demo.json');
  const mode = (fs.statSync(file).mode & 0o777).toString(8);
  tally.row('.hutong/demo.json is for its owner alone', mode === '600' ? null : `mode ${mode}`);
  const missing = demoFields.filter(([place, isGood]) => !isGood(at(demo, place)));
  tally.row(
    `demo.json has what api.md promises (${demoFields.length} fields)`,
    missing.length === 0 ? null : missing.map(([place]) => place).join(', '),
  );
}

const isUrl = (value: unknown): boolean => typeof value === 'string' && URL.canParse(value);
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isPem = (value: unknown): boolean => isText(value) && String(value).startsWith('-----BEGIN ');
const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isText);
const isMerchants = (value: unknown): boolean =>
  isTexts(value) && (value as string[]).every((id) => id.startsWith('mer_'));
const isKey = (value: unknown): boolean => /^sk_test_\w{20,}$/.test(String(value));

const demoFields: readonly (readonly [string, (value: unknown) => boolean])[] = [
  ['platform.url', isUrl],
  ...['url', 'wechatpay', 'alipay', 'alipay_v3', 'unionpay', 'jdpay'].map(
    (name) => [`sandbox.${name}`, isUrl] as const,
  ),
  ...['taobao', 'tmall'].flatMap((name) => [
    [`marketplaces.${name}.secret_key`, isKey] as const,
    [`marketplaces.${name}.merchants`, isMerchants] as const,
  ]),
  ...['appid', 'mchid', 'serial_no', 'public_key_id', 'platform_serial'].map(
    (name) => [`credentials.wechatpay.${name}`, isText] as const,
  ),
  ...['mer_id', 'sign_pfx', 'sign_pfx_password'].map(
    (name) => [`credentials.unionpay.${name}`, isText] as const,
  ),
  ...['root_cert', 'middle_cert'].map((name) => [`credentials.unionpay.${name}`, isPem] as const),
  ...['merchant', 'des_key'].map((name) => [`credentials.jdpay.${name}`, isText] as const),
  ...['private_key', 'jd_public_key'].map((name) => [`credentials.jdpay.${name}`, isPem] as const),
  ...['private_key', 'certificate', 'public_key', 'platform_certificate'].map(
    (name) => [`credentials.wechatpay.${name}`, isPem] as const,
  ),
  ['credentials.wechatpay.apiv3_key', (value) => String(value).length === 32],
  ['credentials.wechatpay.sub_mchids', isTexts],
  ['credentials.wechatpay.openids', isTexts],
  ...['app_id', 'pid', 'cert_mode.app_id'].map(
    (name) => [`credentials.alipay.${name}`, isText] as const,
  ),
  ...['app_private_key', 'alipay_public_key'].map(
    (name) => [`credentials.alipay.${name}`, isPem] as const,
  ),
  ...['app_private_key', 'app_cert', 'alipay_cert', 'alipay_root_cert'].map(
    (name) => [`credentials.alipay.cert_mode.${name}`, isPem] as const,
  ),
  ['credentials.alipay.smids', isTexts],
  ['credentials.alipay.buyer_ids', isTexts],
];

function at(value: unknown, place: string): unknown {
  return place
    .split('.')
    .reduce<unknown>((inner, name) => (inner as Json | undefined)?.[name], value);
}

/** The README's own curl lines; only the ports are this run's. */
function firstOrder({ checkout, env, readme }: Newcomer, demo: DemoFile): void {
  const name = "the README's curl lines end in a paid order";
  if (spawnSync('curl', ['--version']).status !== 0) {
    tally.skip(name, 'no curl');
    return;
  }
  const script = readme.order
    .replaceAll('http://127.0.0.1:4000', demo.platform.url)
    .replaceAll('http://127.0.0.1:4100', demo.sandbox.url);
  const done = spawnSync('bash', ['-c', script], { cwd: checkout, env, encoding: 'utf8' });
  const isPaid = done.stdout.includes('"status":"succeeded"');
  tally.row(name, isPaid ? null : `${done.stdout}${done.stderr}`.slice(-600));
}

/** Its own rows, passed through. */
async function story({ checkout, env, readme }: Newcomer): Promise<void> {
  const [file, ...args] = words(readme.story);
  const startedMs = performance.now();
  const child = spawn(file, args, { cwd: checkout, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), STORY_MS_MAX);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  let last = '';
  for (const line of output.split('\n').map((text) => text.trimEnd())) {
    const row = /^(ok {2}|FAIL) {2}(.*?)(?: {2,}(.*))?$/.exec(line);
    if (row !== null) {
      const [, mark, name = '', note = ''] = row;
      tally.row(`story: ${name}`, mark === 'FAIL' ? note || 'failed' : null, note);
    }
    if (FIGURES.test(line)) last = line;
  }
  const installMs = installedMs(complaints.split('\n'));
  tally.row(
    `${readme.story} ends well`,
    code === 0 && last !== '' ? null : `code ${code}: ${complaints.slice(-400)}`,
    `${seconds(performance.now() - startedMs - installMs)}, after an install of ${seconds(installMs)}`,
  );
}

async function payOne(demo: DemoFile): Promise<PaidOrder> {
  const shop = shopOf(demo, 'taobao');
  const sandbox = new Sandbox(demo.sandbox.url);
  const intent = String((await shop.createIntent([4_242])).id);
  const attempt = await shop.startAttempt(intent, 'wechatpay', 'native');
  await sandbox.pay(await sandbox.scan('wechatpay', (attempt.next_action as Json).code));
  await until(
    'paid',
    () => shop.getIntent(intent),
    ({ status }) => status === 'succeeded',
  );
  tally.row('an order is paid before the stop', null, intent);
  const orderNo = String((attempt.legs as Json[])[0]?.order_no);
  return { marketplace: 'taobao', intent, orderNo, amount: 4_242 };
}

async function stillThere(demo: DemoFile, order: PaidOrder | null): Promise<void> {
  if (order === null) return tally.skip('still there', 'no order was paid');
  const shop = shopOf(demo, order.marketplace);
  const intent = await shop.getIntent(order.intent);
  tally.row(
    'after the restart: GET /v1/payment_intents/{id}',
    intent.status === 'succeeded' && intent.amount_received === order.amount
      ? null
      : `${String(intent.status)}, ${String(intent.amount_received)}`,
  );
  let entries = 0;
  for await (const transaction of shop.transactions())
    if (transaction.payment_intent === order.intent) entries += 1;
  const problems = [...(await shop.ledgerProblems()), ...(entries > 0 ? [] : ['not in the books'])];
  tally.row('after the restart: in the ledger, which balances', problems[0] ?? null);
  const orders = await new Sandbox(demo.sandbox.url).orders('wechatpay');
  const own = orders.find((candidate) => candidate.order_no === order.orderNo);
  tally.row(
    "after the restart: the sandbox's /control/orders",
    own?.state === 'paid' && own.amount === order.amount ? null : JSON.stringify(own ?? null),
  );
  const bazaar = await call('GET', `${demo.bazaar.url}/taobao`);
  tally.row(
    'after the restart: the shop is open',
    bazaar.status === 200 ? null : `${bazaar.status}`,
  );
}

function shopOf(demo: DemoFile, name: string): Marketplace {
  const account = demo.marketplaces[name];
  if (account === undefined) throw new Error(`demo.json has no ${name}`);
  return new Marketplace(demo.platform.url, account.secret_key, account.merchants);
}

function demoText({ checkout }: Newcomer): string {
  return fs.readFileSync(path.join(checkout, '.hutong', 'demo.json'), 'utf8');
}

function words(command: string): [string, ...string[]] {
  const [file = '', ...args] = command.split(' ');
  return [file, ...args];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

try {
  await run();
} catch (error) {
  tally.row('the newcomer reached the end', error instanceof Error ? error.message : String(error));
} finally {
  fs.rmSync(temp, { recursive: true, force: true });
}
tally.close();
