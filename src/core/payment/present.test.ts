/** The published shapes, field by field: a field more or less is a change of the contract. */
import { describe, expect, it } from 'vitest';
import { presentRefund, shownRefundStatus } from '../refund/present.ts';
import { presentEvent } from '../webhook/present-event.ts';
import type { Attempt, Leg, Payment, Refund } from './model.ts';
import { REFUND_STATES } from './model.ts';
import { presentAttempt } from './present-attempt.ts';
import { presentPaymentIntent } from './present-intent.ts';

const attempt: Attempt = {
  id: 'pa_0000000000001',
  wallet: 'wechatpay',
  product: 'native',
  config: 'wc_0000000000001',
  payerWalletChosen: 'wechatpay',
  payerWalletReported: null,
  status: 'pending',
  combineOrderNo: null,
  nextAction: { type: 'qr_code', code: 'weixin://wxpay/bizpayurl?pr=a' },
  failure: null,
  createdAtMs: 1_800_000_000_000,
  expiresAtMs: 1_800_000_900_000,
  closingAtMs: null,
  isProvisional: false,
  dueAtMs: null,
  tries: 0,
};

const leg: Leg = {
  id: 'pl_0000000000001',
  attempt: attempt.id,
  orderNo: '0000000000001',
  parts: null,
  walletMerchant: '1900000109',
  merchant: 'mer_0000000000001',
  walletAccount: 'wa_0000000000001',
  subOrders: ['so_0000000000001'],
  currency: 'cny',
  amountFen: 1999n,
  payerAmountFen: 1500n,
  receiptAmountFen: null,
  refundedFen: 0n,
  status: 'pending',
  walletTransactionId: null,
  paidAtMs: null,
  feeBps: 60,
  suspenseFen: null,
  disputedFen: null,
};

const refund: Refund = {
  id: 're_0000000000001',
  leg: leg.id,
  subOrder: 'so_0000000000001',
  currency: 'cny',
  amountFen: 5n,
  movedFen: 5n,
  reason: 'returned goods',
  status: 'abnormal',
  refundNo: 'R000000000001',
  earlierNos: [],
  sentAtMs: null,
  settledAtMs: null,
  walletRefundId: '503',
  awaitsBalance: false,
  allocation: { escrowFen: 5n, feeFen: 0n, balanceFen: 0n },
  failure: {
    code: 'abnormal',
    walletError: { wallet: 'wechatpay', code: 'ABNORMAL', message: 'card void', requestId: null },
  },
  createdAtMs: 1_800_000_000_000,
  dueAtMs: null,
  tries: 1,
};

const payment: Payment = {
  intent: {
    id: 'pi_0000000000001',
    shard: 0,
    marketplace: 'mkt_0000000000001',
    merchantOrderNo: 'T-1',
    contentHash: 'hash',
    amountFen: 1999n,
    currency: 'cny',
    description: 'A kettle',
    buyer: { id: 'buyer-1', device: 'desktop', ip: '203.0.113.9' },
    status: 'requires_action',
    version: 3,
    returnUrl: null,
    metadata: { cart: '7' },
    createdAtMs: 1_800_000_000_000,
    expiresAtMs: 1_800_000_900_000,
    closingAtMs: null,
    closingReason: null,
    latestAttempt: attempt.id,
    succeededAttempt: null,
    amountReceivedFen: 0n,
    amountRefundedFen: 0n,
    resolution: null,
    dueAtMs: null,
    isLivemode: false,
    tokenSeed: 'seed-that-nobody-may-see',
  },
  subOrders: [
    {
      id: 'so_0000000000001',
      merchant: 'mer_0000000000001',
      amountFen: 1999n,
      refundedFen: 0n,
      description: 'A kettle',
      merchantSubOrderNo: null,
      items: null,
      splits: null,
    },
  ],
  attempts: [attempt],
  legs: [leg],
  refunds: [refund],
  escrows: [],
};

