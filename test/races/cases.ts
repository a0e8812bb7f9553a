/**
 * The races: one case per (fault x direction). A buyer starts with one wallet, keeps its code,
 * switches to the other, and pays one, the other or both while the fault strikes. Which message a
 * fault strikes is part of the case, since the same fault means something else for each of them.
 */
import { type Kept, knowsFault, Race, type Wallet } from './race.ts';
import { releaseStuckRefund } from './release.ts';
import type { Town } from './town.ts';
import { judge } from './verdict.ts';

export interface Case {
  readonly name: string;
  /** Which of the two wallets must have a close call; `not_first` = the first must have none. */
  readonly closing?: 'first' | 'both' | 'not_first';
  /** The fault that both wallets' gateways must know. */
  readonly fault?: string;
  readonly run: (town: Town, from: Wallet, to: Wallet) => Promise<void>;
}

/** Faults of an answer: the call was made, or was not; what came back says too little. */
const CALL_FAULTS = [
  'answer_lost',
  'rate_limited',
  'server_error',
  'html_502',
  'signtest',
  'key_rotated',
] as const;
const CALLBACK_FAULTS = [
  'callback_lost',
  'callback_late',
  'callback_duplicated',
  'callback_reordered',
  'callback_bad_signature',
  'signtest',
  'key_rotated',
] as const;
const MISMATCHES = ['wrong_amount', 'wrong_currency', 'wrong_payee'] as const;

interface Pair {
  readonly race: Race;
  readonly first: Kept;
  readonly second: Kept;
}

/** Both codes are on the phone; the first was left, and its wallet knows nothing of it. */
async function bothPayable(
  town: Town,
  from: Wallet,
  to: Wallet,
  beforeSecond: (first: Kept) => Promise<unknown> = async () => undefined,
): Promise<Pair> {
  const race = new Race(town);
  await race.open();
  const first = await race.start(from);
  await race.keepPayable(first);
  await beforeSecond(first);
  return { race, first, second: await race.start(to) };
}

async function mustPay(race: Race, kept: Kept): Promise<void> {
  const status = await race.pay(kept);
  if (status !== 'paid') throw new Error(`the phone says ${status} of ${kept.wallet}'s code`);
}

/** The second code wins; the first is paid afterwards, although it was left. */
async function payLate(pair: Pair): Promise<void> {
  await mustPay(pair.race, pair.second);
  await pair.race.succeeded();
  await mustPay(pair.race, pair.first);
}

async function payTogether({ race, first, second }: Pair): Promise<void> {
  await Promise.all([mustPay(race, first), mustPay(race, second)]);
}

async function oneCountsOneGoesBack(race: Race, reasons?: readonly string[]): Promise<void> {
  await race.rest();
  const expected = { status: 'succeeded', supersededCount: 1 } as const;
  await judge(race, reasons === undefined ? expected : { ...expected, reasons });
}

const closeConfirmed: Case = {
  name: 'no fault: the close is confirmed, the old code answers closed',
  closing: 'first',
  run: async (town, from, to) => {
    const race = new Race(town);
    await race.open();
    const first = await race.start(from);
    const second = await race.start(to);
    const status = await race.pay(first);
    if (status !== 'closed') throw new Error(`the phone says ${status} of the old code`);
    await mustPay(race, second);
    await race.rest();
    await judge(race, { status: 'succeeded', supersededCount: 0 });
  },
};

/** Rule 2: nothing but its own expiry ends such an order, and until then it may be paid. */
const withoutClose: readonly Case[] = [
  {
    name: 'no close call: the new code is paid, then the old one, which is refunded',
    closing: 'not_first',
    run: async (town, from, to) => {
      const race = new Race(town);
      await race.open();
      const first = await race.start(from);
      const second = await race.start(to);
      await payLate({ race, first, second });
      await oneCountsOneGoesBack(race);
    },
  },
  {
    name: 'no close call: the old code is never paid, and ends by its own expiry',
    closing: 'not_first',
    run: async (town, from, to) => {
      const race = new Race(town);
      await race.open();
      await race.start(from);
      await mustPay(race, await race.start(to));
      await race.rest();
      await judge(race, { status: 'succeeded', supersededCount: 0 });
    },
  },
  {
    name: 'no close call: canceled, and paid afterwards: it is refunded as late',
    closing: 'not_first',
    run: async (town, from) => {
      const race = new Race(town);
      await race.open();
      const first = await race.start(from);
      await town.shop.expect(200, 'POST', `/v1/payment_intents/${race.id}/cancel`, {});
      await mustPay(race, first);
      await race.rest();
      await judge(race, { status: 'canceled', supersededCount: 1, reasons: ['late'] });
    },
  },
];

