import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { addToCart, bySeller, readCart, setQuantity, totalFen, writeCart } from './cart.ts';
import { CATALOGUES, MARKETPLACES } from './catalogue/catalogue.ts';
import { html } from './html.ts';
import { Journal } from './journal.ts';
import { fenOfYuan, fenToJson, yuan } from './money.ts';
import {
  applyEntry,
  type Entry,
  type Order,
  type PlacedOrder,
  placed,
  type ReceivedEvent,
  refundableOf,
  stateOf,
} from './order.ts';
import { deviceOf, forgery, localPath, readCookies, readLocale } from './session.ts';

const text = { zh: '店', en: 'Shop' };
const base: PlacedOrder = {
  no: 'TB1',
  marketplace: 'taobao',
  buyer: 'B',
  nonce: 'N',
  placedAtMs: 1,
  device: 'desktop',
  ip: '127.0.0.1',
  pickup: 'gulou',
  description: 'd',
  returnUrl: 'http://x',
  amount: 300,
  parts: [
    { no: 'TB1-1', merchant: 'mer_1', sellerId: 's', sellerName: text, amount: 300, items: [] },
  ],
};

let sequence = 0;
function intentEvent(status: string, version: number, more: object = {}): Entry {
  sequence += 1;
  const event: ReceivedEvent = {
    id: `evt_${sequence}`,
    type: `payment_intent.${status}`,
    version,
    receivedAtMs: 2,
    fact: {
      kind: 'intent',
      id: 'pi_1',
      amount: 300,
      status,
      wallet: 'alipay',
      subOrders: { so_1: 'TB1-1' },
      ...more,
    },
  };
  return { kind: 'event', no: 'TB1', event };
}

function refundEvent(id: string, status: string, version: number, amount = 100): Entry {
  sequence += 1;
  const event: ReceivedEvent = {
    id: `evt_${sequence}`,
    type: `refund.${status}`,
    version,
    receivedAtMs: 2,
    fact: { kind: 'refund', id, subOrder: 'so_1', amount, reason: 'damaged', status },
  };
  return { kind: 'event', no: 'TB1', event };
}

function fold(entries: readonly Entry[]): Order {
  let order = placed(base);
  for (const entry of entries) if (entry.kind !== 'placed') order = applyEntry(order, entry);
  return order;
}

describe('an order', () => {
  it('is paid by a webhook and by nothing that the API answers', () => {
    const opened: Entry = {
      kind: 'opened',
      no: 'TB1',
      intentId: 'pi_1',
      cashierUrl: 'http://c',
      subOrders: { so_1: 'TB1-1' },
    };
    expect(stateOf(fold([]))).toBe('opening');
    expect(stateOf(fold([opened]))).toBe('waiting');
    expect(stateOf(fold([opened, intentEvent('succeeded', 3)]))).toBe('paid');
    // The webhook may overtake our own request's answer.
    expect(stateOf(fold([intentEvent('succeeded', 3), opened]))).toBe('paid');
  });

  it('ends in the state of the highest version, in whatever order events arrive', () => {
    const events = [
      intentEvent('requires_action', 2),
      intentEvent('processing', 3),
      intentEvent('succeeded', 4),
      refundEvent('re_1', 'pending', 5),
      refundEvent('re_1', 'succeeded', 6),
      refundEvent('re_2', 'pending', 7, 50),
      refundEvent('re_2', 'failed', 8, 50),
    ];
    const shuffled = fc.shuffledSubarray([...events, ...events], {
      minLength: events.length * 2,
    });
    fc.assert(
      fc.property(shuffled, (entries) => {
        const order = fold(entries);
        expect(stateOf(order)).toBe('paid');
        const refunds = Object.fromEntries(order.refunds.map((one) => [one.id, one.status]));
        expect(refunds).toEqual({ re_1: 'succeeded', re_2: 'failed' });
        expect(refundableOf(order, base.parts[0]!)).toBe(200);
      }),
    );
  });

  it('is not moved by another amount or another intent', () => {
    expect(fold([intentEvent('succeeded', 9, { amount: 299 })])).toMatchObject({ status: null });
    const order = fold([intentEvent('processing', 2), intentEvent('succeeded', 9, { id: 'pi_2' })]);
    expect(order.status).toBe('processing');
    expect(order.events.at(-1)!.effect).toBe('mismatch');
  });

  it('counts a refund once, whether the answer or the webhook came first', () => {
    const asked: Entry = {
      kind: 'refund_asked',
      no: 'TB1',
      nonce: 'X',
      refund: { id: 're_1', subOrder: 'so_1', amount: 100, reason: 'damaged' },
    };
    const paid = intentEvent('succeeded', 2);
    const told = refundEvent('re_1', 'succeeded', 5);
    for (const entries of [
      [paid, asked, told],
      [paid, told, asked],
    ]) {
      const order = fold(entries);
      expect(order.refunds).toHaveLength(1);
      expect(order.refunds[0]).toMatchObject({ status: 'succeeded', subOrder: 'so_1' });
      expect(refundableOf(order, base.parts[0]!)).toBe(200);
    }
    expect(refundableOf(fold([]), base.parts[0]!)).toBe(0);
  });
});

