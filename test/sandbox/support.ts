/** Shared by the sandbox's tests: temporary folders, a receiver of callbacks, a plain policy. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallbackOrder, CallbackPolicy } from '../../sandbox/kit/kit.ts';
import { type OpenedKit, openKit } from '../../sandbox/kit/open-kit.ts';
import { pooledKeyPair } from '../helpers/key-pool.ts';
import { bodyOf, openLocalServer } from '../helpers/local-server.ts';

export function temporaryDir(): string {
  return mkdtempSync(join(tmpdir(), 'hutong-sandbox-'));
}

export function openTestKit(dir: string, allowLocalCallbacks = true): Promise<OpenedKit> {
  return openKit({
    newKeyPair: pooledKeyPair,
    dir,
    publicUrl: 'http://127.0.0.1:4100',
    allowLocalCallbacks,
    log: () => undefined,
  });
}

export interface Receiver {
  readonly url: string;
  readonly bodies: string[];
  /** What it answers from now on; null = it never answers. */
  answer: { status: number; body: string; headers?: Record<string, string> } | null;
  readonly count: (n: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openReceiver(): Promise<Receiver> {
  const waiters: { n: number; resolve: () => void }[] = [];
  const server = await openLocalServer(async (incoming, outgoing) => {
    receiver.bodies.push((await bodyOf(incoming)).toString());
    const { answer } = receiver;
    if (answer !== null) outgoing.writeHead(answer.status, answer.headers).end(answer.body);
    for (const waiter of waiters) if (receiver.bodies.length >= waiter.n) waiter.resolve();
  });
  const receiver: Receiver = {
    url: `${server.url}/notify`,
    bodies: [],
    answer: { status: 200, body: 'success' },
    count: (n) =>
      receiver.bodies.length >= n
        ? Promise.resolve()
        : new Promise((resolve) => waiters.push({ n, resolve })),
    close: server.close,
  };
  return receiver;
}

export const RETRIES_MS = [15_000, 15_000, 30_000];

export const plainPolicy: CallbackPolicy = {
  retryDelaysMs: RETRIES_MS,
  timeoutMs: 500,
  compose: async (order, flaw) => ({
    headers: { 'content-type': 'text/plain' },
    body: `${String(order.message)}${flaw === undefined ? '' : ` ${flaw}`}`,
  }),
  isAcknowledged: ({ status, body }) => status === 200 && body.toString() === 'success',
};

export function callback(url: string, message: string, orderNo = 'ORDER0001'): CallbackOrder {
  return { wallet: 'wechatpay', kind: 'payment', orderNo, merchant: '1900000109', url, message };
}
