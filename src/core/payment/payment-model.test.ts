/**
 * Core under a wallet that reports anything: true reports, lies, repeated reports, reports out of
 * order, late successes. After every decision the twelve rules must hold, and deciding the same
 * again must write nothing.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Balances } from '../../../test/helpers/balances.ts';
import {
  accountsOf,
  answered,
  type Bought,
  bookPostings,
  CAPABLE,
  newAttempt,
  numberedIds,
  orderedPayment,
} from '../../../test/helpers/payments.ts';
import { must } from '../../kernel/assert.ts';
import { formatId, type Id, idValue, parseId } from '../../kernel/id.ts';
import { sumFen } from '../../kernel/money.ts';
import {
  type Product,
  WALLET_NAMES,
  type WalletName,
  worksOnce,
} from '../../kernel/wallet-names.ts';
import type { NewTransfer, Shortfall } from '../balance/transfer.ts';
import type { DecideContext } from '../draft.ts';
import { releaseEscrow } from '../escrow/release.ts';
import {
  available,
  clearing,
  escrow,
  normalSide,
  owed,
  refundDue,
  suspense,
  transferInTransit,
} from '../ledger/chart.ts';
import { claimRefund } from '../refund/claim.ts';
import { isAutomatic, reserveRefund } from '../refund/refund.ts';
import { applyRefundReport } from '../refund/report.ts';
import { applyReservation } from '../refund/reservation.ts';
import { REFUNDED_AFTER_FAILURE } from '../refund/settle.ts';
import type { ReportCapabilities } from '../wallet/capabilities.ts';
import {
  type AttemptReport,
  type LegReport,
  type RefundReport,
  type StartOutcome,
  silentRefund,
} from '../wallet/report.ts';
import { claimAttempt } from './claim.ts';
import { cancelPayment, expirePayment } from './close.ts';
import { resolveConflict } from './conflict.ts';
import { createPayment } from './create.ts';
import type { PaymentDecision } from './draft.ts';
import { isLive, isOpen } from './intent-status.ts';
import {
  ATTEMPT_STATES,
  type Attempt,
  INTENT_STATES,
  isOpenRefund,
  type Leg,
  orderedFen,
  type Payment,
  REFUND_STATES,
  type Refund,
} from './model.ts';
import { applyReport } from './report.ts';
import { beginReversal } from './reverse.ts';
import { recordStart, startAttempt } from './start.ts';

const REFUSAL = { wallet: 'alipay', code: 'X', message: 'x', requestId: null } as const;
const START_MS = Date.UTC(2026, 0, 1);
const BOUNDS = { ...CAPABLE, refundSpacingMs: 60_000, pollDelaysMs: [30_000] };
const OWN: Readonly<Record<WalletName, ReportCapabilities & typeof BOUNDS>> = {
  wechatpay: BOUNDS,
  alipay: { ...BOUNDS, cart: { atomic: false }, notFoundIsFinalAfterMs: 300_000 },
  unionpay: { ...BOUNDS, custody: 'settles_directly' },
  jdpay: BOUNDS,
};
const CAPABILITIES = new Map(WALLET_NAMES.map((name) => [name, OWN[name]]));

/** What the attempt's wallet says of it, by whatever route. */
function reported({ id, wallet }: Attempt, report: AttemptReport) {
  return { attempt: id, report, capabilities: OWN[wallet] };
}

class World {
  nowMs = START_MS;
  payment: Payment;
  readonly balances = new Map<string, bigint>();
  readonly merchants = new Balances(this.balances);
  readonly newId = numberedIds();

  constructor(subs: readonly Bought[]) {
    this.payment = orderedPayment(this.newId, subs, { nowMs: START_MS });
    this.decide('create', (payment) => createPayment(payment, payment, true), { isOnce: true });
  }