const closeLostCases: readonly Case[] = [
  {
    name: 'close_lost: the new code is paid, then the old one',
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      await payLate(pair);
      await oneCountsOneGoesBack(pair.race);
    },
  },
  {
    name: 'close_lost: the old code is paid, then the new one',
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      await pair.race.keepPayable(pair.second);
      await mustPay(pair.race, pair.first);
      await pair.race.succeeded();
      await mustPay(pair.race, pair.second);
      await oneCountsOneGoesBack(pair.race);
    },
  },
  {
    name: 'close_lost: the old code is paid, the new one is closed',
    run: async (town, from, to) => {
      const { race, first } = await bothPayable(town, from, to);
      await mustPay(race, first);
      await race.rest();
      await judge(race, { status: 'succeeded', supersededCount: 0 });
    },
  },
  {
    name: 'close_lost once: the janitor closes what the switch could not',
    closing: 'first',
    run: async (town, from, to) => {
      const race = new Race(town);
      await race.open();
      const first = await race.start(from);
      await race.arm(first, 'close_lost');
      const second = await race.start(to);
      await town.sandbox.advance(60);
      const status = await race.pay(first);
      if (status !== 'closed') throw new Error(`the phone says ${status} of the old code`);
      await mustPay(race, second);
      await race.rest();
      await judge(race, { status: 'succeeded', supersededCount: 0 });
    },
  },
  {
    name: 'both paid in the same instant',
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      await payTogether(pair);
      await oneCountsOneGoesBack(pair.race);
    },
  },
  {
    name: 'both paid in the same instant as the switch closes',
    run: async (town, from, to) => {
      const race = new Race(town);
      await race.open();
      const first = await race.start(from);
      const [, second] = await Promise.all([race.pay(first), race.start(to).catch(() => null)]);
      if (second !== null) await race.pay(second);
      await race.rest();
      await judge(race, { status: 'succeeded' });
    },
  },
];

const callCases: readonly Case[] = CALL_FAULTS.flatMap((fault): Case[] => [
  {
    name: `${fault} on the new wallet's create`,
    fault,
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to, () =>
        town.sandbox.fault(fault, { wallet: to, match: { operation: 'create' } }),
      );
      await payLate(pair);
      await oneCountsOneGoesBack(pair.race);
    },
  },
  {
    name: `${fault} on the close, both paid at once`,
    fault,
    closing: 'first',
    run: async (town, from, to) => {
      const race = new Race(town);
      await race.open();
      const first = await race.start(from);
      await race.arm(first, fault, { operation: 'close', times: 2 });
      const second = await race.start(to);
      await Promise.all([race.pay(first), race.pay(second)]);
      await race.rest();
      await judge(race, { status: 'succeeded' });
    },
  },
  {
    name: `${fault} on the query, both callbacks lost`,
    fault,
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      for (const kept of [pair.first, pair.second]) {
        await pair.race.arm(kept, 'callback_lost', { times: 1_000 });
        await pair.race.arm(kept, fault, { operation: 'query', times: 2 });
      }
      await payTogether(pair);
      await oneCountsOneGoesBack(pair.race);
    },
  },
  {
    name: `${fault} on the refund`,
    fault,
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      await pair.race.arm(pair.first, fault, { operation: 'refund', times: 2 });
      await payLate(pair);
      await oneCountsOneGoesBack(pair.race);
    },
  },
  {
    name: `${fault} on the refund's query, after its answer was lost`,
    fault,
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      await pair.race.arm(pair.first, 'answer_lost', { operation: 'refund' });
      await pair.race.arm(pair.first, 'callback_lost', { times: 1_000 });
      await town.sandbox.fault(fault, {
        wallet: from,
        match: { operation: 'query_refund' },
        times: 2,
      });
      await mustPay(pair.race, pair.second);
      await mustPay(pair.race, pair.first);
      await oneCountsOneGoesBack(pair.race);
    },
  },
]);

const callbackCases: readonly Case[] = CALLBACK_FAULTS.flatMap((fault): Case[] => {
  const armed = { operation: 'callback', times: 3 };
  return [
    {
      name: `${fault} on the callbacks of the old wallet, paid late`,
      fault,
      run: async (town, from, to) => {
        const pair = await bothPayable(town, from, to);
        await pair.race.arm(pair.first, fault, armed);
        await payLate(pair);
        await oneCountsOneGoesBack(pair.race);
      },
    },
    {
      name: `${fault} on all callbacks, both paid at once`,
      fault,
      run: async (town, from, to) => {
        const pair = await bothPayable(town, from, to);
        await pair.race.arm(pair.first, fault, armed);
        await pair.race.arm(pair.second, fault, armed);
        await payTogether(pair);
        await oneCountsOneGoesBack(pair.race);
      },
    },
  ];
});

/** Rule 3: a mismatching report is never believed; queried again, the wallet reports the truth. */
const mismatchCases: readonly Case[] = MISMATCHES.flatMap((fault): Case[] => [
  {
    name: `${fault} in the callback of the old wallet, paid late`,
    fault,
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      await pair.race.arm(pair.first, fault, { operation: 'callback' });
      await payLate(pair);
      await oneCountsOneGoesBack(pair.race, ['duplicate', 'conflicted']);
    },
  },
  {
    name: `${fault} in the answer to a query, paid late, callback lost`,
    fault,
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      await pair.race.arm(pair.first, 'callback_lost', { times: 1_000 });
      await pair.race.arm(pair.first, fault, { operation: 'query' });
      await payLate(pair);
      await oneCountsOneGoesBack(pair.race, ['duplicate', 'conflicted']);
    },
  },
]);

