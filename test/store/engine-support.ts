/**
 * The engine with the product's own commands on any database of the tests: what a flow would
 * submit, without the flow. `books` reads everything that a command may have written.
 */

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { claimAttempt } from '../../src/core/payment/claim.ts';
import { cancelPayment } from '../../src/core/payment/close.ts';
import { createPayment } from '../../src/core/payment/create.ts';
import type { PaymentDecision } from '../../src/core/payment/draft.ts';
import type { Payment } from '../../src/core/payment/model.ts';
import { refundNumber } from '../../src/core/payment/order-number.ts';
import { applyReport } from '../../src/core/payment/report.ts';
import { recordStart, startAttempt } from '../../src/core/payment/start.ts';
import { reserveRefund } from '../../src/core/refund/refund.ts';
import { applyRefundReport } from '../../src/core/refund/report.ts';
import { type LegReport, silentRefund } from '../../src/core/wallet/report.ts';
import type { Db } from '../../src/database/db.ts';
import type { AnyCommand, Command } from '../../src/engine/command.ts';
import { type DueKind, dueKind, type Work } from '../../src/engine/due.ts';
import { createIdSource, type IdSource } from '../../src/engine/ids.ts';
import { leaseProcess, type ProcessLease } from '../../src/engine/process-lease.ts';
import { createEngine, type Engine, type EngineOptions } from '../../src/engine/submit.ts';
import { type Envelope, openEnvelope } from '../../src/flows/key/envelope.ts';
import { formatId, type Id, packId, shardOfId } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { keyRingOf } from '../../src/runtime/key-ring.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { AGGREGATES } from '../../src/store/aggregates.ts';
import { PAYMENT } from '../../src/store/payment/aggregate.ts';
import {
  DUE_ATTEMPTS,
  DUE_INTENTS,
  DUE_REFUNDS,
  type DueChild,
} from '../../src/store/payment/due.ts';
import { readPayments } from '../../src/store/payment/payments.ts';
import { DUE_DELIVERIES } from '../../src/store/webhook/due.ts';
import {
  accountsOf,
  answered,
  CAPABLE,
  everyWallet,
  merchantId,
  type NewId,
  newAttempt,
  orderedPayment,
  paidReport,
} from '../helpers/payments.ts';

export interface TestEngineRoom {
  readonly engine: Engine;
  readonly ids: IdSource;
  readonly lease: ProcessLease;
  /** Every batch in the order it went: which lane, how many commands. */
  readonly batches: { readonly lane: number; readonly commands: readonly AnyCommand[] }[];
  readonly defects: { readonly name: string; readonly error: Error }[];
  readonly fenced: () => number;
  /** How often something was committed that was due already. */
  readonly dueSeen: () => number;
}

export async function openEngine(
  db: Db,
  options: Partial<Pick<EngineOptions, 'aggregates' | 'clock' | 'patienceMs' | 'listener'>> = {},
): Promise<TestEngineRoom> {
  const batches: TestEngineRoom['batches'] = [];
  const defects: TestEngineRoom['defects'] = [];
  let fenced = 0;
  let dueSeen = 0;
  const lease = await leaseProcess(db, systemRandom, () => undefined);
  const ids = createIdSource(lease.number, wallClock);
  const engine = createEngine({
    aggregates: AGGREGATES,
    db,
    clock: wallClock,
    wall: wallClock,
    ids,
    lease,
    listener: {
      onCommands: (lane, commands) => void batches.push({ lane, commands }),
      onDefect: ({ name }, error) => void defects.push({ name, error }),
      onDue: () => {
        dueSeen += 1;
      },
      onFenced: () => {
        fenced += 1;
      },
    },
    ...options,
  });
  return { engine, ids, lease, batches, defects, fenced: () => fenced, dueSeen: () => dueSeen };
}

export const MARKETPLACE = formatId('marketplace', 77n);
const MERCHANT_NO = 78;
export const MERCHANT = merchantId(MERCHANT_NO);
export const CONFIG = formatId('wallet_config', 79n);

let sequence = 0;

/** An id of no process, in the shard of `near` or the one named. */
export function freshId<K extends Parameters<typeof formatId>[0]>(kind: K, shard: number): Id<K> {
  sequence += 1;
  const unixMs = Date.UTC(2030, 0, 1) + Math.floor(sequence / 128);
  return formatId(kind, packId({ unixMs, shard, process: 255, sequence: sequence % 128 }));
}

