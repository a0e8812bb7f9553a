/**
 * The audit after the storm: the load's own journal and the wallets' own orders against the API
 * and, beneath it, the tables. Every finding is a sentence; no finding, no sentence.
 */
import type pg from 'pg';
import { formatId } from '../../src/kernel/id.ts';
import { call, type Json, Marketplace, Sandbox } from '../helpers/api.ts';
import { type AcknowledgedPost, type Entry, readJournal } from './journal.ts';
import type { Stage } from './stage.ts';

export const WALLETS = ['wechatpay', 'alipay'] as const;

/** One order as its wallet believes it to be. */
export interface WalletOrder {
  readonly wallet: string;
  readonly orderNo: string;
  readonly amount: number;
  readonly refunded: number;
  readonly isPaid: boolean;
}

export interface Evidence {
  readonly journal: readonly Entry[];
  readonly orders: readonly WalletOrder[];
}

export async function gather(stage: Stage): Promise<Evidence> {
  return { journal: readJournal(stage.journal), orders: await walletOrders(stage) };
}

export async function walletOrders(stage: Stage): Promise<WalletOrder[]> {
  const sandbox = new Sandbox(stage.sandboxUrl);
  const orders: WalletOrder[] = [];
  for (const wallet of WALLETS) {
    for (const row of await sandbox.orders(wallet)) {
      orders.push({
        wallet,
        orderNo: String(row.order_no),
        amount: Number(row.amount),
        refunded: Number(row.refunded),
        isPaid: row.paid_at !== null,
      });
    }
  }
  return orders;
}

export const ofKind = <K extends Entry['what']>(
  entries: readonly Entry[],
  what: K,
): Extract<Entry, { what: K }>[] =>
  entries.filter((entry): entry is Extract<Entry, { what: K }> => entry.what === what);

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

/** Every acknowledged object, as the API shows it now; `found`: those that are as acknowledged. */
export async function foundByApi(
  stage: Stage,
  journal: readonly Entry[],
): Promise<{ readonly found: number; readonly problems: string[] }> {
  const shops = marketplaces(stage);
  const attempts = groupBy(ofKind(journal, 'attempt'), (entry) => entry.intent);
  let found = 0;
  const intents = await everyOne(ofKind(journal, 'intent'), async (entry) => {
    const path = `/v1/payment_intents/${entry.id}?expand[]=attempts`;
    const { status, body } = await get(shops, entry.post, path);
    if (status !== 200) return `${entry.id} is not found (${status})`;
    const subs = (body.sub_orders as Json[]).map((sub) => sub.id);
    if (body.merchant_order_no !== entry.orderNo || body.amount !== entry.amount)
      return `${entry.id} is another order now`;
    if (subs.join() !== entry.subOrders.join()) return `${entry.id} has other sub_orders`;
    found += 1;
    const rows = (body.attempts as Json).data as Json[];
    for (const attempt of attempts.get(entry.id) ?? []) {
      const row = rows.find((one) => one.id === attempt.id);
      const legs = (row?.legs as Json[] | undefined)?.map((leg) => leg.order_no);
      if (row?.wallet !== attempt.wallet || legs?.join() !== attempt.legs.join())
        return `${attempt.id} is not found, or is another attempt`;
      found += 1;
    }
    return null;
  });
  const refunds = await everyOne(ofKind(journal, 'refund'), async (entry) => {
    const { status, body } = await get(shops, entry.post, `/v1/refunds/${entry.id}`);
    const isSame = body.payment_intent === entry.intent && body.amount === entry.amount;
    if (status !== 200 || !isSame) return `${entry.id} is not found, or is another refund`;
    found += 1;
    return null;
  });
  return { found, problems: [...intents, ...refunds] };
}

const REPLAY_COUNT = 150;

