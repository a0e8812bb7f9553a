/**
 * The switch: which wallets may pay whose codes, and what it clears. The figures are checked
 * against the wallets' own records (/control/orders), read as an outsider would read them.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenCity } from '../../sandbox/city.ts';
import type { Collection, ControlOrder, Gateway, Journal } from '../../sandbox/kit/kit.ts';
import { openSwitch } from '../../sandbox/switch/switch.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { beijingDate, isDate, nextBeijingMidnightMs } from '../../src/wires/beijing-time.ts';
import { call, createOrder, openTestCity } from './city-support.ts';
import { openReceiver, type Receiver, temporaryDir } from './support.ts';

describe('days in Beijing', () => {
  it('begin at 16:00 UTC', () => {
    expect(beijingDate(Date.parse('2026-12-01T15:59:59.999Z'))).toBe('2026-12-01');
    expect(beijingDate(Date.parse('2026-12-01T16:00:00.000Z'))).toBe('2026-12-02');
    const midnight = Date.parse('2026-12-01T16:00:00Z');
    expect(nextBeijingMidnightMs(midnight - 1)).toBe(midnight);
    expect(nextBeijingMidnightMs(midnight)).toBe(midnight + 86_400_000);
  });

  it('are days that exist', () => {
    expect(['2026-02-28', '2028-02-29'].every(isDate)).toBe(true);
    expect(['2026-02-29', '2026-13-01', '2026-1-1', '', 'x'].some(isDate)).toBe(false);
  });
});

describe('at the city', () => {
  let dir: string;
  let city: OpenCity;
  let receiver: Receiver;
  beforeEach(async () => {
    dir = temporaryDir();
    receiver = await openReceiver();
    city = await openTestCity({ dir });
  });
  afterEach(async () => {
    await city.close();
    await receiver.close();
  });

  const get = async (where: string) => (await call(`${city.url}${where}`, 'GET')).json;
  const put = (body: unknown) => call(`${city.url}/control/interconnect`, 'PUT', body);
  const scan = (wallet: string, code: unknown) =>
    call(`${city.url}/phone/scan`, 'POST', { wallet, code });
  const pay = (body: unknown) => call(`${city.url}/phone/pay`, 'POST', body);
  const crossed = async (no: string, wallet = 'unionpay') => {
    const scanned = await scan(wallet, await createOrder(city, no, receiver.url));
    return pay({ scan: scanned.json.scan, outcome: 'success' });
  };

  it('begins with the announced pairs and lets only those pay', async () => {
    expect((await get('/control/interconnect')).pairs).toEqual([
      { payer_wallet: 'unionpay', acceptor_wallet: 'wechatpay' },
      { payer_wallet: 'unionpay', acceptor_wallet: 'alipay' },
      { payer_wallet: 'jdpay', acceptor_wallet: 'wechatpay' },
    ]);
    const code = await createOrder(city, 'A0000001', receiver.url);
    const across = await scan('unionpay', code);
    expect(across.json).toMatchObject({ acceptor: 'wechatpay', state: 'payable', amount: 1234 });
    const refused = await scan('alipay', code);
    expect([refused.status, refused.json.error.code]).toEqual([422, 'code_of_another_wallet']);
    // A payment sheet is no code: it opens the one app that it was made for.
    const sheet = await scan('unionpay', { package: code });
    expect([sheet.status, sheet.json.error.code]).toEqual([422, 'code_of_another_wallet']);
    expect((await pay({ scan: across.json.scan, outcome: 'success' })).json.status).toBe('paid');
    const orders = await get('/control/orders');
    expect(orders.data[0]).toMatchObject({ wallet: 'wechatpay', payer_wallet: 'unionpay' });
  });

  it('an edited table holds at once, for earlier scans too, and over a restart', async () => {
    const scanned = await scan('unionpay', await createOrder(city, 'A0000001', receiver.url));
    const pairs = [{ payer_wallet: 'alipay', acceptor_wallet: 'wechatpay' }];
    expect((await put({ pairs })).json.pairs).toEqual(pairs);
    const late = await pay({ scan: scanned.json.scan, outcome: 'success' });
    expect([late.status, late.json.error.code]).toEqual([409, 'not_connected']);
    await city.close();
    city = await openTestCity({ dir });
    expect((await get('/control/interconnect')).pairs).toEqual(pairs);
    expect((await crossed('A0000002', 'alipay')).json.status).toBe('paid');
    const page = await call(`${city.url}/?lang=en`, 'GET');
    expect(page.text).toContain('<th scope="row">Alipay</th><td>WeChat Pay</td>');
  });

  it.each([
    [{}, 'pairs'],
    [{ pairs: 1 }, 'pairs'],
    [{ pairs: [], more: 1 }, 'more'],
    [{ pairs: [5] }, 'pairs[0]'],
    [{ pairs: [{ payer_wallet: 'cash', acceptor_wallet: 'alipay' }] }, 'pairs[0].payer_wallet'],
    [{ pairs: [{ payer_wallet: 'alipay' }] }, 'pairs[0].acceptor_wallet'],
    [{ pairs: [{ payer_wallet: 'alipay', acceptor_wallet: 'alipay' }] }, 'pairs[0]'],
    [
      {
        pairs: [
          { payer_wallet: 'alipay', acceptor_wallet: 'jdpay' },
          { payer_wallet: 'alipay', acceptor_wallet: 'jdpay' },
        ],
      },
      'pairs[1]',
    ],
    [{ pairs: [{ payer_wallet: 'alipay', acceptor_wallet: 'jdpay', x: 1 }] }, 'pairs[0].x'],
  ])('refuses the table %j and keeps the old one', async (body, param) => {
    const answer = await put(body);
    expect([answer.status, answer.json.error.param]).toEqual([400, param]);
    expect((await get('/control/interconnect')).pairs).toHaveLength(3);
  });

  it('lends no coupons across institutions', async () => {
    const scanned = await scan('jdpay', await createOrder(city, 'A0000001', receiver.url));
    const coupon = { platform: 1 };
    const refused = await pay({ scan: scanned.json.scan, outcome: 'success', coupon });
    expect([refused.status, refused.json.error.code]).toEqual([409, 'coupon_not_across']);
    expect((await pay({ scan: scanned.json.scan, outcome: 'success' })).json.status).toBe('paid');
  });

  it('closes the day at midnight in Beijing and writes its files', async () => {
    await crossed('A0000001');
    await crossed('A0000002', 'jdpay');
    const own = await scan('wechatpay', await createOrder(city, 'A0000003', receiver.url));
    await pay({ scan: own.json.scan, outcome: 'success' });
    const today = await get('/control/clearing');
    expect(today).toMatchObject({ state: 'open', currency: 'cny' });
    expect(today.pairs).toHaveLength(2);
    expect(today.positions).toEqual([
      { wallet: 'wechatpay', receivable: 2468, payable: 0, net: 2468 },
      { wallet: 'unionpay', receivable: 0, payable: 1234, net: -1234 },
      { wallet: 'jdpay', receivable: 0, payable: 1234, net: -1234 },
    ]);
    const advanced = await call(`${city.url}/control/clock`, 'POST', { advance_seconds: 86_400 });
    expect(advanced.status).toBe(200);
    await crossed('A0000004');
    const closed = await get(`/control/clearing?date=${today.date}`);
    expect(closed.state).toBe('closed');
    expect(closed.positions).toEqual(today.positions);
    expect((await get('/control/clearing')).positions).toHaveLength(2);
    const folder = path.join(dir, 'sandbox', 'clearing', today.date);
    expect(fs.readdirSync(folder).sort()).toEqual([
      'jdpay-wechatpay.csv',
      'positions.csv',
      'unionpay-wechatpay.csv',
    ]);
    const file = fs.readFileSync(path.join(dir, closed.pairs[0].file), 'utf8').split('\r\n');
    expect(file[0]).toContain(`clearing_date,${today.date},payer,unionpay,acceptor,wechatpay`);
    expect(file[2]).toMatch(/^payment,wechatpay,A0000001,,1900000109,12\.34,/);
    expect(file.at(-2)).toBe('total,payments,1,12.34,refunds,0,0.00,net,12.34');
    const positions = fs.readFileSync(path.join(folder, 'positions.csv'), 'utf8');
    expect(positions).toContain('wechatpay,24.68,0.00,24.68');
    expect(positions).toContain('total,,,0.00');
  });

  it.each(['2026-02-30', 'today', '', '20261201'])('knows no day %j', async (date) => {
    const answer = await call(`${city.url}/control/clearing?date=${date}`, 'GET');
    expect([answer.status, answer.json.error.param]).toEqual([400, 'date']);
  });
});

/** A journal in memory: the switch's own records are under test, not the file. */
function memoryJournal(): Journal {
  const all = new Map<string, Map<string, unknown>>();
  return {
    collection: <T>(name: string): Collection<T> => {
      const rows = (all.get(name) ?? new Map()) as Map<string, T>;
      all.set(name, rows);
      return {
        get: (key) => rows.get(key),
        put: (key, value) => void rows.set(key, value),
        delete: (key) => void rows.delete(key),
        values: () => rows.values(),
        size: () => rows.size,
      };
    },
  };
}