  decide<A>(
    name: string,
    decide: (payment: Payment, context: DecideContext) => PaymentDecision<A>,
    options: { readonly isOnce?: boolean } = {},
  ): void {
    const context = { nowMs: this.nowMs, newId: this.newId };
    const before = this.payment;
    const frozen = snapshot(before);
    const decided = decide(before, context);
    expect(snapshot(before), `${name} changed what it was given`).toBe(frozen);
    if (!decided.ok) return;
    const { state: payment, postings, events } = decided.value;
    bookPostings(this.balances, postings);
    this.merchants.take(decided.value);
    for (const { amountFen } of decided.value.transfers ?? [])
      expect(amountFen > 0n, `${name}: a transfer moves money`).toBe(true);
    for (const event of events) expect(event.objectVersion).toBe(payment.intent.version);
    checkStep(name, before, payment);
    this.payment = payment;
    checkState(name, this);
    if (options.isOnce === true) return;
    const again = decide(payment, context);
    if (!again.ok) return;
    expect(again.value.postings, `${name} posts twice`).toEqual([]);
    expect(again.value.events, `${name} emits twice`).toEqual([]);
    expect(again.value.transfers ?? [], `${name} moves twice`).toEqual([]);
    expect(snapshot(again.value.state), `${name} writes twice`).toBe(snapshot(payment));
  }
}

function snapshot(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    typeof inner === 'bigint' ? `${inner}n` : (inner as unknown),
  );
}

function checkStep(name: string, before: Payment, after: Payment): void {
  const isSame = snapshot(before) === snapshot(after);
  const grown = after.intent.version - before.intent.version;
  expect(grown, `${name}: version`).toBe(isSame ? 0 : 1);
  const stays = (table: { isTerminal: (state: never) => boolean }, from: string, to: string) => {
    if (table.isTerminal(from as never)) expect(to, `${name}: from ${from}`).toBe(from);
  };
  stays(INTENT_STATES, before.intent.status, after.intent.status);
  for (const row of before.attempts)
    stays(ATTEMPT_STATES, row.status, after.attempts.find((one) => one.id === row.id)!.status);
  for (const row of before.legs) {
    const now = after.legs.find((one) => one.id === row.id)!;
    // A paid leg is refunded if its attempt turns out not to count.
    if (row.status === 'succeeded')
      expect(['succeeded', 'superseded'], `${name}: a paid leg`).toContain(now.status);
    if (row.status === 'superseded') expect(now.status).toBe('superseded');
  }
  for (const row of before.refunds)
    stays(REFUND_STATES, row.status, after.refunds.find((one) => one.id === row.id)!.status);
}

/** What the ledger must show that a wallet collected for this leg. */
function bookedFen(payment: Payment, leg: Leg): bigint {
  const attempt = payment.attempts.find((row) => row.id === leg.attempt)!;
  const receiptFen = leg.receiptAmountFen ?? leg.amountFen;
  if (leg.status === 'superseded') return receiptFen;
  if (leg.suspenseFen !== null) return leg.suspenseFen;
  // Of an attempt that is not settled yet, a paid leg waits for the others.
  const isSettled = attempt.status === 'succeeded' || attempt.status === 'conflicted';
  return leg.status === 'succeeded' && isSettled ? receiptFen : 0n;
}

const isUnsettled = isOpenRefund;
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