describe('the journal', () => {
  const dirs: string[] = [];
  const newDir = async () => {
    const dir = await mkdtemp(join(tmpdir(), 'bazaar-'));
    dirs.push(dir);
    return dir;
  };
  afterEach(async () => {
    for (const dir of dirs.splice(0)) await rm(dir, { recursive: true });
  });

  it('gives the same orders after a restart, and after a torn last line', async () => {
    const dir = await newDir();
    const first = await Journal.open(dir);
    await first.append({ kind: 'placed', order: base });
    await Promise.all([
      first.append(intentEvent('succeeded', 2)),
      first.append(refundEvent('re_1', 'pending', 3)),
    ]);
    const before = first.find('TB1');
    await first.close();
    await appendFile(join(dir, 'orders.jsonl'), '{"kind":"event","no":"TB');
    const second = await Journal.open(dir);
    expect(second.find('TB1')).toEqual(before);
    expect(second.findByIntent('pi_1')).toEqual(before);
    await second.append(refundEvent('re_1', 'succeeded', 4));
    await second.close();
    const third = await Journal.open(dir);
    expect(third.find('TB1')!.refunds[0]!.status).toBe('succeeded');
    await third.close();
    expect((await readFile(join(dir, 'orders.jsonl'), 'utf8')).split('\n')).toHaveLength(5);
  });

  it('refuses to start on a damaged line, and names it', async () => {
    const dir = await newDir();
    await writeFile(
      join(dir, 'orders.jsonl'),
      `${JSON.stringify({ kind: 'placed', order: base })}\nxx\n`,
    );
    await expect(Journal.open(dir)).rejects.toThrow(/line 2/);
  });
});

describe('the cart', () => {
  const catalogue = CATALOGUES.taobao;

  it('survives its own cookie, and any cookie at all', () => {
    const keys = catalogue.listings.map(
      ({ product }) => `${product.id}.${Math.max(0, product.options.length - 1)}`,
    );
    const line = fc.record({
      key: fc.constantFrom(...keys),
      quantity: fc.integer({ min: 1, max: 25 }),
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.string(), (adds, junk) => {
        let lines = readCart(catalogue, junk);
        for (const { key, quantity } of adds) {
          lines = addToCart(catalogue, lines, key, quantity) ?? lines;
        }
        const again = readCart(catalogue, writeCart(lines));
        expect(again).toEqual(lines);
        const groups = bySeller(catalogue, lines);
        expect(groups.reduce((sum, group) => sum + group.amountFen, 0n)).toBe(totalFen(lines));
        for (const one of lines) expect(one.quantity).toBeLessThanOrEqual(20);
      }),
    );
  });

  it('refuses what the catalogue has not', () => {
    for (const key of ['zz.0', 'c1.9', 'c4.1', 'c1.', '.0', 'm1.0']) {
      expect(addToCart(catalogue, [], key, 1)).toBeUndefined();
    }
    const lines = addToCart(catalogue, [], 'c1.0', 2)!;
    expect(setQuantity(catalogue, lines, 'c1.0', 0)).toEqual([]);
    expect(setQuantity(catalogue, lines, 'c1.0', 5)[0]!.amountFen).toBe(44_500n);
  });

  it('is filled from at least four shops of twelve things on each marketplace', () => {
    for (const name of MARKETPLACES) {
      expect(CATALOGUES[name].sellers.length).toBeGreaterThanOrEqual(4);
      expect(CATALOGUES[name].listings).toHaveLength(12);
      expect(new Set(CATALOGUES[name].listings.map((one) => one.product.id)).size).toBe(12);
    }
  });
});

