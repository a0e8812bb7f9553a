/**
 * Books of 0.2.0 under today's names: balances move to the account that was paid, account by
 * account to the fen; what the migration finds out about a transaction is what core would have
 * written, or nothing.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { available, escrow, isByConfig, owed } from '../../src/core/ledger/chart.ts';
import type { Db } from '../../src/database/db.ts';
import { migrate } from '../../src/database/migrate.ts';
import { type Id, idValue, packId, parseId } from '../../src/kernel/id.ts';
import { minFen, sumFen } from '../../src/kernel/money.ts';
import { oneCell } from '../../src/store/cells.ts';
import { listTransactions, readUnattributed } from '../../src/store/ledger/queries.ts';
import { readPayments } from '../../src/store/payment/payments.ts';
import { MARKETPLACE, openEngine, paidPayment, rows, wantedPayment } from './engine-support.ts';
import { ENGINES } from './engines.ts';
import {
  accountsNow,
  anyOld,
  carts,
  checkBalanced,
  crafted,
  M1,
  nets,
  type Old,
  old,
  openOld,
  PAYEES,
  refundedInPart,
} from './old-payments.ts';
import { formerName } from './old-rows.ts';

/** Compared with what core posted: the migration found the same out, or says nothing. */
async function checkFoundOut(db: Db, olds: readonly Old[]): Promise<number> {
  const page = { limit: 100_000, beforeId: null, afterId: null };
  const listed = (await listTransactions(oneCell(db), MARKETPLACE, null, page)).rows;
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

function accountIn(name: string): Id<'wallet_account'>[] {
  const id = parseId('wallet_account', name.split(':')[1] ?? '');
  return id === undefined ? [] : [id];
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
      // What came back to nothing before has no balance to move.
      for (const [account, net] of expected)
        if (net === 0n && account.startsWith('wallet_account:')) expected.delete(account);
      // What is available repays what was advanced (0027).
      for (const id of new Set([...expected.keys()].flatMap((account) => accountIn(account)))) {
        const [availableFen, owedFen] = [available, owed].map((of) => expected.get(of(id)) ?? 0n);
        const repaidFen = minFen(availableFen ?? 0n, -(owedFen ?? 0n));
        if (repaidFen <= 0n) continue;
        added(available(id), -repaidFen);
        added(owed(id), repaidFen);
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
      const followed = (
        await listTransactions(oneCell(db), MARKETPLACE, null, page)
      ).rows.toReversed();
      const moments = followed.map(({ moment }) => moment);
      expect(new Set(moments.slice(0, -1))).toEqual(
        new Set(['account_moved', 'advance_recovered']),
      );
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
      expect(await readUnattributed(oneCell(db))).toEqual([{ account: name, netFen: 5n }]);
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
