/**
 * The wallet contract, once for every wallet and every product it claims: what the port promises
 * must hold behind each of them, whatever its wire. What differs is data: capabilities, and the few
 * tables here. Rules 1, 2, 3 and 7 of the domain are cited where they are tested.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FaultName } from '../../sandbox/kit/kit.ts';
import type { ProductCapability } from '../../src/core/wallet/capabilities.ts';
import type { AttemptOrder } from '../../src/core/wallet/order.ts';
import { isOwnError } from '../../src/core/wallet/report.ts';
import { WALLETS } from '../../src/wallets/registry.ts';
import {
  advance,
  arm,
  type Bench,
  type ContractStage,
  isPresented,
  legOf,
  notificationsOf,
  openContractStage,
  orderOf,
  paidOrder,
  phonePays,
  refundOf,
  reversed,
  rowOf,
  scanTextOf,
  settledRefund,
  show,
  showCode,
} from './wallets/stage.ts';

/** Products whose wallet sends no notification: only a query helps. */
const SILENT = new Set(['wechatpay.codepay', 'wechatpay.codepay by v3']);
/** A number sent twice is a duplicate there (12): its code is lost, and the order expires. */
const NOTIFIED_ONCE = new Set(['unionpay.qr', 'unionpay.app']);
const LOST_ANSWERS: readonly FaultName[] = ['answer_lost', 'server_error', 'html_502'];

let stage: ContractStage;
beforeAll(async () => {
  stage = await openContractStage();
});
afterAll(() => stage.close());
beforeEach(() => {
  for (const bench of stage.benches.values()) bench.city.opened.faults.clear();
});

function benchOf(wallet: string): Bench {
  const bench = [...stage.benches.values()].find(({ module }) => module.name === wallet);
  if (bench === undefined) throw new Error(`${wallet} has no gateway in the city`);
  return bench;
}

const paid = (order: AttemptOrder) => {
  const [leg] = order.legs;
  return { orderNo: leg!.orderNo, status: 'succeeded', amountFen: leg!.amountFen, currency: 'cny' };
};

for (const [name, module] of WALLETS) {
  for (const row of module.capabilities.products) {
    contractOf(`${name}.${row.product}`, row, () => benchOf(name));
  }
}
for (const row of WALLETS.get('wechatpay')?.capabilities.products ?? []) {
  if (row.product === 'codepay') contractOf('wechatpay.codepay by v3', row, () => stage.codepayV3);
}

function contractOf(way: string, row: ProductCapability, bench: () => Bench): void {
  describe(way, () => {
    test('is started, paid, queried and notified', () => paysOnce(bench(), row, way));
    test('what was never sent is not said to be refused by the wallet', () =>
      refusesItself(bench(), row));
    test('is refunded in two parts, and never more (rule 7)', () => refunds(bench(), row));
    test('wrong figures are reported as the wallet says them (rule 3)', () =>
      wrongFigures(bench(), row));
    for (const fault of LOST_ANSWERS) {
      test(`${fault}: the start is unknown, then the query knows (rule 2)`, () =>
        lostStart(bench(), row, fault));
      test(`${fault}: a query is unknown, never failed (rule 2)`, () =>
        lostQuery(bench(), row, fault));
      test(`${fault}: a refund is one refund (rule 7)`, () => lostRefund(bench(), row, fault));
    }
    if (!isPresented(row)) {
      test('unpaid, it closes; paid, it does not', () => closes(bench(), row));
    } else {
      test('waits for the buyer, then is paid', () => waits(bench(), row));
      test('waits for the buyer, who refuses', () => waitsInVain(bench(), row));
      test('is reversed while it waits', () => reversedUnpaid(bench(), row));
      test('answer lost: queried, then reversed once', () => reversedPaid(bench(), row));
      test('a reversal without an answer is made again', () => lostReversal(bench(), row));
      test('paid and too old to reverse, it is reported as paid', () =>
        reversedTooLate(bench(), row));
    }
    if (row.payerField === 'auth_code') {
      test('a code pays one order', () => codeWorksOnce(bench(), row));
      test('a code that expired is refused', () => codeExpires(bench(), row));
    }
  });
}

