/** The only list of the city's gateways: adding one is its sandbox folder and an entry here. */
import { makeAlipayAccount } from '../wallets/alipay/sandbox/accounts.ts';
import { openAlipayGateway } from '../wallets/alipay/sandbox/gateway.ts';
import { makeJdpayAccount } from '../wallets/jdpay/sandbox/account.ts';
import { openJdpayGateway } from '../wallets/jdpay/sandbox/gateway.ts';
import { makeUnionpayAccount } from '../wallets/unionpay/sandbox/account.ts';
import { openUnionpayGateway } from '../wallets/unionpay/sandbox/gateway.ts';
import { makeWechatpayAccount } from '../wallets/wechatpay/sandbox/account.ts';
import { openWechatpayGateway } from '../wallets/wechatpay/sandbox/gateway.ts';
import type { GatewayMaker } from './gateway-maker.ts';

export const GATEWAY_MAKERS: readonly GatewayMaker[] = [
  { wallet: 'wechatpay', open: openWechatpayGateway, makeAccount: makeWechatpayAccount },
  {
    wallet: 'alipay',
    open: openAlipayGateway,
    makeAccount: async (kit, request) => {
      const { credentials, demo, smids } = await makeAlipayAccount(kit, request);
      const subMerchants = request.subMerchantNames.map((name, index) => ({
        name,
        walletMerchant: smids[index] ?? '',
      }));
      return { credentials, papers: demo, subMerchants };
    },
  },
  { wallet: 'unionpay', open: openUnionpayGateway, makeAccount: makeUnionpayAccount },
  { wallet: 'jdpay', open: (kit) => openJdpayGateway(kit), makeAccount: makeJdpayAccount },
];