function checkState(name: string, { payment, balances, merchants }: World): void {
  const { intent, attempts, legs, refunds, escrows } = payment;
  const winners = attempts.filter((row) => row.status === 'succeeded');
  expect(winners.length, `${name}: rule 1`).toBe(intent.status === 'succeeded' ? 1 : 0);
  expect(intent.succeededAttempt).toBe(winners[0]?.id ?? null);
  for (const row of winners.filter((one) => worksOnce(one.product)))
    expect(row.closingAtMs, `${name}: what is being reversed never counts`).toBeNull();
  checkBooks(name, payment, balances, merchants);
  for (const leg of legs) {
    const { status } = attempts.find((row) => row.id === leg.attempt)!;
    if (leg.status === 'conflicted') expect(status, `${name}: somebody decides`).toBe('conflicted');
    if (leg.status === 'succeeded') expect(status, `${name}: rule 1`).not.toBe('superseded');
    if (leg.parts !== null) {
      expect(leg.merchant).toBeNull();
      expect(sumFen(leg.parts.map((part) => part.amountFen)), `${name}: parts`).toBe(leg.amountFen);
    }
    const own = refunds.filter((row) => row.leg === leg.id && row.status !== 'failed');
    const total = sumFen(own.map((row) => row.amountFen));
    expect(least(total, orderedFen(leg)), `${name}: counted`).toBe(leg.refundedFen);
    // A wallet may have paid one that it reported failed beside another: alerted, and never
    // promised.
    const isExtra = own.some((row) => row.failure?.code === REFUNDED_AFTER_FAILURE);
    if (!isExtra) expect(total <= orderedFen(leg), `${name}: rule 7`).toBe(true);
    const gone = own.filter((row) => row.status === 'succeeded').map((row) => row.movedFen);
    const receiptFen = leg.receiptAmountFen ?? leg.amountFen;
    expect(sumFen(gone) <= receiptFen, `${name}: never more than arrived`).toBe(true);
    if (leg.status === 'superseded') {
      expect(own.length, `${name}: refunded`).toBe(1);
      expect(total, `${name}: whole, by the wallet's figure`).toBe(orderedFen(leg));
    }
    if (leg.disputedFen !== null) expect(leg.disputedFen).not.toBe(leg.amountFen);
  }
  for (const sub of payment.subOrders) {
    const own = refunds.filter((row) => row.subOrder === sub.id && row.status !== 'failed');
    expect(least(sumFen(own.map((row) => row.amountFen)), sub.amountFen)).toBe(sub.refundedFen);
    expect(sub.refundedFen <= sub.amountFen, `${name}: rule 7`).toBe(true);
  }
  for (const row of escrows) {
    expect(row.heldFen >= 0n, `${name}: escrow`).toBe(true);
    expect(row.paidFen - row.feeFen, `${name}: as booked`).toBe(
      row.heldFen + row.releasedFen + row.returnedFen - row.returnedFromBalanceFen,
    );
    if (row.status === 'released') expect(row.heldFen, `${name}: all of it`).toBe(0n);
  }
  const returned = refunds.filter((row) => row.status === 'succeeded' && !isAutomatic(row));
  const givenFen = sumFen(returned.map((row) => row.amountFen));
  expect(least(givenFen, intent.amountReceivedFen)).toBe(intent.amountRefundedFen);
  // Whatever is not at rest is looked at again (rule 4).
  for (const row of attempts) if (isLive(row)) expect(row.dueAtMs, `${name}: due`).not.toBeNull();
  for (const row of attempts.filter((one) => one.status === 'failed' || one.status === 'closed')) {
    const paid = legs.filter((leg) => leg.attempt === row.id && leg.status === 'succeeded');
    expect(paid, `${name}: what was paid is booked`).toEqual([]);
  }
  for (const row of refunds) {
    const isAsked = merchants.owed.some(({ source }) => source === row.id);
    if (row.awaitsBalance) expect([row.dueAtMs, isAsked], `${name}: asked`).toEqual([null, true]);
    else if (isUnsettled(row)) expect(row.dueAtMs, `${name}: refund due`).not.toBeNull();
  }
  if (isOpen(intent.status) && intent.closingAtMs === null)
    expect(intent.dueAtMs, `${name}: the intent is due`).not.toBeNull();
  if (intent.closingAtMs !== null && isOpen(intent.status))
    expect(attempts.some(isLive), `${name}: it ends with its last attempt`).toBe(true);
}

