/**
 * Books of 0.2.0 under today's names: balances move to the account that was paid, account by
 * account to the fen; what the migration finds out about a transaction is what core would have
 * written, or nothing.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecideContext } from '../../src/core/draft.ts';
import { available, escrow, isByConfig, owed } from '../../src/core/ledger/chart.ts';
import { resolveConflict } from '../../src/core/payment/conflict.ts';
import type { PaymentDecision } from '../../src/core/payment/draft.ts';
import type { Leg, Payment } from '../../src/core/payment/model.ts';
import { applyReport } from '../../src/core/payment/report.ts';
import { startAttempt } from '../../src/core/payment/start.ts';
import { reserveRefund } from '../../src/core/refund/refund.ts';
import { applyRefundReport } from '../../src/core/refund/report.ts';
import { type LegReport, type RefundReport, silentRefund } from '../../src/core/wallet/report.ts';
import type { Db } from '../../src/database/db.ts';
import { migrate } from '../../src/database/migrate.ts';
import { formatId, type Id, idValue, packId } from '../../src/kernel/id.ts';
import { sumFen } from '../../src/kernel/money.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { listTransactions, readUnattributed } from '../../src/store/ledger/queries.ts';
import { readPayments } from '../../src/store/payment/payments.ts';
import {
  answered,
  CAPABLE,
  everyWallet,
  merchantId,
  type NewId,
  newAttempt,
  orderedPayment,
  paidReport,
} from '../helpers/payments.ts';
import { MARKETPLACE, openEngine, paidPayment, rows, wantedPayment } from './engine-support.ts';
import { ENGINES } from './engines.ts';
import {
  formerName,
  migrateTo,
  type OldAccount,
  type OldBooking,
  writeAccounts,
  writeOld,
} from './old-rows.ts';

const BEFORE = 19;
const NOW_MS = Date.UTC(2026, 0, 1);
const SHARDS = [0, 1, 200];
const [M1, M2, M3, M4] = [1, 2, 3, 4].map(merchantId) as [
  Id<'merchant'>,
  Id<'merchant'>,
  Id<'merchant'>,
  Id<'merchant'>,
];
const [FIRST, SECOND] = [formatId('wallet_config', 901n), formatId('wallet_config', 902n)];

type Payee = OldAccount & { readonly isGone?: true };

let accountNumber = 5_000n;
function payee(merchant: Id<'merchant'>, wallet: WalletName, number: string, status = 'active') {
  accountNumber += 1n;
  return { id: formatId('wallet_account', accountNumber), merchant, wallet, number, status };
}
/** Overwritten in place before 0008: no row has this number any more. */
const gone = (...said: Parameters<typeof payee>): Payee => ({ ...payee(...said), isGone: true });

const PAYEES = {
  retired: payee(M1, 'wechatpay', 'w-old', 'retiring'),
  current: payee(M1, 'wechatpay', 'w-new'),
  alipay1: payee(M1, 'alipay', 'a1'),
  union1: payee(M1, 'unionpay', 'u1'),
  overwritten: gone(M2, 'wechatpay', 'w-overwritten'),
  overwriting: payee(M2, 'wechatpay', 'w-overwriting'),
  alipay2: payee(M2, 'alipay', 'a2'),
  union2: payee(M2, 'unionpay', 'u2'),
  unionGone: gone(M3, 'unionpay', 'u-gone'),
  union3: payee(M3, 'unionpay', 'u3'),
  wechat3: payee(M3, 'wechatpay', 'w3'),
  alipay3: payee(M3, 'alipay', 'a3'),
  only: payee(M4, 'alipay', 'a4'),
} satisfies Record<string, Payee>;
const ALL: readonly Payee[] = Object.values(PAYEES);

let made = 0;
const newIdIn =
  (shard: number): NewId =>
  (kind) => {
    made += 1;
    return formatId(kind, packId({ unixMs: NOW_MS + made, shard, process: 3, sequence: 0 }));
  };

const capabilities = everyWallet({ ...CAPABLE, refundCountMax: 99, refundWindowMs: 1e12 });
const REFUSAL = { wallet: 'wechatpay', code: 'X', message: 'x', requestId: null } as const;