export interface Wanted {
  readonly shard?: number;
  readonly id?: Id<'payment_intent'>;
  readonly orderNo?: string;
  readonly amountFen?: bigint;
  readonly description?: string;
}

export function wantedPayment(wanted: Wanted = {}): Payment {
  const { shard = 0, id, amountFen = 1_000n } = wanted;
  const newId: NewId = (kind) => freshId(kind, shard);
  return orderedPayment(newId, [{ merchant: MERCHANT_NO, amountFen }], {
    shard,
    marketplace: MARKETPLACE,
    merchantOrderNo: wanted.orderNo ?? `E${randomBytes(8).toString('hex')}`,
    nowMs: wallClock.nowMs(),
    ...(id === undefined ? {} : { id }),
    ...(wanted.description === undefined ? {} : { description: wanted.description }),
  });
}

export type PaymentCommand<A> = Command<Payment, Payment, A>;
type Of<A> = PaymentCommand<A>;

export function create(
  wanted: Payment,
): Of<{ readonly payment: Payment; readonly created: boolean }> {
  return {
    aggregate: PAYMENT,
    name: 'create',
    shard: wanted.intent.shard,
    marketplace: MARKETPLACE,
    root: wanted,
    decide: (stored, _context, isNew) => createPayment(stored, wanted, isNew),
  };
}

function on<A>(
  root: Id<'payment_intent'>,
  name: string,
  decide: PaymentCommand<A>['decide'],
): Of<A> {
  return { aggregate: PAYMENT, name, shard: shardOfId(root), marketplace: null, root, decide };
}

export const start = (
  root: Id<'payment_intent'>,
  id: Id<'payment_attempt'>,
  config: Id<'wallet_config'> = CONFIG,
) =>
  on(root, 'start', (payment, context) =>
    startAttempt(
      payment,
      newAttempt(payment, {
        id,
        config,
        accounts: accountsOf(payment, () => ({ walletMerchant: '1900000109', feeBps: 60 })),
      }),
      context,
    ),
  );

export const started = (root: Id<'payment_intent'>, id: Id<'payment_attempt'>) =>
  on(root, 'started', (payment, context) =>
    recordStart(payment, { attempt: id, outcome: QR_CODE, capabilities: CAPABLE }, context),
  );

const QR_CODE = {
  outcome: 'pending',
  nextAction: { type: 'qr_code', code: 'weixin://wxpay/bizpayurl?pr=x' },
} as const;

/** The wallet's report by notification. */
export function reported(
  root: Id<'payment_intent'>,
  attempt: Id<'payment_attempt'>,
  status: LegReport['status'],
  notification = 'n-1',
): Of<{ readonly payment: Payment }> {
  return {
    ...on(root, 'reported', (payment, context) => {
      const legs = payment.legs
        .filter((leg) => leg.attempt === attempt)
        .map((leg) => paidReport(leg, { status, walletTransactionId: '420000' }));
      const input = { attempt, report: answered(legs), capabilities: CAPABLE };
      return withPayment(applyReport(payment, input, context));
    }),
    notification: { wallet: 'wechatpay', id: notification },
  };
}

export const closed = (root: Id<'payment_intent'>, attempt: Id<'payment_attempt'>) =>
  on(root, 'closed', (payment, context) => {
    const input = { attempt, report: { outcome: 'closed' }, capabilities: CAPABLE } as const;
    return withPayment(applyReport(payment, input, context));
  });

function withPayment(
  decision: PaymentDecision<Payment>,
): PaymentDecision<{ readonly payment: Payment }> {
  if (!decision.ok) return decision;
  const { value } = decision;
  return { ok: true, value: { ...value, answer: { payment: value.state } } };
}

export const cancel = (root: Id<'payment_intent'>) =>
  on(root, 'cancel', (payment, context) => withPayment(cancelPayment(payment, context)));

export const refund = (root: Id<'payment_intent'>, id: Id<'refund'>, amountFen: bigint) =>
  on(root, 'refund', (payment, context) =>
    reserveRefund(
      payment,
      {
        id,
        subOrder: payment.subOrders[0]!.id,
        amountFen,
        reason: 'requested_by_customer',
        capabilities: everyWallet(CAPABLE),
      },
      context,
    ),
  );

