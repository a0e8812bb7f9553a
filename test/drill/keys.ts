/**
 * The master key is changed under load: buyers of all four wallets pay through two processes, every
 * request to one of them in turn, while an operator rotates the key in a process of its own. None
 * is restarted. Afterwards nothing may be lost, refused or doubled, every row must be under the new
 * key, and what was open before must still work.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Answer, call, type Json, type Marketplace } from '../helpers/api.ts';
import { type KeysStage, openKeysStage } from './keys-stage.ts';
import { abandon, brokenOf, comeBack, type OpenPage, openPage } from './open-page.ts';

export interface DrillOptions {
  /** Of load before the rotation, and again after it. */
  readonly loadMs: number;
  /** Also the old key's end, which waits half a minute. */
  readonly retires: boolean;
  readonly print: (line: string) => void;
}

const WALLETS = [
  ['wechatpay', 'native'],
  ['alipay', 'precreate'],
  ['unionpay', 'qr'],
  ['jdpay', 'qr'],
] as const;
const WORKERS = 4;
const PAGES = 4;
const SETTLE_MS_MAX = 90_000;

interface Bought {
  readonly intent: string;
  readonly wallet: string;
  readonly orderNos: readonly string[];
  readonly again: () => Promise<Answer>;
  readonly secrets: string;
}

class Load {
  readonly bought: Bought[] = [];
  readonly refused: string[] = [];
  readonly #stage: KeysStage;
  #isOver = false;
  #turn = 0;
  #workers: Promise<unknown> = Promise.resolve();

  constructor(stage: KeysStage) {
    this.#stage = stage;
  }

  start(): void {
    const worker = async (first: number): Promise<void> => {
      for (let number = first; !this.#isOver; number += WORKERS) await this.#buy(number);
    };
    this.#workers = Promise.all(Array.from({ length: WORKERS }, (_, first) => worker(first)));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#workers;
  }

  #shop(): Marketplace {
    this.#turn += 1;
    return this.#stage.shops[this.#turn % 2 === 0 ? 0 : 1];
  }

  async #post(path: string, body: unknown, key: string): Promise<Answer> {
    const shop = this.#shop();
    const headers = { 'idempotency-key': key };
    const answer = await call('POST', `${shop.url}${path}`, { key: shop.key, body, headers });
    if (answer.status >= 300) {
      this.refused.push(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      throw new Error('refused');
    }
    return answer;
  }

