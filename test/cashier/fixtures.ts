/** Hand-made payments in every state that the cashier can meet; `stage.ts` stores them. */

import type { BrowserDevice } from '../../src/cashier/device.ts';
import type {
  OfferedProduct,
  Offers,
  WithheldReason,
  WithheldWallet,
} from '../../src/core/offer/offer.ts';
import type {
  Attempt,
  AttemptStatus,
  Leg,
  Payment,
  PaymentIntent,
  Refund,
} from '../../src/core/payment/model.ts';
import type { CashierView } from '../../src/flows/payment/open-cashier.ts';
import { encodeBody, formatId, type Id, type IdKind, packId } from '../../src/kernel/id.ts';
import type { NextAction, Product, WalletName } from '../../src/kernel/wallet-names.ts';

export const NOW_MS = Date.UTC(2026, 10, 22, 8, 15, 0);
const SHARD = 7;
export const BUYER_ID = 'buyer-7788-secret';
export const BUYER_IP = '203.0.113.77';

export function idOf<K extends IdKind>(kind: K, sequence: number): Id<K> {
  return formatId(kind, packId({ unixMs: NOW_MS, shard: SHARD, process: 1, sequence }));
}

const MARKETPLACE = {
  id: idOf('marketplace', 1),
  name: 'taobao',
  displayName: '淘宝',
};

export function merchantNamed(sequence: number, name: string) {
  return {
    id: idOf('merchant', sequence),
    marketplace: MARKETPLACE.id,
    name,
    externalId: null,
  };
}

export const LAMP_SHOP = merchantNamed(1, '梧桐家居旗舰店');
export const TEA_SHOP = merchantNamed(2, '山前茶铺');

export function attemptOf(
  sequence: number,
  more: { wallet: WalletName; product: Product; status: AttemptStatus } & Partial<Attempt>,
): Attempt {
  return {
    id: idOf('payment_attempt', sequence),
    config: idOf('wallet_config', 1),
    payerWalletChosen: more.wallet,
    payerWalletReported: null,
    combineOrderNo: null,
    nextAction: null,
    failure: null,
    createdAtMs: NOW_MS - 60_000,
    expiresAtMs: NOW_MS + 14 * 60_000,
    closingAtMs: null,
    isProvisional: false,
    dueAtMs: null,
    tries: 0,
    ...more,
  };
}

/** Whose form is handed out by a page of ours. */
export const JD_ATTEMPT = attemptOf(5, { wallet: 'jdpay', product: 'pc', status: 'pending' });

export function legOf(sequence: number, attempt: Attempt, amountFen: bigint): Leg {
  return {
    id: idOf('leg', sequence),
    attempt: attempt.id,
    orderNo: `PL${encodeBody(BigInt(sequence))}`,
    parts: null,
    walletMerchant: '1900000109',
    merchant: LAMP_SHOP.id,
    walletAccount: idOf('wallet_account', 1),
    subOrders: [idOf('sub_order', 1)],
    currency: 'cny',
    amountFen,
    payerAmountFen: null,
    receiptAmountFen: null,
    refundedFen: 0n,
    status: attempt.status,
    walletTransactionId: null,
    paidAtMs: attempt.status === 'succeeded' ? NOW_MS - 5_000 : null,
    feeBps: 60,
    suspenseFen: null,
    disputedFen: null,
  };
}

export function refundOf(sequence: number, leg: Leg, more: Partial<Refund>): Refund {
  return {
    id: idOf('refund', sequence),
    leg: leg.id,
    subOrder: null,
    currency: 'cny',
    amountFen: leg.amountFen,
    movedFen: leg.amountFen,
    reason: 'duplicate',
    status: 'succeeded',
    refundNo: `RE${encodeBody(BigInt(sequence))}`,
    earlierNos: [],
    sentAtMs: NOW_MS,
    settledAtMs: null,
    walletRefundId: null,
    allocation: null,
    awaitsBalance: false,
    failure: null,
    createdAtMs: NOW_MS,
    dueAtMs: null,
    tries: 0,
    ...more,
  };
}

export interface Made {
  readonly intent?: Partial<PaymentIntent>;
  readonly attempts?: readonly Attempt[];
  readonly legs?: readonly Leg[];
  readonly refunds?: readonly Refund[];
  readonly kind?: 'buyer' | 'friend';
  readonly merchants?: readonly ReturnType<typeof merchantNamed>[];
}

export const AMOUNT_FEN = 1_288_00n;

