/**
 * The sandbox's UnionPay behind a bare node:http server on a random port, with one merchant, a
 * receiver of callbacks and a movable clock: what clients are pointed at.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpClient } from '../../../src/runtime/http-client.ts';
import type {
  FaultName,
  Gateway,
  Operation,
  PayRequest,
  WireRequest,
} from '../../../src/sandbox/kit/kit.ts';
import { type OpenedKit, openKit } from '../../../src/sandbox/kit/open-kit.ts';
import { unionpay } from '../../../src/wallets/unionpay/adapter.ts';
import {
  makeUnionpayAccount,
  type UnionpayAccount,
} from '../../../src/wallets/unionpay/sandbox/account.ts';
import { openUnionpayGateway } from '../../../src/wallets/unionpay/sandbox/gateway.ts';
import type { UnionpayCredentials } from '../../../src/wallets/unionpay/wire/credentials.ts';
import type { AttemptOrder, RefundOrder, Wallet } from '../../../src/wallets/wallet.ts';

export interface ReceivedCallback {
  readonly headers: http.IncomingHttpHeaders;
  readonly target: string;
  readonly body: Buffer;
}

export interface TestCity {
  readonly url: string;
  readonly notifyUrl: string;
  readonly opened: OpenedKit;
  readonly gateway: Gateway;
  readonly account: UnionpayAccount;
  readonly explained: string[];
  readonly callbacks: ReceivedCallback[];
  acknowledgement: number;
  readonly openWallet: (more?: Partial<UnionpayCredentials>) => Wallet;
  readonly scanAndPay: (
    code: string | Readonly<Record<string, unknown>>,
    how?: Partial<Pick<PayRequest, 'outcome' | 'coupon'>>,
  ) => Promise<{ readonly status: string; readonly returnUrl?: string | undefined }>;
  readonly arm: (fault: FaultName, operation?: Operation) => void;
  readonly advance: (ms: number) => Promise<void>;
  readonly settle: () => Promise<void>;
  readonly restart: () => Promise<TestCity>;
  readonly close: () => Promise<void>;
}

const NO_COUPON = { platformFen: 0n, merchantFen: 0n };
let numbers = 0;

export function freshNo(prefix = 'T'): string {
  numbers += 1;
  return `${prefix}${process.pid}X${String(numbers).padStart(6, '0')}`;
}

function listen(
  handler: http.RequestListener,
  port = 0,
): Promise<{ server: http.Server; url: string }> {
  const server = http.createServer(handler);
  // The openssl command blocks the process for seconds.
  server.keepAliveTimeout = 65_000;
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve({ server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
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
  dir = mkdtempSync(join(tmpdir(), 'hutong-unionpay-')),
  kept?: UnionpayAccount,
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
    const { headers, url: target = '' } = incoming;
    callbacks.push({ headers, target, body: await bodyOf(incoming) });
    outgoing.writeHead(city.acknowledgement).end('whatever');
  });
  const explained: string[] = [];
  const opened = await openKit({
    dir,
    publicUrl: front.url,
    allowLocalCallbacks: true,
    log: (line) => explained.push(line),
  });
  const account =
    kept ??
    (await makeUnionpayAccount(opened.kit, {
      label: 'credentials',
      name: '淘宝网',
      subMerchantNames: ['青瓷茶具店', '<b>竹&编</b>', '手作皮具'],
    }));
  const opening = openUnionpayGateway(opened.kit);
  gateway = opening;
  const client = createHttpClient();
  const stop = async () => {
    client.close();
    for (const server of [front.server, receiver.server]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await opened.close();
  };
  const city: TestCity = {
    url: front.url,
    notifyUrl: `${receiver.url}/notify/unionpay?config=x`,
    opened,
    gateway: opening,
    account,
    explained,
    callbacks,
    acknowledgement: 200,
    openWallet: (more = {}) => {
      const endpoints = { gateway: front.url };
      const wallet = unionpay.open(
        { ...account.credentials, endpoints, ...more },
        {
          http: client,
          clock: opened.kit.clock,
          wall: opened.kit.wall,
          random: opened.kit.random,
        },
      );
      if (!wallet.ok) throw new Error(`${wallet.error.field}: ${wallet.error.message}`);
      return wallet.value;
    },
    scanAndPay: async (code, how = {}) => {
      const scanned = await opening.scan(code);
      if (scanned === undefined) throw new Error('the phone does not know that code');
      const { outcome = 'success', coupon = NO_COUPON } = how;
      return opening.pay({ ref: scanned.ref, payerWallet: 'unionpay', outcome, coupon });
    },
    arm: (fault, operation) => {
      const where = { orderNo: null, merchant: null, operation: operation ?? null };
      opened.faults.arm({ fault, wallet: 'unionpay', ...where, times: 1 });
    },
    advance: async (ms) => {
      opened.clock.moveTo(opened.clock.nowMs() + ms);
      await opening.runDue(opened.clock.nowMs());
      await opened.courier.settle();
    },
    settle: () => opened.courier.settle(),
    restart: async () => {
      await stop();
      return openTestCity(dir, account);
    },
    close: async () => {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return city;
}

export function orderOf(city: TestCity, more: Partial<AttemptOrder> = {}): AttemptOrder {
  const nowMs = city.opened.kit.clock.nowMs();
  const walletMerchant = city.account.subMerchants[0]!.walletMerchant;
  return {
    product: 'qr',
    combineOrderNo: null,
    legs: [
      {
        orderNo: freshNo('OR'),
        walletMerchant,
        amountFen: 8_888n,
        description: '青瓷 "盖碗" 100% + 茶荷 {a=1&b=2}',
      },
    ],
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 30 * 60_000,
    description: '一单',
    payer: {},
    payerIp: '203.0.113.9',
    device: 'desktop',
    returnUrl: 'https://shop.example/back?a=1&b=2',
    notifyUrl: city.notifyUrl,
    holdDays: 0,
    ...more,
  };
}

export function refundOf(
  city: TestCity,
  attempt: AttemptOrder,
  amountFen: bigint,
  walletTransactionId: string | null = null,
): RefundOrder {
  const [leg] = attempt.legs;
  const { product, createdAtMs } = attempt;
  return {
    refundNo: freshNo('RE'),
    amountFen,
    reason: '不想要了',
    notifyUrl: city.notifyUrl,
    createdAtMs: city.opened.kit.clock.nowMs(),
    leg: { ...leg!, walletTransactionId, product, createdAtMs },
  };
}
