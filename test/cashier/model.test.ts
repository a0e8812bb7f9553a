import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BrowserDevice } from '../../src/cashier/device.ts';
import {
  type CashierModel,
  canChoose,
  cashierModel,
  type Notice,
} from '../../src/cashier/model.ts';
import type { Offers } from '../../src/core/offer/offer.ts';
import type { CashierView } from '../../src/flows/payment/open-cashier.ts';
import type { NextAction } from '../../src/kernel/wallet-names.ts';
import {
  ACTIONS,
  AMOUNT_FEN,
  attemptOf,
  BUYER_ID,
  BUYER_IP,
  idOf,
  LAMP_SHOP,
  legOf,
  NOW_MS,
  OFFERS,
  offer,
  refundOf,
  TEA_SHOP,
  viewOf,
  withheld,
} from './fixtures.ts';
import { STATES, stateNamed } from './states.ts';

interface Look {
  readonly device?: BrowserDevice;
  readonly offers?: Offers;
  readonly startedHere?: string | null;
  readonly nowMs?: number;
  readonly notice?: Notice;
}

function modelOf(view: CashierView, look: Look = {}): CashierModel {
  const offers = look.offers ?? OFFERS[look.device ?? 'desktop'];
  return cashierModel({
    view,
    device: look.device ?? 'desktop',
    nowMs: look.nowMs ?? NOW_MS,
    offers,
    attemptIds: offers.offered.map((_, index) => idOf('payment_attempt', 50 + index)),
    startedHere: look.startedHere ?? null,
    friendUrl: 'https://pay.example/pay/friend-token',
    notice: look.notice ?? null,
  });
}

describe('every state', () => {
  it.each(STATES.map((state) => [state.name, state] as const))('%s', (_, state) => {
    for (const device of state.devices) {
      const startedHere = state.startedHere ? state.view.payment.intent.latestAttempt : null;
      const model = modelOf(state.view, { device, offers: state.offers, startedHere });
      expect(model.screen.kind).toBe(state.screen);
    }
  });

  it('listens for changes exactly until the status is terminal', () => {
    for (const { view } of STATES) {
      const { status } = view.payment.intent;
      const isTerminal = ['succeeded', 'canceled', 'expired'].includes(status);
      expect(modelOf(view).live).toBe(!isTerminal);
    }
  });

  it('shows no buyer data to anyone', () => {
    for (const { view } of STATES) {
      const text = JSON.stringify(modelOf(view), (_, value: unknown) =>
        typeof value === 'bigint' ? value.toString() : value,
      );
      for (const secret of [BUYER_ID, BUYER_IP, 'metadata-secret', 'seed-secret']) {
        expect(text).not.toContain(secret);
      }
    }
  });
});

describe('a friend', () => {
  it('sees payee and amount, but no order number, no way to the shop and no further link', () => {
    const paid = modelOf(stateNamed('friend-succeeded').view);
    expect(paid.screen).toMatchObject({ kind: 'succeeded', orderNo: null });
    expect(paid.returnUrl).toBeNull();
    expect(modelOf(stateNamed('friend-choose').view).friendUrl).toBeNull();
    expect(paid.payees).toEqual([{ name: LAMP_SHOP.name, amountFen: AMOUNT_FEN }]);
  });
});

