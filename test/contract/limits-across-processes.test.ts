/** An attacker at two processes on one PostgreSQL gets hardly more than at one. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openPostgres } from '../../src/database/postgres.ts';
import { parseId, shardOfId } from '../../src/kernel/id.ts';
import { forgetRefusals, sumRefusals } from '../../src/store/key/refusals.ts';
import type { Json } from '../helpers/api.ts';
import { type EdgePlatform, openEdgePlatform } from '../helpers/edge-platform.ts';
import { ENGINES, type TestHome } from '../store/engines.ts';
import * as shop from './stage.ts';

const REFUSALS_MAX = 120;
const STARTS_MAX = 10;
/** What the attacker sends to each process in a second. */
const RATE = 40;

describe.skipIf(inject('postgresUrl') === null)('limits across processes', () => {
  describe('of keys that are none', () => {
    let home: TestHome;
    let edges: readonly EdgePlatform[];
    const dbs: ReturnType<typeof openPostgres>[] = [];
    beforeAll(async () => {
      home = await ENGINES[1]!.open();
      const opened = [0, 1].map(() => openPostgres({ url: home.url!, lanes: 1, readers: 2 }));
      dbs.push(...opened);
      edges = [await openEdgePlatform({ db: dbs[0]! }), await openEdgePlatform({ db: dbs[1]! })];
    });
    afterAll(async () => {
      for (const edge of edges) await edge.close();
      for (const db of dbs) await db.close();
      await home.close();
    });

    const guessAt = async ({ composed }: EdgePlatform, remoteAddress: string, key?: string) =>
      (
        await composed.server.inject({
          url: '/v1/webhook_endpoints',
          headers: {
            authorization: `Bearer ${key ?? `sk_test_${randomBytes(20).toString('hex')}`}`,
          },
          remoteAddress,
        })
      ).statusCode;

    test('guesses at both in turn: the limit, and what passes in a second', async () => {
      const address = '203.0.113.70';
      let passed = 0;
      for (let tenth = 0; tenth < 50; tenth += 1) {
        const waves = edges.flatMap((edge) =>
          Array.from({ length: RATE / 10 }, () => guessAt(edge, address)),
        );
        const statuses = await Promise.all(waves);
        passed += statuses.filter((status) => status === 401).length;
        await sleep(100);
      }
      expect(passed).toBeGreaterThanOrEqual(REFUSALS_MAX);
      // A second and what a statement takes; alone, each process would let 120 through.
      expect(passed).toBeLessThanOrEqual(REFUSALS_MAX + 1.5 * RATE * edges.length);
      for (const edge of edges) expect(await guessAt(edge, address)).toBe(429);
      // Neither a valid key nor another address is refused for it.
      for (const edge of edges) {
        expect(await guessAt(edge, address, edge.taobao.key)).toBe(200);
        expect(await guessAt(edge, '203.0.113.71')).toBe(401);
      }
    }, 30_000);

    test('no address is stored, and what is over goes', async () => {
      const [edge] = edges;
      await guessAt(edge!, '203.0.113.72');
      const text = `select caller, until_at from refusal_counts`;
      const rows = () => home.db.read({ name: 'refusals', text }, []);
      await expect.poll(async () => (await rows()).length, { timeout: 5_000 }).toBeGreaterThan(0);
      expect(JSON.stringify((await rows()).map((row) => row.caller))).not.toContain('203.0.113');

      const counted = async (caller: string, count: number, leftMs: number) =>
        (await sumRefusals(home.db, [{ caller, count, leftMs }])).get(caller);
      expect(await counted('over', 7, 30)).toEqual({ count: 7, leftMs: 30 });
      expect(await counted('open', 7, 60_000)).toEqual({ count: 7, leftMs: 60_000 });
      await sleep(50);
      // A window that is over begins again; one that is not goes on to its own end.
      expect(await counted('over', 2, 20)).toEqual({ count: 2, leftMs: 20 });
      const open = await counted('open', 2, 90_000);
      expect(open?.count).toBe(9);
      expect(open?.leftMs).toBeLessThan(60_000);
      await sleep(50);
      await forgetRefusals(home.db);
      const kept = (await rows()).map((row) => row.caller);
      expect(kept).toContain('open');
      expect(kept).not.toContain('over');
    });
  });

  describe('of starts from the cashier', () => {
    let stage: shop.Stage;
    let urls: readonly string[];
    beforeAll(async () => {
      stage = await shop.openStage(ENGINES[1]!);
      urls = [stage.platform.url, await stage.platform.beside()];
    });
    afterAll(() => stage?.close());

    test('whoever presses at both at once starts ten attempts a minute, not twenty', async () => {
      const intent = await stage.taobao.createIntent([100]);
      const id = parseId('payment_intent', String(intent.id))!;
      const page = new URL(String(intent.cashier_url)).pathname;
      const press = async (url: string): Promise<number> => {
        const attempt = stage.platform.composed.useCases.newId('payment_attempt', shardOfId(id));
        const answer = await fetch(`${url}${page}/attempts`, {
          method: 'POST',
          redirect: 'manual',
          headers: { origin: url, 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ wallet: 'wechatpay', product: 'native', attempt }).toString(),
        });
        if (answer.status === 429)
          expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        return answer.status;
      };
      const statuses = await Promise.all(
        urls.flatMap((url) => Array.from({ length: 10 }, () => press(url))),
      );
      const { attempts } = await stage.taobao.getIntent(id);
      expect((attempts as Json).data).toHaveLength(STARTS_MAX);
      expect(statuses.filter((status) => status === 303)).toHaveLength(STARTS_MAX);
      expect(statuses.filter((status) => status === 429)).toHaveLength(STARTS_MAX);
      // The marketplace's own starts are not the buyer's.
      await stage.taobao.startAttempt(id, 'alipay', 'precreate');
    }, 60_000);
  });
});