async function paysOnce(bench: Bench, row: ProductCapability, way: string): Promise<void> {
  const order = await orderOf(bench, row);
  const started = await bench.wallet.startAttempt(order);
  if (isPresented(row)) {
    if (started.outcome === 'succeeded') expect(started.legs).toMatchObject([paid(order)]);
    else expect(started).toEqual({ outcome: 'pending', nextAction: null });
  } else {
    expect(started.outcome, show(started)).toBe('pending');
    expect(['pending', 'not_found']).toContain((await legOf(bench, order)).status);
    expect(await phonePays(bench, scanTextOf(bench, order, started))).toBe('paid');
  }
  const leg = await legOf(bench, order);
  expect(leg).toMatchObject(paid(order));
  expect(leg.walletTransactionId).toBeTruthy();
  expect([null, order.legs[0]!.walletMerchant]).toContain(leg.payee);
  expect(leg.paidAtMs).not.toBeNull();
  expect(rowOf(bench, order)).toMatchObject({ state: 'paid', amountFen: order.legs[0]!.amountFen });
  await advance(bench, 1_000);
  const notified = await notificationsOf(bench, order);
  if (SILENT.has(way)) {
    expect(notified).toEqual([]);
    return;
  }
  const [first] = notified;
  expect(first?.type).toBe('attempt');
  expect(first?.type === 'attempt' ? first.legs : []).toMatchObject([paid(order)]);
  const ids = new Set(notified.map(({ notificationId }) => notificationId));
  expect(ids.size, 'one payment is one notification, however often delivered').toBe(1);
}

/** Without the payer it needs, and by a product of no wallet. */
async function refusesItself(bench: Bench, row: ProductCapability): Promise<void> {
  const order = await orderOf(bench, row);
  const orders = [{ ...order, product: 'teleport' as AttemptOrder['product'] }];
  if (row.payerField !== null) orders.push({ ...order, payer: {} });
  for (const each of orders) {
    const started = await bench.wallet.startAttempt(each);
    const isOurs = started.outcome === 'failed' && isOwnError(started.walletError);
    expect(isOurs, show(started)).toBe(true);
    expect(rowOf(bench, order)).toBeUndefined();
  }
}

async function refunds(bench: Bench, row: ProductCapability): Promise<void> {
  const { capabilities } = bench.module;
  const order = await paidOrder(bench, row);
  const { walletTransactionId } = await legOf(bench, order);
  const totalFen = order.legs[0]!.amountFen;
  const parts = [4_000n, totalFen - 4_000n].map((fen) =>
    refundOf(bench, order, fen, walletTransactionId),
  );
  for (const part of parts) {
    const applied = await bench.wallet.refund(part);
    expect(['submitted', 'processing', 'succeeded'], show(applied)).toContain(applied.status);
    const settled = await settledRefund(bench, part);
    expect(settled.status, show(settled)).toBe('succeeded');
    expect([null, part.amountFen]).toContain(settled.amountFen);
    await advance(bench, Math.max(capabilities.refundSpacingMs, 1_000));
  }
  expect(rowOf(bench, order)).toMatchObject({ state: 'refunded', refundedFen: totalFen });
  const more = await bench.wallet.refund(refundOf(bench, order, 1n, walletTransactionId));
  expect(['failed', 'unknown'], show(more)).toContain(more.status);
  expect(rowOf(bench, order)?.refundedFen).toBe(totalFen);
}

async function wrongFigures(bench: Bench, row: ProductCapability): Promise<void> {
  const order = await paidOrder(bench, row);
  const [leg] = order.legs;
  const said = async (fault: FaultName) => {
    const hasFired = arm(bench, fault, order, 'query');
    const report = await legOf(bench, order);
    return hasFired() ? report : undefined;
  };
  const amount = await said('wrong_amount');
  expect(amount, 'the city shows a wrong amount').toBeDefined();
  expect(amount?.amountFen).not.toBe(leg!.amountFen);
  const currency = await said('wrong_currency');
  if (currency !== undefined) expect(currency.currency).not.toBe('cny');
  const payee = await said('wrong_payee');
  // Where an answer names no payee at all, there is nothing to compare; the report then says null.
  if (payee !== undefined) expect(payee.payee).not.toBe(leg!.walletMerchant);
}

async function lostStart(bench: Bench, row: ProductCapability, fault: FaultName): Promise<void> {
  const order = await orderOf(bench, row);
  const hasFired = arm(bench, fault, order, 'create');
  const started = await bench.wallet.startAttempt(order);
  // What a browser carries is only signed here: there is no call that could be lost.
  if (!hasFired()) {
    expect(started.outcome).toBe('pending');
    return;
  }
  expect(started.outcome, show(started)).toBe('unknown');
  const { status } = await legOf(bench, order);
  if (isPresented(row)) {
    const mayBe = fault === 'html_502' ? ['not_found'] : ['succeeded'];
    expect(mayBe).toContain(status);
  } else {
    expect(['pending', 'not_found']).toContain(status);
    const again = await bench.wallet.startAttempt(order);
    const isTaken = fault !== 'html_502';
    if (isTaken && NOTIFIED_ONCE.has(`${bench.module.name}.${row.product}`)) {
      expect(again.outcome, show(again)).toBe('unknown');
      expect(rowOf(bench, order)).toMatchObject({ state: 'created', payerAmountFen: null });
      return;
    }
    await phonePays(bench, scanTextOf(bench, order, again));
    expect((await legOf(bench, order)).status).toBe('succeeded');
  }
}

