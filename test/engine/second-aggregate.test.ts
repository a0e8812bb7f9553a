/**
 * The engine is closed over no aggregate: one that no file of src knows is claimed, decided, saved,
 * emitted, booked and swept beside payments, in their batches, by the same rules.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Db } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import type { AnyCommand, Command } from '../../src/engine/command.ts';
import { claimed, createSweeper, dueKind, type Sweeper } from '../../src/engine/due.ts';
import { formatId, idValue, packId } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { AGGREGATES } from '../../src/store/aggregates.ts';
import { startCommitProxy } from '../helpers/commit-proxy.ts';
import {
  count,
  create,
  dueKinds,
  MARKETPLACE,
  openEngine,
  rows,
  type TestEngineRoom,
  wantedPayment,
} from '../store/engine-support.ts';
import { ENGINES, type TestHome } from '../store/engines.ts';
import {
  createDeposit,
  DEPOSIT,
  type DepositId,
  type DepositState,
  DUE_DEPOSITS,
  depositId,
  MIGRATION,
  newDeposit,
  payDeposit,
  remindOfDeposit,
} from './deposit.ts';

type DepositCommand<A> = Command<DepositState, DepositState, A>;

const DUE_IN_MS = 60_000;
const SHARD = 5;
const ENDPOINT = formatId('webhook_endpoint', 88n);
/** Behind payments, before the notes. */
const [KEY, PAYMENT, ...NOTES] = AGGREGATES;
const REGISTERED = [KEY!, PAYMENT!, DEPOSIT, ...NOTES];

let made = 0;
function wanted(reference?: string, amountFen = 500n): DepositState {
  made += 1;
  const id = depositId(
    packId({ unixMs: Date.UTC(2030, 0, 1) + made, shard: SHARD, process: 1, sequence: 0 }),
  );
  return newDeposit({
    id,
    marketplace: MARKETPLACE,
    reference: reference ?? `D${made}`,
    amountFen,
    dueAtMs: wallClock.nowMs() + DUE_IN_MS,
  });
}

function opened(state: DepositState) {
  return {
    aggregate: DEPOSIT,
    name: 'create_deposit',
    shard: SHARD,
    marketplace: MARKETPLACE,
    root: state,
    decide: (stored: DepositState, _context: unknown, isNew: boolean) =>
      createDeposit(stored, state, isNew),
  };
}

function on<A>(
  root: DepositId,
  name: string,
  decide: DepositCommand<A>['decide'],
): DepositCommand<A> {
  return { aggregate: DEPOSIT, name, shard: SHARD, marketplace: null, root, decide };
}

const paid = (root: DepositId) => on(root, 'pay_deposit', payDeposit);

