import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenCity } from '../../sandbox/city.ts';
import { openFollowers } from '../../sandbox/control/followers.ts';
import { type FollowedClock, followCityClock } from '../../src/cli/follow-clock.ts';
import { createHttpClient } from '../../src/runtime/http-client.ts';
import { call, createOrder, openTestCity } from './city-support.ts';
import { openReceiver, type Receiver } from './support.ts';

let city: OpenCity;
let receiver: Receiver;
let notices: string[];

beforeEach(async () => {
  notices = [];
  city = await openTestCity({ notices });
  receiver = await openReceiver();
});

afterEach(async () => {
  await city.close();
  await receiver.close();
});

function advance(seconds: number) {
  return call(`${city.url}/control/clock`, 'POST', { advance_seconds: seconds });
}

async function payOrder(no: string): Promise<void> {
  const code = await createOrder(city, no, receiver.url);
  const scan = await call(`${city.url}/phone/scan`, 'POST', { wallet: 'wechatpay', code });
  await call(`${city.url}/phone/pay`, 'POST', { scan: scan.json.scan, outcome: 'success' });
}

describe('control input', () => {
  it.each([
    [{}, 'parameter_invalid', 'fault'],
    [{ fault: 'nonsense' }, 'parameter_invalid', 'fault'],
    [{ fault: 'answer_lost', wallet: 'paypal' }, 'parameter_invalid', 'wallet'],
    [{ fault: 'answer_lost', times: 0 }, 'parameter_invalid', 'times'],
    [{ fault: 'answer_lost', times: 1.5 }, 'parameter_invalid', 'times'],
    [{ fault: 'answer_lost', match: 'x' }, 'parameter_invalid', 'match'],
    [{ fault: 'answer_lost', match: { order_no: 7 } }, 'parameter_invalid', 'match.order_no'],
    [{ fault: 'answer_lost', match: { operation: 'pay' } }, 'parameter_invalid', 'match.operation'],
    [{ fault: 'answer_lost', match: { orderNo: 'A' } }, 'unknown_parameter', 'match.orderNo'],
    [
      { fault: 'callback_lost', match: { operation: 'create' } },
      'parameter_invalid',
      'match.operation',
    ],
    [{ fault: 'answer_lost', time: 2 }, 'unknown_parameter', 'time'],
    ['{"fault":', 'invalid_json', null],
    ['[]', 'invalid_json', null],
  ])('a fault %j is refused: %s %s', async (body, code, param) => {
    const answer = await call(`${city.url}/control/faults`, 'POST', body);
    expect([answer.status, answer.json.error.code, answer.json.error.param]).toEqual([
      400,
      code,
      param,
    ]);
    expect(answer.json.error.message).not.toBe('');
  });

  it.each([{}, { advance_seconds: -1 }, { advance_seconds: '5' }, { advance_seconds: 1e12 }])(
    'a clock %j is refused',
    async (body) => {
      const answer = await call(`${city.url}/control/clock`, 'POST', body);
      expect([answer.status, answer.json.error.param]).toEqual([400, 'advance_seconds']);
    },
  );

  it('arms, lists, fires and clears faults', async () => {
    const armed = await call(`${city.url}/control/faults`, 'POST', {
      ...{ wallet: 'wechatpay', fault: 'callback_lost', times: 2 },
      match: { order_no: 'A0000001', operation: 'callback' },
    });
    expect(armed.status).toBe(201);
    expect(armed.json.id).toMatch(/^flt_/);
    await payOrder('A0000001');
    await city.opened.callbackQueue.settle();
    const list = await call(`${city.url}/control/faults`, 'GET');
    expect(list.json.data).toEqual([expect.objectContaining({ times: 2, times_left: 1 })]);
    const cleared = await call(`${city.url}/control/faults`, 'DELETE');
    expect(cleared.json).toEqual({ deleted: 1 });
    expect((await call(`${city.url}/control/faults`, 'GET')).json.data).toEqual([]);
  });

  it('knows its methods, paths and wallets', async () => {
    expect((await call(`${city.url}/control/faults`, 'PUT')).headers.allow).toBe(
      'GET, POST, DELETE',
    );
    expect((await call(`${city.url}/control/orders`, 'POST')).status).toBe(405);
    expect((await call(`${city.url}/control/constructor`, 'GET')).status).toBe(404);
    const orders = await call(`${city.url}/control/orders?wallet=paypal`, 'GET');
    expect([orders.status, orders.json.error.param]).toEqual([400, 'wallet']);
  });
});