/** Rule 12 after the storm: the same request under its key, the same object, nothing new. */
export async function replaysThatDiffer(
  stage: Stage,
  journal: readonly Entry[],
): Promise<{ readonly problems: string[]; readonly count: number }> {
  const shops = marketplaces(stage);
  const made = journal.filter((entry) => 'post' in entry);
  const stride = Math.max(1, Math.floor(made.length / REPLAY_COUNT));
  const sample = made.filter((_, index) => index % stride === 0);
  const problems = await everyOne(sample, async ({ id, post }) => {
    const shop = shops.get(post.shop);
    if (shop === undefined) return `no shop ${post.shop}`;
    const answer = await call('POST', `${shop.url}${post.path}`, {
      key: shop.key,
      body: post.body,
      headers: { 'idempotency-key': post.key },
    });
    if (answer.body.id !== id) return `${post.path} again: ${answer.status}, not ${id}`;
    return answer.headers.get('idempotent-replayed') === 'true' ? null : `${id} was done again`;
  });
  return { problems, count: sample.length };
}

function marketplaces(stage: Stage): ReadonlyMap<string, Marketplace> {
  return new Map(
    [...stage.shops].map(([name, shop]) => [
      name,
      new Marketplace(stage.platformUrl, shop.secretKey, shop.merchants),
    ]),
  );
}

function get(
  shops: ReadonlyMap<string, Marketplace>,
  post: AcknowledgedPost,
  path: string,
): ReturnType<typeof call> {
  const shop = shops.get(post.shop);
  if (shop === undefined) throw new Error(`no shop ${post.shop}`);
  return call('GET', `${shop.url}${path}`, { key: shop.key });
}