const ofDeposit = (id: DepositId) => `object_id = '${id}'`;

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`a second aggregate on ${name}`, () => {
    let home: TestHome;
    let room: TestEngineRoom;
    let nowMs: number;
    let sweepers: Sweeper[];

    beforeAll(async () => {
      home = await open({ lanes: 1 });
      await home.db.script(`${MIGRATION}
        insert into marketplaces (id, name, display_name, created_at)
          values (${idValue(MARKETPLACE)}, 'taobao', 'Taobao', 0);
        insert into webhook_endpoints
            (id, marketplace, url, enabled_events, status, sealed, created_at)
          values (${idValue(ENDPOINT)}, ${idValue(MARKETPLACE)}, 'https://a.example/',
            '{deposit.*}', 'enabled', 'x', 0);`);
    });
    afterAll(() => home.close());
    beforeEach(async () => {
      nowMs = wallClock.nowMs();
      sweepers = [];
      room = await openEngine(home.db, { clock: { nowMs: () => nowMs }, aggregates: REGISTERED });
    });
    afterEach(async () => {
      for (const sweeper of sweepers) await sweeper.stop();
      await room.engine.drain();
      await room.lease.release();
    });

    const submit = <A>(command: DepositCommand<A>) => room.engine.submit(command);

    test('is created once under its natural key, and changes by its states', async () => {
      const state = wanted();
      const { id, reference } = state.deposit;
      expect(await submit(opened(state))).toMatchObject({ ok: true, value: { created: true } });
      const again = await submit(opened(wanted(reference)));
      expect(again).toMatchObject({ ok: true, value: { created: false, deposit: { id } } });
      expect(await submit(opened(wanted(reference, 501n)))).toMatchObject({ ok: false });
      const answer = await submit(paid(id));
      expect(answer).toMatchObject({ ok: true, value: { status: 'paid', version: 2 } });
      // Decided again, it is the same answer and no writes.
      expect(await submit(paid(id))).toEqual(answer);
      expect(await rows(home.db, `select status, version from deposits`)).toContainEqual({
        status: 'paid',
        version: 2,
      });
    });

    test('is created once where one batch has the very same command twice', async () => {
      const state = wanted();
      const answers = await Promise.all([submit(opened(state)), submit(opened(state))]);
      expect(answers).toMatchObject([{ value: { created: true } }, { value: { created: true } }]);
      expect(await count(home.db, 'events', ofDeposit(state.deposit.id))).toBe(1);
    });

    test('emits to the endpoints that want it, with its own version', async () => {
      const state = wanted();
      const { id } = state.deposit;
      await submit(opened(state));
      await submit(paid(id));
      const sent = await rows(
        home.db,
        `select e.type, e.object_version, e.object, d.status, d.endpoint
          from events e join deliveries d on d.shard = e.shard and d.event = e.id
          where ${ofDeposit(id)} order by e.id`,
      );
      expect(sent).toMatchObject([
        { type: 'deposit.created', object_version: 1, object: { status: 'open' } },
        { type: 'deposit.paid', object_version: 2, object: { status: 'paid', amount: 500 } },
      ]);
      expect(sent.map(({ endpoint }) => endpoint)).toEqual([idValue(ENDPOINT), idValue(ENDPOINT)]);
    });

    test('books balanced, with the payments of its batch', async () => {
      const balances = `select account, sum(debit)::int as debit, sum(credit)::int as credit
        from ledger_balances where account ~ 'deposit' group by account order by account`;
      const before = await rows(home.db, balances);
      const [first, second] = [wanted(), wanted()];
      await Promise.all([submit(opened(first)), submit(opened(second))]);
      room.batches.length = 0;
      const answers = await Promise.all([
        submit(paid(first.deposit.id)),
        room.engine.submit(create(wantedPayment({ shard: SHARD }))),
        submit(paid(second.deposit.id)),
      ]);
      expect(answers.every(({ ok }) => ok)).toBe(true);
      expect(room.batches).toHaveLength(1);
      const [bank, held] = await rows(home.db, balances);
      const was = (index: number, side: string) => Number(before[index]?.[side] ?? 0);
      expect(bank).toEqual({ account: 'bank:deposits', debit: was(0, 'debit') + 1_000, credit: 0 });
      expect(held).toEqual({ account: 'deposit:held', debit: 0, credit: was(1, 'credit') + 1_000 });
      const booked = await rows(
        home.db,
        `select sum(e.debit)::int as debit, sum(e.credit)::int as credit from ledger_entries e
          join ledger_transactions t on t.shard = e.shard and t.id = e.transaction
          where t.moment = 'deposit_paid'`,
      );
      expect(booked[0]?.debit).toBe(booked[0]?.credit);
    });

    test('another marketplace does not find it (rule 11)', async () => {
      const state = wanted();
      await submit(opened(state));
      const foreign = { ...paid(state.deposit.id), marketplace: formatId('marketplace', 99n) };
      expect(await submit(foreign)).toMatchObject({
        ok: false,
        error: { code: 'not_found', message: 'no such deposit' },
      });
      const missing = depositId(packId({ unixMs: 2e12, shard: SHARD, process: 1, sequence: 0 }));
      expect(await submit(paid(missing))).toMatchObject({ error: { code: 'not_found' } });
    });

    function sweeper(done: DepositId[], beforeClaim = async (_id: DepositId) => undefined) {
      const kind = dueKind(DUE_DEPOSITS, async (id) => {
        await beforeClaim(id);
        const deposit = claimed(await submit(on(id, 'remind_of_deposit', remindOfDeposit)));
        return deposit === null ? null : async () => void done.push(id);
      });
      const nothing = dueKinds(async () => null);
      const made = createSweeper({
        db: home.db,
        clock: { nowMs: () => nowMs },
        share: () => ({ rank: 0, count: 1 }),
        kinds: [...nothing.filter((other) => other.name === 'delivery'), kind],
        onError: () => undefined,
      });
      sweepers.push(made);
      return made;
    }

    test('its due rows are swept, claimed once and put off where they cannot be', async () => {
      await home.db.script('delete from deposits; delete from deliveries');
      const [one, bad] = [wanted(), wanted()];
      await Promise.all([submit(opened(one)), submit(opened(bad))]);
      await home.db.script('delete from deliveries');
      const done: DepositId[] = [];
      const refuseBad = async (id: DepositId): Promise<undefined> => {
        if (id === bad.deposit.id) throw new Error('as asked');
      };
      const own = sweeper(done, refuseBad);
      const dueAtMs = one.deposit.dueAtMs ?? 0;
      expect(await own.settle()).toBe(dueAtMs);
      expect(done).toEqual([]);
      nowMs = dueAtMs + 5;
      await Promise.all([own.settle(), sweeper(done, refuseBad).settle()]);
      expect(done).toEqual([one.deposit.id]);
      expect(await count(home.db, 'due_backoffs', `kind = 'deposit'`)).toBe(1);
      expect(await count(home.db, 'events', `type = 'deposit.overdue'`)).toBe(1);
      // Once it works again, its back-off is cleared; and what is paid has no due work any more.
      nowMs += 11_000;
      const healed: DepositId[] = [];
      await sweeper(healed).settle();
      expect(healed).toEqual([bad.deposit.id]);
      expect(await count(home.db, 'due_backoffs')).toBe(0);
      await Promise.all([submit(paid(one.deposit.id)), submit(paid(bad.deposit.id))]);
      await home.db.script('delete from deliveries');
      expect(await sweeper([]).settle()).toBeNull();
    });

    test('what is already due when committed is processed at once', async () => {
      const state = wanted();
      await submit(opened(state));
      const before = room.dueSeen();
      await submit(
        on(state.deposit.id, 'hurry', (stored) => ({
          ok: true,
          value: {
            state: { deposit: { ...stored.deposit, dueAtMs: 0, version: 2 } },
            postings: [],
            events: [],
            answer: null,
          },
        })),
      );
      expect(room.dueSeen()).toBe(before + 1);
    });

    test('one that is poisoned fails alone, among its own and among payments', async () => {
      const [good, broken] = [wanted(), wanted()];
      await Promise.all([submit(opened(good)), submit(opened(broken))]);
      await home.db.script(`update deposits set status = 'of a newer version'
        where reference = '${broken.deposit.reference}'`);
      const stranger = await openEngine(home.db, { aggregates: REGISTERED });
      const foreignEvent = on(good.deposit.id, 'foreign_word', (state) => {
        const decided = payDeposit(state);
        if (!decided.ok) return decided;
        const [event] = decided.value.events;
        const events = [{ ...event!, type: 'payment_intent.succeeded' }];
        return { ok: true, value: { ...decided.value, events } };
      });
      const unbalanced = on(good.deposit.id, 'throws', () => {
        throw new Error('as asked');
      });
      const commands: AnyCommand[] = [
        create(wantedPayment({ shard: SHARD })),
        paid(broken.deposit.id),
        foreignEvent,
        unbalanced,
        // Refused by the database: the batch is bisected.
        opened(wanted('refused')),
        paid(good.deposit.id),
        opened(wanted()),
        create(wantedPayment({ shard: SHARD })),
      ];
      const answers = await Promise.all(commands.map((one) => stranger.engine.submit(one)));
      expect(answers.map(({ ok }) => ok)).toEqual([
        true,
        false,
        false,
        false,
        false,
        true,
        true,
        true,
      ]);
      for (const index of [1, 2, 3, 4])
        expect(answers[index]).toMatchObject({ error: { code: 'internal' } });
      expect(await count(home.db, 'events', `${ofDeposit(good.deposit.id)}`)).toBe(2);
      expect(await count(home.db, 'events', `${ofDeposit(broken.deposit.id)}`)).toBe(1);
      await stranger.engine.drain();
      await stranger.lease.release();
      await home.db.script('delete from deposits');
    });

    test('is remembered, and not believed when another process wrote it since', async () => {
      const state = wanted();
      const { id } = state.deposit;
      await submit(opened(state));
      const other = await openEngine(home.db, { aggregates: REGISTERED });
      expect(await other.engine.submit(paid(id))).toMatchObject({ value: { version: 2 } });
      expect(await submit(paid(id))).toMatchObject({ value: { status: 'paid', version: 2 } });
      await other.engine.drain();
      await other.lease.release();
    });

    test('one that is not registered is refused before it waits', async () => {
      const bare = await openEngine(home.db);
      await expect(bare.engine.submit(opened(wanted()))).rejects.toThrow('deposit is registered');
      await bare.engine.drain();
      await bare.lease.release();
    });
  });
}

