/**
 * Fills a database with merchants and payments by SQL, set by set: each payment is a copy of a
 * template that the product wrote, with ids, numbers, merchant and times of its own. Shards are
 * those of the order numbers, so that every look-up finds the copies as it finds real ones.
 *
 * What is not copied: idempotency keys, which live for days whatever the number of payments.
 */
import pg from 'pg';
import { must } from '../src/kernel/assert.ts';
import { formatId, ID_EPOCH_MS, type Id, idValue } from '../src/kernel/id.ts';
import type { TemplateKind, TemplateOwner } from './growth-templates.ts';

interface SeedPlan {
  readonly payments: number;
  readonly merchants: number;
  readonly owner: TemplateOwner;
  readonly templates: ReadonlyMap<TemplateKind, Id<'payment_intent'>>;
  readonly nowMs: number;
  readonly print: (line: string) => void;
}

/** Over so many days the payments are spread. */
export const SEEDED_DAYS = 180;
const DAY_MS = 86_400_000;
const CHUNK = 100_000;
/** Whatever the size: what is open at any moment, and what operators have to look at. */
const OPEN_COUNT = 300;
const CONFLICT_COUNT = 20;

/** The tables of a payment, and the rows of its template there. */
const CHILDREN = [
  ...['sub_orders', 'payment_attempts', 'payment_legs', 'refunds', 'escrows', 'notifications'],
  'ledger_transactions',
];
const TEMPLATE_ROWS: readonly (readonly [table: string, rows: string])[] = [
  ['payment_intents', 'select t.id as template, t.* from payment_intents t'],
  ...CHILDREN.map((table) => [table, `select t.intent as template, t.* from ${table} t`] as const),
  [
    'ledger_entries',
    `select x.intent as template, t.* from ledger_entries t
      join ledger_transactions x on x.shard = t.shard and x.id = t.transaction`,
  ],
  [
    'events',
    `select k.intent as template, t.* from events t
      join growth.templates k on strpos(t.object::text, k.text) > 0`,
  ],
];
const TABLES = TEMPLATE_ROWS.map(([table]) => table);

/** As many as there are cores at least. */
const CONNECTIONS = 2;

export async function seedGrowth(databaseUrl: string, plan: SeedPlan): Promise<void> {
  const clients = Array.from(
    { length: CONNECTIONS },
    () => new pg.Client({ connectionString: databaseUrl }),
  );
  for (const client of clients) await client.connect();
  try {
    await seed(clients, plan);
  } finally {
    for (const client of clients) await client.end();
  }
}

async function seed(clients: readonly pg.Client[], plan: SeedPlan): Promise<void> {
  const client = must(clients[0], 'a connection');
  const { print, payments, merchants } = plan;
  await prepare(client, plan);
  await addMerchants(client, plan);
  print(`${merchants} merchants`);
  const indexes = await dropIndexes(client);
  await client.query(paymentsOf(plan));
  const copies = await Promise.all(TABLES.map((table) => copyOf(client, table)));
  for (let from = 1; from <= payments; from += CHUNK) {
    const range = `where p.n >= ${from} and p.n < ${from + CHUNK}`;
    const inserts = [DELIVERIES, ...copies].map((copy) => `${copy} ${range}`);
    // The largest tables first.
    await together(clients, inserts.reverse());
    print(`${Math.min(payments, from + CHUNK - 1)} payments`);
  }
  await client.query(BALANCES);
  await together(clients, indexes);
  print('indexes');
  await client.query('vacuum (analyze)');
}

/** Whoever is done takes the next. */
async function together(clients: readonly pg.Client[], statements: readonly string[]) {
  const open = [...statements];
  const work = async (client: pg.Client): Promise<void> => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) await client.query(next);
  };
  await Promise.all(clients.map(work));
}

/** The 13 digits of an id, as kernel/id.ts writes them; one expression, so that it is inlined. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BODY = Array.from(
  { length: 13 },
  (_, place) => `substr('${DIGITS}', ((v >> ${60 - 5 * place}) & 31)::integer + 1, 1)`,
).join(' || ');

async function prepare(client: pg.Client, { owner, templates }: SeedPlan): Promise<void> {
  await client.query(`create schema growth;
    create function growth.body(v bigint) returns text language sql immutable as $$
      select ${BODY} $$;
    create table growth.templates (kind text, intent bigint, text text, sub bigint)`);
  for (const [kind, intent] of templates)
    await client.query(
      `insert into growth.templates
       select $1, $2, $3, (select id from sub_orders where intent = $2)`,
      [kind, idValue(intent), intent],
    );
  for (const [table, rows] of TEMPLATE_ROWS)
    await client.query(`create table growth.${table} as ${rows}`);
  await client.query(
    'create table growth.merchants (n integer, id bigint, text text, account bigint)',
  );
  await client.query(`create table growth.owner as
    select m.id, '${owner.merchant}'::text as text, a.id as account,
      'wa_' || growth.body(a.id) as account_text
    from merchants m join wallet_accounts a on a.merchant = m.id and a.wallet = 'wechatpay'
    where m.id = ${idValue(owner.merchant)}`);
}

/** Of process 255, which the benchmark leases to nobody. */
function idOf(ms: string, shard: string, sequence: string | number): string {
  return `(((${ms}) << 23) | ((${shard})::bigint << 15) | (255 << 7) | ${sequence})`;
}

