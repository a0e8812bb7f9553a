import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AttemptOrder } from '../../core/wallet/order.ts';
import { yuanToFen } from '../../kernel/money.ts';
import { jsapiContent, mergeContent, singleContent, subjectOf } from './request.ts';

const order: AttemptOrder = {
  product: 'page',
  combineOrderNo: null,
  legs: [
    {
      orderNo: 'ORDER0001',
      walletMerchant: '2088000000000001',
      amountFen: 8_888n,
      description: '青瓷',
    },
    {
      orderNo: 'ORDER0002',
      walletMerchant: '2088000000000002',
      amountFen: 1n,
      description: '竹编',
    },
  ],
  createdAtMs: 0,
  expiresAtMs: Date.UTC(2026, 10, 22, 16, 30, 1, 999),
  description: 'x',
  payer: { buyerId: '2088000000000009' },
  payerIp: null,
  device: 'desktop',
  returnUrl: null,
  notifyUrl: 'https://x.example/notify',
  handOutUrl: 'https://pay.hutong.example/pay/go/x',
  holdDays: 30,
};

test('one order: number, yuan, absolute expiry in Beijing, merchant, hold', () => {
  expect(singleContent(order, 'page', order.legs[0]!)).toEqual({
    out_trade_no: 'ORDER0001',
    total_amount: '88.88',
    subject: '青瓷',
    product_code: 'FAST_INSTANT_TRADE_PAY',
    time_expire: '2026-11-23 00:30:01',
    sub_merchant: { merchant_id: '2088000000000001', merchant_type: 'alipay' },
    settle_info: {
      settle_detail_infos: [{ trans_in_type: 'defaultSettle', amount: '88.88' }],
      settle_period_time: '30d',
    },
  });
});

test('merged orders name the application and the seller', () => {
  const account = { appId: 'A', pid: 'P', outMergeNo: 'MERGE001' };
  const content = mergeContent(order, 'wap', account);
  expect(content).toMatchObject({ out_merge_no: 'MERGE001', time_expire: '2026-11-23 00:30:01' });
  expect(content.order_details).toMatchObject([
    { app_id: 'A', seller_id: 'P', out_trade_no: 'ORDER0001', product_code: 'QUICK_WAP_WAY' },
    { app_id: 'A', seller_id: 'P', out_trade_no: 'ORDER0002', total_amount: '0.01' },
  ]);
});

test('jsapi prefers the open id, and never names both', () => {
  expect(jsapiContent(order, order.legs[0]!, 'A')).toMatchObject({ buyer_id: '2088000000000009' });
  const both = { ...order, payer: { buyerId: '2088000000000009', buyerOpenId: 'open' } };
  const content = jsapiContent(both, order.legs[0]!, 'A');
  expect(content.buyer_open_id).toBe('open');
  expect(content).not.toHaveProperty('buyer_id');
});

test('any description gives a subject that Alipay accepts', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (description) => {
      const subject = subjectOf(description);
      expect(subject).not.toMatch(/[/=&]/);
      expect([...subject].length).toBeGreaterThan(0);
      expect([...subject].length).toBeLessThanOrEqual(256);
    }),
  );
});

test('any amount reads back as itself', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10_000_000_000n }), (amountFen) => {
      const leg = { ...order.legs[0]!, amountFen };
      const { total_amount: text } = singleContent(order, 'page', leg);
      expect(yuanToFen(String(text))).toBe(amountFen);
    }),
  );
});