describe.skipIf(inject('postgresUrl') === null)("a second aggregate's unanswered COMMIT", () => {
  let home: TestHome;
  beforeAll(async () => {
    home = await ENGINES.find(({ name }) => name === 'postgres')!.open();
    await home.db.script(MIGRATION);
  });
  afterAll(() => home.close());

  for (const moment of ['before', 'after'] as const) {
    test(`cut ${moment} the server hears it: answered once, written once`, async () => {
      const proxy = await startCommitProxy(home.url!);
      const db: Db = openPostgres({ url: proxy.url, lanes: 1, readers: 1 });
      const room = await openEngine(db, { aggregates: REGISTERED });
      const state = wanted();
      const { id } = state.deposit;
      proxy.cutAtCommit(moment);
      const created = await Promise.all([
        room.engine.submit(opened(state)),
        room.engine.submit(opened(wanted(state.deposit.reference))),
        room.engine.submit(create(wantedPayment({ shard: SHARD }))),
      ]);
      expect(created).toMatchObject([
        { ok: true, value: { created: true, deposit: { id } } },
        { ok: true, value: { created: false, deposit: { id } } },
        { ok: true },
      ]);
      proxy.cutAtCommit(moment);
      const answer = await room.engine.submit(paid(id));
      expect(answer).toMatchObject({ ok: true, value: { status: 'paid', version: 2 } });
      expect(proxy.cuts()).toBe(2);
      expect(await count(home.db, 'deposits', `reference = '${state.deposit.reference}'`)).toBe(1);
      const types = await rows(
        home.db,
        `select type from events where ${ofDeposit(id)} order by id`,
      );
      expect(types).toEqual([{ type: 'deposit.created' }, { type: 'deposit.paid' }]);
      await room.engine.drain();
      await room.lease.release();
      await db.close();
      await proxy.close();
    });
  }
});
