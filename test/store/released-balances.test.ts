/**
 * What 0.2.0 had released, or advanced for refunds, stands in the balances of its merchants'
 * accounts after migration: as in the ledger and as its payments say, to the fen. Refunds go on
 * from there through the engine, those that were open over the migration, too.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Shortfall } from '../../src/core/balance/transfer.ts';
import type { DecideContext } from '../../src/core/draft.ts';
import { available, owed, transferInTransit } from '../../src/core/ledger/chart.ts';
import type { PaymentDecision } from '../../src/core/payment/draft.ts';
import { type Escrow, isOpenRefund, type Payment } from '../../src/core/payment/model.ts';
import { reserveRefund } from '../../src/core/refund/refund.ts';
import { applyRefundReport } from '../../src/core/refund/report.ts';
import { leftAtWallet } from '../../src/core/refund/settle.ts';
import { silentRefund } from '../../src/core/wallet/report.ts';
import type { Db } from '../../src/database/db.ts';
import { migrate } from '../../src/database/migrate.ts';
import { type CarriedTransfer, carryTransfer } from '../../src/flows/balance/transfers.ts';
import type { Platform } from '../../src/flows/base/platform.ts';
import { decideOn } from '../../src/flows/payment/decide-on.ts';
import { type Id, idValue } from '../../src/kernel/id.ts';
import { minFen, sumFen } from '../../src/kernel/money.ts';
import type { Result } from '../../src/kernel/result.ts';
import { homeShardOf } from '../../src/store/balance/aggregate.ts';
import { readDifferences } from '../../src/store/balance/differences.ts';
import { toBalance, toTransfer } from '../../src/store/balance/rows.ts';
import { oneCell } from '../../src/store/cells.ts';
import {
  count,
  freshId,
  MARKETPLACE,
  openEngine,
  rows,
  stored,
  type TestEngineRoom,
} from './engine-support.ts';
import { ENGINES } from './engines.ts';
import {
  accountsNow,
  anyOld,
  capabilities,
  carts,
  checkBalanced,
  crafted,
  nets,
  type Old,
  openOld,
} from './old-payments.ts';

const many = (numRuns: number): Old[] => [
  ...crafted(),
  ...fc.sample(carts, { numRuns, seed: 21 }).map(anyOld),
];

interface Figures {
  readonly availableFen: bigint;
  readonly owedFen: bigint;
}

/** What the payments of then say of each account that anything was released or advanced of. */
async function figuresOf(db: Db, olds: readonly Old[]): Promise<ReadonlyMap<string, Figures>> {
  const now = await accountsNow(db);
  const figures = new Map<string, Figures>();
  for (const { payment, books } of olds) {
    for (const escrow of payment.escrows) {
      const isReleased = escrow.status === 'released';
      const advancedFen = books.owedFenOf(payment, escrow);
      if (!isReleased && advancedFen === 0n) continue;
      const account = now.get(escrow.walletAccount)!;
      const { availableFen, owedFen } = figures.get(account) ?? { availableFen: 0n, owedFen: 0n };
      figures.set(account, {
        availableFen: availableFen + (isReleased ? books.escrowOf(escrow).heldFen : 0n),
        owedFen: owedFen + advancedFen,
      });
    }
  }
  return figures;
}

/** A merchant with a balance owes nothing: what was available repaid what was advanced. */
function net({ availableFen, owedFen }: Figures): Figures {
  const recoveredFen = minFen(availableFen, owedFen);
  return { availableFen: availableFen - recoveredFen, owedFen: owedFen - recoveredFen };
}

async function balancesOf(db: Db) {
  return (await rows(db, 'select * from merchant_balances order by shard, id')).map(toBalance);
}

/** The roots, and nothing else, are what the ledger says; what is in transit is told. */
async function checkRoots(db: Db): Promise<void> {
  await checkBalanced(db);
  const ledger = await nets(db);
  const roots = await balancesOf(db);
  for (const { id, availableFen, owedFen } of roots) {
    expect(availableFen, `available of ${id}`).toBe(ledger.get(available(id)) ?? 0n);
    expect(-owedFen, `owed of ${id}`).toBe(ledger.get(owed(id)) ?? 0n);
  }
  const ids = new Set<string>(roots.map(({ id }) => id));
  for (const [account, net] of ledger) {
    const [place, id, kind] = account.split(':');
    if (place === 'wallet_account' && kind !== 'escrow' && net !== 0n)
      expect(ids.has(String(id)), account).toBe(true);
    else if (/^merchant:/.test(account)) expect(net, account).toBe(0n);
  }
  await db.script('alter table escrows validate constraint escrows_figures_check');
}