describe('the clock of the city', () => {
  it('moves, survives a restart, and expires what lay between', async () => {
    await createOrder(city, 'A0000001', receiver.url, 3_600);
    const before = await call(`${city.url}/control/clock`, 'GET');
    const after = await advance(30 * 86_400);
    expect(after.json.now_ms - before.json.now_ms).toBeGreaterThanOrEqual(30 * 86_400_000);
    expect(Date.parse(after.json.now)).toBe(after.json.now_ms);
    const orders = await call(`${city.url}/control/orders`, 'GET');
    expect(orders.json.data[0].state).toBe('closed');
  });

  it('runs retries in their order, and answers when they are delivered', async () => {
    receiver.answer = { status: 500, body: '' };
    await payOrder('A0000001');
    await city.opened.callbackQueue.settle();
    await advance(29);
    expect(receiver.bodies.length).toBe(2);
    await advance(3_600);
    expect(receiver.bodies.length).toBe(4);
    const deliveries = await call(`${city.url}/control/deliveries`, 'GET');
    const times = deliveries.json.data.map((row: { at: string }) => Date.parse(row.at));
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  it('refuses a follower that does not say what it must', async () => {
    const url = `${city.url}/control/clock/follow`;
    for (const [body, param] of [
      [{ adopted_ms: 0, next_due_ms: null }, 'follower'],
      [{ follower: 'p', adopted_ms: '0', next_due_ms: null }, 'adopted_ms'],
      [{ follower: 'p', adopted_ms: 0 }, 'next_due_ms'],
    ] as const) {
      const answer = await call(url, 'POST', body);
      expect([answer.status, answer.json.error.param]).toEqual([400, param]);
    }
  });
});

describe('followers', () => {
  let followed: FollowedClock;
  const client = createHttpClient();

  afterEach(() => followed.stop());

  /** A platform in small: rows with a due time, run at the business time. */
  function platform(dueMs: number[], onRun: (nowMs: number) => void = () => undefined) {
    followed = followCityClock({
      sandboxUrl: city.url,
      follower: 'platform',
      http: client,
      settle: async () => {
        for (;;) {
          dueMs.sort((a, b) => a - b);
          const next = dueMs[0];
          if (next === undefined) return null;
          if (next > followed.clock.nowMs()) return next;
          dueMs.shift();
          onRun(followed.clock.nowMs());
        }
      },
    });
    return followed;
  }

  it('adopt the clock timer by timer before the advance answers', async () => {
    const start = city.opened.clock.nowMs();
    const due = [600_000, 1_200_000, 86_400_000].map((ms) => start + ms);
    const ran: number[] = [];
    await platform([...due], (nowMs) => ran.push(nowMs)).ready;
    const answer = await advance(3_600);
    expect(answer.json.followers).toEqual(['platform']);
    expect(ran.length).toBe(2);
    // Each ran at its own time, not at the end of the hour.
    for (const [index, at] of ran.entries()) expect(at - (due[index] ?? 0)).toBeLessThan(2_000);
    expect(Math.abs(followed.clock.nowMs() - city.opened.clock.nowMs())).toBeLessThan(50);
    await advance(86_400);
    expect(ran.length).toBe(3);
  });

  it('owe new work because of a callback, and it is waited for', async () => {
    receiver.answer = { status: 500, body: '' };
    const due: number[] = [];
    let runs = 0;
    await platform(due, () => {
      runs += 1;
      // Work begets work: ten follow-ups, a minute apart.
      if (runs < 10) due.push(followed.clock.nowMs() + 60_000);
    }).ready;
    await payOrder('A0000001');
    await city.opened.callbackQueue.settle();
    due.push(followed.clock.nowMs() + 1_000);
    await advance(3_600);
    expect(runs).toBe(10);
    expect(receiver.bodies.length).toBe(4);
  });

  it('a move between two polls is not missed', async () => {
    await platform([]).ready;
    const startedMs = city.opened.clock.nowMs();
    for (let n = 0; n < 20; n += 1) await advance(60);
    expect(followed.clock.nowMs()).toBeGreaterThanOrEqual(startedMs + 20 * 60_000 - 50);
    expect(Math.abs(followed.clock.nowMs() - city.opened.clock.nowMs())).toBeLessThan(50);
  });

  it('one that never comes to rest, and one that is gone, are dropped; time goes on', async () => {
    const { opened } = city;
    let skewMs = 0;
    const wall = { nowMs: () => Date.now() + skewMs };
    const followers = openFollowers({
      clock: opened.clock,
      wall,
      log: (line) => notices.push(line),
    });
    const never = () => undefined;
    let isOver = false;
    const stuck = (async () => {
      for (let adoptedOffsetMs = -1; !isOver; ) {
        const report = { follower: 'stuck', adoptedOffsetMs, nextDueMs: 0 };
        adoptedOffsetMs = (await followers.poll(report, never)).offsetMs;
      }
    })();
    void followers.poll({ follower: 'gone', adoptedOffsetMs: -1, nextDueMs: null }, never);
    const settled = followers.settle();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(notices).toEqual([]);
    skewMs = 31_000;
    await settled;
    isOver = true;
    expect(notices.sort()).toEqual([
      'clock: follower gone did not settle within 30 s and is dropped',
      'clock: follower stuck did not settle within 30 s and is dropped',
    ]);
    followers.close();
    await stuck;
  });

  it('one that is silent for 25 s is forgotten', async () => {
    let skewMs = 0;
    const wall = { nowMs: () => Date.now() + skewMs };
    const { clock } = city.opened;
    const followers = openFollowers({ clock, wall, log: () => undefined });
    const report = { follower: 'gone', adoptedOffsetMs: clock.offsetMs(), nextDueMs: 7 };
    let leave: () => void = () => undefined;
    const poll = followers.poll(report, (listener) => {
      leave = listener;
    });
    skewMs = 26_000;
    // An open poll is a sign of life.
    expect(followers.names()).toEqual(['gone']);
    leave();
    await poll;
    expect(followers.nextDueMs()).toBe(7);
    skewMs = 52_000;
    expect(followers.nextDueMs()).toBeNull();
    expect(followers.names()).toEqual([]);
  });
});