export function viewOf(made: Made = {}): CashierView {
  const merchants = made.merchants ?? [LAMP_SHOP];
  const amountFen = made.intent?.amountFen ?? AMOUNT_FEN;
  const rest = amountFen - BigInt(merchants.length - 1) * 200_00n;
  const payment: Payment = {
    intent: {
      id: idOf('payment_intent', 1),
      shard: SHARD,
      marketplace: MARKETPLACE.id,
      merchantOrderNo: 'TB20261122000187',
      contentHash: '',
      amountFen,
      currency: 'cny',
      description: '胡桃木落地灯 1 件，暖光',
      buyer: { id: BUYER_ID, device: 'desktop', ip: BUYER_IP },
      status: 'requires_wallet',
      version: 3,
      returnUrl: 'https://shop.example/orders/TB20261122000187',
      metadata: { note: 'metadata-secret' },
      createdAtMs: NOW_MS - 60_000,
      expiresAtMs: NOW_MS + 14 * 60_000 + 32_000,
      closingAtMs: null,
      closingReason: null,
      latestAttempt: made.attempts?.at(-1)?.id ?? null,
      succeededAttempt: null,
      amountReceivedFen: 0n,
      amountRefundedFen: 0n,
      resolution: null,
      dueAtMs: null,
      isLivemode: false,
      tokenSeed: 'seed-secret',
      ...made.intent,
    },
    subOrders: merchants.map((merchant, index) => ({
      id: idOf('sub_order', index + 1),
      merchant: merchant.id,
      amountFen: index === 0 ? rest : 200_00n,
      refundedFen: 0n,
      description: '',
      merchantSubOrderNo: null,
      items: null,
      splits: null,
    })),
    attempts: made.attempts ?? [],
    legs: made.legs ?? [],
    refunds: made.refunds ?? [],
    escrows: [],
  };
  return {
    payment,
    marketplace: MARKETPLACE,
    merchants: new Map(merchants.map((merchant) => [merchant.id, merchant])),
    kind: made.kind ?? 'buyer',
  };
}

/** A code of `wallet`'s that the app of `payerWallet` scans. */
export function sharedOffer(
  payerWallet: WalletName,
  wallet: WalletName,
  product: Product,
): OfferedProduct {
  return { wallet, product, payerWallet, combined: false, needsPayer: false };
}

export function offer(wallet: WalletName, product: Product, needsPayer = false): OfferedProduct {
  return { wallet, product, payerWallet: wallet, combined: false, needsPayer };
}

export function withheld(
  wallet: WalletName,
  product: Product | null,
  reason: WithheldReason,
): WithheldWallet {
  return { wallet, product, reason, merchants: [], reachedThrough: [] };
}

export const OFFERS: Readonly<Record<BrowserDevice, Offers>> = {
  desktop: {
    offered: [offer('wechatpay', 'native'), offer('alipay', 'precreate'), offer('alipay', 'page')],
    withheld: [],
  },
  mobile: { offered: [offer('alipay', 'wap'), offer('wechatpay', 'h5')], withheld: [] },
  wechat: {
    offered: [offer('wechatpay', 'jsapi', true)],
    withheld: [withheld('alipay', null, 'device_unsupported')],
  },
  alipay: {
    offered: [offer('alipay', 'jsapi', true)],
    withheld: [withheld('wechatpay', null, 'device_unsupported')],
  },
  unionpay: {
    offered: [offer('unionpay', 'web')],
    withheld: [withheld('wechatpay', null, 'device_unsupported')],
  },
  jdpay: {
    offered: [offer('jdpay', 'h5')],
    withheld: [withheld('wechatpay', null, 'device_unsupported')],
  },
};

const QR: NextAction = { type: 'qr_code', code: 'weixin://wxpay/bizpayurl?pr=Zk3u7Qx0z' };
export const ACTIONS: Readonly<Record<string, NextAction>> = {
  unionpayQr: {
    type: 'qr_code',
    code: 'https://qr.95516.com/00010000/62123456789012345678901234567890',
  },
  jdpayQr: { type: 'qr_code', code: 'https://h5pay.jd.com/code?c=1a2b3c4d5e6f7g' },
  wechatQr: QR,
  alipayQr: { type: 'qr_code', code: 'https://qr.alipay.com/bax08431qk6gzl2yxkwa30bf' },
  redirect: { type: 'redirect', url: 'https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?a=1' },
  form: {
    type: 'form',
    action: 'https://openapi.alipay.com/gateway.do?charset=utf-8',
    fields: { method: 'alipay.trade.page.pay', biz_content: '{"subject":"灯 \\"A\\" <b>"}' },
  },
  jsapi: {
    type: 'invoke',
    params: {
      appId: 'wx2421b1c4370ec43b',
      timeStamp: '1554208460',
      nonceStr: '593BEC0C930BF1AFEB40B4A08C8FB242',
      package: 'prepay_id=wx201410272009395522657a690389285100',
      signType: 'RSA',
      paySign: 'c2lnbg==',
    },
  },
  tradePay: { type: 'invoke', params: { trade_no: '2026112222001400000000000001' } },
};

export const USER_AGENTS = {
  desktop: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36',
  mobile:
    'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36',
  wechat:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50 NetType/WIFI Language/zh_CN',
  alipay:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 AliApp(AP/10.6) AlipayClient/10.6 Language/zh-Hans',
  unionpay:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 UnionPay/1.0 CloudPay',
  jdpay:
    'jdapp;iPhone;13.2.0;;;Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148',
} as const;
