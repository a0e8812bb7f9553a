/**
 * Transfers between payments and balances: carried by processes that die between any two commits,
 * the books and `hutong doctor` agree at every moment; one that never gets through is told of; and
 * a list of balances has each transfer, whenever it is carried.
 */
import { describe, expect, it } from 'vitest';
import type { Shortfall } from '../../src/core/balance/transfer.ts';
import type { DecideContext } from '../../src/core/draft.ts';
import { releaseEscrow } from '../../src/core/escrow/release.ts';
import { transferInTransit } from '../../src/core/ledger/chart.ts';
import type { PaymentDecision } from '../../src/core/payment/draft.ts';
import type { Payment } from '../../src/core/payment/model.ts';
import { reserveRefund } from '../../src/core/refund/refund.ts';
import type { Db } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import type { Engine } from '../../src/engine/submit.ts';
import { claimDueTransfer } from '../../src/flows/balance/due.ts';
import { type CarriedTransfer, carryTransfer } from '../../src/flows/balance/transfers.ts';
import type { Platform } from '../../src/flows/base/platform.ts';
import { listBalances } from '../../src/flows/ledger/list.ts';
import { decideOn } from '../../src/flows/payment/decide-on.ts';
import { DUE_TABLES } from '../../src/flows/sweeps.ts';
import { type Id, idValue, shardOfId } from '../../src/kernel/id.ts';
import { sumFen } from '../../src/kernel/money.ts';
import { readDifferences, readTransitDifferences } from '../../src/store/balance/differences.ts';
import { toTransfer } from '../../src/store/balance/rows.ts';
import { oneCell } from '../../src/store/cells.ts';
import { readOverdue, readUncarried } from '../../src/store/health.ts';
import { CAPABLE, everyWallet, walletAccountOf } from '../helpers/payments.ts';
import {
  count,
  freshId,
  MARKETPLACE,
  MERCHANT,
  openEngine,
  paidPayment,
  refunded,
  rows,
  stored,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES } from './engines.ts';

const capabilities = everyWallet(CAPABLE);

const platformOf = ({ engine }: Pick<TestEngineRoom, 'engine'>): Platform =>
  ({ engine }) as Platform;

class Killed extends Error {}

/** Dies at its n-th commit, before it or after it. */
function dyingAt(n: number, isAfter: boolean, engine: Engine): Platform {
  let commits = 0;
  const submit: Engine['submit'] = async (command) => {
    commits += 1;
    if (commits === n && !isAfter) throw new Killed();
    const answer = await engine.submit(command);
    if (commits === n && isAfter) throw new Killed();
    return answer;
  };
  return platformOf({ engine: { ...engine, submit } });
}

async function dueNow(db: Db): Promise<readonly CarriedTransfer[]> {
  const due = await rows(db, 'select * from transfers where due_at is not null order by id');
  return due.map(toTransfer) as CarriedTransfer[];
}

async function decided<A>(
  room: TestEngineRoom,
  id: Id<'payment_intent'>,
  decide: (payment: Payment, context: DecideContext) => PaymentDecision<A>,
): Promise<A> {
  const answer = await decideOn(platformOf(room), { id, marketplace: MARKETPLACE }, 'd', decide);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
}

async function released(room: TestEngineRoom, shard = 0): Promise<Payment> {
  const wanted = wantedPayment({ shard });
  const { root } = await paidPayment(room, wanted);
  const { id: subOrder } = wanted.subOrders[0]!;
  await decided(room, root, (payment, context) => releaseEscrow(payment, subOrder, context));
  return wanted;
}

async function refundOf(
  room: TestEngineRoom,
  { intent, subOrders }: Payment,
  shortfall: Shortfall,
): Promise<Id<'refund'>> {
  const id = freshId('refund', shardOfId(intent.id));
  const { id: subOrder } = subOrders[0]!;
  const input = { id, subOrder, amountFen: 400n, reason: 'r', shortfall, capabilities };
  await decided(room, intent.id, (payment, context) => reserveRefund(payment, input, context));
  return id;
}

async function carryAll(room: TestEngineRoom, db: Db): Promise<void> {
  for (const transfer of await dueNow(db)) {
    const carried = await carryTransfer(platformOf(room), transfer, false);
    expect(carried.ok).toBe(true);
  }
}

