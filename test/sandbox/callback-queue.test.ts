import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../sandbox/kit/callback-url.ts';
import type { FaultName } from '../../sandbox/kit/kit.ts';
import type { OpenedKit } from '../../sandbox/kit/open-kit.ts';
import {
  callback,
  openReceiver,
  openTestKit,
  plainPolicy,
  RETRIES_MS,
  type Receiver,
  temporaryDir,
} from './support.ts';

let dir: string;
let opened: OpenedKit;
let receiver: Receiver;

beforeEach(async () => {
  dir = temporaryDir();
  opened = await openTestKit(dir);
  opened.callbackQueue.register('wechatpay', plainPolicy);
  receiver = await openReceiver();
});

afterEach(async () => {
  await opened.close();
  await receiver.close();
});

function arm(fault: FaultName, times = 1): void {
  opened.faults.arm({
    ...{ fault, times, wallet: 'wechatpay', orderNo: null, merchant: null },
    operation: 'callback',
  });
}

async function advance(ms: number): Promise<void> {
  opened.clock.moveTo(opened.clock.nowMs() + ms);
  await opened.callbackQueue.settle();
}

describe('callback queue', () => {
  it('delivers at once and, acknowledged, never again', async () => {
    opened.callbackQueue.send(callback(receiver.url, 'paid'));
    await receiver.count(1);
    await opened.callbackQueue.settle();
    expect(opened.callbackQueue.nextDueMs()).toBeNull();
    await advance(86_400_000);
    expect(receiver.bodies).toEqual(['paid']);
    expect(opened.deliveries.recent()[0]).toMatchObject({ outcome: 'acknowledged', tryNo: 1 });
  });

  it.each([
    { status: 500, body: 'success' },
    { status: 200, body: '<html>success</html>' },
    { status: 302, body: '', headers: { location: '/elsewhere' } },
    null,
  ])('retries by the schedule of the wallet on the city clock: %j', async (answer) => {
    receiver.answer = answer;
    opened.callbackQueue.send(callback(receiver.url, 'paid'));
    await opened.callbackQueue.settle();
    for (const [index, delayMs] of RETRIES_MS.entries()) {
      expect(receiver.bodies.length).toBe(index + 1);
      const waitMs = (opened.callbackQueue.nextDueMs() ?? 0) - opened.clock.nowMs();
      expect(waitMs).toBeGreaterThan(delayMs - 2_000);
      expect(waitMs).toBeLessThanOrEqual(delayMs);
      await advance(delayMs);
    }
    expect(receiver.bodies.length).toBe(RETRIES_MS.length + 1);
    expect(opened.callbackQueue.nextDueMs()).toBeNull();
    expect(opened.deliveries.recent()[0]).toMatchObject({ outcome: 'given_up' });
  });

  it('retries automatically when the time comes', async () => {
    receiver.answer = { status: 500, body: '' };
    opened.callbackQueue.send(callback(receiver.url, 'paid'));
    await opened.callbackQueue.settle();
    receiver.answer = { status: 200, body: 'success' };
    opened.clock.moveTo(opened.clock.nowMs() + 14_800);
    await receiver.count(2);
    await opened.callbackQueue.settle();
    expect(opened.callbackQueue.nextDueMs()).toBeNull();
  });

  it('repeats at once when the connection breaks, and not for ever', async () => {
    const net = await import('node:net');
    let count = 0;
    let brokenMax = 2;
    const flaky = net.createServer((socket) => {
      socket.once('data', () => {
        count += 1;
        if (count <= brokenMax) socket.resetAndDestroy();
        else socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nsuccess');
      });
    });
    await new Promise<void>((resolve) => flaky.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(flaky.address() as { port: number }).port}/`;
    opened.callbackQueue.send(callback(url, 'paid'));
    await opened.callbackQueue.settle();
    expect([count, opened.callbackQueue.nextDueMs()]).toEqual([3, null]);
    brokenMax = 1_000;
    opened.callbackQueue.send(callback(url, 'paid'));
    await opened.callbackQueue.settle();
    expect(count).toBe(7);
    expect(opened.deliveries.recent()[0]?.answer).toMatch(/^broken: /);
    expect(opened.callbackQueue.nextDueMs()).not.toBeNull();
    flaky.close();
  });

  it('goes on after a restart', async () => {
    receiver.answer = { status: 500, body: '' };
    opened.callbackQueue.send(callback(receiver.url, 'paid'));
    await opened.callbackQueue.settle();
    await opened.close();
    opened = await openTestKit(dir);
    receiver.answer = { status: 200, body: 'success' };
    opened.callbackQueue.register('wechatpay', plainPolicy);
    expect(receiver.bodies.length).toBe(1);
    await advance(15_000);
    expect(receiver.bodies).toEqual(['paid', 'paid']);
    expect(opened.callbackQueue.nextDueMs()).toBeNull();
  });

  it('callback_lost: the shop hears nothing, the retry arrives', async () => {
    arm('callback_lost');
    opened.callbackQueue.send(callback(receiver.url, 'paid'));
    await opened.callbackQueue.settle();
    expect(receiver.bodies).toEqual([]);
    await advance(15_000);
    expect(receiver.bodies).toEqual(['paid']);
  });

  it('callback_late: a minute later, once', async () => {
    arm('callback_late');
    opened.callbackQueue.send(callback(receiver.url, 'paid'));
    await opened.callbackQueue.settle();
    await advance(50_000);
    expect(receiver.bodies).toEqual([]);
    await advance(10_000);
    expect(receiver.bodies).toEqual(['paid']);
  });

  it('callback_duplicated: twice, though acknowledged', async () => {
    arm('callback_duplicated');
    opened.callbackQueue.send(callback(receiver.url, 'paid'));
    await opened.callbackQueue.settle();
    expect(receiver.bodies).toEqual(['paid', 'paid']);
    expect(opened.callbackQueue.nextDueMs()).toBeNull();
  });

  it('callback_reordered: the next one of the merchant comes first', async () => {
    arm('callback_reordered');
    opened.callbackQueue.send(callback(receiver.url, 'paid'));
    await opened.callbackQueue.settle();
    expect(receiver.bodies).toEqual([]);
    opened.callbackQueue.send(callback(receiver.url, 'refunded'));
    await opened.callbackQueue.settle();
    expect(receiver.bodies).toEqual(['refunded', 'paid']);
  });

  it('callback_reordered alone: it still arrives', async () => {
    arm('callback_reordered');
    opened.callbackQueue.send(callback(receiver.url, 'paid'));
    await advance(60_000);
    expect(receiver.bodies).toEqual(['paid']);
  });

  it.each(['callback_bad_signature', 'signtest'] as const)(
    '%s: refused, then the right one; acknowledged, it is explained and sent again',
    async (fault) => {
      arm(fault);
      opened.callbackQueue.send(callback(receiver.url, 'paid'));
      await opened.callbackQueue.settle();
      await advance(15_000);
      expect(receiver.bodies).toEqual([`paid ${fault}`, 'paid']);
      expect(opened.explanations.recent()[0]?.what).toMatch(/although its signature was wrong/);
    },
  );

  it('key_rotated: signed with the new key, and good', async () => {
    arm('key_rotated');
    opened.callbackQueue.send(callback(receiver.url, 'paid'));
    await opened.callbackQueue.settle();
    expect(receiver.bodies).toEqual(['paid key_rotated']);
    expect(opened.callbackQueue.nextDueMs()).toBeNull();
  });

  it('a dead shop does not delay another', async () => {
    opened.callbackQueue.register('wechatpay', { ...plainPolicy, timeoutMs: 10_000 });
    const dead = await openReceiver();
    dead.answer = null;
    for (let n = 0; n < 400; n += 1) opened.callbackQueue.send(callback(dead.url, 'x', `DEAD${n}`));
    opened.callbackQueue.send(callback(receiver.url, 'paid'));
    await receiver.count(1);
    // The dead shop's second wave has not even begun.
    expect(dead.bodies.length).toBeLessThanOrEqual(128);
    await dead.close();
  });

  it('delivers a thousand that come at once', async () => {
    opened.callbackQueue.register('wechatpay', { ...plainPolicy, timeoutMs: 20_000 });
    for (let n = 0; n < 1_000; n += 1)
      opened.callbackQueue.send(callback(receiver.url, 'paid', `O${n}`));
    await opened.callbackQueue.settle();
    expect(receiver.bodies.length).toBe(1_000);
    expect(opened.callbackQueue.nextDueMs()).toBeNull();
  });

  it('without local callbacks, http and private addresses are refused and explained', async () => {
    await opened.close();
    opened = await openTestKit(temporaryDir(), false);
    opened.callbackQueue.register('wechatpay', plainPolicy);
    for (const url of [
      receiver.url,
      'https://localhost:1/x',
      'https://[::1]/',
      'https://10.1.2.3/',
    ])
      opened.callbackQueue.send(callback(url, 'paid'));
    await opened.callbackQueue.settle();
    expect(receiver.bodies).toEqual([]);
    const answers = opened.deliveries.recent().map(({ answer }) => answer);
    expect(answers.filter((answer) => answer.startsWith('not sent: '))).toHaveLength(4);
    expect(opened.explanations.recent()).toHaveLength(4);
  });

  it('knows public addresses', () => {
    for (const ip of ['8.8.8.8', '223.5.5.5', '2400:3200::1'])
      expect(isPublicAddress(ip)).toBe(true);
    for (const ip of [
      ...['127.0.0.1', '10.0.0.1', '169.254.169.254', '192.168.1.1', '0.0.0.0', '100.64.0.1'],
      ...['::1', '::', '::ffff:127.0.0.1', 'fe80::1', 'fd00::1', '64:ff9b::7f00:1', 'localhost'],
    ])
      expect([ip, isPublicAddress(ip)]).toEqual([ip, false]);
  });
});
