/**
 * What is judged after any storm: nothing acknowledged is lost, nothing is done twice, and the
 * ledger is the wallets'.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tally } from '../helpers/table.ts';
import {
  bookedLegs,
  clearingOf,
  doubles,
  type Evidence,
  foundByApi,
  ledgerProblems,
  liveAttempts,
  ofKind,
  openWork,
  replaysThatDiffer,
  undelivered,
  unpaidAtWallet,
  WALLETS,
  walletDifferences,
  walletOrders,
} from './audit.ts';
import { connect, type Stage } from './stage.ts';

const SETTLE_MS_MAX = 300_000;

export interface Settled {
  readonly settleMs: number;
  readonly isSettled: boolean;
}

/** Nothing is helped along: the platform's own janitor must find what the kills left behind. */
export async function settle(stage: Stage): Promise<Settled> {
  const admin = await connect(stage.databaseUrl);
  const startedMs = Date.now();
  try {
    for (;;) {
      const paid = (await walletOrders(stage)).filter((order) => order.isPaid);
      const legs = await bookedLegs(admin);
      const missing = paid.filter((order) => legs.get(order.orderNo)?.isBooked !== true).length;
      const waiting = await openWork(admin);
      const settleMs = Date.now() - startedMs;
      if (missing === 0 && waiting === 0) return { settleMs, isSettled: true };
      if (settleMs > SETTLE_MS_MAX) return { settleMs, isSettled: false };
      await sleep(1_000);
    }
  } finally {
    await admin.end();
  }
}

export function judgeRest(tally: Tally, { settleMs, isSettled }: Settled): void {
  const seconds = Math.round(settleMs / 1000);
  tally.row(
    'the platform came to rest by itself',
    isSettled ? null : `not within ${seconds} s`,
    `${seconds} s after the load`,
  );
}

export function judgeLog(tally: Tally, stage: Stage): void {
  const defects = stage.platformLog().match(/"msg":"a command failed by a defect"/g)?.length ?? 0;
  tally.row('no command failed by a defect', defects === 0 ? null : `${defects} in the log`);
}

export async function judgeAcknowledged(
  tally: Tally,
  stage: Stage,
  evidence: Evidence,
): Promise<void> {
  const { journal } = evidence;
  const acknowledged = journal.filter((entry) => 'post' in entry).length;
  const { found, problems } = await foundByApi(stage, journal);
  tally.row(
    'acknowledged = found (rule 8)',
    acknowledged === 0
      ? 'nothing was acknowledged'
      : (sentence(problems) ?? (found === acknowledged ? null : `${acknowledged}, found ${found}`)),
    `${acknowledged} = ${found}`,
  );
  const [last] = ofKind(journal, 'end');
  tally.row(
    'the load finished everything it began',
    last === undefined ? 'it did not end' : last.abandoned === 0 ? null : `${last.abandoned} left`,
    `${last?.repeats ?? 0} requests sent again`,
  );
  const refused = ofKind(journal, 'refused').map((row) => `${row.path}: ${row.status} ${row.code}`);
  tally.row('no request was refused', sentence(refused));
  const replays = await replaysThatDiffer(stage, journal);
  tally.row('replays answer the same (rule 12)', sentence(replays.problems), `${replays.count}`);
}

export async function judgeBooks(tally: Tally, stage: Stage, evidence: Evidence): Promise<void> {
  const admin = await connect(stage.databaseUrl);
  try {
    tally.row('zero doubles', sentence(await doubles(admin, evidence.journal)));
    const paid = evidence.orders.filter((order) => order.isPaid);
    const { booked, problems } = await walletDifferences(admin, evidence.orders);
    tally.row(
      'paid at the wallet = booked',
      sentence([...unpaidAtWallet(evidence), ...problems]),
      `${paid.length} = ${booked}`,
    );
    const delivery = await undelivered(admin, stage.received());
    tally.row(
      'every event was delivered (rule 9)',
      delivery.events === 0 ? 'there were no events' : sentence(delivery.problems),
      `${delivery.events} events`,
    );
    const known = new Set(paid.map((order) => order.orderNo));
    const live = await liveAttempts(admin);
    tally.row(
      'no live attempt is paid at its wallet',
      sentence(live.filter((orderNo) => known.has(orderNo))),
      `${live.length} live, none paid`,
    );
    tally.row('ledger balanced (rule 5)', sentence(await ledgerProblems(admin)));
    for (const wallet of WALLETS) {
      const own = paid.filter((order) => order.wallet === wallet);
      const there = own.reduce((sum, order) => sum + order.amount - order.refunded, 0);
      const here = await clearingOf(admin, wallet);
      tally.row(
        `clearing of ${wallet} = paid - refunded there (rule 6)`,
        here === there ? null : `${here} here, ${there} there`,
        `${here} fen`,
      );
    }
  } finally {
    await admin.end();
  }
}

/** How much was done, in one line. */
export function amountsOf({ journal, orders }: Evidence): string {
  const paid = orders.filter((order) => order.isPaid).length;
  return (
    `${ofKind(journal, 'intent').length} intents, ${ofKind(journal, 'attempt').length} attempts ` +
    `and ${ofKind(journal, 'refund').length} refunds acknowledged, ${paid} orders paid at the wallets`
  );
}

/** When something was acknowledged, in order. */
export function acknowledgedAt({ journal }: Evidence): number[] {
  return journal.filter((entry) => 'post' in entry).map((entry) => entry.atMs);
}

export function sentence(problems: readonly string[]): string | null {
  if (problems.length === 0) return null;
  const more = problems.length > 3 ? ` and ${problems.length - 3} more` : '';
  return `${problems.slice(0, 3).join('; ')}${more}`;
}

export function clockText(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}
