/**
 * Look-ups and lists find their rows by an index whatever the number of payments, and are exact
 * whatever the clocks: business time is moved by hand in the demo, and a place is wall time.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db, Statement } from '../../src/database/db.ts';
import { formatId, type Id } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { listAudit } from '../../src/store/audit/audit-log.ts';
import { readStandings } from '../../src/store/balance/standings.ts';
import { oneCell } from '../../src/store/cells.ts';
import { readUncarried } from '../../src/store/health.ts';
import { readBalances } from '../../src/store/ledger/queries.ts';
import { listMerchants } from '../../src/store/merchant/merchants.ts';
import { type IntentQuery, listPayments } from '../../src/store/payment/queries.ts';
import { listEvents } from '../../src/store/webhook/queries.ts';
import {
  cancel,
  create,
  MARKETPLACE,
  openEngine,
  paidPayment,
  rows,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const ANY: IntentQuery = {
  ...{ status: null, merchantOrderNo: null, createdAfterMs: null, createdBeforeMs: null },
  ...{ walletTransactionId: null, intent: null },
};
const PAGE = { limit: 5, beforeId: null, afterId: null };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What another marketplace has, of which one row in many is looked for. */
const OTHER = formatId('marketplace', 5_000n);
const OTHER_ID = 5_000;
/** The third, which has nearly all. */
const MANY = formatId('marketplace', 6_000n);
const FILL = `
  insert into marketplaces (id, name, display_name, created_at)
  values (${OTHER_ID}, 'other', '', 1), (6000, 'third', '', 1);
  insert into payment_intents (shard, id, marketplace, merchant_order_no, content_hash, amount,
    currency, description, buyer, status, version, metadata, created_at, expires_at,
    amount_received, amount_refunded, token_seed)
  select n % 256, ((n::bigint * 60000) << 23) | ((n % 256) << 15), ${OTHER_ID}, 'N' || n, '', 1,
    'cny', '', '{}', case when n % 5000 = 0 then 'conflicted' when n % 4000 = 1 then 'requires_action'
      when n % 20 = 2 then 'expired' else 'succeeded' end,
    1, '{}', 1735689600000 + n::bigint * 60000, 1, 0, 0, 's'
  from generate_series(1, 20000) n;
  insert into payment_legs (shard, id, intent, attempt, order_no, wallet_merchant, merchant,
    wallet_account, sub_orders, amount, currency, refunded, status, wallet_transaction_id, fee_bps)
  select n % 256, n, ((n::bigint * 60000) << 23) | ((n % 256) << 15), n, 'O' || n, '', 1, 1, '[]',
    1, 'cny', 0, 'succeeded', 'W' || n, 0
  from generate_series(1, 20000) n;
  insert into events (shard, id, marketplace, type, object_id, object_version, object, created_at)
  select n % 256, n, ${OTHER_ID},
    case when n % 5000 = 0 then 'refund.failed' else 'payment_intent.succeeded' end, '', 1, '{}', 1
  from generate_series(1, 20000) n;
  insert into merchants (id, marketplace, name, external_id, created_at)
  select n, case when n % 10 = 0 then ${OTHER_ID} else 6000 end, 'm', 'X' || n, 1
  from generate_series(1000000, 1010000) n;
  insert into audit_log (id, marketplace, at, actor, action, object, sequence,
    previous_sha256, sha256)
  select n, ${OTHER_ID}, 1, 'cli:a', 'a.put', 'o' || n, n, '', ''
  from generate_series(1, 5000) n;
  insert into transfers (shard, id, marketplace, intent, kind, source, wallet_account, merchant,
    wallet, currency, amount, shortfall, status, created_at, settled_at, due_at, tries)
  select n % 256, n, case when n % 5000 = 0 then ${OTHER_ID} else 6000 end, 1, 'release', '', 1, 1,
    'unionpay', 'cny', 1, 'advance', case when n % 250 = 0 then 'owed' else 'applied' end, 1, null,
    case when n % 250 = 0 then 1 end, 0
  from generate_series(1, 20000) n;
  insert into ledger_balances (shard, marketplace, account, currency, slot, debit, credit)
  select n % 256, case when n % 5000 = 0 then ${OTHER_ID} else 6000 end, 'a' || n, 'cny', 0, 1, 1
  from generate_series(1, 20000) n;
  analyze`;

