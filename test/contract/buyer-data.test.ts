/**
 * Buyers are erased and the ledger stays complete, on both databases: by request and by age, beside
 * payments in progress, through the API of a whole platform (S11).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Statement } from '../../src/database/db.ts';
import { packId } from '../../src/kernel/id.ts';
import { stepErasure, stepRetention } from '../../src/store/buyer/data.ts';
import { call, type Json, until } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import { becomes, openStage, type Stage } from './stage.ts';

const BUYER = 'buyer-7f3a';
const ADDRESS = '198.51.100.77';
const raw = (name: string, text: string): Statement => ({ name: `test.${name}`, text });

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`buyers' data on ${engine.name}`, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await openStage(engine);
    });
    afterAll(async () => {
      await stage?.close();
    });

    const pay = async (buyer: string): Promise<string> => {
      const { taobao, sandbox } = stage;
      const more = { buyer: { id: buyer, device: 'desktop', ip: ADDRESS } };
      const intent = String((await taobao.createIntent([1_280], more)).id);
      const attempt = await taobao.startAttempt(intent, 'wechatpay', 'native');
      const action = attempt.next_action as Json;
      await sandbox.pay(await sandbox.scan('wechatpay', action.code));
      await becomes(stage, intent, 'succeeded');
      return intent;
    };
    /** Every place of every table where the text stands. */
    const placesOf = async (text: string): Promise<string[]> => {
      const tables = await stage.db.read<{ name: string }>(
        raw(
          'tables',
          `select distinct relname::text as name from pg_class
           where relnamespace::regnamespace::text = any (current_schemas(false))
           and relkind in ('r', 'p')
           and not relispartition and relname <> 'idempotency_keys' order by 1`,
        ),
        [],
      );
      const found: string[] = [];
      for (const { name } of tables) {
        const [row] = await stage.db.read<{ n: number }>(
          raw(`look_${name}`, `select count(*)::int as n from ${name} t where t::text like $1`),
          [`%${text}%`],
        );
        if (row !== undefined && row.n > 0) found.push(`${name}: ${row.n}`);
      }
      return found;
    };
    const done = (id: string) =>
      until(
        'the erasure',
        () => stage.taobao.expect(200, 'GET', `/v1/buyer_erasures/${id}`),
        ({ status }) => status === 'done',
      );

    it('S11: erases a buyer from payments and events, and no other', async () => {
      const paid = await pay(BUYER);
      const open = String(
        (
          await stage.taobao.createIntent([900], {
            buyer: { id: BUYER, device: 'mobile', ip: ADDRESS },
          })
        ).id,
      );
      const other = await pay('buyer-8');
      expect((await placesOf(BUYER)).length).toBeGreaterThan(1);
      const books = await stage.taobao.ledgerProblems();
      const made = await stage.taobao.expect(201, 'POST', '/v1/buyer_erasures', { buyer: BUYER });
      expect(made).toMatchObject({ object: 'buyer_erasure', finished_at: null });
      const ended = await done(String(made.id));
      expect(ended).toMatchObject({ payment_intents: 2, finished_at: expect.any(String) });
      expect(await placesOf(BUYER)).toEqual([]);
      for (const intent of [paid, open]) {
        const { buyer } = await stage.taobao.getIntent(intent);
        expect(buyer).toMatchObject({ id: 'erased' });
      }
      expect((await stage.taobao.getIntent(other)).buyer).toMatchObject({ id: 'buyer-8' });
      expect(await stage.taobao.ledgerProblems()).toEqual(books);
      const path = `/v1/audit_log?object=${String(made.id)}`;
      expect((await stage.taobao.expect(200, 'GET', path)).data).toMatchObject([
        { action: 'buyer_erasure.created', actor: expect.stringMatching(/^key_/), before: null },
      ]);
    });

    it('S11: what was open then is paid, refunded and reported without its buyer', async () => {
      const { taobao, sandbox } = stage;
      const buyer = { id: 'buyer-9c', device: 'desktop', ip: ADDRESS };
      const created = await taobao.createIntent([2_000], { buyer });
      const intent = String(created.id);
      const attempt = await taobao.startAttempt(intent, 'alipay', 'precreate');
      const made = await taobao.expect(201, 'POST', '/v1/buyer_erasures', { buyer: 'buyer-9c' });
      await done(String(made.id));
      const action = attempt.next_action as Json;
      await sandbox.pay(await sandbox.scan('alipay', action.code));
      await becomes(stage, intent, 'succeeded');
      const [sub] = created.sub_orders as Json[];
      await taobao.expect(201, 'POST', '/v1/refunds', {
        ...{ payment_intent: intent, sub_order: sub?.id, amount: 500 },
        reason: 'requested_by_customer',
      });
      expect(await placesOf('buyer-9c')).toEqual([]);
      expect(await taobao.ledgerProblems()).toEqual([]);
    });

    it("S11: another marketplace's erasure is not found, and erases nothing here", async () => {
      const intent = await pay('buyer-10');
      const made = await stage.tmall.expect(201, 'POST', '/v1/buyer_erasures', {
        buyer: 'buyer-10',
      });
      const path = `/v1/buyer_erasures/${String(made.id)}`;
      const url = `${stage.platform.url}${path}`;
      expect((await call('GET', url, { key: stage.taobao.key })).status).toBe(404);
      await until(
        'done',
        () => stage.tmall.expect(200, 'GET', path),
        ({ status }) => status === 'done',
      );
      expect((await stage.taobao.getIntent(intent)).buyer).toMatchObject({ id: 'buyer-10' });
    });

    const retained = async (beforeMs: number, limit: number): Promise<void> => {
      for (const { db } of stage.cells.all) while (await stepRetention(db, { beforeMs, limit }));
    };

    it('S11: what is older than the retention is erased automatically, what is younger stays', async () => {
      const old = await pay('buyer-11');
      const beforeMs = Date.now() + 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
      const young = await pay('buyer-12');
      await retained(beforeMs, 3);
      expect((await stage.taobao.getIntent(old)).buyer).toMatchObject({ id: 'erased' });
      expect((await stage.taobao.getIntent(young)).buyer).toMatchObject({ id: 'buyer-12' });
      expect(await placesOf('buyer-12')).not.toEqual([]);
      // Events of the old one that are younger than the limit are the next pass's.
      const laterMs = Date.now() + 1;
      await retained(laterMs, 100);
      expect(await placesOf('buyer-11')).toEqual([]);
      const started = packId({ unixMs: beforeMs, shard: 0, process: 0, sequence: 0 });
      const cursor = raw('cursor', 'select min(up_to) as low from buyer_retention');
      for (const { db } of stage.cells.all) {
        const [row] = await db.read<{ low: bigint }>(cursor, []);
        expect(row?.low).toBeGreaterThan(started);
      }
    });

    it('S11: walks on where it was cut off, step by step', async () => {
      for (const buyer of ['buyer-13', 'buyer-13', 'buyer-13']) await pay(buyer);
      const made = await stage.taobao.expect(201, 'POST', '/v1/buyer_erasures', {
        buyer: 'buyer-13',
      });
      // Two walkers at once: each step is one transaction under the erasure's row.
      const walk = async () => {
        while (await stepErasure(stage.cells, { nowMs: Date.now(), limit: 1 }));
      };
      await Promise.all([walk(), walk()]);
      expect(await done(String(made.id))).toMatchObject({ payment_intents: 3 });
      expect(await placesOf('buyer-13')).toEqual([]);
    });
  });
}
