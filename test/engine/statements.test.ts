/**
 * What a batch sends. Its statements are few and do not grow with its commands: one a table. A
 * statement more in every batch would be paid by every payment, so each is written down here.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { plainly } from '../../src/core/draft.ts';
import type { Db, Session } from '../../src/database/db.ts';
import { claimIdempotency, completeIdempotency } from '../../src/flows/base/idempotency.ts';
import type { Platform } from '../../src/flows/base/platform.ts';
import type { Envelope } from '../../src/flows/key/envelope.ts';
import { type Id, shardOfId } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { DELIVERY, type DeliveryResult, deliveryId } from '../../src/store/webhook/delivery.ts';
import {
  create,
  envelopeOf,
  freshId,
  MARKETPLACE,
  openEngine,
  refund,
  reported,
  start,
  started,
  type TestEngineRoom,
  wantedPayment,
} from '../store/engine-support.ts';
import { ENGINES, type TestHome } from '../store/engines.ts';

const ENDPOINT = freshId('webhook_endpoint', 0);

/** The same database; the names of what its lanes send, by transaction. */
function watched(db: Db): { readonly db: Db; readonly sent: string[][] } {
  const sent: string[][] = [];
  const transaction: Db['transaction'] = (lane, work) => {
    const names: string[] = [];
    sent.push(names);
    return db.transaction(lane, (session) =>
      work({
        losses: session.losses,
        run: (statement, values) => {
          names.push(statement.name);
          return session.run(statement, values);
        },
      } satisfies Session),
    );
  };
  return {
    sent,
    db: {
      kind: db.kind,
      laneCount: db.laneCount,
      transaction,
      background: (work) => db.background(work),
      read: (statement, values) => db.read(statement, values),
      script: (text) => db.script(text),
      close: () => db.close(),
    },
  };
}

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`a batch's statements on ${name}`, () => {
    let home: TestHome;
    let room: TestEngineRoom;
    let envelope: Envelope;
    let sent: string[][];

    beforeAll(async () => {
      home = await open({ lanes: 1 });
      const seen = watched(home.db);
      sent = seen.sent;
      room = await openEngine(seen.db);
      envelope = await envelopeOf(home.db);
    });
    afterAll(async () => {
      await room.engine.drain();
      await room.lease.release();
      await home.close();
    });
    beforeEach(() => {
      sent.length = 0;
    });

    const platform = () => ({ engine: room.engine, wall: wallClock, envelope }) as Platform;
    let keys = 0;
    const request = () => {
      keys += 1;
      return {
        marketplace: MARKETPLACE,
        principal: 'key_1',
        key: `k-${keys}`,
        method: 'POST',
        path: '/v1/payment_intents',
        bodyHash: 'h',
        targetId: freshId('payment_intent', 0),
      };
    };
    const delivered = (event: Id<'event'>) =>
      room.engine.submit({
        aggregate: DELIVERY,
        name: 'record_delivery',
        piggybackMs: 5,
        shard: shardOfId(event),
        marketplace: null,
        root: deliveryId({ event, endpoint: ENDPOINT }),
        decide: (delivery) => plainly({ ...delivery, result: resultOf(event) }, null),
      });

    const resultOf = (event: Id<'event'>): DeliveryResult => ({
      shard: shardOfId(event),
      event,
      endpoint: ENDPOINT,
      status: 'delivered',
      tries: 1,
      dueAtMs: null,
      lastStatus: 200,
      lastError: null,
    });

    test('a create: claimed, and saved with its event', async () => {
      await Promise.all([0, 1, 2].map(() => room.engine.submit(create(wantedPayment()))));
      expect(sent.map((names) => [...names].sort())).toEqual([
        [
          'deliveries.owe',
          'engine_lanes.stamp',
          'events.insert',
          'payment_intents.claim',
          'sub_orders.upsert',
        ],
      ]);
    });

    test('a payment that this process remembers is locked, not read', async () => {
      const wanted = wantedPayment();
      const attempt = freshId('payment_attempt', 0);
      await room.engine.submit(create(wanted));
      await room.engine.submit(start(wanted.intent.id, attempt));
      sent.length = 0;
      await room.engine.submit(started(wanted.intent.id, attempt));
      expect(sent.map((names) => [...names].sort())).toEqual([
        [
          'deliveries.owe',
          'engine_lanes.stamp',
          'events.insert',
          'payment_attempts.update',
          'payment_intents.lock',
          'payment_intents.update',
          'payment_legs.update',
        ],
      ]);
    });

    test('a key: claimed with one statement, completed with a lock and one more', async () => {
      const asked = request();
      await claimIdempotency(platform(), asked);
      await completeIdempotency(platform(), asked, { status: 200, body: '{}' });
      expect(sent).toEqual([
        ['engine_lanes.stamp', 'idempotency_keys.claim'],
        ['engine_lanes.stamp', 'idempotency_keys.end'],
      ]);
    });

    test('a delivered webhook: one statement, whatever its state', async () => {
      const event = freshId('event', 0);
      await Promise.all([delivered(event), delivered(freshId('event', 1))]);
      expect(sent).toEqual([['engine_lanes.stamp', 'deliveries.save']]);
    });

    test('all at once: no more than one statement of a kind a table, and one a lock', async () => {
      const wanted = wantedPayment();
      const attempt = freshId('payment_attempt', 0);
      const asked = request();
      await claimIdempotency(platform(), asked);
      await room.engine.submit(create(wanted));
      await room.engine.submit(start(wanted.intent.id, attempt));
      sent.length = 0;
      const again = wantedPayment({ orderNo: wanted.intent.merchantOrderNo });
      const notes = [
        completeIdempotency(platform(), asked, { status: 200, body: '{}' }),
        delivered(freshId('event', 0)),
      ];
      await Promise.all([
        ...notes,
        claimIdempotency(platform(), request()),
        room.engine.submit(create(again)),
        room.engine.submit(create(wantedPayment())),
        room.engine.submit(reported(wanted.intent.id, attempt, 'succeeded')),
        room.engine.submit(refund(wanted.intent.id, freshId('refund', 0), 100n)),
      ]);
      expect(sent.map((names) => [...names].sort())).toEqual([
        [
          'deliveries.owe',
          'deliveries.save',
          'engine_lanes.stamp',
          'escrows.upsert',
          'events.insert',
          'idempotency_keys.claim',
          'idempotency_keys.end',
          'ledger_balances.add',
          'ledger_entries.insert',
          'ledger_transactions.insert',
          'notifications.upsert',
          'payment_attempts.update',
          'payment_intents.by_order_no',
          'payment_intents.claim',
          'payment_intents.lock',
          'payment_intents.update',
          'payment_legs.update',
          'refunds.upsert',
          'sub_orders.update',
          'sub_orders.upsert',
        ],
      ]);
    });
  });
}
