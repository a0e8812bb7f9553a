/** The only list of the city's gateways: adding one is its sandbox folder and an entry here. */

import type { GatewayMaker } from '../kit/gateway-maker.ts';
import { makeAlipayAccount } from './alipay/account.ts';
import { openAlipayGateway } from './alipay/gateway.ts';
import { makeJdpayAccount } from './jdpay/account.ts';
import { openJdpayGateway } from './jdpay/gateway.ts';
import { makeUnionpayAccount } from './unionpay/account.ts';
import { openUnionpayGateway } from './unionpay/gateway.ts';
import { makeWechatpayAccount } from './wechatpay/account.ts';
import { openWechatpayGateway } from './wechatpay/gateway.ts';

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