  async #buy(number: number): Promise<void> {
    const [wallet, product] = WALLETS[number % WALLETS.length] ?? WALLETS[0];
    const amount = 1_001 + (number % 5_000);
    const order = {
      amount,
      currency: 'cny',
      merchant_order_no: `K${randomUUID().replaceAll('-', '').slice(0, 24)}`,
      description: '布鞋 shoes',
      sub_orders: [{ merchant: this.#stage.shops[0].merchants[0], amount, description: '布鞋' }],
      buyer: { id: `b${number}`, device: 'desktop', ip: '203.0.113.9' },
    };
    try {
      const key = randomUUID();
      const again = (): Promise<Answer> => this.#post('/v1/payment_intents', order, key);
      const made = (await again()).body;
      const path = `/v1/payment_intents/${String(made.id)}/attempts`;
      const body = { wallet, product, payer: {} };
      const started = (await this.#post(path, body, randomUUID())).body;
      const orderNos = (started.legs as Json[]).map((leg) => String(leg.order_no));
      const { code } = started.next_action as Json;
      const { sandbox } = this.#stage;
      await sandbox.pay(await sandbox.scan(wallet, code));
      const secrets = `${String(made.client_secret)} ${tokenOf(made)}`;
      this.bought.push({ intent: String(made.id), wallet, orderNos, again, secrets });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (text !== 'refused') this.refused.push(text.slice(0, 200));
    }
  }
}

/** The cashier's address is of whichever process answered; its token is not. */
const tokenOf = (made: Json): string => String(made.cashier_url).split('/pay/')[1] ?? '';

export async function runKeysDrill(options: DrillOptions): Promise<string[]> {
  const { print, loadMs } = options;
  const stage = await openKeysStage();
  if (stage === undefined) return ['PostgreSQL is not installed: nothing was shown'];
  const admin = new pg.Client({ connectionString: stage.databaseUrl });
  await admin.connect();
  try {
    const load = new Load(stage);
    const problems: string[] = [];
    const pages = await Promise.all(
      Array.from({ length: PAGES }, (_, number) => openPage(stage.shops[number % 2 === 0 ? 0 : 1])),
    );
    load.start();
    await sleep(loadMs);
    const before = load.bought.length;
    const began = performance.now();
    const rotated = await stage.hutong('keys', 'rotate-master');
    const rotationMs = Math.round(performance.now() - began);
    const during = load.bought.length - before;
    print(rotated.text.trimEnd());
    if (rotated.code !== 0) problems.push(`rotate-master ended with ${rotated.code}`);
    await sleep(loadMs);
    await load.stop();
    problems.push(...(await judgePages(stage, pages)));
    problems.push(...(await judgePayments(stage, admin, load)));
    problems.push(...(await judgeRows(stage, admin)));
    problems.push(...(await judgeEnd(stage, admin, pages, options.retires)));
    if (!stage.isUnbroken()) problems.push('a process ended');
    if (/"level":(50|60)/.test(stage.logText()))
      problems.push(`the log has errors: ${errorsOf(stage.logText())}`);
    const { rows } = await admin.query('select count(*)::int as n from data_keys');
    print(
      `drill keys: ${load.bought.length} payments (${during} while rotating, ${rotationMs} ms), ` +
        `${load.refused.length} refused, ${PAGES} pages open before, ${rows[0]?.n} data keys, ` +
        `${problems.length} problems`,
    );
    return problems;
  } finally {
    await admin.end();
    await stage.close();
  }
}

function errorsOf(log: string): string {
  const lines = log.split('\n').filter((line) => /"level":(50|60)/.test(line));
  return lines.slice(0, 2).join(' ').slice(0, 400);
}

async function judgePages(stage: KeysStage, pages: readonly OpenPage[]): Promise<string[]> {
  const problems: string[] = [];
  for (const [number, page] of pages.entries()) {
    for (const shop of stage.shops) problems.push(...(await brokenOf(page, shop)));
    const [one, two] = stage.shops;
    problems.push(...(await comeBack(page, number % 2 === 0 ? two : one)));
  }
  return problems;
}

async function judgePayments(stage: KeysStage, admin: pg.Client, load: Load): Promise<string[]> {
  const problems = load.refused.slice(0, 5).map((text) => `refused: ${text}`);
  if (new Set(load.bought.map(({ wallet }) => wallet)).size < WALLETS.length)
    problems.push('not every wallet was paid with');
  problems.push(...(await lost(admin, load.bought)));
  for (const [name, sql] of DOUBLES) {
    const { rows } = await admin.query(sql);
    if (rows.length > 0) problems.push(`${rows.length} ${name}`);
  }
  const paid = new Set<string>();
  for (const [wallet] of WALLETS)
    for (const row of await stage.sandbox.orders(wallet))
      if (row.paid_at !== null) paid.add(String(row.order_no));
  const unpaid = load.bought.flatMap(({ orderNos }) => orderNos).filter((no) => !paid.has(no));
  if (unpaid.length > 0) problems.push(`${unpaid.length} orders are not paid at their wallet`);
  // The same request as before the rotation: the same payment and the same tokens (rule 12).
  for (const { again, secrets, intent } of load.bought.slice(0, 30)) {
    const { body } = await again();
    const now = `${String(body.client_secret)} ${tokenOf(body)}`;
    if (body.id !== intent || now !== secrets) problems.push(`${intent} again: other tokens`);
  }
  problems.push(...(await stage.shops[0].ledgerProblems()));
  return problems;
}

/** Callbacks may still be on their way, and a lost one is asked for. */
async function lost(admin: pg.Client, bought: readonly Bought[]): Promise<string[]> {
  const sql = `select count(*)::int as n from payment_legs
    where order_no = any($1) and status = 'succeeded'`;
  const wanted = bought.flatMap(({ orderNos }) => orderNos);
  const deadlineMs = performance.now() + SETTLE_MS_MAX;
  for (;;) {
    const { rows } = await admin.query<{ n: number }>(sql, [wanted]);
    const missing = wanted.length - (rows[0]?.n ?? 0);
    if (missing === 0) return [];
    if (performance.now() > deadlineMs) return [`${missing} of ${wanted.length} payments are lost`];
    await sleep(250);
  }
}

const DOUBLES: readonly (readonly [string, string])[] = [
  [
    'orders have two payments',
    `select 1 from payment_intents group by marketplace, merchant_order_no having count(*) > 1`,
  ],
  [
    'payments succeeded twice',
    `select intent from payment_attempts where status = 'succeeded' group by intent
      having count(*) > 1`,
  ],
  [
    'payments were booked twice',
    `select intent from ledger_transactions where moment = 'paid' group by intent
      having count(*) > 1`,
  ],
];

/** Every row under the new key: asked of the database, and of `keys list`. */
async function judgeRows(stage: KeysStage, admin: pg.Client): Promise<string[]> {
  const problems: string[] = [];
  const { rows: keys } = await admin.query<{ kid: string; status: string }>(
    'select kid, status from master_keys order by created_at',
  );
  const current = keys.find(({ status }) => status === 'current')?.kid;
  if (keys.length !== 2 || keys[0]?.status !== 'old')
    problems.push(`the keys are ${keys.map(({ status }) => status)}`);
  const { rows: data } = await admin.query<{ kid: string }>(
    `select distinct split_part(sealed, '.', 2) as kid from data_keys`,
  );
  if (data.length !== 1 || data[0]?.kid !== current)
    problems.push(`data keys are under ${data.map(({ kid }) => kid)}, current is ${current}`);
  const { rows: values } = await admin.query(
    `select id from wallet_configs where sealed not like 'v2.%'
      union all select id from webhook_endpoints where sealed not like 'v2.%'`,
  );
  if (values.length > 0) problems.push(`${values.length} values name no key`);
  const listed = await stage.hutong('keys', 'list');
  const line = listed.text.split('\n').find((text) => text.startsWith(`${current} `)) ?? '';
  if (!/current\s+yes\s+\d of \d/.test(line) || !listed.text.includes(' 0 of the form'))
    problems.push(`keys list says: ${listed.text}`);
  return problems;
}

/** Refused with a count while a payment is open; then it ends, and so do its tokens. */
async function judgeEnd(
  stage: KeysStage,
  admin: pg.Client,
  pages: readonly OpenPage[],
  retires: boolean,
): Promise<string[]> {
  const { rows } = await admin.query<{ kid: string }>(
    `select kid from master_keys where status = 'old'`,
  );
  const old = rows[0]?.kid ?? '';
  await admin.query('update master_keys set old_at = old_at - $1', [retires ? 0 : 60_000]);
  const deadlineMs = performance.now() + 60_000;
  let refused = await stage.hutong('keys', 'retire', old);
  while (/try again in \d+ s/.test(refused.text) && performance.now() < deadlineMs) {
    await sleep(2_000);
    refused = await stage.hutong('keys', 'retire', old);
  }
  const problems: string[] = [];
  if (refused.code === 0 || !/\d+ open payments? holds? tokens/.test(refused.text))
    problems.push(`retire with open payments: ${refused.code} ${refused.text}`);
  if (!retires) {
    for (const page of pages) page.stream.close();
    return problems;
  }
  for (const page of pages) await abandon(page, stage.shops[0]);
  let retired = await stage.hutong('keys', 'retire', old);
  while (retired.code !== 0 && performance.now() < deadlineMs) {
    await sleep(2_000);
    retired = await stage.hutong('keys', 'retire', old);
  }
  if (retired.code !== 0) problems.push(`retire: ${retired.text}`);
  await sleep(3_000);
  const dead = await brokenOf(pages[0] as OpenPage, stage.shops[1]);
  if (dead.length !== 3) problems.push(`a retired key still opens: ${3 - dead.length} of 3`);
  const fresh = await openPage(stage.shops[0]);
  problems.push(...(await brokenOf(fresh, stage.shops[1])));
  await abandon(fresh, stage.shops[1]);
  return problems;
}