const DAY_MS = 86_400_000;
const START_MS = Date.parse('2026-12-01T03:00:00Z');

const step = fc.oneof(
  fc.record({
    kind: fc.constant('pay' as const),
    acceptor: fc.constantFrom<WalletName>('wechatpay', 'alipay'),
    payer: fc.constantFrom<WalletName>('wechatpay', 'alipay', 'unionpay', 'jdpay'),
    amountFen: fc.bigInt({ min: 1n, max: 100_000n }),
  }),
  fc.record({
    kind: fc.constant('refund' as const),
    at: fc.nat(20),
    share: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3 * DAY_MS }) }),
  fc.constant({ kind: 'look' as const }),
);

describe('property: whatever happens and whenever the switch looks', () => {
  it('clears exactly the wallets’ own orders, once, and a closed day stays as it is', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const orders: { -readonly [K in keyof ControlOrder]: ControlOrder[K] }[] = [];
        let nowMs = START_MS;
        const gatewayOf = (wallet: WalletName): Gateway => ({
          wallet,
          owns: () => false,
          handle: async () => ({ lost: true }),
          scan: async () => undefined,
          pay: async () => ({ status: 'not_found' }),
          orders: () => orders.filter((order) => order.wallet === wallet),
          nextDueMs: () => null,
          runDue: async () => undefined,
        });
        const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-switch-'));
        const gateways = [gatewayOf('wechatpay'), gatewayOf('alipay')];
        const clock = { nowMs: () => nowMs };
        const own = openSwitch({ journal: memoryJournal(), clock, gateways, dir });
        const closed = new Map<string, string>();
        const moveTo = (targetMs: number) => {
          for (let due = own.nextDueMs(); due !== null && due <= targetMs; due = own.nextDueMs()) {
            nowMs = due;
            own.runDue(nowMs);
          }
          nowMs = targetMs;
        };
        const dates = () => {
          const days: string[] = [];
          for (let ms = START_MS; ms <= nowMs + DAY_MS; ms += DAY_MS) days.push(beijingDate(ms));
          return days;
        };
        for (const one of steps) {
          if (one.kind === 'pay') {
            orders.push({
              ...{ wallet: one.acceptor, orderNo: `N${orders.length}`, combineOrderNo: null },
              ...{ transactionId: null, merchant: 'm', amountFen: one.amountFen, refundedFen: 0n },
              ...{ payerAmountFen: one.amountFen, state: 'paid', payerWallet: one.payer },
              paidAtMs: nowMs,
            });
            own.post();
          } else if (one.kind === 'refund') {
            const order = orders[one.at];
            if (order === undefined) continue;
            order.refundedFen += (order.amountFen - order.refundedFen) / BigInt(one.share);
          } else if (one.kind === 'wait') {
            moveTo(nowMs + one.ms);
          } else {
            own.post();
          }
          for (const date of dates()) {
            const { state, ...day } = own.clearing(date);
            const text = JSON.stringify(day, (_key, value: unknown) =>
              typeof value === 'bigint' ? String(value) : value,
            );
            if (closed.has(date)) expect(text).toBe(closed.get(date));
            else if (state === 'closed') closed.set(date, text);
          }
        }
        own.post();
        const crossedNetFen = (wallet: WalletName) =>
          orders
            .filter((order) => order.payerWallet !== order.wallet)
            .reduce((sum, order) => {
              const netFen = order.amountFen - order.refundedFen;
              if (order.wallet === wallet) return sum + netFen;
              return order.payerWallet === wallet ? sum - netFen : sum;
            }, 0n);
        for (const wallet of ['wechatpay', 'alipay', 'unionpay', 'jdpay'] as const) {
          const clearedFen = dates()
            .flatMap((date) => own.clearing(date).positions)
            .filter((row) => row.wallet === wallet)
            .reduce((sum, row) => sum + row.netFen, 0n);
          expect(clearedFen).toBe(crossedNetFen(wallet));
        }
        fs.rmSync(dir, { recursive: true, force: true });
      }),
      { numRuns: 60 },
    );
  });
});
