/** What must hold when a race has come to rest (rules 1, 2, 5, 6, 7 and 9). */
import type { Json } from '../helpers/api.ts';
import { AMOUNT_FEN, type Race, WALLETS } from './race.ts';
import type { Town } from './town.ts';

export interface Expected {
  readonly status: 'succeeded' | 'canceled' | 'expired';
  /** The allowed reasons of a refund that was not requested. */
  readonly reasons?: readonly string[];
  /** How many attempts must have been paid and refunded; any number unless named. */
  readonly supersededCount?: number;
}

export async function judge(race: Race, expected: Expected): Promise<void> {
  const problems = [
    ...(await intentProblems(race, expected)),
    ...(await walletProblems(race)),
    ...refundProblems(await race.refunds(), expected),
    ...(await bookProblems(race.town)),
  ];
  const told = race.events('payment_intent.succeeded').length;
  const notifiedWanted = expected.status === 'succeeded' ? 1 : 0;
  if (told !== notifiedWanted) problems.push(`payment_intent.succeeded was told ${told} times`);
  if (race.town.inbox.refused.length > 0) problems.push('a webhook did not verify');
  if (problems.length > 0) throw new Error(problems.join('; '));
}

async function intentProblems(race: Race, expected: Expected): Promise<string[]> {
  const intent = await race.intent();
  const problems: string[] = [];
  if (intent.status !== expected.status) problems.push(`the intent is ${String(intent.status)}`);
  const statuses = (await race.attempts()).map((one) => String(one.status));
  const count = (status: string) => statuses.filter((one) => one === status).length;
  const wanted = expected.status === 'succeeded' ? 1 : 0;
  if (count('succeeded') !== wanted) problems.push(`rule 1: attempts ${statuses.join(', ')}`);
  // An attempt that must expire at a wallet without a close call is failed by the wallet's report.
  const ended = count('closed') + count('failed');
  const others = count('succeeded') + count('superseded') + ended;
  if (others !== statuses.length) problems.push(`attempts ${statuses.join(', ')}`);
  const { supersededCount } = expected;
  if (supersededCount !== undefined && count('superseded') !== supersededCount)
    problems.push(`${count('superseded')} superseded: ${statuses.join(', ')}`);
  const receivedWanted = wanted * AMOUNT_FEN;
  if (intent.amount_received !== receivedWanted)
    problems.push(`received ${String(intent.amount_received)}`);
  if (intent.amount_refunded !== 0) problems.push(`refunded ${String(intent.amount_refunded)}`);
  return problems;
}

/** Every attempt against what its wallet believes. */
async function walletProblems(race: Race): Promise<string[]> {
  const problems: string[] = [];
  const orders = await allOrders(race.town);
  for (const attempt of await race.attempts()) {
    const status = String(attempt.status);
    const name = `${String(attempt.wallet)} ${status}`;
    for (const leg of attempt.legs as Json[]) {
      const order = orders.get(String(leg.order_no));
      const state = String(order?.state ?? 'absent');
      const refunded = Number(order?.refunded ?? 0);
      const isPaid = state === 'paid' || state === 'refunded';
      if (status === 'succeeded' && (!isPaid || refunded !== 0))
        problems.push(`${name}, but at the wallet ${state}, refunded ${refunded}`);
      if (status === 'superseded' && (!isPaid || refunded !== order?.amount))
        problems.push(`${name}, but at the wallet ${state}, refunded ${refunded}`);
      const isOver = status === 'closed' || status === 'failed';
      if (isOver && isPaid) problems.push(`rule 2: ${name}, but paid at the wallet`);
      if (isOver && state === 'created')
        problems.push(`rule 2: ${name}, but still payable at the wallet`);
    }
  }
  return problems;
}

function refundProblems(refunds: readonly Json[], { reasons = ['duplicate'] }: Expected) {
  const given = new Set(
    refunds.flatMap(({ status, leg }) => (status === 'succeeded' ? [leg] : [])),
  );
  // What a wallet gave up was sent again: it counts only where nothing was given for its leg.
  const final = refunds.filter(({ status, leg }) => status !== 'failed' || !given.has(leg));
  return final.flatMap((refund) => [
    ...(refund.status === 'succeeded' ? [] : [`a refund is ${String(refund.status)}`]),
    ...(reasons.includes(String(refund.reason)) ? [] : [`refunded as ${String(refund.reason)}`]),
    ...(refund.amount === AMOUNT_FEN ? [] : [`refunded ${String(refund.amount)}`]),
  ]);
}

async function allOrders(town: Town): Promise<Map<string, Json>> {
  const orders = new Map<string, Json>();
  for (const wallet of WALLETS) {
    for (const order of await town.sandbox.orders(wallet))
      orders.set(String(order.order_no), order);
  }
  return orders;
}

/** Rules 5 and 6 over everything that was raced so far. */
async function bookProblems({ shop, sandbox }: Town): Promise<string[]> {
  const problems = await shop.ledgerProblems();
  for (const wallet of WALLETS) {
    let heldFen = 0;
    for (const order of await sandbox.orders(wallet)) {
      const isPaid = order.state === 'paid' || order.state === 'refunded';
      if (isPaid) heldFen += Number(order.amount) - Number(order.refunded);
    }
    const booked = await shop.balanceOf(`wallet:${wallet}:clearing`);
    if (booked !== heldFen)
      problems.push(`rule 6: ${wallet} holds ${heldFen}, we booked ${booked}`);
  }
  for (const account of ['buyer:refund_due', 'suspense']) {
    const balance = await shop.balanceOf(account);
    if (balance !== 0) problems.push(`${account} is ${balance}`);
  }
  return problems;
}