describe('choices', () => {
  it('keep the offered order, one row a wallet, one fresh id a choice', () => {
    const { rows } = modelOf(viewOf());
    expect(rows.map((row) => row.wallet)).toEqual(['wechatpay', 'alipay']);
    expect(rows[1]?.first.product).toBe('precreate');
    expect(rows[1]?.others.map((other) => other.product)).toEqual(['page']);
    const ids = rows.flatMap((row) => [row.first, ...row.others]).map((row) => row.attemptId);
    expect(new Set(ids).size).toBe(3);
  });

  it('follow whatever order comes', () => {
    const offered = [offer('alipay', 'precreate'), offer('wechatpay', 'native')];
    const { rows } = modelOf(viewOf(), { offers: { offered, withheld: [] } });
    expect(rows.map((row) => row.wallet)).toEqual(['alipay', 'wechatpay']);
  });

  it('leave out what already waits on this screen, and keep the same wallet other ways', () => {
    const attempt = attemptOf(1, {
      wallet: 'alipay',
      product: 'precreate',
      status: 'pending',
      nextAction: ACTIONS.alipayQr!,
    });
    const view = viewOf({ intent: { status: 'requires_action' }, attempts: [attempt] });
    const products = modelOf(view).rows.flatMap((row) => [row.first, ...row.others]);
    expect(products.map(({ product }) => product)).toEqual(['native', 'page']);
  });

  it('are gone once the payment is closing, due, decided or conflicted', () => {
    for (const name of ['closing-expired', 'succeeded', 'expired', 'canceled', 'conflicted']) {
      expect(modelOf(stateNamed(name).view).rows).toEqual([]);
    }
    const view = viewOf();
    const late = { nowMs: view.payment.intent.expiresAtMs };
    expect(canChoose(view.payment, late.nowMs)).toBe(false);
    expect(modelOf(view, late).screen).toEqual({ kind: 'closing', reason: 'expired' });
  });

  it('say why a wallet is withheld only where it concerns the buyer', () => {
    const all = [
      withheld('alipay', null, 'merchant_not_consented'),
      withheld('unionpay', null, 'wallet_unhealthy'),
      withheld('wechatpay', 'jsapi', 'device_unsupported'),
    ];
    const offered = [offer('wechatpay', 'native')];
    const model = modelOf(viewOf(), { offers: { offered, withheld: all } });
    expect(model.withheld).toEqual([{ wallet: 'unionpay', reason: 'wallet_unhealthy' }]);
  });
});

describe('an open attempt', () => {
  const id = idOf('payment_attempt', 1);
  const cases: readonly [string, NextAction, BrowserDevice, boolean, string][] = [
    ['a code on a desktop', ACTIONS.wechatQr!, 'desktop', false, 'waiting'],
    ['a code on a phone', ACTIONS.wechatQr!, 'mobile', true, 'elsewhere'],
    ['a code in the wallet itself', ACTIONS.wechatQr!, 'wechat', true, 'elsewhere'],
    ['a form on a desktop', ACTIONS.form!, 'desktop', false, 'waiting'],
    ['a form of another browser', ACTIONS.form!, 'mobile', false, 'elsewhere'],
    ['a redirect on a phone', ACTIONS.redirect!, 'mobile', false, 'waiting'],
    ['a redirect on a desktop', ACTIONS.redirect!, 'desktop', false, 'elsewhere'],
    ['a bridge call started here', ACTIONS.jsapi!, 'wechat', true, 'waiting'],
    ['a bridge call of another payer', ACTIONS.jsapi!, 'wechat', false, 'elsewhere'],
    ['a bridge call outside the wallet', ACTIONS.jsapi!, 'desktop', true, 'elsewhere'],
  ];

  it.each(cases)('%s', (_, nextAction, device, isOwn, kind) => {
    const attempt = attemptOf(1, {
      wallet: 'wechatpay',
      product: 'jsapi',
      status: 'pending',
      nextAction,
    });
    const view = viewOf({ intent: { status: 'requires_action' }, attempts: [attempt] });
    expect(modelOf(view, { device, startedHere: isOwn ? id : null }).screen.kind).toBe(kind);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'not an address', 'file:///etc/passwd'])(
    'never sends the buyer to %s',
    (url) => {
      for (const nextAction of [
        { type: 'redirect', url },
        { type: 'form', action: url, fields: {} },
      ] as const) {
        const attempt = attemptOf(1, {
          wallet: 'alipay',
          product: 'wap',
          status: 'pending',
          nextAction,
        });
        const view = viewOf({
          intent: { status: 'requires_action', returnUrl: url },
          attempts: [attempt],
        });
        const model = modelOf(view, { device: 'mobile' });
        expect(model.screen.kind).toBe('processing');
        expect(model.returnUrl).toBeNull();
      }
    },
  );

  it('that is being closed is no longer shown', () => {
    const attempt = attemptOf(1, {
      wallet: 'wechatpay',
      product: 'native',
      status: 'pending',
      nextAction: ACTIONS.wechatQr!,
      closingAtMs: NOW_MS,
    });
    const view = viewOf({ intent: { status: 'requires_action' }, attempts: [attempt] });
    expect(modelOf(view).screen.kind).toBe('processing');
  });
});