describe('present', () => {
  it('shows a payment_intent with the published fields and nothing secret', () => {
    const shown = presentPaymentIntent(payment);
    expect(shown).toMatchObject({
      id: 'pi_0000000000001',
      object: 'payment_intent',
      amount: 1999,
      amount_received: 0,
      amount_refunded: 0,
      currency: 'cny',
      status: 'requires_action',
      merchant_order_no: 'T-1',
      latest_attempt: 'pa_0000000000001',
      succeeded_attempt: null,
      wallet: 'wechatpay',
      created_at: '2027-01-15T08:00:00.000Z',
      expires_at: '2027-01-15T08:15:00.000Z',
    });
    expect(shown).not.toHaveProperty('attempts');
    const text = JSON.stringify(presentPaymentIntent(payment, { expandAttempts: true }));
    expect(text).not.toContain('203.0.113.9');
    expect(text).not.toContain('seed-that-nobody-may-see');
    expect(JSON.parse(text).attempts.data[0].id).toBe('pa_0000000000001');
  });

  it('shows an attempt with its legs, and no next_action once it cannot be paid', () => {
    expect(presentAttempt(payment, attempt)).toEqual({
      id: 'pa_0000000000001',
      object: 'payment_attempt',
      payment_intent: 'pi_0000000000001',
      wallet: 'wechatpay',
      product: 'native',
      payer_wallet: 'wechatpay',
      payer_wallet_chosen: 'wechatpay',
      payer_wallet_reported: null,
      status: 'pending',
      next_action: { type: 'qr_code', code: 'weixin://wxpay/bizpayurl?pr=a' },
      failure: null,
      created_at: '2027-01-15T08:00:00.000Z',
      expires_at: '2027-01-15T08:15:00.000Z',
      legs: [
        {
          id: 'pl_0000000000001',
          order_no: '0000000000001',
          wallet_transaction_id: null,
          amount: 1999,
          payer_amount: 1500,
          receipt_amount: null,
          status: 'pending',
          sub_orders: ['so_0000000000001'],
        },
      ],
    });
    for (const status of ['succeeded', 'superseded', 'conflicted', 'failed', 'closed'] as const) {
      expect(presentAttempt(payment, { ...attempt, status }).next_action).toBeNull();
    }
  });

  it('prefers the wallet that paid over the one tried last', () => {
    const paid: Attempt = { ...attempt, id: 'pa_0000000000002', wallet: 'alipay' };
    const shown = presentPaymentIntent({
      ...payment,
      attempts: [paid, attempt],
      intent: { ...payment.intent, succeededAttempt: paid.id },
    });
    expect(shown.wallet).toBe('alipay');
  });

  it('folds the refund states into the four published ones', () => {
    const shown = Object.fromEntries(REFUND_STATES.states.map((s) => [s, shownRefundStatus(s)]));
    expect(shown).toEqual({
      created: 'pending',
      submitted: 'pending',
      unknown: 'pending',
      processing: 'pending',
      succeeded: 'succeeded',
      abnormal: 'requires_attention',
      failed: 'failed',
    });
    expect(presentRefund(payment, refund)).toMatchObject({
      object: 'refund',
      payment_intent: 'pi_0000000000001',
      sub_order: 'so_0000000000001',
      leg: 'pl_0000000000001',
      amount: 5,
      status: 'requires_attention',
      failure: { wallet_error: { code: 'ABNORMAL', request_id: null } },
    });
  });

  it('wraps an object that was presented when the event was made', () => {
    const object = presentPaymentIntent(payment);
    expect(
      presentEvent({
        id: 'evt_0000000000001',
        type: 'payment_intent.created',
        createdAtMs: 1_800_000_000_000,
        objectVersion: 1,
        object,
      }),
    ).toEqual({
      id: 'evt_0000000000001',
      object: 'event',
      type: 'payment_intent.created',
      created_at: '2027-01-15T08:00:00.000Z',
      object_version: 1,
      data: { object },
    });
  });
});