async function addMerchants(
  client: pg.Client,
  { merchants, nowMs, owner }: SeedPlan,
): Promise<void> {
  const baseMs = nowMs - ID_EPOCH_MS - (SEEDED_DAYS + 10) * DAY_MS;
  const id = idOf(`${baseMs}::bigint + n`, 'n % 256', 0);
  await client.query(`insert into growth.merchants
    select n, ${id}, 'mer_' || growth.body(${id}), ${id} + 1
    from generate_series(1, ${merchants}) n;
    create unique index on growth.merchants (n); analyze growth.merchants`);
  const merchant = await copyColumns(client, 'merchants', {
    id: 'm.id',
    name: "'Shop ' || m.n",
    external_id: "'S' || m.n",
  });
  await client.query(`${merchant} from growth.merchants m
    join merchants t on t.id = ${idValue(owner.merchant)}`);
  const account = await copyColumns(client, 'wallet_accounts', {
    id: `m.account + case t.wallet when 'wechatpay' then 0 when 'alipay' then 1
      when 'unionpay' then 2 else 3 end`,
    merchant: 'm.id',
  });
  await client.query(`${account} from growth.merchants m
    join wallet_accounts t on t.merchant = ${idValue(owner.merchant)}`);
  // As if operators had set one account of each; sealed, since no chain is judged here.
  await client.query(`insert into audit_log (id, marketplace, at, actor, action, object, after,
      sequence, previous_sha256, sha256)
    select m.id + 9, ${idValue(owner.marketplace)}, ${baseMs} + m.n, 'cli:growth',
      'wallet_account.put', 'wa_' || growth.body(m.account), '{}', 1000000 + m.n, '', ''
    from growth.merchants m`);
}

/** `insert into … select …`: the row of `t`, but for some columns. */
async function copyColumns(
  client: pg.Client,
  table: string,
  instead: Readonly<Record<string, string>>,
): Promise<string> {
  const { rows } = await client.query<{ column_name: string }>(
    `select column_name from information_schema.columns
     where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER'
     order by ordinal_position`,
    [table],
  );
  const names = rows.map((row) => row.column_name);
  const values = names.map((name) => instead[name] ?? `t.${name}`);
  return `insert into ${table} (${names.join(', ')}) select ${values.join(', ')}`;
}

/** An id of the template, moved in time and to the payment's shard. */
function moved(id: string): string {
  return `((((${id} >> 23) + p.later_ms) << 23) | (p.shard::bigint << 15) | (${id} & 32767))`;
}

const OWN_IDS = [
  ...['id', 'intent', 'sub_order', 'leg', 'attempt', 'latest_attempt', 'succeeded_attempt'],
  ...['place', 'transaction'],
];
const TIMES = [
  ...['created_at', 'expires_at', 'closing_at', 'due_at', 'paid_at', 'received_at', 'sent_at'],
  ...['settled_at', 'occurred_at'],
];
const IN_JSON = `replace(replace(%, p.template_text, p.intent_text), p.owner_text, p.merchant_text)`;
const COPIED_COLUMNS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(OWN_IDS.map((name) => [name, moved(`t.${name}`)])),
  ...Object.fromEntries(TIMES.map((name) => [name, `t.${name} + p.later_ms`])),
  shard: 'p.shard',
  merchant: 'p.merchant',
  wallet_account: 'p.account',
  merchant_order_no: 'p.order_no',
  wallet_transaction_id: "left(t.wallet_transaction_id, 4) || lpad(p.n::text, 24, '0')",
  notification_id: "t.notification_id || '-' || p.n",
  sub_orders: 'replace(t.sub_orders::text, p.template_sub, p.sub_text)::jsonb',
  account: `replace(replace(t.account, p.owner_text, p.merchant_text),
    p.owner_account, p.account_text)`,
  object_id: IN_JSON.replace('%', 't.object_id'),
};

async function copyOf(client: pg.Client, table: string): Promise<string> {
  const object =
    table === 'events' ? `${IN_JSON.replace('%', 't.object::text')}::jsonb` : 't.object';
  const insert = await copyColumns(client, table, { ...COPIED_COLUMNS, object });
  return `${insert} from growth.payments p join growth.${table} t on t.template = p.template`;
}

/** Each event was delivered to one endpoint. */
const DELIVERIES = `insert into deliveries
    (shard, event, endpoint, status, tries, last_status, created_at)
  select p.shard, ${moved('t.id')}, 1, 'delivered', 1, 200, t.created_at + p.later_ms
  from growth.payments p join growth.events t on t.template = p.template`;