describe('refunded payments', () => {
  it('names the wallet, the amount and how far it is', () => {
    expect(modelOf(stateNamed('paid-twice').view).returned).toEqual([
      { wallet: 'alipay', amountFen: AMOUNT_FEN, reason: 'duplicate', state: 'on_the_way' },
    ]);
    expect(modelOf(stateNamed('paid-late').view).returned).toEqual([
      { wallet: 'alipay', amountFen: AMOUNT_FEN, reason: 'late', state: 'done' },
    ]);
  });

  it('is shown before its refund is booked, and raises no alarm when the refund is stuck', () => {
    const twice = attemptOf(3, { wallet: 'alipay', product: 'precreate', status: 'superseded' });
    const leg = legOf(2, twice, AMOUNT_FEN);
    const view = (refunds: ReturnType<typeof refundOf>[]) =>
      viewOf({ intent: { status: 'canceled' }, attempts: [twice], legs: [leg], refunds });
    expect(modelOf(view([])).returned[0]).toMatchObject({ reason: 'late', state: 'on_the_way' });
    const stuck = refundOf(1, leg, { status: 'abnormal', reason: 'late' });
    expect(modelOf(view([stuck])).returned[0]?.state).toBe('checking');
  });

  it('counts refunds of the paid attempt, and never those of a second payment', () => {
    const partly = modelOf(stateNamed('refunded-partly').view).screen;
    expect(partly).toMatchObject({
      refund: { state: 'partial', doneFen: 200_00n, pendingFen: 88_00n },
    });
    const fully = modelOf(stateNamed('refunded-fully').view).screen;
    expect(fully).toMatchObject({ refund: { state: 'full', doneFen: AMOUNT_FEN } });
    expect(modelOf(stateNamed('paid-twice').view).screen).toMatchObject({
      refund: { state: 'none' },
    });
  });

  it('adds up for any set of refunds', () => {
    const statuses = fc.constantFrom('created', 'processing', 'succeeded', 'failed', 'abnormal');
    const refunds = fc.array(fc.tuple(fc.bigInt({ min: 1n, max: 99_00n }), statuses), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(refunds, (made) => {
        const paid = attemptOf(2, { wallet: 'wechatpay', product: 'native', status: 'succeeded' });
        const leg = legOf(1, paid, AMOUNT_FEN);
        const view = viewOf({
          intent: { status: 'succeeded', succeededAttempt: paid.id },
          attempts: [paid],
          legs: [leg],
          refunds: made.map(([amountFen, status], index) =>
            refundOf(index, leg, { amountFen, status, reason: '' }),
          ),
        });
        const { screen } = modelOf(view);
        if (screen.kind !== 'succeeded') throw new Error('it is paid');
        const alive = made.filter(([, status]) => status !== 'failed');
        const total = alive.reduce((sum, [amountFen]) => sum + amountFen, 0n);
        expect(screen.refund.doneFen + screen.refund.pendingFen).toBe(total);
        expect(screen.refund.state === 'none').toBe(total === 0n);
      }),
    );
  });
});

describe('texts from others', () => {
  it('lose what disguises them', () => {
    const view = viewOf({
      intent: { description: 'lamp \u202e00.1¥\u0000' },
      merchants: [{ ...LAMP_SHOP, name: 'sh\u2066op' }, TEA_SHOP],
    });
    const model = modelOf(view);
    expect(model.description).toBe('lamp  00.1¥');
    expect(model.payees.map(({ name }) => name)).toEqual(['sh op', TEA_SHOP.name]);
    expect(model.payees.map(({ amountFen }) => amountFen)).toEqual([1_088_00n, 200_00n]);
  });

  it('are shown once: no notice beside the same refusal', () => {
    const { view } = stateNamed('failed-attempt');
    expect(modelOf(view, { notice: 'declined' }).notice).toBeNull();
    expect(modelOf(viewOf(), { notice: 'declined' }).notice).toBe('declined');
  });
});