/** Rule 5, of every transaction and of what is between two roots. */
async function checkBooks(db: Db, what: string): Promise<void> {
  expect(await readDifferences(oneCell(db)), what).toEqual([]);
  expect(await readTransitDifferences(oneCell(db)), what).toEqual([]);
  const unbalanced = await rows(
    db,
    `select transaction from ledger_entries group by shard, transaction
      having sum(debit) <> sum(credit)`,
  );
  expect(unbalanced, what).toEqual([]);
}

/** Where a process dies: a carried reservation has three commits, a new balance makes it four. */
const DEATHS = [0, 1, 2, 3, 4].flatMap((n) => [false, true].map((isAfter) => ({ n, isAfter })));
const SHORTFALLS = ['advance', 'refuse', 'wait'] as const;

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`transfers on ${engine.name}`, () => {
    it('move once, whoever dies in between and however many carry them at once', async () => {
      const home = await engine.open();
      const { db } = home;
      const other = home.url === null ? db : openPostgres({ url: home.url, lanes: 2, readers: 1 });
      const rooms = [await openEngine(db), await openEngine(other)] as const;
      const [room] = rooms;
      const seen = new Set<boolean>();
      let paid = 0n;
      let returnedFen = 0n;
      for (const [at, { n, isAfter }] of DEATHS.entries()) {
        for (const [kind, shortfall] of SHORTFALLS.entries()) {
          const end = (at + kind) % 2 === 0 ? 'succeeded' : 'failed';
          const what = `killed ${isAfter ? 'after' : 'before'} ${n}: ${shortfall}, ${end}`;
          const payment = await released(room, n * 7);
          const { id: root } = payment.intent;
          paid += 1n;
          const id = await refundOf(room, payment, shortfall);
          await checkBooks(db, what);
          const due = [...(await dueNow(db))];
          for (const transfer of n % 2 === 0 ? due.reverse() : due) {
            const dying = dyingAt(n, isAfter, room.engine);
            await carryTransfer(dying, transfer, n % 3 === 0).catch((error) => {
              if (!(error instanceof Killed)) throw error;
            });
            await checkBooks(db, what);
          }
          let sends = 0;
          for (let round = 0; round < 4; round += 1) {
            const again = (await dueNow(db)).flatMap((transfer) =>
              [0, 1, 2].map((k) => carryTransfer(platformOf(rooms[k % 2]!), transfer, k % 2 === 0)),
            );
            seen.add(again.length > 0);
            for (const carried of await Promise.all(again))
              if (carried.ok && carried.value.reserved?.isToSend === true) sends += 1;
            await checkBooks(db, what);
          }
          expect(sends <= 1, what).toBe(true);
          expect(await dueNow(db), what).toEqual([]);
          const [refund] = (await stored(db, root))!.refunds;
          expect(refund, what).toMatchObject({ status: 'created', awaitsBalance: false });
          expect(refund?.dueAtMs, what).not.toBeNull();
          await room.engine.submit(refunded(root, id, end));
          await checkBooks(db, what);
          await carryAll(room, db);
          // It had moved all the same.
          if (end === 'failed') await room.engine.submit(refunded(root, id, 'succeeded'));
          await checkBooks(db, what);
          await carryAll(room, db);
          await checkBooks(db, what);
          returnedFen += refund?.allocation?.balanceFen ?? 0n;
        }
      }
      expect([...seen].sort()).toEqual([false, true]);
      const [balance] = await rows(db, 'select available, owed from merchant_balances');
      expect(balance).toEqual({ available: 994n * paid - returnedFen, owed: 0n });
      const where = `account = '${transferInTransit}'`;
      expect(await count(db, 'ledger_balances', where)).toBeGreaterThan(0);
      for (const { defects, lease } of rooms) {
        expect(defects).toEqual([]);
        await lease.release();
      }
      if (other !== db) await other.close();
      await home.close();
    }, 240_000);

    it('that cannot be carried are told of, though each try makes them due later', async () => {
      const home = await engine.open();
      const { db } = home;
      const room = await openEngine(db);
      const payment = await released(room);
      await carryAll(room, db);
      const refund = await refundOf(room, payment, 'advance');
      await refundOf(room, payment, 'wait');
      // What this version cannot read of its payment.
      await db.script(`update payment_intents set version = version + 1;
        update refunds set mix = '{"escrow":"x"}'`);
      const [reserve] = await dueNow(db);
      expect(reserve).toMatchObject({ kind: 'reserve', source: refund });
      for (let time = 0; time < 5; time += 1) {
        await db.script(`update transfers set due_at = 1 where due_at is not null`);
        const work = await claimDueTransfer(platformOf(room), reserve!.id);
        await expect(work?.()).rejects.toThrow();
      }
      await db.script(`update transfers set due_at = ${Date.now()} where due_at is not null`);
      expect(await readOverdue(oneCell(db), DUE_TABLES, Date.now() - 60_000)).not.toContainEqual(
        expect.objectContaining({ what: 'transfers' }),
      );
      const [made] = await rows(
        db,
        `select created_at from transfers where id = ${idValue(reserve!.id)}`,
      );
      const createdAtMs = Number(made?.created_at);
      expect(await readUncarried(oneCell(db), createdAtMs)).toBeUndefined();
      // The one that waits for its merchant's money is not counted.
      expect(await readUncarried(oneCell(db), createdAtMs + 3_600_000)).toEqual({
        ...{ rows: 1, amountFen: reserve!.amountFen },
        oldest: { id: reserve!.id, kind: 'reserve', intent: payment.intent.id, createdAtMs },
      });
      // It has left the balance, and its refund still waits for the answer.
      expect(await readTransitDifferences(oneCell(db))).toEqual([]);
      await db.script(`update ledger_balances set credit = credit + 5
        where (shard, account, slot) = (select shard, account, slot from ledger_balances
          where account = '${transferInTransit}' limit 1)`);
      const inTransitFen = reserve!.amountFen;
      expect(await readTransitDifferences(oneCell(db))).toEqual([
        { marketplace: MARKETPLACE, ledgerFen: inTransitFen + 5n, owedFen: inTransitFen },
      ]);
      await room.lease.release();
      await home.close();
    }, 60_000);

    it.each([
      { of: 'all', merchant: null },
      { of: 'one merchant', merchant: MERCHANT },
    ])(
      'are in a list of balances of $of whenever they are carried',
      async ({ merchant }) => {
        const home = await engine.open();
        const { db } = home;
        const room = await openEngine(db);
        const account = walletAccountOf(MERCHANT);
        await db.script(`insert into marketplaces (id, name, display_name, created_at)
          values (${idValue(MARKETPLACE)}, 'm', 'M', 1);
        insert into merchants (id, marketplace, name, created_at)
          values (${idValue(MERCHANT)}, ${idValue(MARKETPLACE)}, 'shop', 1);
        insert into wallet_accounts (id, marketplace, merchant, wallet, wallet_merchant, status,
            fee_bps, created_at)
          values (${idValue(account)}, ${idValue(MARKETPLACE)}, ${idValue(MERCHANT)}, 'wechatpay',
            'n', 'active', 60, 1)`);
        const list = async (seen: Db): Promise<bigint> => {
          const found = await listBalances(
            { db: seen, cells: oneCell(seen) } as Platform,
            MARKETPLACE,
            merchant,
          );
          if (!found.ok) throw new Error(found.error.message);
          expect(found.value).toHaveLength(1);
          return sumFen(
            found.value.map(
              (row) => row.escrowFen + row.availableFen - row.owedFen + row.inTransitFen,
            ),
          );
        };
        let reads = 1;
        for (let carriedAt = 0; carriedAt < reads; carriedAt += 1) {
          await released(room);
          reads = 0;
          const read: Db['read'] = async (statement, values) => {
            if (reads === carriedAt) await carryAll(room, db);
            reads += 1;
            return db.read(statement, values);
          };
          expect(await list({ ...db, read }), `before read ${carriedAt}`).toBe(
            994n * BigInt(carriedAt + 1),
          );
        }
        expect(reads).toBeGreaterThan(1);
        await room.lease.release();
        await home.close();
      },
      60_000,
    );
  });
}
