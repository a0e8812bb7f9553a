/**
 * The sandbox's Alipay behind a bare node:http server on a random port, with an account in both key
 * modes, a receiver of callbacks and a movable clock: what outside clients are pointed at.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaultName, Gateway, PayRequest, WireRequest } from '../../../src/sandbox/kit/kit.ts';
import { type OpenedKit, openKit } from '../../../src/sandbox/kit/open-kit.ts';
import {
  type AlipayAccountPapers,
  makeAlipayAccount,
} from '../../../src/wallets/alipay/sandbox/accounts.ts';
import { openAlipayGateway } from '../../../src/wallets/alipay/sandbox/gateway.ts';

export interface TestCity {
  readonly url: string;
  readonly notifyUrl: string;
  readonly opened: OpenedKit;
  readonly gateway: Gateway;
  readonly papers: AlipayAccountPapers;
  readonly callbacks: ReceivedCallback[];
  /** What the receiver of callbacks answers. */
  acknowledgement: { status: number; body: string };
  readonly scanAndPay: (
    code: string | Readonly<Record<string, unknown>>,
    how?: Partial<Pick<PayRequest, 'outcome' | 'coupon' | 'payerWallet'>>,
  ) => Promise<{ readonly status: string; readonly returnUrl?: string | undefined }>;
  readonly arm: (fault: FaultName, where?: { orderNo?: string; operation?: never }) => void;
  readonly advance: (ms: number) => Promise<void>;
  readonly settle: () => Promise<void>;
  /** The same city after the process was stopped and started. */
  readonly restart: () => Promise<TestCity>;
  readonly close: () => Promise<void>;
}

export interface ReceivedCallback {
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export const NO_COUPON = { platformFen: 0n, merchantFen: 0n };

let numbers = 0;

/** A fresh number: of orders, refunds, merges. */
export function freshNo(prefix = 'T'): string {
  numbers += 1;
  return `${prefix}${process.pid}X${String(numbers).padStart(6, '0')}`;
}

function listen(handler: http.RequestListener): Promise<{ server: http.Server; url: string }> {
  const server = http.createServer(handler);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ server, url: `http://127.0.0.1:${port}` });
    });
  });
}

async function bodyOf(incoming: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function wireRequest(incoming: http.IncomingMessage, body: Buffer): WireRequest {
  const target = incoming.url ?? '/';
  const [path = '', ...query] = target.split('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const method = incoming.method ?? '';
  return { method, target, path, queryText: query.join('?'), headers, body };
}

export async function openTestCity(
  dir = mkdtempSync(join(tmpdir(), 'hutong-alipay-')),
): Promise<TestCity> {
  let gateway: Gateway | undefined;
  const front = await listen(async (incoming, outgoing) => {
    const request = wireRequest(incoming, await bodyOf(incoming));
    if (gateway === undefined || !gateway.owns(request)) {
      outgoing.writeHead(404).end();
      return;
    }
    const answer = await gateway.handle(request);
    if ('lost' in answer) incoming.socket.destroy();
    else outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  });
  const callbacks: ReceivedCallback[] = [];
  const receiver = await listen(async (incoming, outgoing) => {
    callbacks.push({ headers: incoming.headers, body: await bodyOf(incoming) });
    const { status, body } = city.acknowledgement;
    outgoing.writeHead(status, { 'content-type': 'text/plain' }).end(body);
  });
  const opened = await openKit({
    dir,
    publicUrl: front.url,
    allowLocalCallbacks: true,
    log: () => undefined,
  });
  const papers = await makeAlipayAccount(opened.kit, {
    label: 'credentials',
    name: '淘宝网',
    subMerchantNames: ['青瓷茶具店', '<b>竹&编</b>', '手作皮具'],
  });
  const opening = openAlipayGateway(opened.kit);
  gateway = opening;
  const stop = async () => {
    for (const server of [front.server, receiver.server]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await opened.close();
  };
  const city: TestCity = {
    url: front.url,
    notifyUrl: `${receiver.url}/notify/alipay?config=x`,
    opened,
    gateway: opening,
    papers,
    callbacks,
    acknowledgement: { status: 200, body: 'success' },
    scanAndPay: async (code, how = {}) => {
      const scanned = await opening.scan(code);
      if (scanned === undefined) throw new Error('the phone does not know that code');
      const outcome = how.outcome ?? 'success';
      const coupon = how.coupon ?? NO_COUPON;
      const payerWallet = how.payerWallet ?? 'alipay';
      return opening.pay({ ref: scanned.ref, payerWallet, outcome, coupon });
    },
    arm: (fault, where = {}) => {
      const { orderNo = null, operation = null } = where;
      opened.faults.arm({ fault, wallet: 'alipay', orderNo, merchant: null, operation, times: 1 });
    },
    advance: async (ms) => {
      opened.clock.moveTo(opened.clock.nowMs() + ms);
      await opening.runDue(opened.clock.nowMs());
      await opened.courier.settle();
    },
    settle: () => opened.courier.settle(),
    restart: async () => {
      await stop();
      return openTestCity(dir);
    },
    close: async () => {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return city;
}