/** One payment of then, and what was booked for it. */
class Old {
  payment: Payment;
  nowMs = NOW_MS;
  readonly booked: OldBooking[] = [];
  readonly newId: NewId;
  readonly payees: readonly Payee[];

  constructor(payees: readonly Payee[], shard: number, amountFen = 1_000n) {
    this.payees = payees;
    this.newId = newIdIn(shard);
    const bought = payees.map(({ merchant }, at) => ({
      merchant: Number(idValue(merchant)),
      amountFen: amountFen + BigInt(at),
    }));
    const merchantOrderNo = `T${this.newId('event')}`;
    this.payment = orderedPayment(this.newId, bought, {
      ...{ nowMs: NOW_MS, merchantOrderNo, shard, marketplace: MARKETPLACE },
    });
  }

  do<A>(decide: (payment: Payment, context: DecideContext) => PaymentDecision<A>): void {
    this.nowMs += 1_000;
    const decided = decide(this.payment, { nowMs: this.nowMs, newId: this.newId });
    if (!decided.ok) throw new Error(decided.error.message);
    this.payment = decided.value.state;
    for (const posting of decided.value.postings) {
      const id = this.newId('ledger_transaction');
      this.booked.push({ id, posting, createdAtMs: this.nowMs });
    }
  }

  start(config: Id<'wallet_config'>, payees = this.payees): Id<'payment_attempt'> {
    const id = this.newId('payment_attempt');
    const { wallet } = payees[0]!;
    this.do((payment, context) =>
      startAttempt(
        payment,
        newAttempt(payment, {
          ...{ id, wallet, config, product: wallet === 'wechatpay' ? 'native' : 'qr' },
          accounts: new Map(
            payees.map(({ merchant, id: walletAccount, number: walletMerchant }) => [
              merchant,
              { walletAccount, walletMerchant, feeBps: 60 },
            ]),
          ),
          oneLegMerchant: wallet === 'unionpay' ? 'own' : null,
        }),
        context,
      ),
    );
    return id;
  }

  pays(attempt: Id<'payment_attempt'>, said: (leg: Leg) => Partial<LegReport> = () => ({})): void {
    const { wallet } = this.payment.attempts.find((row) => row.id === attempt)!;
    const custody = wallet === 'unionpay' ? 'settles_directly' : 'wallet_holds';
    const own = this.payment.legs.filter((leg) => leg.attempt === attempt);
    const paidAtMs = this.nowMs - 500;
    const legs = own.map((leg) => paidReport(leg, { paidAtMs, ...said(leg) }));
    const input = {
      attempt,
      report: answered(legs),
      capabilities: { ...CAPABLE, custody },
    } as const;
    this.do((payment, context) => applyReport(payment, input, context));
  }

  resolve(outcome: 'accept' | 'refund'): void {
    const by = formatId('api_key', 1n);
    this.do((payment, context) =>
      resolveConflict(payment, { outcome, reason: 'r', by, capabilities }, context),
    );
  }

  refund(at: number, wantedFen: bigint): Id<'refund'> | undefined {
    const { id: subOrder, amountFen, refundedFen } = this.payment.subOrders[at]!;
    const leftFen = amountFen - refundedFen;
    const thisFen = wantedFen < leftFen ? wantedFen : leftFen;
    if (thisFen === 0n) return undefined;
    const id = this.newId('refund');
    const input = { id, subOrder, amountFen: thisFen, reason: 'r', capabilities };
    this.do((payment, context) => reserveRefund(payment, input, context));
    return id;
  }

  says(refund: Id<'refund'> | undefined, status: RefundReport['status']): void {
    if (refund === undefined) return;
    const { refundNo } = this.payment.refunds.find((row) => row.id === refund)!;
    const walletError = status === 'failed' ? REFUSAL : null;
    const report = { ...silentRefund(status, walletError), settlementFen: null };
    this.do((payment, context) =>
      applyRefundReport(payment, { refund, refundNo, report }, context),
    );
  }

  settleAutomatic(): void {
    for (const { id, subOrder } of this.payment.refunds)
      if (subOrder === null) this.says(id, 'succeeded');
  }
}

const old = (shard: number, ...names: (keyof typeof PAYEES)[]): Old =>
  new Old(
    names.map((name) => PAYEES[name]),
    shard,
  );

