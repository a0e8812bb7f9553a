/**
 * The sandbox's JD Pay behind a bare node:http server on a random port, with one account, a shop
 * that receives callbacks and a movable clock: what outside clients are pointed at.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Explanation,
  FaultName,
  Gateway,
  PayRequest,
  WireRequest,
} from '../../../src/sandbox/kit/kit.ts';
import { type OpenedKit, openKit } from '../../../src/sandbox/kit/open-kit.ts';
import {
  type JdpayMadeAccount,
  makeJdpayAccount,
} from '../../../src/wallets/jdpay/sandbox/account.ts';
import { openJdpayGateway } from '../../../src/wallets/jdpay/sandbox/gateway.ts';
import type { RawRequest } from '../../../src/wallets/wallet.ts';
import {
  type Fields,
  type KeyPapers,
  type Reply,
  reply,
  request,
} from '../second-verifier-jdpay.ts';

export interface JdCity {
  readonly url: string;
  readonly notifyUrl: string;
  readonly opened: OpenedKit;
  readonly gateway: Gateway;
  /** The number that an outside client has: opened for everything. */
  readonly papers: JdpayMadeAccount['papers'];
  /** A marketplace's two numbers, each for its own purpose. */
  readonly shop: JdpayMadeAccount;
  readonly callbacks: RawRequest[];
  readonly explanations: Explanation[];
  /** What the shop answers to callbacks. */
  acknowledgement: { status: number; body: string };
  readonly post: (path: string, body: string, type?: string) => Promise<HttpReply>;
  /** A signed request of the second verifier, and its verified answer. */
  readonly call: (service: string, fields: Fields, papers?: KeyPapers) => Promise<Reply>;
  readonly pay: (
    code: string | Readonly<Record<string, unknown>>,
    how?: Partial<Pick<PayRequest, 'outcome' | 'coupon'>>,
  ) => Promise<string>;
  readonly arm: (fault: FaultName, orderNo?: string) => void;
  readonly advance: (ms: number) => Promise<void>;
  readonly restart: () => Promise<JdCity>;
  readonly close: () => Promise<void>;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

let numbers = 0;

export function freshNo(prefix = 'J'): string {
  numbers += 1;
  return `${prefix}${process.pid}X${String(numbers).padStart(6, '0')}`;
}

export async function openJdCity(
  dir = mkdtempSync(join(tmpdir(), 'hutong-jdpay-')),
): Promise<JdCity> {
  let gateway: Gateway | undefined;
  const front = await listen(async (incoming, outgoing) => {
    const wire = wireRequest(incoming, await bodyOf(incoming));
    if (gateway === undefined || !gateway.owns(wire)) {
      outgoing.writeHead(404).end();
      return;
    }
    const answer = await gateway.handle(wire);
    if ('lost' in answer) incoming.socket.destroy();
    else outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  });
  const callbacks: RawRequest[] = [];
  const receiver = await listen(async (incoming, outgoing) => {
    callbacks.push(wireRequest(incoming, await bodyOf(incoming)));
    const { status, body } = city.acknowledgement;
    outgoing.writeHead(status, { 'content-type': 'text/plain' }).end(body);
  });
  const publicUrl = front.url;
  const opened = await openKit({ dir, publicUrl, allowLocalCallbacks: true, log: () => undefined });
  const explanations: Explanation[] = [];
  const kit = {
    ...opened.kit,
    explanations: { add: (explanation: Explanation) => void explanations.push(explanation) },
  };
  const [outsider, shop] = await Promise.all(
    ['credentials', 'taobao'].map((label) =>
      kept(opened, label, () =>
        makeJdpayAccount(kit, { label, name: `<b>${label}&店</b>`, subMerchantNames: ['甲店'] }),
      ),
    ),
  );
  const opening = openJdpayGateway(kit);
  gateway = opening;
  const stop = async () => {
    for (const server of [front.server, receiver.server]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await opened.close();
  };
  const post: JdCity['post'] = (path, body, type = 'application/xml') =>
    exchange(`${publicUrl}${path}`, { method: 'POST', body, type });
  const city: JdCity = {
    url: publicUrl,
    notifyUrl: `${receiver.url}/notify/jdpay`,
    ...{ opened, gateway: opening, papers: outsider!.papers, shop: shop!, callbacks, explanations },
    acknowledgement: { status: 200, body: 'success' },
    post,
    call: async (service, fields, papers = outsider!.papers) => {
      const answer = await post(`/service/${service}`, request(papers, fields));
      if (answer.status !== 200) throw new Error(`${service}: HTTP ${answer.status}`);
      return reply(papers, answer.body);
    },
    pay: async (code, how = {}) => {
      const scanned = await opening.scan(code);
      if (scanned === undefined) throw new Error('the phone does not know that code');
      const { outcome = 'success', coupon = { platformFen: 0n, merchantFen: 0n } } = how;
      const paid = await opening.pay({ ref: scanned.ref, payerWallet: 'jdpay', outcome, coupon });
      return paid.status;
    },
    arm: (fault, orderNo) =>
      void opened.faults.arm({
        ...{ fault, wallet: 'jdpay', orderNo: orderNo ?? null },
        ...{ merchant: null, operation: null, times: 1 },
      }),
    advance: async (ms) => {
      opened.clock.moveTo(opened.clock.nowMs() + ms);
      await opening.runDue(opened.clock.nowMs());
      await opened.courier.settle();
    },
    restart: async () => {
      await stop();
      return openJdCity(dir);
    },
    close: async () => {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return city;
}

/** The same account after a restart. */
async function kept(
  { kit }: OpenedKit,
  label: string,
  make: () => Promise<JdpayMadeAccount>,
): Promise<JdpayMadeAccount> {
  const accounts = kit.journal.collection<JdpayMadeAccount>('test.accounts');
  const account = accounts.get(label) ?? (await make());
  accounts.put(label, account);
  return account;
}

export function exchange(
  url: string,
  options: { readonly method: string; readonly body?: string; readonly type?: string },
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const { method, body = '', type = 'text/plain' } = options;
    const headers = method === 'POST' ? { 'content-type': type } : {};
    const outgoing = http.request(url, { method, headers }, async (incoming) => {
      const text = (await bodyOf(incoming)).toString('utf8');
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
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
