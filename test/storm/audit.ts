/**
 * The audit after the storm, from three sides that do not know of each other: the tables, the API,
 * and what the wallets believe. Every finding is a sentence that names its rule.
 */
import type pg from 'pg';
import { clearingOf, ledgerProblems } from '../chaos/audit.ts';
import { call, type Json } from '../helpers/api.ts';
import type { Order } from './load.ts';
import type { Stage } from './stage.ts';

const WALLETS = ['wechatpay', 'alipay', 'unionpay', 'jdpay'] as const;
const READERS = 8;

export interface Audit {
  readonly intents: number;
  readonly refunds: number;
  readonly released: number;
  /** Refunds that a merchant's balance paid. */
  readonly refundedAfter: number;
  readonly paidAtWallets: number;
  readonly problems: readonly string[];
}

interface WalletOrder {
  readonly wallet: string;
  /** What the wallet holds of it: paid less refunded. */
  readonly netFen: number;
  readonly isPaid: boolean;
}

export async function auditStorm(
  stage: Stage,
  admin: pg.Client,
  orders: readonly Order[],
): Promise<Audit> {
  const atWallets = await readWallets(stage);
  const problems = [
    ...(await ledgerProblems(admin)).map((problem) => `rule 5: ${problem}`),
    ...(await clearingProblems(admin, atWallets)),
    ...(await buyerProblems(stage, admin, orders, atWallets)),
    ...(await sqlProblems(admin)),
    ...defects(stage),
  ];
  const count = async (table: string): Promise<number> =>
    Number((await admin.query<{ n: string }>(`select count(*) n from ${table}`)).rows[0]?.n);
  return {
    intents: await count('payment_intents'),
    refunds: await count('refunds'),
    released: await count("transfers where kind = 'release'"),
    refundedAfter: await count("transfers where kind = 'reserve' and status = 'applied'"),
    paidAtWallets: [...atWallets.values()].filter(({ isPaid }) => isPaid).length,
    problems,
  };
}

async function readWallets(stage: Stage): Promise<ReadonlyMap<string, WalletOrder>> {
  const found = new Map<string, WalletOrder>();
  for (const wallet of WALLETS) {
    const answer = await call('GET', `${stage.sandboxUrl}/control/orders?wallet=${wallet}`);
    for (const row of answer.body.data as Json[]) {
      const isPaid = row.state === 'paid' || row.state === 'refunded';
      const netFen = isPaid ? Number(row.amount) - Number(row.refunded) : 0;
      found.set(String(row.order_no), { wallet, netFen, isPaid });
    }
  }
  return found;
}

/** Rule 6: clearing equals the wallet's own records, to the fen. */
async function clearingProblems(
  admin: pg.Client,
  atWallets: ReadonlyMap<string, WalletOrder>,
): Promise<string[]> {
  const problems: string[] = [];
  for (const wallet of WALLETS) {
    const there = [...atWallets.values()]
      .filter((order) => order.wallet === wallet)
      .reduce((sum, order) => sum + order.netFen, 0);
    const here = await clearingOf(admin, wallet);
    if (here !== there) problems.push(`rule 6: clearing of ${wallet} is ${here}, there ${there}`);
  }
  return problems;
}