function checkBooks(
  name: string,
  payment: Payment,
  balances: ReadonlyMap<string, bigint>,
  merchants: Balances,
): void {
  const { legs, refunds, escrows, attempts } = payment;
  expect(sumFen(balances.values()), `${name}: rule 5`).toBe(0n);
  const balance = (account: string) => balances.get(account) ?? 0n;
  expect(-balance(transferInTransit), `${name}: in transit`).toBe(merchants.inTransitFen(payment));
  for (const [account, value] of balances) {
    // What was charged to a balance is owed by it until the transfer is applied.
    if (account === transferInTransit) continue;
    const normal = normalSide(account) === 'debit' ? value : -value;
    expect(normal >= 0n, `${name}: ${account} is ${normal}`).toBe(true);
  }
  for (const wallet of WALLET_NAMES) {
    const isIts = (leg: Leg) =>
      attempts.some((row) => row.id === leg.attempt && row.wallet === wallet);
    const own = legs.filter(isIts);
    const gone = refunds.filter(
      (row) => row.status === 'succeeded' && own.some((leg) => leg.id === row.leg),
    );
    const leftFen =
      sumFen(own.map((leg) => bookedFen(payment, leg))) - sumFen(gone.map((row) => row.movedFen));
    expect(balance(clearing(wallet)), `${name}: rule 6, ${wallet}`).toBe(leftFen);
  }
  for (const account of new Set(escrows.map((row) => row.walletAccount))) {
    const rows = escrows.filter((row) => row.walletAccount === account);
    const heldFen = sumFen(rows.map((row) => row.heldFen));
    expect(-balance(escrow(account)), `${name}: escrow`).toBe(heldFen);
    const { availableFen = 0n, owedFen = 0n } = merchants.of(account) ?? {};
    expect(-balance(available(account)), `${name}: available`).toBe(availableFen);
    expect(balance(owed(account)), `${name}: owed`).toBe(owedFen);
  }
  const due = refunds.filter(isUnsettled).map(reservedFen);
  expect(-balance(refundDue), `${name}: refund_due`).toBe(sumFen(due));
  const waiting = legs.map((leg) => leg.suspenseFen ?? 0n);
  expect(-balance(suspense), `${name}: suspense`).toBe(sumFen(waiting));
}

/** What it is sent with; the part that a balance is asked for is not reserved yet. */
function reservedFen({ movedFen, allocation, awaitsBalance }: Refund): bigint {
  return awaitsBalance ? movedFen - (allocation?.balanceFen ?? 0n) : movedFen;
}

const pick = <T>(rows: readonly T[], seed: number): T | undefined =>
  rows.length === 0 ? undefined : rows[seed % rows.length];

interface Step {
  readonly run: (world: World) => void;
  readonly toString: () => string;
}

/** A step that a counterexample can be read from. */
function say(what: string, run: (world: World) => void): Step {
  return { run, toString: () => what };
}

const wallet = fc.constantFrom(...WALLET_NAMES);
const seed = fc.nat({ max: 1_000 });

const PRODUCTS: Readonly<Record<WalletName, readonly Product[]>> = {
  wechatpay: ['native', 'codepay'],
  alipay: ['page', 'bar'],
  unionpay: ['qr', 'nfc'],
  jdpay: ['pc', 'bar'],
};

/** Each merchant's own at each wallet. */
function accountAt(name: WalletName, merchant: Id<'merchant'>): Id<'wallet_account'> {
  const place = BigInt(WALLET_NAMES.indexOf(name) + 1);
  return formatId('wallet_account', (place << 32n) | idValue(merchant));
}

const start: fc.Arbitrary<Step> = fc.tuple(wallet, seed).map(([name, at]) =>
  say(`start ${name} ${PRODUCTS[name][at % 2]}`, (world) => {
    const id = world.newId('payment_attempt');
    const product = PRODUCTS[name][at % 2]!;
    const oneLegMerchant = name === 'unionpay' || name === 'jdpay' ? `own-${name}` : null;
    const merchants = new Set(world.payment.subOrders.map((sub) => sub.merchant));
    // No wallet takes several orders by one payment code: it is not offered.
    if (worksOnce(product) && merchants.size > 1 && oneLegMerchant === null) return;
    world.decide('start_attempt', (payment, context) =>
      startAttempt(
        payment,
        newAttempt(payment, {
          id,
          wallet: name,
          product,
          config: formatId('wallet_config', BigInt(WALLET_NAMES.indexOf(name) + 1)),
          accounts: accountsOf(payment, (merchant) => ({
            walletAccount: accountAt(name, merchant),
            walletMerchant: `at-${name}-${merchant}`,
            // Without a fee, a fen of rounding has no account to go to.
            feeBps: at % 3 === 0 ? 0 : 60 + Number(merchant.at(-1)) * 100,
          })),
          oneLegMerchant,
        }),
        context,
      ),
    );
  }),
);

const startOutcome: fc.Arbitrary<StartOutcome> = fc.constantFrom<StartOutcome>(
  { outcome: 'pending', nextAction: { type: 'qr_code', code: 'weixin://x' } },
  { outcome: 'pending', nextAction: null },
  { outcome: 'unknown', walletError: null },
  {
    outcome: 'failed',
    walletError: { wallet: 'alipay', code: 'X', message: 'x', requestId: null },
  },
);