function ok<T>(result: Result<T, { readonly message: string }>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** The commands that flows submit, and the wallets' answers. */
class Desk {
  readonly #db: Db;
  readonly #platform: Platform;

  constructor(db: Db, { engine }: TestEngineRoom) {
    this.#db = db;
    this.#platform = { engine } as Platform;
  }

  async payment({ payment }: Old): Promise<Payment> {
    return (await stored(this.#db, payment.intent.id))!;
  }

  async #decide<A>(
    id: Id<'payment_intent'>,
    name: string,
    decide: (payment: Payment, context: DecideContext) => PaymentDecision<A>,
  ): Promise<A> {
    return ok(await decideOn(this.#platform, { id, marketplace: MARKETPLACE }, name, decide));
  }

  /** What is left of each sub_order that was paid; its wallet pays it once it is reserved. */
  async refundRest(old: Old, shortfall: Shortfall): Promise<number> {
    const { escrows, subOrders } = await this.payment(old);
    let made = 0;
    for (const escrow of escrows) {
      const { refundedFen } = subOrders.find(({ id }) => id === escrow.subOrder)!;
      const amountFen = escrow.orderedFen - refundedFen;
      if (amountFen <= 0n) continue;
      await this.#refund(old, escrow, amountFen, shortfall);
      made += 1;
    }
    return made;
  }

  async #refund(
    { payment: { intent } }: Old,
    { subOrder, status }: Escrow,
    amountFen: bigint,
    shortfall: Shortfall,
  ): Promise<void> {
    const id = freshId('refund', intent.shard);
    const made = await this.#decide(intent.id, 'reserve_refund', (payment, context) => {
      const input = { id, subOrder, amountFen, reason: 'r', shortfall, capabilities };
      return reserveRefund(payment, input, context);
    });
    if (status === 'released') expect(made.refund.allocation?.escrowFen).toBe(0n);
    await this.carry();
    await this.says(intent.id, id, 'succeeded');
  }

  async says(
    intent: Id<'payment_intent'>,
    refund: Id<'refund'>,
    status: 'succeeded' | 'failed',
  ): Promise<void> {
    const settled = await this.#decide(intent, 'refund_report', (payment, context) => {
      const { refundNo } = payment.refunds.find((row) => row.id === refund)!;
      const report = { ...silentRefund(status), settlementFen: null };
      return applyRefundReport(payment, { refund, refundNo, report }, context);
    });
    expect(settled.refund.status).toBe(status);
    await this.carry();
  }

  /** What was open over the migration; no wallet pays more than was left. Returns how many. */
  async settleOpen(
    olds: readonly Old[],
    statusOf: (at: number) => 'succeeded' | 'failed',
  ): Promise<number> {
    let settled = 0;
    for (const old of olds) {
      const { refunds } = await this.payment(old);
      for (const refund of refunds.filter(isOpenRefund)) {
        const leftFen = leftAtWallet(await this.payment(old), refund);
        const status = refund.movedFen > leftFen ? 'failed' : statusOf(settled);
        await this.says(old.payment.intent.id, refund.id, status);
        settled += 1;
      }
    }
    return settled;
  }

  /** As the sweeps carry what is due. */
  async carry(): Promise<void> {
    const due = await rows(
      this.#db,
      'select * from transfers where due_at is not null order by id',
    );
    for (const transfer of due.map(toTransfer)) {
      const { outcome } = ok(
        await carryTransfer(this.#platform, transfer as CarriedTransfer, false),
      );
      expect(outcome, `${transfer.kind} of ${transfer.source}`).toBe('applied');
    }
  }
}

/** Of what is refunded whole, all that was paid has moved, at the expense of whoever had it. */
function checkWhole({ escrows, refunds }: Payment): number {
  let whole = 0;
  for (const escrow of escrows) {
    const { leg, subOrder, orderedFen, paidFen, feeFen, status } = escrow;
    const standing = refunds.filter(
      (row) => row.leg === leg && row.subOrder === subOrder && row.status !== 'failed',
    );
    for (const row of standing) expect(row.status).toBe('succeeded');
    if (sumFen(standing.map((row) => row.amountFen)) !== orderedFen) continue;
    whole += 1;
    expect(sumFen(standing.map((row) => row.movedFen))).toBe(paidFen);
    expect(escrow.returnedFen).toBe(paidFen - feeFen);
    expect(escrow.heldFen).toBe(0n);
    if (status === 'released') expect(escrow.returnedFromBalanceFen).toBe(escrow.releasedFen);
  }
  return whole;
}