describe('small things that guard money and buyers', () => {
  it('reads and writes yuan exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 99_999_999_99n }), (fen) => {
        expect(fenOfYuan(yuan(fen))).toBe(fen);
      }),
    );
    expect(yuan(1_098_00n)).toBe('1,098.00');
    expect(yuan(1_234_567_05n)).toBe('1,234,567.05');
    for (const bad of ['', '1.234', '-1', '1e3', '1,00', '1,0000', '12,34,567', 'NaN', '１']) {
      expect(fenOfYuan(bad)).toBeUndefined();
    }
    expect(() => fenToJson(2n ** 60n)).toThrow(RangeError);
  });

  it('escapes every value of a page', () => {
    const evil = `<script>"'&`;
    expect(html`<p title="${evil}">${[evil]}</p>`.text).toBe(
      '<p title="&lt;script&gt;&quot;&#39;&amp;">&lt;script&gt;&quot;&#39;&amp;</p>',
    );
  });

  it('recognizes devices, languages and origins', () => {
    expect(deviceOf('Mozilla/5.0 (iPhone) Mobile MicroMessenger/8')).toBe('wechat');
    expect(deviceOf('Mozilla/5.0 (Linux; Android) AlipayClient/10')).toBe('alipay');
    expect(deviceOf('Mozilla/5.0 (Linux; Android 14) Mobile')).toBe('mobile');
    expect(deviceOf('Mozilla/5.0 (X11; Linux x86_64)')).toBe('desktop');
    expect(deviceOf(undefined)).toBe('desktop');
    const none = readCookies(undefined);
    expect(readLocale(none, 'en-GB,en;q=0.9,zh;q=0.8')).toBe('en');
    expect(readLocale(none, 'fr, zh;q=0.5, en;q=0.4')).toBe('zh');
    expect(readLocale(none, 'en;q=0')).toBe('zh');
    expect(readLocale(none, undefined)).toBe('zh');
    expect(readLocale(readCookies('a=1; bazaar_locale=en'), 'zh')).toBe('en');
    const own = 'http://127.0.0.1:1';
    expect(forgery({ origin: own }, own)).toBeUndefined();
    expect(forgery({ origin: own, 'sec-fetch-site': 'same-origin' }, own)).toBeUndefined();
    expect(forgery({ referer: `${own}/taobao` }, own)).toBeUndefined();
    expect(forgery({ origin: 'null' }, own)).toBeDefined();
    expect(forgery({ origin: 'http://evil' }, own)).toBeDefined();
    expect(forgery({ origin: own, 'sec-fetch-site': 'cross-site' }, own)).toBeDefined();
    expect(forgery({}, own)).toBeDefined();
    for (const bad of ['//evil.example', '/\\evil', 'https://evil', 'javascript:1', '/a\nb']) {
      expect(localPath(bad, '/taobao')).toBe('/taobao');
    }
    expect(localPath('/tmall/p/m1?x=1', '/taobao')).toBe('/tmall/p/m1?x=1');
  });
});