const record: fc.Arbitrary<Step> = fc.tuple(seed, startOutcome).map(([at, outcome]) =>
  say(`record ${at} ${outcome.outcome}`, (world) => {
    const attempt = pick(world.payment.attempts, at);
    if (attempt === undefined) return;
    const input = { attempt: attempt.id, outcome, capabilities: OWN[attempt.wallet] };
    world.decide('record_start', (payment, context) => recordStart(payment, input, context));
  }),
);

interface Lie {
  readonly status: LegReport['status'];
  readonly amount: 'true' | 'more' | 'less' | 'silly' | 'silent';
  readonly currency: string | null;
  readonly payee: 'true' | 'other' | 'silent';
  /** Of the amount, in percent. */
  readonly receipt: number | null;
  readonly isNamed: boolean;
}

const often = <T>(value: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(value) }, ...others.map((one) => fc.constant(one)));

const lie: fc.Arbitrary<Lie> = fc.record({
  status: fc.constantFrom<LegReport['status']>(
    'succeeded',
    'succeeded',
    'succeeded',
    'pending',
    'failed',
    'closed',
    'not_found',
    'unknown',
  ),
  amount: often<Lie['amount']>('true', 'more', 'less', 'silly', 'silent'),
  currency: often<string | null>('cny', null, 'usd'),
  payee: often<Lie['payee']>('true', 'silent', 'other'),
  receipt: fc.constantFrom(null, 100, 97, 50, 1, 0, 101, -1),
  isNamed: fc.boolean(),
});

function reportOf(leg: Leg, said: Lie): LegReport {
  const amounts = {
    true: leg.amountFen,
    more: leg.amountFen + 1n,
    less: leg.amountFen - 1n,
    silly: -1n,
    silent: null,
  };
  const payees = { true: leg.walletMerchant, other: 'somebody', silent: null };
  const { receipt } = said;
  return {
    orderNo: leg.orderNo,
    status: said.status,
    walletTransactionId: said.isNamed ? `4200${leg.orderNo}` : null,
    amountFen: amounts[said.amount],
    currency: said.currency,
    payee: payees[said.payee],
    payerAmountFen: receipt === null ? null : leg.amountFen,
    receiptAmountFen: receipt === null ? null : (leg.amountFen * BigInt(receipt)) / 100n,
    paidAtMs: said.isNamed ? START_MS + 60_000 : null,
    payerWalletReported: said.isNamed ? 'unionpay' : null,
    ...(said.status === 'closed' && said.isNamed && { isUnseen: true }),
  };
}