export const refunded = (
  root: Id<'payment_intent'>,
  id: Id<'refund'>,
  status: 'processing' | 'succeeded' | 'failed',
) =>
  on(root, 'refunded', (payment, context) =>
    applyRefundReport(
      payment,
      {
        ...{ refund: id, refundNo: refundNumber(root, id, 1) },
        report: { ...silentRefund(status), walletRefundId: '50' },
      },
      context,
    ),
  );

/** Due after 5 s (`start` above), then every minute. */
export const claim = (root: Id<'payment_intent'>, attempt: Id<'payment_attempt'>) =>
  on(root, 'claim', (payment, context) =>
    claimAttempt(payment, { attempt, capabilities: everyWallet(CAPABLE) }, context),
  );

export type ClaimAttempt = (due: DueChild<'payment_attempt'>) => Promise<Work>;

/** The platform's due kinds: the test claims attempts, and nothing claims the others. */
export function dueKinds(claimAttempt: ClaimAttempt): readonly DueKind[] {
  const nothing = async (): Promise<Work> => null;
  return [
    dueKind(DUE_INTENTS, nothing),
    dueKind(DUE_ATTEMPTS, claimAttempt),
    dueKind(DUE_REFUNDS, nothing),
    dueKind(DUE_DELIVERIES, nothing),
  ];
}

/** A payment that is paid, with everything it took. */
export async function paidPayment(
  room: TestEngineRoom,
  wanted: Payment = wantedPayment(),
): Promise<{ readonly root: Id<'payment_intent'>; readonly attempt: Id<'payment_attempt'> }> {
  const root = wanted.intent.id;
  const attempt = freshId('payment_attempt', wanted.intent.shard);
  const { submit } = room.engine;
  for (const command of [
    create(wanted),
    start(root, attempt),
    started(root, attempt),
    reported(root, attempt, 'succeeded'),
  ] as Of<unknown>[]) {
    const answer = await submit(command);
    if (!answer.ok) throw new Error(`${command.name}: ${answer.error.message}`);
  }
  return { root, attempt };
}

/** The tables of payments: those that lead with a shard. Keys are the protocol's own. */
const TABLES = [...shardedTables()].filter((name) => name !== 'idempotency_keys');

function shardedTables(): string[] {
  const file = new URL('../../src/store/migrations/0001-foundation.sql', import.meta.url);
  const sql = fs.readFileSync(file, 'utf8');
  return [...sql.matchAll(/^create table (\w+) \(\n\s+shard /gm)].map((match) => String(match[1]));
}

let statements = 0;
export async function rows(db: Db, text: string): Promise<readonly Record<string, unknown>[]> {
  statements += 1;
  return db.read({ name: `engine_test_${statements}`, text }, []);
}

/** For what is stored under a key of our own. */
export async function envelopeOf(db: Db): Promise<Envelope> {
  const ring = keyRingOf(Buffer.alloc(32, 7));
  const envelope = await openEnvelope({ db, ring, wall: wallClock, random: systemRandom });
  if (!envelope.ok) throw new Error(envelope.error);
  return envelope.value;
}

/** Every row of the shard in every table of payments, as text: equal = nothing was written. */
export async function books(db: Db, shard: number): Promise<string> {
  const parts = TABLES.map(
    (name) =>
      `select '${name}' as name, to_jsonb(t)::text as row from ${name} t where shard = ${shard}`,
  );
  const all = await rows(db, `${parts.join(' union all ')} order by 1, 2`);
  return all.map((row) => `${row.name} ${row.row}`).join('\n');
}

/** The payment as the tables have it, past everything that a process remembers. */
export async function stored(db: Db, id: Id<'payment_intent'>): Promise<Payment | undefined> {
  const found = await readPayments((statement, values) => db.read(statement, values), [id]);
  return found.get(id);
}

/** With children by id, as the tables give them: the order of decisions is not kept. */
export function inOrder(payment: Payment): Payment {
  const sorted = <T extends { readonly id: string }>(list: readonly T[]): T[] =>
    [...list].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    intent: payment.intent,
    subOrders: sorted(payment.subOrders),
    attempts: sorted(payment.attempts),
    legs: sorted(payment.legs),
    refunds: sorted(payment.refunds),
    escrows: sorted(payment.escrows),
  };
}

export async function count(db: Db, table: string, where = 'true'): Promise<number> {
  const [row] = await rows(db, `select count(*)::int as n from ${table} where ${where}`);
  return Number(row?.n);
}