/** Refunded in part, one refused, one under way. */
function refundedInPart(one: Old): Old {
  one.pays(one.start(FIRST));
  one.says(one.refund(0, 300n), 'succeeded');
  one.says(one.refund(0, 200n), 'failed');
  one.refund(0, 100n);
  return one;
}

/** A refund that was refused was paid after all, beside another: what nothing covers is owed. */
function advanced(one: Old): Old {
  one.pays(one.start(FIRST));
  one.says(one.refund(0, 600n), 'succeeded');
  const refused = one.refund(0, 400n);
  one.says(refused, 'failed');
  one.refund(0, 300n);
  one.says(refused, 'succeeded');
  return one;
}

/** Paid twice, through two configurations of one wallet. */
function paidTwice(one: Old): Old {
  const [first, second] = [one.start(FIRST), one.start(SECOND)];
  one.pays(second);
  one.pays(first);
  one.settleAutomatic();
  one.says(one.refund(0, 10n), 'succeeded');
  return one;
}

function conflicted(one: Old, figureFen: bigint, outcome?: 'accept' | 'refund'): Old {
  one.pays(one.start(SECOND), (leg) => ({ amountFen: leg.amountFen + figureFen }));
  if (outcome === undefined) return one;
  one.resolve(outcome);
  one.settleAutomatic();
  if (outcome === 'accept') one.says(one.refund(0, 50n), 'succeeded');
  return one;
}

function crafted(): Old[] {
  return [
    refundedInPart(old(0, 'retired')),
    refundedInPart(old(0, 'current')),
    refundedInPart(old(1, 'current')),
    refundedInPart(old(1, 'overwritten')),
    refundedInPart(old(1, 'overwriting')),
    refundedInPart(old(200, 'alipay1', 'alipay2', 'alipay3')),
    refundedInPart(old(200, 'union1', 'unionGone', 'union2')),
    refundedInPart(old(200, 'union3')),
    refundedInPart(old(0, 'wechat3')),
    ...(['retired', 'current', 'overwritten', 'only', 'union3'] as const).map((name) =>
      advanced(old(1, name)),
    ),
    ...SHARDS.map((shard) => paidTwice(old(shard, 'current'))),
    paidTwice(old(0, 'alipay1', 'alipay2')),
    conflicted(old(0, 'retired'), 7n),
    conflicted(old(0, 'current'), 7n, 'accept'),
    conflicted(old(1, 'current'), -7n, 'accept'),
    conflicted(old(1, 'current', 'overwritten'), 7n, 'refund'),
    conflicted(old(1, 'union1', 'union2'), 9n, 'accept'),
  ];
}

const carts = fc.record({
  names: fc.constantFrom(
    ...([
      ['retired'],
      ['current'],
      ['current', 'overwritten'],
      ['overwriting', 'wechat3'],
      ['alipay1', 'alipay3'],
      ['only'],
      ['union1', 'union3'],
      ['union2', 'unionGone'],
    ] as (keyof typeof PAYEES)[][]),
  ),
  shard: fc.constantFrom(...SHARDS),
  amountFen: fc.bigInt({ min: 1n, max: 9_999n }),
  attempts: fc.integer({ min: 1, max: 2 }),
  receiptMille: fc.oneof(fc.constant(1_000n), fc.bigInt({ min: 500n, max: 1_000n })),
  refunds: fc.array(
    fc.record({
      at: fc.nat({ max: 1 }),
      amountFen: fc.bigInt({ min: 1n, max: 5_000n }),
      status: fc.constantFrom('succeeded', 'failed', 'processing'),
    }),
    { maxLength: 4 },
  ),
});

type Cart = typeof carts extends fc.Arbitrary<infer C> ? C : never;

function anyOld(told: Cart): Old {
  const payees = told.names.map((name) => PAYEES[name]);
  const one = new Old(payees, told.shard, told.amountFen);
  const attempts = [FIRST, SECOND].slice(0, told.attempts).map((config) => one.start(config));
  for (const attempt of attempts) {
    one.pays(attempt, (leg) => ({
      receiptAmountFen: (leg.amountFen * told.receiptMille) / 1_000n,
    }));
  }
  one.settleAutomatic();
  for (const { at, amountFen, status } of told.refunds)
    one.says(one.refund(at % payees.length, amountFen), status);
  return one;
}