/** For one attempt: one report for all its legs, or one each, or for some of them only. */
const report: fc.Arbitrary<Step> = fc
  .tuple(seed, fc.array(lie, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([at, lies, isPartial]) =>
    say(`report ${at} ${isPartial} ${JSON.stringify(lies)}`, (world) => {
      const attempt = pick(world.payment.attempts, at);
      if (attempt === undefined) return;
      const legs = world.payment.legs.filter((leg) => leg.attempt === attempt.id);
      const chosen = isPartial ? legs.slice(at % legs.length) : legs;
      const reports = chosen.map((leg, index) => reportOf(leg, lies[index % lies.length]!));
      world.decide('apply_report', (payment, context) =>
        applyReport(payment, reported(attempt, answered(reports)), context),
      );
    }),
  );

/** What a query says of an order that was closed; of a leg that is paid, core knows better. */
function closedReports(world: World, attempt: Attempt): void {
  const closedLie = { amount: 'true', currency: 'cny', payee: 'true', receipt: 100 } as const;
  const legs = world.payment.legs
    .filter((leg) => leg.attempt === attempt.id)
    .map((leg) => reportOf(leg, { ...closedLie, status: 'closed', isNamed: false }));
  world.decide('closed words', (payment, context) =>
    applyReport(payment, reported(attempt, answered(legs)), context),
  );
}

/** The buyer pays, and the wallet reports it correctly. */
const paid: fc.Arbitrary<Step> = seed.map((at) =>
  say(`paid ${at}`, (world) => {
    const attempt = pick(world.payment.attempts, at);
    if (attempt === undefined) return;
    const legs = world.payment.legs
      .filter((leg) => leg.attempt === attempt.id)
      .map((leg) => ({
        ...reportOf(leg, {
          status: 'succeeded',
          amount: 'true',
          currency: 'cny',
          payee: 'true',
          receipt: 100,
          isNamed: true,
        }),
        paidAtMs: world.nowMs,
      }));
    const outcome = { outcome: 'succeeded', legs } as const;
    const started = { attempt: attempt.id, outcome, capabilities: OWN[attempt.wallet] };
    // In the answer to the start, or later.
    world.decide<unknown>('paid', (payment, context) =>
      at % 4 === 0
        ? recordStart(payment, started, context)
        : applyReport(payment, reported(attempt, answered(legs)), context),
    );
  }),
);

const closed: fc.Arbitrary<Step> = seed.map((at) =>
  say(`closed ${at}`, (world) => {
    const attempt = pick(world.payment.attempts, at);
    if (attempt === undefined) return;
    const answers: readonly AttemptReport[] = [
      { outcome: 'closed', isUnseen: true },
      { outcome: 'closed' },
      { outcome: 'not_found' },
    ];
    const report = must(pick(answers, at), 'an answer to a close');
    world.decide('closed', (payment, context) =>
      applyReport(payment, reported(attempt, report), context),
    );
  }),
);

/** The buyer of a payment code did not confirm: from here on it must not count. */
const beginReverse: fc.Arbitrary<Step> = seed.map((at) =>
  say(`begin reversal ${at}`, (world) => {
    const attempt = pick(
      world.payment.attempts.filter((row) => worksOnce(row.product)),
      at,
    );
    if (attempt !== undefined)
      world.decide('begin_reversal', (payment, context) =>
        beginReversal(payment, attempt.id, context),
      );
  }),
);

/** The wallet's report of a reversal that we requested: with true figures, false ones, or none. */
const reverse: fc.Arbitrary<Step> = fc
  .tuple(seed, fc.array(lie, { maxLength: 3 }))
  .map(([at, lies]) =>
    say(`reversed ${at} ${JSON.stringify(lies)}`, (world) => {
      const attempt = pick(
        world.payment.attempts.filter((row) => worksOnce(row.product) && row.closingAtMs !== null),
        at,
      );
      if (attempt === undefined) return;
      const legs = world.payment.legs.filter((leg) => leg.attempt === attempt.id);
      const reports = lies.flatMap((said, index) => {
        const leg = legs[index];
        return leg === undefined ? [] : [reportOf(leg, { ...said, status: 'succeeded' })];
      });
      const report = { outcome: 'reversed', legs: reports } as const;
      world.decide('reversed', (payment, context) =>
        applyReport(payment, reported(attempt, report), context),
      );
      const after = world.payment.attempts.find((row) => row.id === attempt.id)!;
      expect(after.status, 'a reversed attempt is at rest').toBe('superseded');
      const own = world.payment.refunds.filter((row) => legs.some((leg) => leg.id === row.leg));
      // One that the wallet had taken and closed was followed by another.
      const reversals = own.filter((one) => one.reason === 'reversed');
      expect(reversals.filter(isUnsettled), 'the reversal is the refund').toEqual([]);
      if (reversals.length > 0)
        expect(reversals.some((row) => row.status === 'succeeded')).toBe(true);
    }),
  );

const release: fc.Arbitrary<Step> = seed.map((at) =>
  say(`release ${at}`, (world) => {
    const sub = pick(world.payment.subOrders, at)!;
    world.decide('release_escrow', (payment, context) => releaseEscrow(payment, sub.id, context));
  }),
);

/** One transfer on its way, in whatever order; after a crash it comes again from the start. */
const carry: fc.Arbitrary<Step> = fc
  .tuple(seed, fc.constantFrom('applied', 'told', 'settled', 'settled', 'settled'))
  .map(([at, upTo]) =>
    say(`carry ${at} ${upTo}`, (world) => {
      const transfer = pick(world.merchants.owed, at);
      if (transfer !== undefined) carryOne(world, transfer, upTo);
    }),
  );

function carryOne(world: World, transfer: NewTransfer, upTo: string): void {
  const outcome = world.merchants.apply(transfer, world.nowMs);
  if (upTo === 'applied') return;
  const refund = parseId('refund', transfer.source);
  const isSender = world.nowMs % 2 === 0;
  if (transfer.kind === 'reserve' && refund !== undefined)
    world.decide('apply_reservation', (payment, context) =>
      applyReservation(payment, { refund, outcome, capabilities: CAPABILITIES, isSender }, context),
    );
  if (upTo === 'settled' && outcome !== 'waiting') world.merchants.settle(transfer);
}

const refundStep: fc.Arbitrary<Step> = fc
  .tuple(
    seed,
    fc.integer({ min: 1, max: 120 }),
    fc.constantFrom<Shortfall>('wait', 'refuse', 'advance'),
  )
  .map(([at, percent, shortfall]) =>
    say(`refund ${at} ${percent}% ${shortfall}`, (world) => {
      const sub = pick(world.payment.subOrders, at)!;
      const id = world.newId('refund');
      const amountFen = (sub.amountFen * BigInt(percent)) / 100n;
      if (amountFen === 0n) return;
      world.decide('reserve_refund', (payment, context) =>
        reserveRefund(
          payment,
          {
            id,
            subOrder: sub.id,
            amountFen,
            reason: 'r',
            shortfall,
            capabilities: CAPABILITIES,
          },
          context,
        ),
      );
    }),
  );

const refundReport: fc.Arbitrary<Step> = fc
  .tuple(
    seed,
    fc.constantFrom<RefundReport['status']>(
      'submitted',
      'processing',
      'succeeded',
      'succeeded',
      'abnormal',
      'failed',
      'not_found',
      'unknown',
    ),
    often<'true' | 'other' | 'silent'>('true', 'other', 'silent'),
    fc.boolean(),
    fc.record({
      /** Of the settlement figure, off ours. */
      offFen: often<bigint | 'all'>(0n, 1n, -1n, 7n, -7n, 'all'),
      call: fc.option(fc.record({ isRepeat: fc.boolean(), behind: often(0, 1) })),
      isEarlierNo: often(false, true),
    }),
  )
  .map(([at, status, amount, isRefused, { offFen, call, isEarlierNo }]) =>
    say(
      `refund word ${at} ${status} ${amount} ${isRefused} ${offFen} ${call?.isRepeat}`,
      (world) => {
        const refund = pick(world.payment.refunds, at);
        if (refund === undefined) return;
        const earlierNo = isEarlierNo ? refund.earlierNos[0] : undefined;
        const settlementFen = offFen === 'all' ? refund.amountFen : refund.movedFen + offFen;
        const amounts = { true: refund.amountFen, other: refund.amountFen + 1n, silent: null };
        const report: RefundReport = {
          status,
          walletRefundId: at % 2 === 0 ? '5030' : null,
          amountFen: amounts[amount],
          settledAtMs: at % 3 === 0 ? null : world.nowMs - 1_000,
          // Reported by some wallets; by others never, or not by this message.
          ...(at % 5 < 4 && { settlementFen: at % 5 < 3 ? settlementFen : null }),
          walletError: isRefused ? REFUSAL : null,
        };
        world.decide('apply_refund_report', (payment, context) =>
          applyRefundReport(
            payment,
            {
              ...{ refund: refund.id, refundNo: earlierNo ?? refund.refundNo },
              report,
              ...(call !== null && {
                call: { isRepeat: call.isRepeat, tries: refund.tries - call.behind },
              }),
            },
            context,
          ),
        );
      },
    ),
  );

const sweep: fc.Arbitrary<Step> = seed.map((at) =>
  say(`sweep ${at}`, (world) => {
    const attempt = pick(world.payment.attempts, at);
    const refund = pick(world.payment.refunds, at);
    if (attempt !== undefined)
      world.decide('claim_attempt', (payment, context) =>
        claimAttempt(payment, { attempt: attempt.id, capabilities: CAPABILITIES }, context),
      );
    if (refund !== undefined)
      world.decide('claim_refund', (payment, context) => claimRefund(payment, refund.id, context));
  }),
);

const time: fc.Arbitrary<Step> = fc.constantFrom(1_000, 30_000, 600_000, 1_900_000).map((ms) =>
  say(`wait ${ms}`, (world) => {
    world.nowMs += ms;
  }),
);

const cancel: fc.Arbitrary<Step> = fc.constant(
  say('cancel', (world) => world.decide('cancel', cancelPayment)),
);
const expire: fc.Arbitrary<Step> = fc.constant(
  say('expire', (world) => world.decide('expire', expirePayment)),
);

const resolve: fc.Arbitrary<Step> = fc
  .constantFrom<'accept' | 'refund'>('accept', 'refund')
  .map((outcome) =>
    say(`resolve ${outcome}`, (world) => {
      const { status } = world.payment.intent;
      world.decide('resolve', (payment, context) =>
        resolveConflict(
          payment,
          {
            ...{ outcome, reason: 'r', by: formatId('api_key', 1n) },
            capabilities: CAPABILITIES,
          },
          context,
        ),
      );
      const after = world.payment.intent;
      if (status !== 'conflicted' || after.status === 'conflicted') return;
      expect(after.status).toBe(outcome === 'accept' ? 'succeeded' : 'canceled');
      expect(-(world.balances.get(suspense) ?? 0n), 'nothing is in question any more').toBe(0n);
    }),
  );

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: start },
  { weight: 3, arbitrary: record },
  { weight: 6, arbitrary: report },
  { weight: 4, arbitrary: paid },
  { weight: 2, arbitrary: closed },
  { weight: 2, arbitrary: beginReverse },
  { weight: 3, arbitrary: reverse },
  { weight: 2, arbitrary: release },
  { weight: 4, arbitrary: carry },
  { weight: 4, arbitrary: refundStep },
  { weight: 5, arbitrary: refundReport },
  { weight: 2, arbitrary: sweep },
  { weight: 2, arbitrary: time },
  { weight: 2, arbitrary: resolve },
  { weight: 1, arbitrary: cancel },
  { weight: 1, arbitrary: expire },
);

