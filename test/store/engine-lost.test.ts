/**
 * A COMMIT that is not answered. The proxy cuts the line on either side of the server hearing it,
 * and every command still gets its one answer and leaves its one trace.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Payment } from '../../src/core/payment/model.ts';
import type { Db } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import {
  claimIdempotency,
  completeIdempotency,
  type IdempotentRequest,
} from '../../src/flows/base/idempotency.ts';
import { openClaim } from '../../src/flows/base/key-claim.ts';
import type { Platform } from '../../src/flows/base/platform.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { type CommitProxy, startCommitProxy } from '../helpers/commit-proxy.ts';
import {
  books,
  cancel,
  count,
  create,
  envelopeOf,
  freshId,
  MARKETPLACE,
  openEngine,
  refund,
  refunded,
  reported,
  start,
  started,
  stored,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const postgres = ENGINES.find(({ name }) => name === 'postgres');

describe.skipIf(inject('postgresUrl') === null)('an unanswered COMMIT', () => {
  let home: TestHome;
  let proxy: CommitProxy;
  let db: Db;
  let room: TestEngineRoom;

  beforeAll(async () => {
    home = await postgres!.open();
  });
  afterAll(() => home.close());
  beforeEach(async () => {
    proxy = await startCommitProxy(home.url!);
    db = openPostgres({ url: proxy.url, lanes: 1, readers: 1 });
    room = await openEngine(db);
  });
  afterEach(async () => {
    await room.engine.drain();
    await db.close();
    await proxy.close();
  });

  for (const moment of ['before', 'after'] as const) {
    const stood = moment === 'after' ? 'it stood' : 'it did not stand';

    test(`${stood}: a whole life, cut at every single step, is as if nothing happened`, async () => {
      const wanted = wantedPayment({ shard: 7 });
      const { id } = wanted.intent;
      const attempt = freshId('payment_attempt', 7);
      const back = freshId('refund', 7);
      const steps = [
        create(wanted),
        start(id, attempt),
        started(id, attempt),
        reported(id, attempt, 'succeeded'),
        refund(id, back, 250n),
        refunded(id, back, 'succeeded'),
      ];
      for (const [index, step] of steps.entries()) {
        proxy.cutAtCommit(moment);
        const answer = await room.engine.submit(step as ReturnType<typeof create>);
        expect(proxy.cuts()).toBe(index + 1);
        expect(answer).toMatchObject({ ok: true });
        if (answer.ok) expect(await stored(home.db, id)).toEqual(answer.value.payment);
      }
      const ofIntent = `intent = (select id from payment_intents where merchant_order_no = '${wanted.intent.merchantOrderNo}')`;
      expect(await count(home.db, 'sub_orders', ofIntent)).toBe(1);
      expect(await count(home.db, 'payment_attempts', ofIntent)).toBe(1);
      expect(await count(home.db, 'notifications', ofIntent)).toBe(1);
      expect(await count(home.db, 'refunds', ofIntent)).toBe(1);
      // paid, refund reserved, refund succeeded
      expect(await count(home.db, 'ledger_transactions', ofIntent)).toBe(3);
      expect(await count(home.db, 'events', `object_id = '${id}' and type like '%.created'`)).toBe(
        1,
      );
      expect(
        await count(home.db, 'events', `object_id = '${id}' and type like '%.succeeded'`),
      ).toBe(1);
    });

    test(`${stood}: what was refused is not promised because its batch made room for it`, async () => {
      const wanted = wantedPayment({ shard: 11 });
      const { id, amountFen } = wanted.intent;
      const attempt = freshId('payment_attempt', 11);
      const [whole, part] = [freshId('refund', 11), freshId('refund', 11)];
      for (const step of [
        create(wanted),
        start(id, attempt),
        started(id, attempt),
        reported(id, attempt, 'succeeded'),
        refund(id, whole, amountFen),
      ])
        expect(await room.engine.submit(step as ReturnType<typeof create>)).toMatchObject({
          ok: true,
        });
      proxy.cutAtCommit(moment);
      const [asked, failed] = await Promise.all([
        room.engine.submit(refund(id, part, 1n)),
        room.engine.submit(refunded(id, whole, 'failed')),
      ]);
      expect(proxy.cuts()).toBe(1);
      expect(failed).toMatchObject({ ok: true });
      // Its refusal was lost with the answer; decided again it would be taken, and saved by nobody.
      const code = moment === 'after' ? 'busy' : 'refund_exceeds_payment';
      expect(asked).toMatchObject({ ok: false, error: { code } });
      const payment = await stored(home.db, id);
      expect(payment?.refunds.map((row) => row.id)).toEqual([whole]);
      // Asked again, it is made.
      expect(await room.engine.submit(refund(id, part, 1n))).toMatchObject({ ok: true });
      expect((await stored(home.db, id))?.refunds.map((row) => row.id)).toEqual([whole, part]);
    });

    test(`${stood}: every command of a batch gets its own answer, refusals too`, async () => {
      const first = wantedPayment({ shard: 9 });
      const again = wantedPayment({ shard: 9, orderNo: first.intent.merchantOrderNo });
      const other = wantedPayment({
        shard: 9,
        orderNo: first.intent.merchantOrderNo,
        amountFen: 5n,
      });
      const stranger = { ...cancel(first.intent.id), marketplace: freshId('marketplace', 1) };
      proxy.cutAtCommit(moment);
      const answers = await Promise.all([
        room.engine.submit(create(first)),
        room.engine.submit(create(again)),
        room.engine.submit(create(other)),
        room.engine.submit(stranger),
        room.engine.submit(cancel(first.intent.id)),
      ]);
      expect(proxy.cuts()).toBe(1);
      expect(answers).toMatchObject([
        { ok: true, value: { created: true } },
        { ok: true, value: { created: false, payment: { intent: { id: first.intent.id } } } },
        { error: { code: 'merchant_order_no_conflict' } },
        { error: { code: 'not_found' } },
        { ok: true, value: { payment: { intent: { status: 'canceled' } } } },
      ]);
      const where = `merchant_order_no = '${first.intent.merchantOrderNo}'`;
      expect(await count(home.db, 'payment_intents', where)).toBe(1);
      const told = `object_id = '${first.intent.id}'`;
      expect(await count(home.db, 'events', `${told} and type = 'payment_intent.created'`)).toBe(1);
      expect(await count(home.db, 'events', `${told} and type = 'payment_intent.canceled'`)).toBe(
        1,
      );
    });

    test(`${stood}: even a decision that would count again is written once`, async () => {
      const wanted = wantedPayment({ shard: 15 });
      const { id } = wanted.intent;
      await room.engine.submit(create(wanted));
      proxy.cutAtCommit(moment);
      await room.engine.submit({
        ...cancel(id),
        name: 'count',
        decide: (payment) => ({
          ok: true,
          value: {
            state: {
              ...payment,
              intent: { ...payment.intent, version: payment.intent.version + 1 },
            },
            postings: [],
            events: [],
            answer: { payment },
          },
        }),
      });
      expect(proxy.cuts()).toBe(1);
      expect((await stored(home.db, id))?.intent.version).toBe(wanted.intent.version + 1);
    });

    test(`${stood}: a key is claimed by who asked first, and done stays done`, async () => {
      const envelope = await envelopeOf(home.db);
      const platform = { engine: room.engine, wall: wallClock, envelope } as Platform;
      const request: IdempotentRequest = {
        marketplace: MARKETPLACE,
        principal: 'key_1',
        key: `lost-${moment}`,
        method: 'POST',
        path: '/v1/refunds',
        bodyHash: 'h',
        targetId: freshId('refund', 1),
      };
      proxy.cutAtCommit(moment);
      const [mine, theirs] = await Promise.all([
        claimIdempotency(platform, request),
        claimIdempotency(platform, { ...request, targetId: freshId('refund', 1) }),
      ]);
      expect(mine).toEqual({ ok: true, value: { kind: 'run', targetId: request.targetId } });
      expect(theirs).toMatchObject({ error: { code: 'idempotency_key_in_flight' } });
      proxy.cutAtCommit(moment);
      await completeIdempotency(platform, request, { status: 201, body: '{}' });
      expect(proxy.cuts()).toBe(2);
      expect(await claimIdempotency(platform, request)).toMatchObject({
        value: { kind: 'replay', targetId: request.targetId },
      });
    });

    test(`${stood}: a key and its first command are both done, or neither; one of two is granted`, async () => {
      const envelope = await envelopeOf(home.db);
      const platform = { engine: room.engine, wall: wallClock, envelope } as Platform;
      for (let race = 0; race < 20; race += 1) {
        const orders = [wantedPayment({ shard: 11 }), wantedPayment({ shard: 12 })];
        const claims = orders.map(({ intent }) =>
          openClaim(platform, {
            ...{ marketplace: MARKETPLACE, principal: 'key_1', method: 'POST', bodyHash: 'h' },
            ...{ key: `both-${moment}-${race}`, path: '/v1/payment_intents', targetId: intent.id },
          }),
        );
        proxy.cutAtCommit(moment);
        const answers = await Promise.all(
          claims.map((claim, index) => claim.submit(create(orders[index]!))),
        );
        expect(answers.map(({ ok }) => ok)).toEqual([true, false]);
        expect((await claims[1]!.outcome()).ok).toBe(false);
        const told = orders.map(({ intent }) =>
          count(home.db, 'events', `object_id = '${intent.id}'`),
        );
        expect(await Promise.all(told)).toEqual([1, 0]);
        const [first, second] = orders.map(({ intent }) => intent.merchantOrderNo);
        const where = `merchant_order_no in ('${first}', '${second}')`;
        expect(await count(home.db, 'payment_intents', where)).toBe(1);
      }
      expect(proxy.cuts()).toBe(20);
    });

    test(`${stood}: an answer that is stored with its command is the one that is given`, async () => {
      const envelope = await envelopeOf(home.db);
      const platform = { engine: room.engine, wall: wallClock, envelope } as Platform;
      const other = await openEngine(home.db);
      for (let race = 0; race < 20; race += 1) {
        const wanted = wantedPayment({ shard: 13 });
        const { id } = wanted.intent;
        const request: IdempotentRequest = {
          ...{ marketplace: MARKETPLACE, principal: 'key_1', method: 'POST', bodyHash: 'h' },
          ...{ key: `kept-${moment}-${race}`, path: '/v1/payment_intents', targetId: id },
        };
        const claim = openClaim(platform, request);
        const keep = ({ payment: { intent } }: { readonly payment: Payment }) => ({
          status: 201,
          body: `version ${intent.version}`,
        });
        const first = race % 2 === 0;
        const version = first ? 1 : 2;
        if (!first) await claim.submit(create(wanted));
        // Where it stood, the payment is another one by the time that it is read back.
        const change = async () => moment === 'after' && other.engine.submit(cancel(id));
        proxy.cutAtCommit(moment, change);
        if (first) await claim.submitLast(create(wanted), keep);
        else await claim.submitLast(start(id, freshId('payment_attempt', 13)), keep);
        const kept = { status: 201, body: `version ${version}` };
        // A claim that is read back finds the answer that was stored with it.
        if (first && moment === 'after')
          expect(await claim.outcome()).toMatchObject({ value: { kind: 'replay', ...kept } });
        else expect(claim.kept()).toMatchObject(kept);
        expect(await openClaim(platform, request).outcome()).toMatchObject({
          value: { kind: 'replay', targetId: id, ...kept },
        });
        const { intent } = (await stored(home.db, id))!;
        expect(intent.version).toBe(moment === 'after' ? version + 1 : version);
      }
      expect(proxy.cuts()).toBe(20);
      await other.engine.drain();
      await other.lease.release();
    });

    test(`${stood}: a process whose number was taken over is fenced, and writes nothing more`, async () => {
      const { number } = room.lease;
      const wanted = wantedPayment({ shard: 11 });
      proxy.cutAtCommit(moment, () =>
        home.db.script(`update process_leases set holder = 'another' where number = ${number}`),
      );
      const answer = await room.engine.submit(create(wanted));
      const there = await count(
        home.db,
        'payment_intents',
        `merchant_order_no = '${wanted.intent.merchantOrderNo}'`,
      );
      if (moment === 'after') {
        // What was committed under our number is ours to answer for.
        expect([answer.ok, there]).toEqual([true, 1]);
      } else {
        expect(answer).toMatchObject({ ok: false, error: { code: 'busy' } });
        expect([room.fenced(), there]).toEqual([1, 0]);
      }
      const before = await books(home.db, 11);
      expect(await room.engine.submit(create(wantedPayment({ shard: 11 })))).toMatchObject({
        error: { code: 'busy' },
      });
      expect(await books(home.db, 11)).toBe(before);
    });
  }

  test('cut again and again: the batch goes on until it is answered', async () => {
    const wanted = wantedPayment({ shard: 13 });
    proxy.cutAtCommit('after');
    proxy.cutAtCommit('before');
    proxy.cutAtCommit('after');
    const answer = await room.engine.submit(create(wanted));
    expect(answer).toMatchObject({ ok: true, value: { created: true } });
    expect(proxy.cuts()).toBe(3);
    const where = `merchant_order_no = '${wanted.intent.merchantOrderNo}'`;
    expect(await count(home.db, 'payment_intents', where)).toBe(1);
  });
});