interface Net {
  readonly account: string;
  readonly net: bigint;
}

async function nets(db: Db): Promise<ReadonlyMap<string, bigint>> {
  const found = await rows(
    db,
    `select account, sum(credit - debit)::bigint as net from ledger_balances group by account`,
  );
  return new Map((found as unknown as Net[]).map(({ account, net }) => [account, net]));
}

async function openOld(db: Db, olds: readonly Old[]): Promise<void> {
  await migrateTo(db, BEFORE);
  const stored = ALL.filter(({ isGone }) => isGone !== true);
  await writeAccounts(db, MARKETPLACE, stored, [M1, M2, M3, M4]);
  await writeOld(db, olds);
}

/** Which account each of then's became: closed ones have the id that the migration gave them. */
async function accountsNow(db: Db): Promise<ReadonlyMap<string, Id<'wallet_account'>>> {
  const found = await rows(db, 'select id, merchant, wallet, wallet_merchant from wallet_accounts');
  const idOf = new Map(
    found.map((row) => [
      `${formatId('merchant', row.merchant as bigint)} ${row.wallet} ${row.wallet_merchant}`,
      formatId('wallet_account', row.id as bigint),
    ]),
  );
  return new Map(
    ALL.map(({ id, merchant, wallet, number }) => [
      id,
      idOf.get(`${merchant} ${wallet} ${number}`)!,
    ]),
  );
}

async function checkBalanced(db: Db): Promise<void> {
  const unbalanced = await rows(
    db,
    `select transaction from ledger_entries group by shard, transaction
      having sum(debit) <> sum(credit)`,
  );
  expect(unbalanced).toEqual([]);
  const differing = await rows(
    db,
    `select account, config from (
      select e.shard, t.marketplace, e.account, coalesce(e.config, 0) as config,
        e.debit - e.credit as net
      from ledger_entries e join ledger_transactions t on t.shard = e.shard and t.id = e.transaction
      union all
      select shard, marketplace, account, config, credit - debit from ledger_balances
    ) as sides group by shard, marketplace, account, config having sum(net) <> 0`,
  );
  expect(differing, 'ledger = entries').toEqual([]);
}

