/** The sandbox's UnionPay on a random port, with one merchant, and what an adapter asks of it. */

import {
  makeUnionpayAccount,
  type UnionpayAccount,
} from '../../../sandbox/gateways/unionpay/account.ts';
import { openUnionpayGateway } from '../../../sandbox/gateways/unionpay/gateway.ts';
import type { AttemptOrder, RefundOrder } from '../../../src/core/wallet/order.ts';
import { unionpay } from '../../../src/wallets/unionpay/adapter.ts';
import type { Wallet } from '../../../src/wallets/wallet.ts';
import type { UnionpayCredentials } from '../../../src/wires/unionpay/credentials.ts';
import {
  freshNo,
  type GatewayCity,
  keptAccount,
  openGatewayCity,
} from '../../helpers/gateway-city.ts';

export type TestCity = GatewayCity<UnionpayAccount>;

export function openTestCity(): Promise<TestCity> {
  return openGatewayCity({
    wallet: 'unionpay',
    openAccount: (kit) =>
      keptAccount(kit, 'credentials', () =>
        makeUnionpayAccount(kit, {
          label: 'credentials',
          name: '淘宝网',
          subMerchantNames: ['青瓷茶具店', '<b>竹&编</b>', '手作皮具'],
        }),
      ),
    openGateway: openUnionpayGateway,
  });
}

export function openWallet(city: TestCity, more: Partial<UnionpayCredentials> = {}): Wallet {
  const { http, kit } = city.opened;
  const endpoints = { gateway: city.url };
  const wallet = unionpay.open(
    { ...city.account.credentials, endpoints, ...more },
    { http, clock: kit.clock, wall: kit.wall, random: kit.random },
  );
  if (!wallet.ok) throw new Error(`${wallet.error.field}: ${wallet.error.message}`);
  return wallet.value;
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
    handOutUrl: 'https://pay.hutong.example/pay/go/x',
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
