/**
 * Payments of 0.2.0 by several merchants, wallets and accounts, for tests of the migrations since:
 * crafted ones with every way that money went then, and arbitrary ones.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { DecideContext, Decided } from '../../src/core/draft.ts';
import { refundDue } from '../../src/core/ledger/chart.ts';
import { credit, posting } from '../../src/core/ledger/posting.ts';
import { resolveConflict } from '../../src/core/payment/conflict.ts';
import type { PaymentDecision } from '../../src/core/payment/draft.ts';
import type { Leg, Payment } from '../../src/core/payment/model.ts';
import { applyReport } from '../../src/core/payment/report.ts';
import { startAttempt } from '../../src/core/payment/start.ts';
import { type RefundAnswer, reserveRefund } from '../../src/core/refund/refund.ts';
import { applyRefundReport } from '../../src/core/refund/report.ts';
import { applyReservation } from '../../src/core/refund/reservation.ts';
import { type LegReport, type RefundReport, silentRefund } from '../../src/core/wallet/report.ts';
import type { Db } from '../../src/database/db.ts';
import { formatId, type Id, idValue, packId } from '../../src/kernel/id.ts';
import { sumFen } from '../../src/kernel/money.ts';
import { ok } from '../../src/kernel/result.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
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
import { MARKETPLACE, rows } from './engine-support.ts';
import {
  EarlierBooks,
  migrateTo,
  type OldAccount,
  type OldBooking,
  writeAccounts,
  writeOld,
} from './old-rows.ts';

const BEFORE = 19;
const NOW_MS = Date.UTC(2026, 0, 1);
const SHARDS = [0, 1, 200];
export const [M1, M2, M3, M4] = [1, 2, 3, 4].map(merchantId) as [
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

export const PAYEES = {
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

export const capabilities = everyWallet({ ...CAPABLE, refundCountMax: 99, refundWindowMs: 1e12 });
const REFUSAL = { wallet: 'wechatpay', code: 'X', message: 'x', requestId: null } as const;

/** One payment of then, and what was booked for it. */
export class Old {
  payment: Payment;
  nowMs = NOW_MS;
  readonly books = new EarlierBooks();
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
    for (const posting of this.books.postingsOf(decided.value)) {
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
    this.do((payment, context) => {
      const asked = reserveRefund(payment, input, context);
      return asked.ok ? reservedAtOnce(asked.value, context) : asked;
    });
    return id;
  }

  says(
    refund: Id<'refund'> | undefined,
    status: RefundReport['status'],
    settlementFen: bigint | null = null,
  ): void {
    if (refund === undefined) return;
    const { refundNo } = this.payment.refunds.find((row) => row.id === refund)!;
    const walletError = status === 'failed' ? REFUSAL : null;
    const report = { ...silentRefund(status, walletError), settlementFen };
    this.do((payment, context) =>
      applyRefundReport(payment, { refund, refundNo, report }, context),
    );
  }

  settleAutomatic(settlementFen: bigint | null = null): void {
    for (const { id, subOrder } of this.payment.refunds)
      if (subOrder === null) this.says(id, 'succeeded', settlementFen);
  }
}

/**
 * What today is asked of the merchant's balance, and booked with its answer, was reserved then by
 * the decision that made the refund, in one booking.
 */
function reservedAtOnce(
  asked: Decided<Payment, RefundAnswer>,
  context: DecideContext,
): PaymentDecision<unknown> {
  const { refund, transfer } = asked.answer;
  if (transfer === undefined || transfer === null) return ok(asked);
  const answer = { refund: refund.id, outcome: 'applied', capabilities, isSender: true } as const;
  const taken = applyReservation(asked.state, answer, context);
  if (!taken.ok) return taken;
  const entries = [...asked.postings, ...taken.value.postings].flatMap((row) => row.entries);
  const due = entries.filter(({ account }) => account === refundDue);
  const taking = entries.filter(({ account }) => account !== refundDue);
  const dueFen = sumFen(due.map(({ creditFen }) => creditFen));
  const booked = { object: refund.id, currency: refund.currency, occurredAtMs: null };
  const whole = [...taking, credit(refundDue, dueFen, due[0]?.config)];
  return ok({ ...taken.value, postings: [posting('refund_reserved', booked, whole)] });
}

export const old = (shard: number, ...names: (keyof typeof PAYEES)[]): Old =>
  new Old(
    names.map((name) => PAYEES[name]),
    shard,
  );

/** Refunded in part, one refused, one under way. */
export function refundedInPart(one: Old): Old {
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

/** What was advanced is repaid by another refund's failure. */
function repaid(one: Old): Old {
  one.pays(one.start(FIRST));
  const refused = one.refund(0, 400n);
  one.says(refused, 'failed');
  const open = one.refund(0, 900n);
  one.says(refused, 'succeeded');
  one.says(open, 'failed');
  return one;
}

/** Of what was paid too much the wallet moved 5 fen, not 6: the difference is the merchant's. */
function overpaid(one: Old): Old {
  conflicted(one, 7n, 'accept', 5n);
  one.refund(0, 300n);
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

function conflicted(
  one: Old,
  figureFen: bigint,
  outcome?: 'accept' | 'refund',
  surplusFen: bigint | null = null,
): Old {
  one.pays(one.start(SECOND), (leg) => ({ amountFen: leg.amountFen + figureFen }));
  if (outcome === undefined) return one;
  one.resolve(outcome);
  one.settleAutomatic(surplusFen);
  if (outcome === 'accept') one.says(one.refund(0, 50n), 'succeeded');
  return one;
}

export function crafted(): Old[] {
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
    ...(['current', 'unionGone', 'union3'] as const).map((name) => repaid(old(0, name))),
    ...(['current', 'union3'] as const).map((name) => overpaid(old(200, name))),
    ...SHARDS.map((shard) => paidTwice(old(shard, 'current'))),
    paidTwice(old(0, 'alipay1', 'alipay2')),
    conflicted(old(0, 'retired'), 7n),
    conflicted(old(0, 'current'), 7n, 'accept'),
    conflicted(old(1, 'current'), -7n, 'accept'),
    conflicted(old(1, 'current', 'overwritten'), 7n, 'refund'),
    conflicted(old(1, 'union1', 'union2'), 9n, 'accept'),
  ];
}

export const carts = fc.record({
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

export function anyOld(told: Cart): Old {
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

export async function nets(db: Db): Promise<ReadonlyMap<string, bigint>> {
  const found = await rows(
    db,
    `select account, sum(credit - debit)::bigint as net from ledger_balances group by account`,
  );
  return new Map((found as unknown as Net[]).map(({ account, net }) => [account, net]));
}

/** The database of 0.2.0, with these payments. */
export async function openOld(db: Db, olds: readonly Old[]): Promise<void> {
  await migrateTo(db, BEFORE);
  const stored = ALL.filter(({ isGone }) => isGone !== true);
  await writeAccounts(db, MARKETPLACE, stored, [M1, M2, M3, M4]);
  await writeOld(db, olds);
}

/** Which account each of then's became: closed ones have the id that the migration gave them. */
export async function accountsNow(db: Db): Promise<ReadonlyMap<string, Id<'wallet_account'>>> {
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

export async function checkBalanced(db: Db): Promise<void> {
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