async function checkAtRest(db: Db): Promise<void> {
  expect(await count(db, 'transfers', 'due_at is not null')).toBe(0);
  await checkRoots(db);
  expect((await nets(db)).get(transferInTransit) ?? 0n).toBe(0n);
}

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`released in 0.2.0 on ${engine.name}`, () => {
    it('stands in the balances as in the ledger and in its payments', async () => {
      const home = await engine.open({ isMigrated: false });
      const { db } = home;
      const olds = many(200);
      await openOld(db, olds);
      await migrate(db);
      await checkRoots(db);

      const roots = await balancesOf(db);
      const found = roots.map(({ id, availableFen, owedFen }) => [id, { availableFen, owedFen }]);
      const expected = await figuresOf(db, olds);
      const netted = new Map([...expected].map(([id, figures]) => [id, net(figures)]));
      expect(new Map(found as [string, Figures][])).toEqual(netted);
      for (const kind of ['availableFen', 'owedFen'] as const)
        expect(sumFen([...netted.values()].map((row) => row[kind])) > 0n, kind).toBe(true);
      // Rule 5: what repaid an advance is booked, once an account, under the account's name.
      const both = [...expected].filter(([, row]) => row.availableFen > 0n && row.owedFen > 0n);
      expect(both.length).toBeGreaterThan(0);
      const recovered = await rows(
        db,
        `select object from ledger_transactions where moment = 'advance_recovered' order by object`,
      );
      expect(recovered.map(({ object }) => object)).toEqual(both.map(([id]) => id).sort());
      expect(await readDifferences(oneCell(db))).toEqual([]);
      for (const { id, shard, marketplace, merchant, wallet } of roots) {
        expect(shard).toBe(homeShardOf(marketplace, merchant));
        const where = `id = ${idValue(id)} and marketplace = ${idValue(marketplace)}
          and merchant = ${idValue(merchant)} and wallet = '${wallet}'`;
        expect(await count(db, 'wallet_accounts', where), id).toBe(1);
      }
      const keys = await rows(
        db,
        `select distinct (select string_agg(key, ' ' order by key) from jsonb_object_keys(mix) key)
          as keys from refunds where mix is not null`,
      );
      expect(keys).toEqual([{ keys: 'balance escrow fee' }]);
      expect(await count(db, 'refunds', 'awaits_balance')).toBe(0);
      await home.close();
    }, 120_000);

    it('is refunded from the balance, to the fen', async () => {
      const home = await engine.open({ isMigrated: false });
      const { db } = home;
      const olds = many(80).filter(({ payment }) =>
        payment.escrows.some(({ status }) => status === 'released'),
      );
      await openOld(db, olds);
      await migrate(db);
      const room = await openEngine(db);
      const desk = new Desk(db, room);
      let made = 0;
      // What was available may have repaid an advance: then it is advanced again.
      for (const old of olds) made += await desk.refundRest(old, 'advance');
      expect(made).toBeGreaterThan(20);
      expect(await count(db, 'transfers', `kind = 'reserve' and status = 'applied'`)).toBe(made);
      await checkAtRest(db);
      await desk.settleOpen(olds, () => 'succeeded');
      let whole = 0;
      for (const old of olds) whole += checkWhole(await desk.payment(old));
      expect(whole >= made).toBe(true);
      await checkAtRest(db);
      expect(room.defects).toEqual([]);
      await room.lease.release();
      await home.close();
    }, 120_000);

    it('or still in escrow: a refund that was open fails or succeeds, and the books agree', async () => {
      const home = await engine.open({ isMigrated: false });
      const { db } = home;
      const olds = many(80);
      await openOld(db, olds);
      await migrate(db);
      const room = await openEngine(db);
      const desk = new Desk(db, room);
      const settled = await desk.settleOpen(olds, (at) => (at % 2 === 0 ? 'failed' : 'succeeded'));
      expect(settled).toBeGreaterThan(20);
      expect(await count(db, 'transfers', `kind = 'give_back'`)).toBeGreaterThan(0);
      await checkAtRest(db);
      for (const old of olds) {
        await desk.refundRest(old, 'advance');
        checkWhole(await desk.payment(old));
      }
      await checkAtRest(db);
      expect(room.defects).toEqual([]);
      await room.lease.release();
      await home.close();
    }, 120_000);
  });
}
