/** The only list of the city's gateways: adding one is its sandbox folder and an entry here. */

import type { GatewayMaker } from '../kit/kit.ts';
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
  { wallet: 'alipay', open: openAlipayGateway, makeAccount: makeAlipayAccount },
  { wallet: 'unionpay', open: openUnionpayGateway, makeAccount: makeUnionpayAccount },
  { wallet: 'jdpay', open: openJdpayGateway, makeAccount: makeJdpayAccount },
];