async function lostQuery(bench: Bench, row: ProductCapability, fault: FaultName): Promise<void> {
  const order = await paidOrder(bench, row);
  const hasFired = arm(bench, fault, order, 'query');
  const asked = await bench.wallet.queryAttempt(order);
  expect(hasFired(), 'the fault met the query').toBe(true);
  expect(asked.outcome).toBe('unknown');
  expect(await legOf(bench, order)).toMatchObject(paid(order));
}

async function lostRefund(bench: Bench, row: ProductCapability, fault: FaultName): Promise<void> {
  const order = await paidOrder(bench, row);
  const { walletTransactionId } = await legOf(bench, order);
  const part = refundOf(bench, order, 700n, walletTransactionId);
  const hasFired = arm(bench, fault, order, 'refund');
  const lost = await bench.wallet.refund(part);
  expect(hasFired(), 'the fault met the refund').toBe(true);
  expect(lost.status, show(lost)).toBe('unknown');
  await advance(bench, Math.max(bench.module.capabilities.refundSpacingMs, 1_000));
  const again = await bench.wallet.refund(part);
  expect(['submitted', 'processing', 'succeeded'], show(again)).toContain(again.status);
  expect((await settledRefund(bench, part)).status).toBe('succeeded');
  expect(rowOf(bench, order)?.refundedFen).toBe(700n);
}

async function closes(bench: Bench, row: ProductCapability): Promise<void> {
  const order = await orderOf(bench, row);
  const code = scanTextOf(bench, order, await bench.wallet.startAttempt(order));
  const closed = await bench.wallet.closeAttempt(order);
  expect(['closed', 'not_found', 'unsupported'], show(closed)).toContain(closed.outcome);
  if (closed.outcome === 'closed') {
    await expect(phonePays(bench, code).catch(() => 'unknown code')).resolves.not.toBe('paid');
    expect(['closed', 'not_found']).toContain((await legOf(bench, order)).status);
    expect((await bench.wallet.closeAttempt(order)).outcome).not.toBe('reversed');
  }
  const other = await paidOrder(bench, row);
  expect(['paid', 'unsupported']).toContain((await bench.wallet.closeAttempt(other)).outcome);
  expect((await legOf(bench, other)).status).toBe('succeeded');
}

/** A start that the wallet makes the buyer confirm; the payment code as the phone showed it. */
async function waiting(
  bench: Bench,
  row: ProductCapability,
): Promise<{ readonly order: AttemptOrder; readonly code: string } | undefined> {
  const order = await orderOf(bench, row);
  const hasFired = arm(bench, 'userpaying', order);
  const started = await bench.wallet.startAttempt(order);
  // A tap is confirmed on the terminal: its wallet may know no such state.
  if (row.payerField !== 'auth_code' && !hasFired()) return undefined;
  expect(hasFired(), 'the fault met the start').toBe(true);
  expect(started, show(started)).toEqual({ outcome: 'pending', nextAction: null });
  expect((await legOf(bench, order)).status).toBe('pending');
  return { order, code: order.payer.authCode ?? '' };
}

async function waits(bench: Bench, row: ProductCapability): Promise<void> {
  const start = await waiting(bench, row);
  if (start === undefined) return;
  const scanned = await bench.gateway.scan(start.code);
  expect(scanned).toMatchObject({ amountFen: start.order.legs[0]!.amountFen, state: 'payable' });
  expect(await phonePays(bench, start.code)).toBe('paid');
  expect(await legOf(bench, start.order)).toMatchObject(paid(start.order));
  expect(rowOf(bench, start.order)?.state).toBe('paid');
}

async function waitsInVain(bench: Bench, row: ProductCapability): Promise<void> {
  const start = await waiting(bench, row);
  if (start === undefined) return;
  await phonePays(bench, start.code, 'cancel');
  expect(['pending', 'failed', 'closed']).toContain((await legOf(bench, start.order)).status);
  const ended = await reversed(bench, start.order);
  expect(['closed', 'unsupported'], show(ended)).toContain(ended.outcome);
  expect(rowOf(bench, start.order)?.refundedFen).toBe(0n);
}

async function reversedUnpaid(bench: Bench, row: ProductCapability): Promise<void> {
  const start = await waiting(bench, row);
  if (start === undefined) return;
  const { order, code } = start;
  expect((await reversed(bench, order)).outcome).toBe('closed');
  await expect(phonePays(bench, code).catch(() => 'unknown code')).resolves.not.toBe('paid');
  expect((await legOf(bench, order)).status).toBe('closed');
  expect((await reversed(bench, order)).outcome).toBe('closed');
  expect(rowOf(bench, order)).toMatchObject({ state: 'closed', refundedFen: 0n });
}

