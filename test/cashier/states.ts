/** Every state of the cashier by name: unit tests walk through them, screenshots show them. */

import type { BrowserDevice } from '../../src/cashier/device.ts';
import type { Screen } from '../../src/cashier/model.ts';
import type { Offers } from '../../src/core/offer/offer.ts';
import type { Attempt } from '../../src/core/payment/model.ts';
import type { CashierView } from '../../src/flows/payment/open-cashier.ts';
import {
  ACTIONS,
  AMOUNT_FEN,
  attemptOf,
  LAMP_SHOP,
  legOf,
  type Made,
  NOW_MS,
  OFFERS,
  offer,
  refundOf,
  sharedOffer,
  TEA_SHOP,
  viewOf,
  withheld,
} from './fixtures.ts';

export interface CashierState {
  readonly name: string;
  readonly screen: Screen['kind'];
  readonly view: CashierView;
  readonly offers: Offers;
  readonly devices: readonly BrowserDevice[];
  /** The browser that looks is the one that started the attempt. */
  readonly startedHere: boolean;
}

const nativeQr = attemptOf(1, {
  wallet: 'wechatpay',
  product: 'native',
  status: 'pending',
  nextAction: ACTIONS.wechatQr!,
});
const unionpayQr = attemptOf(1, {
  wallet: 'unionpay',
  product: 'qr',
  status: 'pending',
  nextAction: ACTIONS.unionpayQr!,
});
const closedInWechat = attemptOf(4, { wallet: 'wechatpay', product: 'jsapi', status: 'closed' });
const paidByWechat = attemptOf(2, { wallet: 'wechatpay', product: 'native', status: 'succeeded' });
const paidTwice = attemptOf(3, { wallet: 'alipay', product: 'precreate', status: 'superseded' });
const paidLeg = legOf(1, paidByWechat, AMOUNT_FEN);
const twiceLeg = legOf(2, paidTwice, AMOUNT_FEN);
const paidIntent = {
  status: 'succeeded',
  succeededAttempt: paidByWechat.id,
  amountReceivedFen: AMOUNT_FEN,
} as const;

function state(
  name: string,
  screen: Screen['kind'],
  made: Made,
  more: Partial<Pick<CashierState, 'devices' | 'offers' | 'startedHere'>> = {},
): CashierState {
  const devices = more.devices ?? ['desktop', 'mobile'];
  return {
    name,
    screen,
    view: viewOf(made),
    offers: more.offers ?? OFFERS[devices[0] ?? 'desktop'],
    devices,
    startedHere: more.startedHere ?? true,
  };
}

function waiting(attempt: Attempt): Made {
  return { intent: { status: 'requires_action' }, attempts: [attempt] };
}

const DESKTOP = { devices: ['desktop'] } as const;
const MOBILE = { devices: ['mobile'] } as const;