/** Eight at a time; the sentences that are not null. */
async function everyOne<T>(
  rows: readonly T[],
  look: (row: T) => Promise<string | null>,
): Promise<string[]> {
  const problems: string[] = [];
  const queue = [...rows];
  const worker = async (): Promise<void> => {
    for (let row = queue.pop(); row !== undefined; row = queue.pop()) {
      const problem = await look(row);
      if (problem !== null) problems.push(problem);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return problems;
}

/** One order number, one intent: by the journal's own records and in the tables. */
export async function doubles(admin: pg.Client, journal: readonly Entry[]): Promise<string[]> {
  const acknowledged = ofKind(journal, 'intent');
  const problems: string[] = [];
  for (const [orderNo, rows] of groupBy(acknowledged, (entry) => entry.orderNo)) {
    if (new Set(rows.map((row) => row.id)).size > 1)
      problems.push(`${orderNo} has several intents`);
  }
  for (const [name, sql] of DOUBLES) {
    const { rows } = await admin.query<{ it: string; n: string }>(sql);
    problems.push(...rows.map((row) => `${row.it}: ${row.n} ${name}`));
  }
  return problems;
}

/** Each gives rows only where something stands more often than it may. */
const DOUBLES: readonly (readonly [string, string])[] = [
  [
    'intents of one merchant_order_no',
    `select merchant_order_no it, count(*) n from payment_intents
      group by marketplace, merchant_order_no having count(*) > 1`,
  ],
  [
    'sub_orders, one was ordered',
    'select intent::text it, count(*) n from sub_orders group by intent having count(*) <> 1',
  ],
  [
    'succeeded attempts of one intent',
    `select intent::text it, count(*) n from payment_attempts where status = 'succeeded'
      group by intent having count(*) > 1`,
  ],
  [
    'paid postings for one paid leg',
    `select l.intent::text it, count(t.id) n from payment_legs l
      left join ledger_transactions t on t.intent = l.intent and t.moment = 'paid'
      where l.status = 'succeeded' group by l.intent, l.id having count(t.id) <> 1`,
  ],
  [
    'paid postings without a paid leg',
    `select t.intent::text it, count(*) n from ledger_transactions t where t.moment = 'paid'
      and not exists (select 1 from payment_legs l
        where l.intent = t.intent and l.status = 'succeeded')
      group by t.intent`,
  ],
  [
    'refunds of one refund number',
    'select refund_no it, count(*) n from refunds group by refund_no having count(*) > 1',
  ],
  [
    'refunds that were asked for once',
    `select intent::text it, count(*) n from refunds where reason = 'requested_by_customer'
      group by intent having count(*) > 1`,
  ],
  [
    'refund_succeeded postings beside its succeeded refunds',
    `select r.intent::text it, t.n from
      (select intent, count(*) n from refunds where status = 'succeeded' group by intent) r
      full join (select intent, count(*) n from ledger_transactions
        where moment = 'refund_succeeded' group by intent) t on t.intent = r.intent
      where r.n is distinct from t.n`,
  ],
  [
    'succeeded events of one intent',
    `select object_id it, count(*) n from events
      where type in ('payment_intent.succeeded', 'payment_intent.created')
      group by object_id, type having count(*) > 1`,
  ],
];

interface BookedLeg {
  readonly orderNo: string;
  readonly wallet: string;
  readonly isBooked: boolean;
  readonly amount: number;
  /** What the wallet has said it gave back. */
  readonly refunded: number;
}

export async function bookedLegs(admin: pg.Client): Promise<Map<string, BookedLeg>> {
  const { rows } = await admin.query<{
    order_no: string;
    wallet: string;
    status: string;
    amount: string;
    refunded: string;
  }>(
    `select l.order_no, a.wallet, l.status, l.amount,
       coalesce((select sum(r.amount) from refunds r
         where r.shard = l.shard and r.leg = l.id and r.status = 'succeeded'), 0) refunded
     from payment_legs l join payment_attempts a
       on a.shard = l.shard and a.intent = l.intent and a.id = l.attempt`,
  );
  return new Map(
    rows.map((row) => [
      row.order_no,
      {
        orderNo: row.order_no,
        wallet: row.wallet,
        isBooked: row.status === 'succeeded' || row.status === 'superseded',
        amount: Number(row.amount),
        refunded: Number(row.refunded),
      },
    ]),
  );
}

/** Paid at the wallet = booked, both ways, fen by fen, refunds included. */
export async function walletDifferences(
  admin: pg.Client,
  orders: readonly WalletOrder[],
): Promise<{ readonly booked: number; readonly problems: string[] }> {
  const legs = await bookedLegs(admin);
  const problems: string[] = [];
  const paid = new Map(orders.filter((order) => order.isPaid).map((row) => [row.orderNo, row]));
  for (const order of paid.values()) {
    const leg = legs.get(order.orderNo);
    if (leg?.isBooked !== true)
      problems.push(`${order.orderNo} is paid at ${order.wallet}, not booked`);
    else if (leg.amount !== order.amount || leg.refunded !== order.refunded)
      problems.push(
        `${order.orderNo}: ${order.amount} - ${order.refunded} at ${order.wallet}, booked ${leg.amount} - ${leg.refunded}`,
      );
  }
  for (const leg of legs.values()) {
    if (leg.isBooked && !paid.has(leg.orderNo)) problems.push(`${leg.orderNo} is booked, not paid`);
  }
  return { booked: [...legs.values()].filter((leg) => leg.isBooked).length, problems };
}

/** What the wallet itself reported to the load as paid is paid there. */
export function unpaidAtWallet({ journal, orders }: Evidence): string[] {
  const paid = new Set(orders.filter((order) => order.isPaid).map((order) => order.orderNo));
  const legs = new Map(ofKind(journal, 'attempt').map((entry) => [entry.id, entry.legs]));
  return ofKind(journal, 'paid')
    .flatMap((entry) => legs.get(entry.attempt) ?? [])
    .filter((orderNo) => !paid.has(orderNo))
    .map((orderNo) => `${orderNo} was paid and the wallet forgot it`);
}

/** Rule 5, in SQL over everything. */
export async function ledgerProblems(admin: pg.Client): Promise<string[]> {
  const problems: string[] = [];
  const unbalanced = await admin.query<{ shard: number; transaction: string }>(
    `select shard, transaction from ledger_entries group by shard, transaction
      having sum(debit) <> sum(credit)`,
  );
  problems.push(...unbalanced.rows.map((row) => `transaction ${row.transaction} does not balance`));
  const empty = await admin.query<{ id: string }>(
    `select t.id from ledger_transactions t where not exists
      (select 1 from ledger_entries e where e.shard = t.shard and e.transaction = t.id)`,
  );
  problems.push(...empty.rows.map((row) => `transaction ${row.id} has no entries`));
  const differing = await admin.query<{ account: string; entries: string; balance: string }>(
    `select coalesce(e.account, b.account) account, e.net entries, b.net balance from
      (select t.shard, t.marketplace, e.account, coalesce(e.config, 0) config,
          sum(e.debit - e.credit) net
        from ledger_entries e join ledger_transactions t
          on t.shard = e.shard and t.id = e.transaction group by 1, 2, 3, 4) e
      full join (select shard, marketplace, account, config, sum(debit - credit) net
        from ledger_balances group by 1, 2, 3, 4) b
        on b.shard = e.shard and b.marketplace = e.marketplace and b.account = e.account
          and b.config = e.config
      where e.net is distinct from b.net`,
  );
  problems.push(
    ...differing.rows.map(
      (row) => `${row.account}: balance ${row.balance}, entries ${row.entries}`,
    ),
  );
  problems.push(...(await heldProblems(admin)));
  return problems;
}

/** What the ledger has for an account at a wallet is what its escrows and its balance hold. */
async function heldProblems(admin: pg.Client): Promise<string[]> {
  const escrows = await admin.query<{ id: string; kind: string; fen: string }>(
    `select wallet_account id, 'escrow' kind, sum(held) fen from escrows group by 1
      union all select id, 'available', available from merchant_balances
      union all select id, 'owed', -owed from merchant_balances`,
  );
  const held = new Map(
    escrows.rows.map(({ id, kind, fen }) => [
      `wallet_account:${formatId('wallet_account', BigInt(id))}:${kind}`,
      fen,
    ]),
  );
  const booked = await admin.query<{ account: string; fen: string }>(
    `select account, sum(credit - debit) fen from ledger_balances
      where account ~ '^wallet_account:.*:(escrow|available|owed)$' group by 1`,
  );
  const balances = new Map(booked.rows.map(({ account, fen }) => [account, fen]));
  return [...new Set([...held.keys(), ...balances.keys()])]
    .filter((account) => Number(held.get(account) ?? 0) !== Number(balances.get(account) ?? 0))
    .map(
      (account) => `${account}: ${balances.get(account)} in the ledger, ${held.get(account)} held`,
    );
}

/** Rule 6: clearing of a wallet = what was paid there - what was refunded there. */
export async function clearingOf(admin: pg.Client, wallet: string): Promise<number> {
  const { rows } = await admin.query<{ net: string | null }>(
    'select sum(debit - credit) net from ledger_balances where account = $1',
    [`wallet:${wallet}:clearing`],
  );
  return Number(rows[0]?.net ?? 0);
}

/** Attempts that still wait: none may be one that its wallet knows to be paid. */
export async function liveAttempts(admin: pg.Client): Promise<string[]> {
  const { rows } = await admin.query<{ order_no: string }>(
    `select l.order_no from payment_legs l where l.status in ('created', 'pending', 'unknown')`,
  );
  return rows.map((row) => row.order_no);
}

/** Refunds and deliveries that still wait. */
export async function openWork(admin: pg.Client): Promise<number> {
  const { rows } = await admin.query<{ n: string }>(
    `select (select count(*) from refunds where status not in ('succeeded', 'failed'))
      + (select count(*) from deliveries where status = 'pending') n`,
  );
  return Number(rows[0]?.n ?? 0);
}

/** Rule 9: every event of the tables reached the marketplaces' endpoint, at least once. */
export async function undelivered(
  admin: pg.Client,
  received: ReadonlySet<string>,
): Promise<{ readonly events: number; readonly problems: string[] }> {
  const { rows } = await admin.query<{ id: string; type: string }>('select id, type from events');
  const problems = rows
    .filter((row) => !received.has(formatId('event', BigInt(row.id))))
    .map((row) => `${row.type} ${formatId('event', BigInt(row.id))} never arrived`);
  return { events: rows.length, problems };
}