/** Reversals have an end (seven days at WeChat Pay): it must leave no paid order undecided. */
async function reversedTooLate(bench: Bench, row: ProductCapability): Promise<void> {
  const order = await orderOf(bench, row);
  const hasFired = arm(bench, 'answer_lost', order, 'create');
  expect((await bench.wallet.startAttempt(order)).outcome).toBe('unknown');
  expect(hasFired()).toBe(true);
  await advance(bench, 8 * 86_400_000);
  const back = await bench.wallet.closeAttempt(order);
  expect(['reversed', 'paid', 'unsupported'], show(back)).toContain(back.outcome);
  if (back.outcome === 'reversed') return;
  expect(rowOf(bench, order)?.state).toBe('paid');
  expect((await legOf(bench, order)).status).toBe('succeeded');
}

async function reversedPaid(bench: Bench, row: ProductCapability): Promise<void> {
  const order = await orderOf(bench, row);
  const hasFired = arm(bench, 'answer_lost', order, 'create');
  expect((await bench.wallet.startAttempt(order)).outcome).toBe('unknown');
  expect(hasFired()).toBe(true);
  expect((await legOf(bench, order)).status).toBe('succeeded');
  const back = await reversed(bench, order);
  if (back.outcome === 'paid' || back.outcome === 'unsupported') {
    // This wallet does not reverse what is paid: it is refunded as any other payment.
    expect(rowOf(bench, order)?.state).toBe('paid');
    return;
  }
  const { orderNo, amountFen } = order.legs[0]!;
  expect(back, show(back)).toMatchObject({
    outcome: 'reversed',
    legs: [{ orderNo, status: 'closed', amountFen, isReversed: true }],
  });
  expect(rowOf(bench, order)).toMatchObject({ state: 'refunded', refundedFen: amountFen });
  expect((await legOf(bench, order)).status, 'it can not count as paid any more').toBe('closed');
  expect(['closed', 'reversed']).toContain((await reversed(bench, order)).outcome);
  expect(rowOf(bench, order)?.refundedFen, 'refunded once').toBe(amountFen);
  // Nor does a late report make it paid.
  await advance(bench, 1_000);
  const late = (await notificationsOf(bench, order))
    .filter(({ type }) => type === 'attempt')
    .slice(1);
  for (const notification of late) {
    expect(notification.type === 'attempt' ? notification.legs[0]?.status : 'refund').not.toBe(
      'succeeded',
    );
  }
}

async function lostReversal(bench: Bench, row: ProductCapability): Promise<void> {
  for (const fault of ['close_lost', 'answer_lost', 'html_502', 'refund_stuck'] as const) {
    const order = await paidOrder(bench, row);
    const hasFired = arm(bench, fault, order, 'close');
    const first = await bench.wallet.closeAttempt(order);
    if (!hasFired() || first.outcome === 'paid') continue;
    expect(first.outcome, `${fault}: ${show(first)}`).toBe('unknown');
    expect(['closed', 'reversed', 'paid']).toContain((await reversed(bench, order)).outcome);
    const { state, refundedFen } = rowOf(bench, order)!;
    expect([`refunded ${order.legs[0]!.amountFen}`, 'paid 0']).toContain(`${state} ${refundedFen}`);
  }
}

async function codeWorksOnce(bench: Bench, row: ProductCapability): Promise<void> {
  const authCode = showCode(bench.gateway);
  const first = await orderOf(bench, row, { payer: { authCode } });
  expect(['succeeded', 'pending']).toContain((await bench.wallet.startAttempt(first)).outcome);
  const second = await orderOf(bench, row, { payer: { authCode } });
  const refused = await bench.wallet.startAttempt(second);
  expect(refused.outcome, show(refused)).toBe('failed');
  expect(rowOf(bench, second)?.state ?? 'none').not.toBe('paid');
  const repeated = await bench.wallet.startAttempt(first);
  expect(repeated.outcome).not.toBe('failed');
  const rows = bench.gateway.orders().filter(({ orderNo }) => orderNo === first.legs[0]!.orderNo);
  expect(rows, 'the same number is paid once').toHaveLength(1);
}

async function codeExpires(bench: Bench, row: ProductCapability): Promise<void> {
  const authCode = showCode(bench.gateway);
  await advance(bench, 61_000);
  const order = await orderOf(bench, row, { payer: { authCode } });
  const refused = await bench.wallet.startAttempt(order);
  expect(refused.outcome, show(refused)).toBe('failed');
  expect(rowOf(bench, order)?.state ?? 'none').not.toBe('paid');
  const never = { authCode: authCode.replace(/\d{4}$/, '0000') };
  const made = await bench.wallet.startAttempt(await orderOf(bench, row, { payer: never }));
  expect(made.outcome, show(made)).toBe('failed');
}
