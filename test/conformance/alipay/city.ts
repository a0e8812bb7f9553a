/** The sandbox's Alipay on a random port, with an account in both key modes. */
import { type AlipayAccount, makeAlipayAccount } from '../../../sandbox/gateways/alipay/account.ts';
import { openAlipayGateway } from '../../../sandbox/gateways/alipay/gateway.ts';
import { type GatewayCity, openGatewayCity } from '../../helpers/gateway-city.ts';

export type TestCity = GatewayCity<AlipayAccount>;

export function openTestCity(): Promise<TestCity> {
  return openGatewayCity({
    wallet: 'alipay',
    openAccount: (kit) =>
      makeAlipayAccount(kit, {
        label: 'credentials',
        name: '淘宝网',
        subMerchantNames: ['青瓷茶具店', '<b>竹&编</b>', '手作皮具'],
      }),
    openGateway: openAlipayGateway,
  });
}