export const STATES: readonly CashierState[] = [
  state('choose', 'choose', {}, DESKTOP),
  state(
    'choose-four',
    'choose',
    {},
    {
      ...DESKTOP,
      offers: {
        offered: [
          offer('jdpay', 'qr'),
          offer('jdpay', 'pc'),
          offer('wechatpay', 'native'),
          offer('unionpay', 'qr'),
          offer('unionpay', 'web'),
          offer('alipay', 'precreate'),
          offer('alipay', 'page'),
        ],
        withheld: [],
      },
    },
  ),
  state(
    'choose-shared',
    'choose',
    {},
    {
      ...DESKTOP,
      offers: {
        offered: [offer('wechatpay', 'native'), sharedOffer('unionpay', 'wechatpay', 'native')],
        withheld: [withheld('unionpay', null, 'merchant_not_onboarded')],
      },
    },
  ),
  state('choose-unionpay', 'choose', {}, { devices: ['unionpay'] }),
  state('choose-jdpay', 'choose', {}, { devices: ['jdpay'] }),
  state('waiting-unionpay-qr', 'waiting', waiting(unionpayQr), DESKTOP),
  state(
    'waiting-shared-qr',
    'waiting',
    waiting({ ...nativeQr, payerWalletChosen: 'unionpay' }),
    DESKTOP,
  ),
  state(
    'waiting-jdpay-qr',
    'waiting',
    waiting({
      ...unionpayQr,
      wallet: 'jdpay',
      payerWalletChosen: 'jdpay',
      nextAction: ACTIONS.jdpayQr!,
    }),
    DESKTOP,
  ),
  state('choose-mobile', 'choose', {}, MOBILE),
  state('choose-wechat', 'choose', { attempts: [closedInWechat] }, { devices: ['wechat'] }),
  state(
    'choose-cart',
    'choose',
    { merchants: [LAMP_SHOP, TEA_SHOP] },
    {
      ...DESKTOP,
      offers: {
        offered: [OFFERS.desktop.offered[0]!],
        withheld: [withheld('alipay', 'precreate', 'cart_not_combinable')],
      },
    },
  ),
  state(
    'choose-none',
    'choose',
    {},
    {
      offers: {
        offered: [],
        withheld: [
          withheld('wechatpay', null, 'wallet_unhealthy'),
          withheld('alipay', null, 'merchant_not_consented'),
        ],
      },
    },
  ),
  state('friend-choose', 'choose', { kind: 'friend' }, DESKTOP),
  state(
    'failed-attempt',
    'choose',
    {
      attempts: [
        attemptOf(1, {
          wallet: 'alipay',
          product: 'precreate',
          status: 'failed',
          failure: {
            code: 'wallet_declined',
            walletError: {
              wallet: 'alipay',
              code: 'ACQ.PAYER_UNMATCHED',
              message: '当前账户暂时不能付款',
              requestId: 'trace-1',
            },
          },
        }),
      ],
    },
    DESKTOP,
  ),
  state(
    'refused-marketplace',
    'choose',
    {
      attempts: [
        attemptOf(1, {
          wallet: 'wechatpay',
          product: 'native',
          status: 'failed',
          failure: {
            code: 'wallet_declined',
            walletError: {
              wallet: 'wechatpay',
              code: 'SIGN_ERROR',
              message: '商户证书序列号有误',
              requestId: 'request-1',
              isMisconfigured: true,
            },
          },
        }),
      ],
    },
    DESKTOP,
  ),
  state('waiting-qr', 'waiting', waiting(nativeQr), DESKTOP),
  state(
    'waiting-form',
    'waiting',
    waiting(
      attemptOf(1, {
        wallet: 'alipay',
        product: 'page',
        status: 'pending',
        nextAction: ACTIONS.form!,
      }),
    ),
    { ...DESKTOP, startedHere: false },
  ),
  state(
    'waiting-redirect',
    'waiting',
    waiting(
      attemptOf(1, {
        wallet: 'wechatpay',
        product: 'h5',
        status: 'pending',
        nextAction: ACTIONS.redirect!,
      }),
    ),
    { ...MOBILE, startedHere: false },
  ),
  state(
    'waiting-bridge',
    'waiting',
    waiting(
      attemptOf(1, {
        wallet: 'wechatpay',
        product: 'jsapi',
        status: 'pending',
        nextAction: ACTIONS.jsapi!,
      }),
    ),
    { devices: ['wechat'] },
  ),
  state('elsewhere', 'elsewhere', waiting(nativeQr), MOBILE),
  state('processing', 'processing', {
    intent: { status: 'processing' },
    attempts: [attemptOf(1, { wallet: 'alipay', product: 'precreate', status: 'unknown' })],
  }),
  state('closing-expired', 'closing', {
    intent: { status: 'processing', closingAtMs: NOW_MS, closingReason: 'expired' },
    attempts: [nativeQr],
  }),
  state('closing-canceled', 'closing', {
    intent: { status: 'processing', closingAtMs: NOW_MS, closingReason: 'canceled' },
  }),
  state('succeeded', 'succeeded', {
    intent: paidIntent,
    attempts: [paidByWechat],
    legs: [paidLeg],
  }),
  state('friend-succeeded', 'succeeded', {
    kind: 'friend',
    intent: paidIntent,
    attempts: [paidByWechat],
    legs: [paidLeg],
  }),
  state('paid-twice', 'succeeded', {
    intent: paidIntent,
    attempts: [paidByWechat, paidTwice],
    legs: [paidLeg, twiceLeg],
    refunds: [refundOf(1, twiceLeg, { status: 'processing' })],
  }),
  state('refunded-partly', 'succeeded', {
    intent: paidIntent,
    attempts: [paidByWechat],
    legs: [paidLeg],
    refunds: [
      refundOf(1, paidLeg, { amountFen: 200_00n, reason: '少件' }),
      refundOf(2, paidLeg, { amountFen: 88_00n, reason: '差价', status: 'processing' }),
    ],
  }),
  state('refunded-fully', 'succeeded', {
    intent: paidIntent,
    attempts: [paidByWechat],
    legs: [paidLeg],
    refunds: [refundOf(1, paidLeg, { reason: '退货' })],
  }),
  state('expired', 'expired', { intent: { status: 'expired', expiresAtMs: NOW_MS - 1 } }),
  state('paid-late', 'expired', {
    intent: { status: 'expired', expiresAtMs: NOW_MS - 1 },
    attempts: [paidTwice],
    legs: [twiceLeg],
    refunds: [refundOf(1, twiceLeg, { reason: 'late', status: 'succeeded' })],
  }),
  state('canceled', 'canceled', { intent: { status: 'canceled' } }),
  state('conflicted', 'conflicted', {
    intent: { status: 'conflicted' },
    attempts: [attemptOf(1, { wallet: 'alipay', product: 'precreate', status: 'conflicted' })],
  }),
];

export function stateNamed(name: string): CashierState {
  const found = STATES.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no state named ${name}`);
  return found;
}