const cart = fc.array(
  fc.record({
    merchant: fc.integer({ min: 1, max: 3 }),
    amountFen: fc.bigInt({ min: 1n, max: 100_000n }),
  }),
  { minLength: 1, maxLength: 4 },
);

it('holds every rule under whatever the wallets say', () => {
  fc.assert(
    fc.property(cart, fc.array(step, { minLength: 5, maxLength: 60 }), (subs, steps) => {
      const world = new World(subs);
      for (const one of steps) one.run(world);
    }),
    { numRuns: 1_500 },
  );
}, 120_000);

it('ends: after honest answers no refund and no due work is left', () => {
  fc.assert(
    fc.property(cart, fc.array(step, { maxLength: 30 }), (subs, steps) => {
      const world = new World(subs);
      for (const one of steps) one.run(world);
      world.nowMs = Math.max(world.nowMs, world.payment.intent.expiresAtMs) + 1_000_000;
      world.decide('expire', expirePayment);
      for (const attempt of world.payment.attempts.filter(isLive)) {
        world.decide('closed', (payment, context) =>
          applyReport(payment, reported(attempt, { outcome: 'closed' }), context),
        );
        closedReports(world, attempt);
      }
      // What a balance cannot pay is advanced, so that nothing waits for other payments' money.
      for (const transfer of [...world.merchants.owed])
        carryOne(world, { ...transfer, shortfall: 'advance' }, 'settled');
      for (const refund of world.payment.refunds) {
        const said = { ...silentRefund('succeeded'), settlementFen: null };
        world.decide('settled', (payment, context) =>
          applyRefundReport(
            payment,
            {
              refund: refund.id,
              refundNo: refund.refundNo,
              report: { ...said, amountFen: refund.amountFen },
            },
            context,
          ),
        );
      }
      for (const transfer of [...world.merchants.owed]) carryOne(world, transfer, 'settled');
      expect(world.merchants.owed).toEqual([]);
      expect(world.balances.get(transferInTransit) ?? 0n).toBe(0n);
      expect(isOpen(world.payment.intent.status)).toBe(false);
      expect(world.balances.get(refundDue) ?? 0n).toBe(0n);
    }),
    { numRuns: 300 },
  );
}, 60_000);