/** What each buyer has paid and not got back is what the API says was received and not refunded. */
async function buyerProblems(
  stage: Stage,
  admin: pg.Client,
  orders: readonly Order[],
  atWallets: ReadonlyMap<string, WalletOrder>,
): Promise<string[]> {
  const legs = await legsByIntent(admin);
  const problems: string[] = [];
  const waiting = [...orders];
  const reader = async (): Promise<void> => {
    for (let order = waiting.pop(); order !== undefined; order = waiting.pop()) {
      const { intent, shop } = order;
      const url = `${stage.platforms[0]?.url}/v1/payment_intents/${intent}?expand[]=attempts`;
      const { status, body } = await call('GET', url, { key: shop.secretKey });
      if (status !== 200) {
        problems.push(`rule 8: ${intent} was acknowledged and is ${status}`);
        continue;
      }
      const attempts = (body.attempts as Json).data as Json[];
      const numbers = attempts.flatMap((attempt) =>
        (attempt.legs as Json[]).map((leg) => String(leg.order_no)),
      );
      const netFen = numbers.reduce((sum, no) => sum + (atWallets.get(no)?.netFen ?? 0), 0);
      const hereFen = Number(body.amount_received) - Number(body.amount_refunded);
      if (netFen !== hereFen)
        problems.push(`${intent} ${String(body.status)}: buyer's net ${netFen}, here ${hereFen}`);
      if (legs.get(intent) !== undefined && legs.get(intent) !== numbers.length)
        problems.push(`${intent}: ${numbers.length} orders by API, ${legs.get(intent)} in tables`);
      const counted = attempts.filter((attempt) => attempt.status === 'succeeded').length;
      if (counted !== (body.status === 'succeeded' ? 1 : 0))
        problems.push(`rule 1: ${intent} is ${String(body.status)} with ${counted} that count`);
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return problems;
}

async function legsByIntent(admin: pg.Client): Promise<ReadonlyMap<string, number>> {
  const { rows } = await admin.query<{ intent: string; n: string }>(
    'select intent::text, count(*) n from payment_legs group by intent',
  );
  return new Map(rows.map(({ intent, n }) => [intent, Number(n)]));
}

/** By the wallet's own word, which may have differed from what was ordered (rule 3). */
const PAID = 'coalesce(l.disputed, l.amount)';

/** Each gives a row for every payment that breaks its rule. */
const RULES: readonly (readonly [rule: string, sql: string])[] = [
  [
    'rule 1: more than one attempt counts',
    `select intent::text it from payment_attempts where status = 'succeeded'
      group by intent having count(*) > 1`,
  ],
  [
    'rule 7: refunds of a leg exceed what it was paid',
    `select l.order_no it from payment_legs l
      join refunds r on r.shard = l.shard and r.intent = l.intent and r.leg = l.id
      where r.status <> 'failed'
      group by l.order_no, ${PAID} having sum(r.amount) > ${PAID}`,
  ],
  [
    'rule 7: refunds of a sub_order exceed it',
    `select s.id::text it from sub_orders s
      join refunds r on r.shard = s.shard and r.intent = s.intent and r.sub_order = s.id
      where r.status <> 'failed' group by s.id, s.amount having sum(r.amount) > s.amount`,
  ],
  [
    'rule 1: paid beside the one that counts and not refunded',
    `select l.order_no it from payment_legs l
      join payment_attempts a on a.shard = l.shard and a.intent = l.intent and a.id = l.attempt
      where a.status = 'superseded' and l.status = 'superseded' and ${PAID} > coalesce(
        (select sum(r.amount) from refunds r where r.shard = l.shard and r.intent = l.intent
          and r.leg = l.id and r.status = 'succeeded'), 0)`,
  ],
  [
    'rule 12: one order number, several intents',
    `select merchant_order_no it from payment_intents
      group by marketplace, merchant_order_no having count(*) > 1`,
  ],
  [
    'rule 6: what is owed to buyers or undecided is not zero',
    `select account it from ledger_balances where account in ('buyer:refund_due', 'suspense')
      group by account having sum(debit - credit) <> 0`,
  ],
  [
    'rule 6: money is still between a payment and a balance',
    `select account it from ledger_balances where account = 'transfer:in_transit'
      group by account having sum(debit - credit) <> 0`,
  ],
  [
    'rule 6: a balance is not what its payments released, less what refunds took back',
    `select e.wallet_account::text it from escrows e
      left join merchant_balances b on b.id = e.wallet_account
      group by e.wallet_account, b.available, b.owed
      having sum(e.released - e.returned_from_balance)
        <> coalesce(b.available, 0) - coalesce(b.owed, 0)`,
  ],
  [
    'rule 5: a balance is not what moved it',
    `select b.id::text it from merchant_balances b
      where b.available - b.owed <> coalesce((select sum(m.available - m.owed)
        from balance_movements m where m.shard = b.shard and m.balance = b.id), 0)`,
  ],
];

async function sqlProblems(admin: pg.Client): Promise<string[]> {
  const problems: string[] = [];
  for (const [rule, sql] of RULES) {
    const { rows } = await admin.query<{ it: string }>(sql);
    problems.push(...rows.map(({ it }) => `${rule}: ${it}`));
  }
  return problems;
}

function defects(stage: Stage): string[] {
  const lines = stage.logText().split('\n');
  const told = lines.filter((line) => line.includes('"msg":"a command failed by a defect"'));
  return [
    ...told.map((line) => `a command failed by a defect: ${line.slice(0, 400)}`),
    ...stage.ownEnds().map((how) => `a platform ended by itself: ${how}`),
  ];
}