/** Compared with what core posted: the migration found the same out, or says nothing. */
async function checkFoundOut(db: Db, olds: readonly Old[]): Promise<number> {
  const page = { limit: 100_000, beforeId: null, afterId: null };
  const listed = (await listTransactions(db, MARKETPLACE, null, page)).rows;
  const byId = new Map(listed.map((row) => [row.id, row]));
  let unknown = 0;
  for (const { booked, payment } of olds) {
    for (const { id, posting, createdAtMs } of booked) {
      const row = byId.get(id)!;
      const where = `${posting.moment} of ${posting.object}`;
      if (row.object === null) unknown += 1;
      else expect(row.object, where).toBe(posting.object);
      const isLeg = posting.moment.startsWith('paid') && row.object !== null;
      const atMs = isLeg ? (posting.occurredAtMs ?? createdAtMs) : createdAtMs;
      expect(row.occurredAtMs, where).toBe(atMs);
      for (const [at, entry] of row.entries.entries()) {
        const was = posting.entries[at]!;
        expect(entry.account).toBe(formerName(was.account, payment));
        expect([was.config, null], where).toContain(entry.config);
        if (row.object !== null) expect(entry.config, where).toBe(was.config);
      }
    }
  }
  return unknown;
}

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`the books of 0.2.0 on ${engine.name}`, () => {
    it('move to the account that was paid, to the fen', async () => {
      const home = await engine.open({ isMigrated: false });
      const { db } = home;
      const olds = [...crafted(), ...fc.sample(carts, { numRuns: 200, seed: 11 }).map(anyOld)];
      await openOld(db, olds);
      const lastId = idValue(olds.at(-1)!.booked.at(-1)!.id);
      // A process was running, and was ahead of this machine's clock.
      const ahead = packId({ unixMs: Date.now() + 60_000, shard: 3, process: 1, sequence: 2 });
      await db.script(`insert into process_leases values (1, 'old', now() + interval '1 hour');
        insert into engine_lanes (process, lane, batch_id, floor) values (1, 0, ${ahead}, 5)`);
      const before = await nets(db);
      await migrate(db);
      const after = await nets(db);
      await checkBalanced(db);

      const now = await accountsNow(db);
      const renamed = (account: string): string =>
        account.replace(/wa_\w{13}/, (id) => now.get(id) ?? id);
      const expected = new Map<string, bigint>();
      const added = (account: string, net: bigint) =>
        expected.set(account, (expected.get(account) ?? 0n) + net);
      for (const { booked, payment } of olds) {
        for (const entry of booked.flatMap(({ posting }) => posting.entries)) {
          added(renamed(entry.account), entry.creditFen - entry.debitFen);
          const former = formerName(entry.account, payment);
          if (former !== entry.account) added(former, 0n);
        }
      }
      for (const [account, net] of after)
        expect(net, account).toBe(isByConfig(account as never) ? before.get(account) : net);
      expect([...after].sort()).toEqual([...expected].sort());

      const unknown = await checkFoundOut(db, olds);
      const all = sumFen(olds.map(({ booked }) => BigInt(booked.length)));
      expect(unknown / Number(all)).toBeLessThan(0.05);

      const read = await readPayments(
        (statement, values) => db.read(statement, values) as never,
        olds.map(({ payment }) => payment.intent.id),
      );
      for (const { payment } of olds) {
        const { escrows, legs } = read.get(payment.intent.id)!;
        expect(escrows.map((row) => row.walletAccount)).toEqual(
          payment.escrows.map((row) => now.get(row.walletAccount)),
        );
        for (const [at, leg] of legs.entries()) {
          const was = payment.legs[at]!;
          expect(leg.walletAccount).toBe(was.walletAccount && now.get(was.walletAccount));
          expect(leg.parts?.map((part) => part.walletAccount)).toEqual(
            was.parts?.map((part) => now.get(part.walletAccount)),
          );
        }
      }

      // A follower that has seen everything of then sees all that was moved, and then the rest.
      expect(await rows(db, 'select * from process_leases')).toEqual([]);
      const room = await openEngine(db);
      await paidPayment(room, wantedPayment({ shard: 0 }));
      const page = { limit: 1_000, beforeId: null, afterId: lastId };
      const followed = (await listTransactions(db, MARKETPLACE, null, page)).rows.toReversed();
      const moments = followed.map(({ moment }) => moment);
      expect(new Set(moments.slice(0, -1))).toEqual(new Set(['account_moved']));
      expect(moments.at(-1)).toBe('paid');
      for (const { id } of followed) expect(idValue(id) > ahead).toBe(true);
      await room.lease.release();
      await home.close();
    }, 120_000);

    it('stay where they are where the figures do not say whose they are', async () => {
      const home = await engine.open({ isMigrated: false });
      const { db } = home;
      await openOld(db, [refundedInPart(old(0, 'retired')), refundedInPart(old(0, 'current'))]);
      const name = `merchant:${M1}:wechatpay:escrow`;
      const owner = idValue(MARKETPLACE);
      await db.script(`
        insert into ledger_transactions values (0, 1, ${owner}, null, 'paid', 'cny', 1);
        insert into ledger_entries values (0, 1, 0, 'suspense', 5, 0), (0, 1, 1, '${name}', 0, 5);
        insert into ledger_balances values (0, ${owner}, 'suspense', 'cny', 9, 5, 0),
          (0, ${owner}, '${name}', 'cny', 9, 0, 5)`);
      const before = await nets(db);
      await migrate(db);
      await checkBalanced(db);
      const after = await nets(db);
      expect(await readUnattributed(db)).toEqual([{ account: name, netFen: 5n }]);
      const moved = [PAYEES.retired, PAYEES.current].map(({ id }) => after.get(escrow(id))!);
      expect(sumFen(moved) + 5n).toBe(before.get(name));
      for (const { id } of [PAYEES.retired, PAYEES.current]) {
        expect(after.has(available(id))).toBe(false);
        expect(after.has(owed(id))).toBe(false);
      }
      await home.close();
    }, 60_000);
  });
}
