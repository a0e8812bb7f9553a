/**
 * A city on a random port, its control and phone, and a shop that receives callbacks: everything
 * the cases need, over real HTTP only. The SDKs are loaded unmodified.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OpenCity, openCity } from '../../../sandbox/city.ts';
import { makeWechatpayAccount } from '../../../sandbox/gateways/wechatpay/account.ts';
import { openWechatpayGateway } from '../../../sandbox/gateways/wechatpay/gateway.ts';
import type { MadeAccount } from '../../../sandbox/kit/kit.ts';
import type { WechatpayCredentials } from '../../../src/wires/wechatpay/credentials.ts';
import { pooledKeyPair } from '../../helpers/key-pool.ts';
import { bodyOf, openLocalServer, wireRequestOf } from '../../helpers/local-server.ts';
import type { SdkCredentials, SignedRequest } from '../second-verifier-wechatpay.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly json: any;
}

export interface Received {
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export interface Stage {
  readonly city: OpenCity;
  readonly url: string;
  readonly sdk: SdkCredentials;
  readonly credentials: WechatpayCredentials;
  readonly shopUrl: string;
  readonly received: Received[];
  /** What the shop answers to callbacks. */
  readonly shopAnswers: { status: number; body?: string };
  readonly send: (request: SignedRequest) => Promise<Reply>;
  readonly control: (method: string, target: string, body?: unknown) => Promise<Reply>;
  readonly pay: (
    code: unknown,
    options?: { outcome?: string; coupon?: { platform?: number; merchant?: number } },
  ) => Promise<string>;
  readonly arm: (fault: string, match?: Record<string, string>, times?: number) => Promise<void>;
  readonly advance: (seconds: number) => Promise<void>;
  /** The next callback whose target is `path`; waits up to five seconds. */
  readonly callback: (path: string, count?: number) => Promise<Received>;
  readonly close: () => Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'hutong-wechatpay-'));
  const received: Received[] = [];
  const shopAnswers: Stage['shopAnswers'] = { status: 204 };
  const shop = await openLocalServer(async (incoming, outgoing) => {
    received.push(await wireRequestOf(incoming));
    outgoing.writeHead(shopAnswers.status).end(shopAnswers.body);
  });
  const city = await openCity({
    newKeyPair: pooledKeyPair,
    dir,
    host: '127.0.0.1',
    port: 0,
    allowLocalCallbacks: true,
    controlToken: null,
    makers: [
      {
        wallet: 'wechatpay',
        open: async (kit) => openWechatpayGateway(kit),
        makeAccount: makeWechatpayAccount,
      },
    ],
    log: () => undefined,
  });
  const sdk = await city.openAccounts([
    {
      label: 'credentials',
      name: '一致性测试平台',
      subMerchantNames: ['甲店', '乙店', '丙店'],
      openedProducts: ['v3_codepay'],
    },
  ]);
  const account = sdk.get('credentials')?.get('wechatpay') as MadeAccount;
  const control = (method: string, target: string, body?: unknown) =>
    exchange(city.url, {
      method,
      target,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? '' : JSON.stringify(body),
    });
  return {
    city,
    url: city.url,
    sdk: account.sdkCredentials as SdkCredentials,
    // The codes' cases judge APIv2's adapter; v3 is judged by an SDK and by the wallet contract.
    credentials: { ...(account.credentials as WechatpayCredentials), codepayApi: 'v2' },
    shopUrl: shop.url,
    received,
    shopAnswers,
    send: (request) => exchange(city.url, request),
    control,
    pay: async (code, options = {}) => {
      const scanned = await control('POST', '/phone/scan', { wallet: 'wechatpay', code });
      if (scanned.status !== 200) return `scan ${scanned.status} ${scanned.body}`;
      const paid = await control('POST', '/phone/pay', {
        scan: scanned.json.scan,
        outcome: options.outcome ?? 'success',
        ...(options.coupon === undefined ? {} : { coupon: options.coupon }),
      });
      return paid.json.status as string;
    },
    arm: async (fault, match, times) => {
      const body = {
        wallet: 'wechatpay',
        fault,
        ...(match ? { match } : {}),
        ...(times ? { times } : {}),
      };
      const armed = await control('POST', '/control/faults', body);
      if (armed.status !== 201) throw new Error(`fault ${fault}: ${armed.body}`);
    },
    advance: async (seconds) => {
      const moved = await control('POST', '/control/clock', { advance_seconds: seconds });
      if (moved.status !== 200) throw new Error(`clock: ${moved.status} ${moved.body}`);
    },
    callback: (path, count = 1) => awaitCallback(received, path, count),
    close: async () => {
      await city.close();
      await shop.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function awaitCallback(received: Received[], path: string, count: number): Promise<Received> {
  for (let wait = 0; wait < 500; wait += 1) {
    const found = received.filter((each) => each.target === path)[count - 1];
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no callback ${count} at ${path}`);
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });

export function exchange(origin: string, request: SignedRequest): Promise<Reply> {
  const { hostname, port } = new URL(origin);
  const { method, target, headers } = request;
  return new Promise((resolve, reject) => {
    const outgoing = http.request(
      {
        hostname,
        port,
        method,
        path: target,
        agent,
        headers: { ...headers, ...lengthOf(request) },
      },
      (incoming) => void bodyOf(incoming).then((body) => resolve(replyOf(incoming, body)), reject),
    );
    outgoing.on('error', reject);
    outgoing.end(request.body);
  });
}

function replyOf(incoming: http.IncomingMessage, body: Buffer): Reply {
  const isJson = incoming.headers['content-type']?.includes('json') === true;
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers as Record<string, string>,
    body,
    json: isJson && body.length > 0 ? JSON.parse(body.toString('utf8')) : undefined,
  };
}

function lengthOf(request: SignedRequest): Record<string, string> {
  return request.body === '' ? {} : { 'content-length': String(Buffer.byteLength(request.body)) };
}