/** The plans of all that `work` reads. */
async function plansOf(db: Db, work: (recorded: Db) => Promise<unknown>): Promise<string> {
  const read: { readonly statement: Statement; readonly values: readonly unknown[] }[] = [];
  await work({
    kind: db.kind,
    laneCount: db.laneCount,
    transaction: (lane, inside) => db.transaction(lane, inside),
    background: (inside) => db.background(inside),
    read: (statement, values) => {
      read.push({ statement, values });
      return db.read(statement, values);
    },
    script: (text) => db.script(text),
    close: async () => undefined,
  });
  const plans: string[] = [];
  for (const { statement, values } of read) {
    const explained = { name: `plan.${statement.name}`, text: `explain ${statement.text}` };
    for (const row of await db.read(explained, values)) plans.push(String(row['QUERY PLAN']));
  }
  return plans.join('\n');
}

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`look-ups on ${name}`, () => {
    let home: TestHome;
    beforeAll(async () => {
      home = await open({ lanes: 1 });
      await home.db.script(FILL);
    });
    afterAll(() => home.close());

    const payments = (query: Partial<IntentQuery>) => (db: Db) =>
      listPayments(oneCell(db), OTHER, { ...ANY, ...query }, PAGE);
    const createdAt = (minute: number): number => 1_735_689_600_000 + minute * 60_000;
    const day = { createdAfterMs: createdAt(5_000), createdBeforeMs: createdAt(6_440) };

    const FOUND: readonly (readonly [string, string, (db: Db) => Promise<unknown>])[] = [
      ['a rare status', 'payment_intents_status', payments({ status: 'conflicted' })],
      ['an open status', 'payment_intents_status', payments({ status: 'requires_action' })],
      ['a frequent status', 'payment_intents_', payments({ status: 'succeeded' })],
      ['a day', 'payment_intents_place', payments(day)],
      ['a status of a day', 'payment_intents_', payments({ ...day, status: 'conflicted' })],
      ['how far clocks differ', 'payment_intents_skew', payments(day)],
      ['an order number', 'merchant_order_no', payments({ merchantOrderNo: 'N77' })],
      ['a wallet’s number', 'payment_legs_transaction', payments({ walletTransactionId: 'W77' })],
      [
        'a rare type',
        'events_\\w*type',
        (db) => listEvents(oneCell(db), OTHER, 'refund.failed', PAGE),
      ],
      [
        'a frequent type',
        'events_',
        (db) => listEvents(oneCell(db), OTHER, 'payment_intent.succeeded', PAGE),
      ],
      [
        'what is in transit',
        'transfers_in_transit',
        (db) => readStandings(oneCell(db), OTHER, null),
      ],
      [
        'what stands in accounts',
        'ledger_balances_accounts',
        (db) => readStandings(oneCell(db), OTHER, ['a77', 'a78']),
      ],
      [
        'what is not carried',
        'transfers_(?:due|in_transit)',
        (db) => readUncarried(oneCell(db), 2),
      ],
      ['merchants', 'merchants_list', (db) => listMerchants(oneCell(db), OTHER, PAGE)],
      ...(['actor', 'action', 'object'] as const).map(
        (field) =>
          [
            `the log by ${field}`,
            field === 'object' ? 'audit_log_object' : 'audit_log_',
            (db: Db) =>
              listAudit(
                oneCell(db),
                OTHER,
                { actor: null, action: null, object: null, [field]: 'o77' },
                PAGE,
              ),
          ] as const,
      ),
    ];
    for (const [what, index, work] of FOUND) {
      test(`${what} is found by ${index}`, async () => {
        const plans = await plansOf(home.db, work);
        expect(plans).toMatch(new RegExp(index));
        expect(plans).not.toMatch(
          /Seq Scan on (?!sub_orders|payment_attempts|refunds|escrows|wallet_accounts|events_later)/,
        );
      });
    }

    test('a page of accounts sums no others', async () => {
      const plans = await plansOf(home.db, (db) =>
        readBalances(oneCell(db), MANY, { of: 'page', after: '', limit: 10 }),
      );
      expect(plans).toMatch(/Index Scan using ledger_balances_accounts/);
      expect(plans).not.toMatch(/HashAggregate|(?<!Incremental )Sort {2}\(/);
    });

    test('a list by status or type has exactly those', async () => {
      for (const status of ['conflicted', 'requires_action', 'processing', 'expired']) {
        const { rows: found } = await listPayments(
          oneCell(home.db),
          OTHER,
          { ...ANY, status },
          { ...PAGE, limit: 2_000 },
        );
        const [counted] = await rows(
          home.db,
          `select count(*)::integer as count from payment_intents
           where marketplace = ${OTHER_ID} and status = '${status}'`,
        );
        expect(found).toHaveLength(counted?.count as number);
        expect(new Set(found.map(({ intent }) => intent.status))).toEqual(
          new Set(found.length === 0 ? [] : [status]),
        );
      }
      const { rows: events } = await listEvents(oneCell(home.db), OTHER, 'refund.failed', PAGE);
      expect(events.map(({ type }) => type)).toEqual(Array(4).fill('refund.failed'));
    });

    test('a list by date is exact, however far business time and wall time are apart', async () => {
      const room = await openEngine(home.db);
      const nowMs = wallClock.nowMs();
      const apartMs = [
        0,
        -1,
        1,
        -HOUR_MS,
        HOUR_MS,
        30 * DAY_MS,
        -40 * DAY_MS,
        400 * DAY_MS,
        -600_000,
      ];
      const made: { readonly id: Id<'payment_intent'>; readonly createdAtMs: number }[] = [];
      const check = async (): Promise<void> => {
        const edges = [...made.map(({ createdAtMs: at }) => at), 0, nowMs + 1];
        for (const fromMs of [null, ...edges]) {
          for (const toMs of [null, ...edges]) {
            const query = { ...ANY, createdAfterMs: fromMs, createdBeforeMs: toMs };
            const page = { ...PAGE, limit: 100 };
            const { rows: found } = await listPayments(oneCell(home.db), MARKETPLACE, query, page);
            const wanted = made.filter(
              ({ createdAtMs: at }) =>
                (fromMs === null || at >= fromMs) && (toMs === null || at < toMs),
            );
            expect(found.map(({ intent }) => intent.id)).toEqual(
              wanted.map(({ id }) => id).reverse(),
            );
          }
        }
      };
      for (const [index, byMs] of apartMs.entries()) {
        const wanted = wantedPayment({ shard: index });
        const createdAtMs = nowMs + byMs;
        const intent = { ...wanted.intent, createdAtMs };
        const answer = await room.engine.submit(create({ ...wanted, intent }));
        expect(answer.ok).toBe(true);
        made.push({ id: intent.id, createdAtMs });
        if (index === 2) await check();
      }
      await check();
      await room.lease.release();
    });

    test('the status that lists look for follows the payment’s own', async () => {
      const room = await openEngine(home.db);
      const { root: paid } = await paidPayment(room, wantedPayment({ shard: 3 }));
      const wanted = wantedPayment({ shard: 4 });
      await room.engine.submit(create(wanted));
      const open = await listPayments(
        oneCell(home.db),
        MARKETPLACE,
        { ...ANY, status: 'requires_wallet', intent: wanted.intent.id },
        PAGE,
      );
      expect(open.rows).toHaveLength(1);
      await room.engine.submit(cancel(wanted.intent.id));
      for (const [status, id] of [
        ['succeeded', paid],
        ['canceled', wanted.intent.id],
      ] as const) {
        const of = (other: string) =>
          listPayments(oneCell(home.db), MARKETPLACE, { ...ANY, status: other, intent: id }, PAGE);
        expect((await of(status)).rows).toHaveLength(1);
        expect((await of('requires_wallet')).rows).toHaveLength(0);
      }
      await room.lease.release();
    });
  });
}