const refundStuck: Case = {
  name: 'refund_stuck: held back by the wallet, then released',
  run: async (town, from, to) => {
    const pair = await bothPayable(town, from, to);
    await pair.race.arm(pair.first, 'refund_stuck', { operation: 'refund' });
    await payLate(pair);
    await town.sandbox.advance(300);
    if (await pair.race.isAtRest()) throw new Error('the refund was not held back');
    if (from === 'wechatpay') await releaseStuckRefund(town, pair.race, pair.first);
    await oneCountsOneGoesBack(pair.race);
  },
};

const thereAndBack: readonly Case[] = [
  {
    name: 'there and back: old codes answer closed, the last one counts',
    closing: 'both',
    run: async (town, from, to) => {
      const race = new Race(town);
      await race.open();
      const left = [await race.start(from), await race.start(to)];
      const last = await race.start(from);
      for (const kept of left) {
        const status = await race.pay(kept);
        if (status !== 'closed') throw new Error(`the phone says ${status} of an old code`);
      }
      await mustPay(race, last);
      await race.rest();
      await judge(race, { status: 'succeeded', supersededCount: 0 });
    },
  },
  {
    name: 'there and back, every close lost: three paid in the same instant',
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      await pair.race.keepPayable(pair.second);
      const third = await pair.race.start(from);
      await Promise.all([payTogether(pair), mustPay(pair.race, third)]);
      await pair.race.rest();
      await judge(pair.race, { status: 'succeeded', supersededCount: 2 });
    },
  },
];

/** The intent is being ended while its codes can still be paid. */
const endings: readonly Case[] = [
  {
    name: 'canceled, then both codes are paid: both go back as late',
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      const { race, first, second } = pair;
      await race.keepPayable(second);
      await town.shop.expect(200, 'POST', `/v1/payment_intents/${race.id}/cancel`, {});
      await mustPay(race, first);
      await mustPay(race, second);
      await race.rest();
      await judge(race, { status: 'canceled', supersededCount: 2, reasons: ['late'] });
    },
  },
  {
    name: 'canceled, closes confirmed: both codes answer closed',
    closing: 'both',
    run: async (town, from, to) => {
      const race = new Race(town);
      await race.open();
      const codes = [await race.start(from), await race.start(to)];
      await town.shop.expect(200, 'POST', `/v1/payment_intents/${race.id}/cancel`, {});
      const said = await Promise.all(codes.map((kept) => race.pay(kept)));
      if (said.some((status) => status !== 'closed'))
        throw new Error(`the phone says ${said.join(', ')}`);
      await race.rest();
      await judge(race, { status: 'canceled', supersededCount: 0 });
    },
  },
  {
    name: 'canceled and both paid in the same instant',
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      const { race } = pair;
      const cancel = town.shop.expect(200, 'POST', `/v1/payment_intents/${race.id}/cancel`, {});
      const [ended] = await Promise.allSettled([
        cancel,
        race.pay(pair.first),
        race.pay(pair.second),
      ]);
      await race.rest();
      const { status } = await race.intent();
      if (ended.status === 'rejected' && status !== 'succeeded') throw ended.reason;
      const isCanceled = status === 'canceled';
      await judge(race, {
        status: isCanceled ? 'canceled' : 'succeeded',
        reasons: ['late', 'duplicate'],
      });
    },
  },
  {
    name: 'expired: the codes answer closed, nothing is paid',
    run: async (town, from, to) => {
      const { race, first, second } = await bothPayable(town, from, to);
      await town.sandbox.advance(1_805);
      for (const kept of [first, second]) {
        const status = await race.pay(kept);
        if (status !== 'closed') throw new Error(`the phone says ${status} after expiry`);
      }
      await race.rest();
      await judge(race, { status: 'expired', supersededCount: 0 });
    },
  },
  {
    name: 'paid in time, reported after expiry: it counts, the other is refunded',
    run: async (town, from, to) => {
      const pair = await bothPayable(town, from, to);
      await town.sandbox.advance(1_780);
      for (const kept of [pair.first, pair.second]) {
        await pair.race.arm(kept, 'callback_lost', { times: 3 });
        await pair.race.arm(kept, 'html_502', { operation: 'query', times: 3 });
      }
      await payTogether(pair);
      await town.sandbox.advance(60);
      await oneCountsOneGoesBack(pair.race, ['duplicate', 'late']);
    },
  },
];

/** Which of the two must know the case's fault: those whose messages it strikes. */
export function canStrike({ fault }: Case, from: Wallet, to: Wallet): boolean {
  return fault === undefined || (knowsFault(from, fault) && knowsFault(to, fault));
}

export const CASES: readonly Case[] = [
  closeConfirmed,
  ...withoutClose,
  ...closeLostCases,
  ...callCases,
  ...callbackCases,
  ...mismatchCases,
  refundStuck,
  ...thereAndBack,
  ...endings,
];
