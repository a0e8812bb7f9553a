/**
 * UnionPay's signed messages that pass through a buyer's browser: the form's backUrl is our /notify
 * address, and the page that returns to the shop posts the signed fields. Split differently and
 * posted before the wallet's own callback, they must not change what the ledger books (rule 6).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../helpers/api.ts';
import { type Pairs, recutsOf } from '../hostile/recuts.ts';
import { ENGINES } from '../store/engines.ts';
import {
  becomes,
  clearingOf,
  createIntent,
  openStage,
  type Stage,
  startAndScan,
  WAYS,
} from './stage.ts';

const WEB = WAYS.find((way) => way.wallet === 'unionpay' && way.product === 'web')!;

const unescaped = (html: string) =>
  html
    .replace(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

/** What a browser posts to open the form, and what the page of the finished payment contains. */
async function browse(action: Json): Promise<{ location: string }> {
  const answer = await fetch(String(action.action), {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(action.fields as Record<string, string>),
  });
  return { location: answer.headers.get('location') ?? '' };
}

async function fieldsOfPage(location: string): Promise<Pairs> {
  const html = await (await fetch(location)).text();
  return [...html.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(
    ([, name = '', value = '']) => [unescaped(name), unescaped(value)] as const,
  );
}

const formOf = (pairs: Pairs) =>
  new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`callbacks split differently on ${engine.name}`, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await openStage(engine);
    });
    afterAll(async () => {
      await stage?.close();
    });

    const post = (url: string, pairs: Pairs) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: formOf(pairs),
      }).then((answer) => answer.status);

    async function payWeb(more: Json) {
      const intent = await createIntent(stage, [8_800], WEB.device);
      const order = await startAndScan(stage, intent, WEB);
      const action = order.attempt.next_action as Json;
      const { location } = await browse(action);
      await stage.sandbox.fault('callback_lost', { wallet: 'unionpay', times: 1 });
      await stage.sandbox.post('/phone/pay', { scan: order.scan, outcome: 'success', ...more });
      const backUrl = String((action.fields as Json).backUrl);
      return { intent: order.intent, backUrl, fields: await fieldsOfPage(location) };
    }

    it('S1: UnionPay: every recut of the return form is refused, and the ledger has its settlement', async () => {
      const { intent, backUrl, fields } = await payWeb({
        coupon: { platform: 0, merchant: 3_000 },
      });
      const settled = fields.find(([name]) => name === 'settleAmt')?.[1];
      expect([fields.length > 20, settled]).toEqual([true, '5800']);
      const taken: string[] = [];
      for (const { what, pairs } of recutsOf(fields, ['signature'])) {
        if ((await post(backUrl, pairs)) === 200) taken.push(what);
      }
      expect(taken).toEqual([]);
      expect(await post(backUrl, fields), 'the true message').toBe(200);
      await becomes(stage, intent, 'succeeded');
      const order = { intent, subOrders: [], attempt: {}, scan: '' };
      expect(await clearingOf(stage, order), 'what UnionPay settles, not 8800').toBe(5_800);
    });
  });
}