/** What the entries make, the templates' too. */
const BALANCES = `delete from ledger_balances; insert into ledger_balances
    (shard, marketplace, account, currency, config, slot, debit, credit)
  select x.shard, x.marketplace, e.account, x.currency, coalesce(e.config, 0), 0,
    sum(e.debit), sum(e.credit)
  from ledger_transactions x join ledger_entries e on e.shard = x.shard and e.transaction = x.id
  group by 1, 2, 3, 4, 5`;

/** One row a payment: which template, where and when, and the texts that stand in its rows. */
function paymentsOf({ payments, merchants, owner, nowMs }: SeedPlan): string {
  const stepMs = Math.floor((SEEDED_DAYS * DAY_MS) / payments);
  const firstMs = nowMs - ID_EPOCH_MS - stepMs * (payments + 1);
  const kind = `case when n > ${payments - OPEN_COUNT} then 'waiting'
    when n % ${Math.floor(payments / CONFLICT_COUNT)} = 7 then 'conflicted'
    when n % 1000 < 30 then 'refunded' when n % 1000 = 30 then 'refund_failed'
    when n % 1000 < 52 then 'canceled' when n % 1000 < 80 then 'expired' else 'paid' end`;
  const shard = `get_byte(sha256(convert_to('${owner.marketplace}', 'UTF8') || '\\x00'::bytea
    || convert_to('G' || n, 'UTF8')), 0)`;
  return `create unlogged table growth.payments as
    with numbered as materialized (
      select n, ${kind} as kind, ${shard} as shard, ${firstMs}::bigint + n::bigint * ${stepMs} as ms
      from generate_series(1, ${payments}) n
    ), placed as materialized (
      select q.n, q.kind, q.shard, k.intent as template, k.sub, k.text as template_text,
        q.ms - (k.intent >> 23) as later_ms
      from numbered q join growth.templates k on k.kind = q.kind
    )
    select p.n, p.kind, p.shard, p.template, p.template_text, p.later_ms, 'G' || p.n as order_no,
      'so_' || growth.body(p.sub) as template_sub, ${moved('p.template')} as intent,
      'pi_' || growth.body(${moved('p.template')}) as intent_text,
      'so_' || growth.body(${moved('p.sub')}) as sub_text,
      m.id as merchant, m.text as merchant_text,
      m.account, 'wa_' || growth.body(m.account) as account_text,
      o.text as owner_text, o.account_text as owner_account
    from placed p cross join growth.owner o
    join growth.merchants m on m.n = 1 + (p.n::bigint * 7919) % ${merchants};
    create unique index on growth.payments (n); analyze growth.payments`;
}

/** Those that no constraint needs: made again when all rows are there. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ indexname: string; indexdef: string }>(
    `select i.indexname, i.indexdef from pg_indexes i
     where i.schemaname = 'public' and i.tablename = any($1)
       and not exists (select from pg_constraint c where c.conname = i.indexname)`,
    [TABLES],
  );
  for (const { indexname } of rows) await client.query(`drop index ${indexname}`);
  // Of a partitioned table, all of its parts.
  return rows.map(({ indexdef }) => indexdef.replace(' ON ONLY ', ' ON '));
}

/** Some payments of a seeded database, for look-ups. */
export interface GrowthSample {
  readonly intents: readonly Id<'payment_intent'>[];
  readonly orderNos: readonly string[];
  readonly transactionIds: readonly string[];
  readonly merchants: readonly Id<'merchant'>[];
  readonly refunds: readonly Id<'refund'>[];
  readonly events: readonly Id<'event'>[];
  readonly accounts: readonly Id<'wallet_account'>[];
}

export async function readSample(client: pg.Client, count: number): Promise<GrowthSample> {
  const column = async (text: string): Promise<string[]> =>
    (await client.query<{ value: string }>(`${text} limit ${count}`)).rows.map((row) => row.value);
  const some = `from growth.payments p where p.kind = 'paid' order by md5(p.n::text)`;
  const numbers = async (text: string): Promise<bigint[]> => (await column(text)).map(BigInt);
  const refunds = await numbers(`select r.id as value from refunds r order by md5(r.id::text)`);
  const events = await numbers(`select e.id as value from (select * from events limit 20000) e
    order by md5(e.id::text)`);
  const accounts = await numbers(`select m.account as value from growth.merchants m
    order by md5(m.n::text)`);
  return {
    intents: (await column(`select p.intent_text as value ${some}`)) as Id<'payment_intent'>[],
    orderNos: await column(`select p.order_no as value ${some}`),
    transactionIds: await column(`select '4200' || lpad(p.n::text, 24, '0') as value ${some}`),
    merchants: (await column(`select p.merchant_text as value ${some}`)) as Id<'merchant'>[],
    refunds: refunds.map((value) => formatId('refund', value)),
    events: events.map((value) => formatId('event', value)),
    accounts: accounts.map((value) => formatId('wallet_account', value)),
  };
}

/** Their ids as the API names them. */
export async function readSeededMerchants(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ text: string }>(
    'select text from growth.merchants order by md5(n::text)',
  );
  return rows.map((row) => row.text);
}
