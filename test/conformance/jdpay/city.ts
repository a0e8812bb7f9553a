/** The sandbox's JD Pay on a random port, with two accounts, and calls of a client not ours. */
import http from 'node:http';
import {
  type JdpayMadeAccount,
  makeJdpayAccount,
} from '../../../sandbox/gateways/jdpay/account.ts';
import { openJdpayGateway } from '../../../sandbox/gateways/jdpay/gateway.ts';
import type { PayRequest } from '../../../sandbox/kit/kit.ts';
import { type GatewayCity, keptAccount, openGatewayCity } from '../../helpers/gateway-city.ts';
import { bodyOf } from '../../helpers/local-server.ts';
import {
  type Fields,
  type KeyMaterial,
  type Reply,
  reply,
  request,
} from '../second-verifier-jdpay.ts';

export interface JdAccounts {
  /** The number that an outside client has: opened for everything. */
  readonly sdk: JdpayMadeAccount['sdkCredentials'];
  /** A marketplace's two numbers, each for its own purpose. */
  readonly shop: JdpayMadeAccount;
}

export type JdCity = GatewayCity<JdAccounts>;

export interface HttpReply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export function openJdCity(): Promise<JdCity> {
  return openGatewayCity({
    wallet: 'jdpay',
    openAccount: async (kit) => {
      const open = (label: string) =>
        keptAccount(kit, label, () =>
          makeJdpayAccount(kit, { label, name: `<b>${label}&店</b>`, subMerchantNames: ['甲店'] }),
        );
      const [{ sdkCredentials: sdk }, shop] = await Promise.all([
        open('credentials'),
        open('taobao'),
      ]);
      return { sdk, shop };
    },
    openGateway: openJdpayGateway,
  });
}

export function post(
  city: JdCity,
  path: string,
  body: string,
  type = 'application/xml',
): Promise<HttpReply> {
  return exchange(`${city.url}${path}`, { method: 'POST', body, type });
}

/** A signed request of the second verifier, and its verified answer. */
export async function call(
  city: JdCity,
  service: string,
  fields: Fields,
  sdk: KeyMaterial = city.account.sdk,
): Promise<Reply> {
  const answer = await post(city, `/service/${service}`, request(sdk, fields));
  if (answer.status !== 200) throw new Error(`${service}: HTTP ${answer.status}`);
  return reply(sdk, answer.body);
}

export async function pay(
  city: JdCity,
  code: string,
  how: Partial<Pick<PayRequest, 'outcome' | 'coupon'>> = {},
): Promise<string> {
  return (await city.scanAndPay(code, how)).status;
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
