/**
 * JD's form is made at the click and states the order's remaining time (rule 2): keeping an address
 * or a form for later buys nothing after the order has expired, and what was paid with a form of an
 * abandoned attempt is refunded (rule 1).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import {
  becomes,
  createIntent,
  inTime,
  openStage,
  type Stage,
  startAndScan,
  WAYS,
  type Way,
  walletOrders,
} from './stage.ts';

const HAND_OUTS = WAYS.filter(
  ({ wallet, product }) => wallet === 'jdpay' && (product === 'pc' || product === 'h5'),
);

for (const engine of ENGINES.slice(0, 1)) {
  describe(`jdpay pc and h5 on ${engine.name}`, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await openStage(engine);
    });
    afterAll(() => stage.close());

    interface Started {
      readonly intent: Json;
      readonly attempt: Json;
      readonly url: string;
    }

    async function start(way: Way, more: Json = {}): Promise<Started> {
      const intent = await createIntent(stage, [1_000], way.device, more);
      const attempt = await stage.taobao.startAttempt(String(intent.id), way.wallet, way.product);
      const action = attempt.next_action as Json;
      expect(action).toEqual({ type: 'redirect', url: expect.stringContaining('/pay/go/') });
      expect(String(action.url).startsWith(`${stage.platform.url}/pay/go/`)).toBe(true);
      return { intent, attempt, url: String(action.url) };
    }

    const look = async (url: string, language = 'en') => {
      const answer = await fetch(url, { headers: { 'accept-language': language } });
      return { status: answer.status, body: await answer.text() };
    };

    const formIn = (body: string): { action: string; fields: Json } => {
      const block = /<script type="application\/json" id="next-action">(.*?)<\/script>/s.exec(body);
      return JSON.parse(block?.[1] ?? 'null') as { action: string; fields: Json };
    };

    for (const way of HAND_OUTS) {
      test(`D1: ${way.product}: the phone opens our page, which hands out the form, and pays`, async () => {
        const { intent, url } = await start(way);
        const { status, body } = await look(url);
        expect(status).toBe(200);
        expect(body).toContain('Pay ¥10.00 with JD Pay');
        expect(formIn(body).action).toMatch(/\/jdpay\/saveOrder$/);
        await stage.sandbox.pay(await stage.sandbox.scan('jdpay', url));
        await becomes(stage, String(intent.id), 'succeeded');
        expect((await look(url)).body).toContain('This order is paid');
        expect((await look(url)).status).toBe(410);
      });

      test(`D1: ${way.product}: JD's order, made at a late click, ends when ours does`, async () => {
        const { intent, attempt, url } = await start(way);
        await stage.sandbox.advance(25 * 60);
        const scan = await stage.sandbox.scan('jdpay', url);
        const endsMs = Date.parse(String(intent.expires_at));
        const left = endsMs - stage.platform.clock.nowMs();
        expect(left).toBeGreaterThan(0);
        await stage.sandbox.advance(Math.ceil(left / 1_000));
        expect((await stage.sandbox.pay(scan)).status).toBe('closed');
        const order = { intent: String(intent.id), subOrders: [], attempt, scan };
        expect(await walletOrders(stage, order)).toMatchObject([{ state: 'closed' }]);
      });
    }

    const [PC] = HAND_OUTS;
    const pc = PC as Way;

    test("D1: after the order's end there is no form, and nothing is sold", async () => {
      const { intent, attempt, url } = await start(pc);
      await stage.sandbox.advance(41 * 60);
      await inTime(
        stage,
        'the intent is expired',
        () => stage.taobao.getIntent(String(intent.id)),
        ({ status }) => status === 'expired',
      );
      for (const [language, text] of [
        ['en', 'Time to pay has run out'],
        ['zh', '付款时间已过'],
      ] as const) {
        const { status, body } = await look(url, language);
        expect(status).toBe(410);
        expect(body).toContain(text);
        expect(body).not.toContain('saveOrder');
      }
      await expect(stage.sandbox.scan('jdpay', url)).rejects.toThrow(/it shows expired/);
      const order = { intent: String(intent.id), subOrders: [], attempt, scan: '' };
      expect(await walletOrders(stage, order)).toEqual([]);
    });

    test('D1: a buyer who chose another wallet sees that, and a payment by the old form is refunded', async () => {
      const { intent, attempt, url } = await start(pc);
      const kept = formIn((await look(url)).body);
      const native = { ...pc, wallet: 'wechatpay', product: 'native' } as const;
      const other = await startAndScan(stage, intent, native);
      const left = await look(url);
      expect(left.status).toBe(410);
      expect(left.body).toContain('This way to pay is closed');
      await stage.sandbox.pay(other.scan);
      await becomes(stage, String(intent.id), 'succeeded');
      await stage.sandbox.pay(await stage.sandbox.scan('jdpay', kept));
      const now = await inTime(
        stage,
        'the second payment is superseded and refunded',
        () => stage.taobao.getIntent(String(intent.id)),
        (payment) => {
          const { data } = payment.attempts as { data: Json[] };
          return data.find(({ id }) => id === attempt.id)?.status === 'superseded';
        },
      );
      expect(now).toMatchObject({ status: 'succeeded', amount_received: 1_000 });
      const order = { intent: String(intent.id), subOrders: [], attempt, scan: '' };
      await inTime(
        stage,
        'JD has given it back',
        () => walletOrders(stage, order),
        ([row]) => row?.refunded === 1_000,
      );
    });

    test('D1: a canceled order hands out nothing', async () => {
      const { intent, url } = await start(pc);
      await stage.taobao.expect(200, 'POST', `/v1/payment_intents/${String(intent.id)}/cancel`, {});
      expect((await look(url)).body).toContain('This order was canceled');
    });

    test('D1: its token opens this page alone, and no other opens it', async () => {
      const { intent, url } = await start(pc);
      const token = url.split('/').at(-1) ?? '';
      const payToken = String(intent.cashier_url).split('/pay/')[1] ?? '';
      for (const path of [
        `/pay/${token}`,
        `/pay/${token}/events`,
        `/pay/go/${payToken}`,
        `/pay/go/${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`,
        // Another place to return to is another token.
        `/pay/go/c${token.slice(1)}`,
        '/pay/go/x',
      ]) {
        expect((await look(`${stage.platform.url}${path}`)).status, path).toBe(404);
      }
      const { body } = await look(url);
      expect(body).not.toContain(payToken);
      expect(body).not.toContain('buyer-1');
    });

    test('D1: a buyer of the cashier, and a friend, are led there by the same address', async () => {
      const { intent, url } = await start(pc);
      const page = await look(String(intent.cashier_url));
      expect(formIn(page.body)).toEqual({ type: 'redirect', url });
      const friend = /\/pay\/f[0-9A-Za-z]+/.exec(page.body)?.[0] ?? '';
      expect(formIn((await look(`${stage.platform.url}${friend}`)).body)).toEqual({
        type: 'redirect',
        url,
      });
      await stage.sandbox.pay(await stage.sandbox.scan('jdpay', String(intent.cashier_url)));
      await becomes(stage, String(intent.id), 'succeeded');
    });
  });
}
