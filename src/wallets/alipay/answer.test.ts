/** Every documented status and code, one row each; whatever is not here must be unknown. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LegOrder, RefundOrder } from '../../core/wallet/order.ts';
import type { JsonObject } from '../../wires/alipay/json-text.ts';
import {
  cancelOutcome,
  closeOutcome,
  payOutcome,
  queryReport,
  refundQueryReport,
  refundReport,
  reversalOutcome,
  startFailure,
  tradeReport,
  worstClose,
} from './answer.ts';
import type { Called } from './client.ts';
import { refundContent, refundQueryContent } from './request.ts';

const leg: LegOrder = {
  orderNo: 'ORDER0001',
  walletMerchant: '2088000000000001',
  amountFen: 10_000n,
  description: 'x',
};
const refund: RefundOrder = {
  refundNo: 'REFUND01',
  amountFen: 3_000n,
  reason: 'x',
  notifyUrl: 'https://x.example',
  createdAtMs: 0,
  leg: { ...leg, walletTransactionId: null, product: 'page', createdAtMs: 0 },
};

function answered(fields: JsonObject, code = '10000', subCode: string | null = null): Called {
  const error = { wallet: 'alipay', code: subCode ?? code, message: '', requestId: null } as const;
  return { kind: 'answered', fields, code, subCode, error };
}
const business = (subCode: string) => answered({}, '40004', subCode);
const lost: Called = { kind: 'unknown', error: null };

describe('trade_status', () => {
  const paid = { send_pay_date: '2026-11-22 10:00:00' };
  const rows: [string, JsonObject, string][] = [
    ['WAIT_BUYER_PAY', {}, 'pending'],
    ['TRADE_SUCCESS', paid, 'succeeded'],
    ['TRADE_FINISHED', paid, 'succeeded'],
    ['TRADE_CLOSED', {}, 'closed'],
    ['TRADE_CLOSED', paid, 'succeeded'],
    ['TRADE_CLOSED', { refund_fee: '100.00' }, 'succeeded'],
    ['TRADE_CLOSED', { refund_fee: '0.00' }, 'closed'],
    ['TRADE_PENDING', paid, 'unknown'],
    ['trade_success', paid, 'unknown'],
    ['', paid, 'unknown'],
  ];
  for (const [status, more, expected] of rows) {
    test(`${status} ${JSON.stringify(more)} -> ${expected}`, () => {
      const fields = { out_trade_no: leg.orderNo, trade_status: status, ...more };
      expect(queryReport(leg, answered(fields), 'page').status).toBe(expected);
    });
  }
  test('any other status is unknown', () => {
    fc.assert(
      fc.property(fc.string(), (status) => {
        fc.pre(!/^(WAIT_BUYER_PAY|TRADE_SUCCESS|TRADE_FINISHED|TRADE_CLOSED)$/.test(status));
        const fields = { out_trade_no: leg.orderNo, trade_status: status };
        expect(queryReport(leg, answered(fields), 'page').status).toBe('unknown');
      }),
    );
  });
});

describe('query', () => {
  test('figures are numbers whatever their form, and absent ones stay null', () => {
    const fields = {
      out_trade_no: leg.orderNo,
      trade_status: 'TRADE_SUCCESS',
      total_amount: '1.5',
    };
    expect(queryReport(leg, answered(fields), 'page')).toMatchObject({
      ...{ amountFen: 150n, currency: 'cny', payee: null, payerAmountFen: null, paidAtMs: null },
      payerWalletReported: null,
    });
    const bad = { ...fields, total_amount: '1e2' };
    expect(queryReport(leg, answered(bad), 'page').amountFen).toBeNull();
  });
  test('an answer about another order is unknown', () => {
    const fields = { out_trade_no: 'OTHER', trade_status: 'TRADE_SUCCESS' };
    expect(queryReport(leg, answered(fields), 'page').status).toBe('unknown');
  });
  const rows: [Called, string][] = [
    [business('ACQ.TRADE_NOT_EXIST'), 'not_found'],
    [business('ACQ.SYSTEM_ERROR'), 'unknown'],
    [business('ACQ.INVALID_PARAMETER'), 'unknown'],
    [business('ACQ.SOMETHING_NEW'), 'unknown'],
    [answered({}, '20000', 'isp.unknow-error'), 'unknown'],
    // The text alone is no business answer: the gateway refused, the trade was not looked for.
    [answered({}, '40002', 'ACQ.TRADE_NOT_EXIST'), 'unknown'],
    [lost, 'unknown'],
  ];
  for (const [called, expected] of rows) {
    const name = called.kind === 'answered' ? called.subCode : 'no answer';
    test(`${name} -> ${expected}`, () =>
      expect(queryReport(leg, called, 'page').status).toBe(expected));
  }
  test('fund_bill_list in both spellings', () => {
    const extra = { paidAt: undefined, payee: null };
    const base = { trade_status: 'TRADE_SUCCESS' };
    const camel = { ...base, fund_bill_list: '[{"fundChannel":"BANKCARD","bankCode":"CUP"}]' };
    const snake = { ...base, fund_bill_list: [{ fund_channel: 'ALIPAYACCOUNT' }] };
    const broken = { ...base, fund_bill_list: '[{' };
    expect(tradeReport('x', camel, extra).payerWalletReported).toBe('unionpay');
    expect(tradeReport('x', snake, extra).payerWalletReported).toBe('alipay');
    expect(tradeReport('x', broken, extra).payerWalletReported).toBeNull();
  });
});

describe('start', () => {
  const rows: [Called, 'failed' | 'unknown'][] = [
    [business('ACQ.SYSTEM_ERROR'), 'unknown'],
    [business('ACQ.INVALID_PARAMETER'), 'failed'],
    [business('ACQ.ACCESS_FORBIDDEN'), 'failed'],
    [business('ACQ.PARTNER_ERROR'), 'failed'],
    [business('ACQ.TOTAL_FEE_EXCEED'), 'failed'],
    [business('ACQ.BUYER_SELLER_EQUAL'), 'failed'],
    [business('ACQ.EXIST_FORBIDDEN_WORD'), 'failed'],
    [business('ACQ.BEYOND_PAY_RESTRICTION'), 'failed'],
    [business('ACQ.PAYMENT_AUTH_CODE_INVALID'), 'failed'],
    [business('ACQ.BUYER_BALANCE_NOT_ENOUGH'), 'failed'],
    [business('ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR'), 'failed'],
    [business('ACQ.SUB_GOODS_SIZE_MAX_COUNT'), 'failed'],
    [business('ACQ.TRADE_HAS_CLOSE'), 'failed'],
    [business('ACQ.TRADE_HAS_SUCCESS'), 'unknown'],
    [business('ACQ.CONTEXT_INCONSISTENT'), 'unknown'],
    [business('ACQ.SOMETHING_NEW'), 'unknown'],
    [answered({}, '10003'), 'unknown'],
    [answered({}, '20000', 'isp.unknow-error'), 'unknown'],
    [answered({}, '20001', 'aop.invalid-app-auth-token'), 'failed'],
    [answered({}, '40001', 'isv.missing-method'), 'failed'],
    [answered({}, '40002', 'isv.invalid-signature'), 'failed'],
    [answered({}, '40003', 'isv.missing-signature-config'), 'failed'],
    [answered({}, '40005', 'isv.app-call-limited'), 'unknown'],
    [answered({}, '40006', 'isv.insufficient-isv-permissions'), 'failed'],
    [answered({}, '50000'), 'unknown'],
    [lost, 'unknown'],
  ];
  for (const [called, expected] of rows) {
    const name = called.kind === 'answered' ? `${called.code} ${called.subCode}` : 'no answer';
    test(`${name} -> ${expected}`, () => expect(startFailure(called).outcome).toBe(expected));
  }
});

describe('close', () => {
  const rows: [Called, string][] = [
    [answered({ out_trade_no: 'a1' }), 'closed'],
    [answered({ out_trade_no: 'another' }), 'unknown'],
    [answered({}), 'unknown'],
    [business('ACQ.TRADE_NOT_EXIST'), 'not_found'],
    [business('ACQ.TRADE_STATUS_ERROR'), 'paid'],
    [business('ACQ.REASON_TRADE_STATUS_INVALID'), 'paid'],
    [business('ACQ.REASON_ILLEGAL_STATUS'), 'paid'],
    [business('ACQ.TRADE_HAS_SUCCESS'), 'paid'],
    [business('ACQ.TRADE_HAS_FINISHED'), 'paid'],
    [business('ACQ.TRADE_HAS_CLOSE'), 'closed'],
    [business('ACQ.SYSTEM_ERROR'), 'unknown'],
    [business('ACQ.INVALID_PARAMETER'), 'unknown'],
    [business('ACQ.SOMETHING_NEW'), 'unknown'],
    [answered({}, '40005', 'isv.app-call-limited'), 'unknown'],
    [lost, 'unknown'],
  ];
  for (const [called, expected] of rows) {
    const name = called.kind === 'answered' ? `${called.code} ${called.subCode}` : 'no answer';
    test(`${name} -> ${expected}`, () => expect(closeOutcome('a1', called).outcome).toBe(expected));
  }
  test('a merged payment is as closed as its least closed part', () => {
    const closed = { outcome: 'closed' } as const;
    expect(worstClose([closed, closed])).toEqual(closed);
    expect(worstClose([closed, { outcome: 'not_found' }]).outcome).toBe('not_found');
    expect(worstClose([closed, { outcome: 'paid' }]).outcome).toBe('paid');
    const unknown = { outcome: 'unknown', walletError: null } as const;
    expect(worstClose([{ outcome: 'paid' }, unknown]).outcome).toBe('unknown');
    expect(worstClose([]).outcome).toBe('unknown');
  });
});

describe('refund', () => {
  const rows: [Called, string][] = [
    [answered({ out_trade_no: leg.orderNo, fund_change: 'Y', refund_fee: '50.00' }), 'succeeded'],
    [answered({ out_trade_no: leg.orderNo, fund_change: 'N', refund_fee: '30.00' }), 'submitted'],
    [answered({ out_trade_no: leg.orderNo }), 'submitted'],
    [answered({ out_trade_no: 'OTHER', fund_change: 'Y' }), 'unknown'],
    [business('ACQ.SYSTEM_ERROR'), 'unknown'],
    [business('ACQ.DISCORDANT_REPEAT_REQUEST'), 'unknown'],
    [business('ACQ.TRADE_STATUS_ERROR'), 'unknown'],
    [business('ACQ.REASON_TRADE_REFUND_FEE_ERR'), 'failed'],
    [business('ACQ.SELLER_BALANCE_NOT_ENOUGH'), 'failed'],
    [business('ACQ.REFUND_AMT_NOT_EQUAL_TOTAL'), 'failed'],
    [business('ACQ.TRADE_NOT_ALLOW_REFUND'), 'failed'],
    [business('ACQ.TRADE_HAS_FINISHED'), 'failed'],
    [business('ACQ.REASON_TRADE_BEEN_FREEZEN'), 'failed'],
    [business('ACQ.TRADE_NOT_EXIST'), 'not_found'],
    [business('ACQ.INVALID_PARAMETER'), 'failed'],
    [business('ACQ.ACCESS_FORBIDDEN'), 'failed'],
    [business('ACQ.PARTNER_ERROR'), 'failed'],
    [business('ACQ.SOMETHING_NEW'), 'unknown'],
    [answered({}, '20000'), 'unknown'],
    [answered({}, '40002', 'isv.invalid-signature'), 'unknown'],
    [lost, 'unknown'],
  ];
  for (const [called, expected] of rows) {
    const name = called.kind === 'answered' ? JSON.stringify(called.fields) : 'no answer';
    const sub = called.kind === 'answered' ? called.subCode : '';
    test(`${name} ${sub} -> ${expected}`, () => {
      const report = refundReport(refund, called);
      expect(report.status).toBe(expected);
      // refund_fee is cumulative: never this refund's amount.
      expect(report.amountFen).toBeNull();
    });
  }
});

test('what a refund moved is its own figure, and is asked for', () => {
  const moved = { send_back_fee: '29.10', refund_fee: '50.00' };
  const done = answered({ out_trade_no: leg.orderNo, fund_change: 'Y', ...moved });
  expect(refundReport(refund, done).settlementFen).toBe(2_910n);
  const queried = answered({ refund_status: 'REFUND_SUCCESS', refund_amount: '30.00', ...moved });
  expect(refundQueryReport(refund, queried).settlementFen).toBe(2_910n);
  for (const content of [refundContent(refund), refundQueryContent(refund)])
    expect(content.query_options).toEqual(['refund_detail_item_list']);
});

test('a refund was paid when Alipay says so, in Beijing', () => {
  const said = { out_trade_no: leg.orderNo, gmt_refund_pay: '2026-03-01 00:00:05' };
  const settledAtMs = Date.UTC(2026, 1, 28, 16, 0, 5);
  const done = answered({ ...said, fund_change: 'Y' });
  expect(refundReport(refund, done).settledAtMs).toBe(settledAtMs);
  const queried = answered({ ...said, refund_status: 'REFUND_SUCCESS', refund_amount: '30.00' });
  expect(refundQueryReport(refund, queried).settledAtMs).toBe(settledAtMs);
  const silent = answered({ out_trade_no: leg.orderNo, fund_change: 'Y' });
  expect(refundReport(refund, silent).settledAtMs).toBeNull();
});

describe('refund query', () => {
  const named = { out_trade_no: leg.orderNo, out_request_no: refund.refundNo };
  const done = { ...named, refund_status: 'REFUND_SUCCESS', refund_amount: '30.00' };
  const rows: [Called, string, bigint | null][] = [
    [answered(done), 'succeeded', 3_000n],
    [answered({ ...done, refund_status: 'REFUND_FAIL' }), 'unknown', 3_000n],
    [answered({ ...named, refund_amount: '30.00' }), 'unknown', 3_000n],
    [answered({}), 'not_found', null],
    [answered({ out_trade_no: leg.orderNo }), 'not_found', null],
    [answered({ ...done, out_request_no: 'OTHER' }), 'unknown', null],
    [answered({ ...done, out_trade_no: 'OTHER' }), 'unknown', null],
    [business('ACQ.TRADE_NOT_EXIST'), 'not_found', null],
    [business('ACQ.SYSTEM_ERROR'), 'unknown', null],
    [business('ACQ.SOMETHING_NEW'), 'unknown', null],
    [lost, 'unknown', null],
  ];
  for (const [called, expected, amountFen] of rows) {
    const name = called.kind === 'answered' ? JSON.stringify(called.fields) : 'no answer';
    test(`${name} -> ${expected}`, () => {
      expect(refundQueryReport(refund, called)).toMatchObject({ status: expected, amountFen });
    });
  }
});

describe('a payment code (alipay.trade.pay, alipay.trade.cancel)', () => {
  const own = { out_trade_no: leg.orderNo };
  const paid = { ...own, trade_no: '2026', total_amount: '100.00' };
  const rows: [string, Called, string][] = [
    ['paid', answered({ ...paid, gmt_payment: '2026-11-22 10:00:00' }), 'succeeded'],
    ['10000 without a time', answered(paid), 'unknown'],
    [
      '10000 of another order',
      answered({ ...paid, out_trade_no: 'X', gmt_payment: '2026-11-22 10:00:00' }),
      'unknown',
    ],
    ['the buyer must confirm', answered(own, '10003'), 'pending'],
    ['10003 of another order', answered({ out_trade_no: 'X' }, '10003'), 'unknown'],
    ['20000', answered({}, '20000', 'isp.unknow-error'), 'unknown'],
    ['a worthless code', business('ACQ.PAYMENT_AUTH_CODE_INVALID'), 'failed'],
    ['no money', business('ACQ.BUYER_BALANCE_NOT_ENOUGH'), 'failed'],
    ['the system', business('ACQ.SYSTEM_ERROR'), 'unknown'],
    ['paid before', business('ACQ.TRADE_HAS_SUCCESS'), 'unknown'],
    ['a new word', business('ACQ.SOMETHING_NEW'), 'unknown'],
    ['nothing', lost, 'unknown'],
  ];
  for (const [name, called, expected] of rows) {
    test(`${name} -> ${expected}`, () => expect(payOutcome(leg, called).outcome).toBe(expected));
  }
  const cancels: [string, Called, string][] = [
    ['closed', answered({ ...own, retry_flag: 'N', action: 'close' }), 'closed'],
    ['refunded', answered({ ...own, retry_flag: 'N', action: 'refund' }), 'ask'],
    ['nothing done', answered({ ...own, retry_flag: 'N' }), 'ask'],
    ['again', answered({ ...own, retry_flag: 'Y' }), 'unknown'],
    ['again, whatever it did', answered({ ...own, retry_flag: 'Y', action: 'close' }), 'unknown'],
    ['another order', answered({ out_trade_no: 'X', action: 'close' }), 'unknown'],
    ['no trade', business('ACQ.TRADE_NOT_EXIST'), 'not_found'],
    ['too late', business('ACQ.TRADE_CANCEL_TIME_OUT'), 'too_late'],
    ['20000', answered({}, '20000', 'isp.unknow-error'), 'unknown'],
    ['nothing', lost, 'unknown'],
  ];
  for (const [name, called, expected] of cancels) {
    test(`cancel: ${name} -> ${expected}`, () => {
      const outcome = cancelOutcome(leg.orderNo, called);
      expect(typeof outcome === 'string' ? outcome : outcome.outcome).toBe(expected);
    });
  }
  const after: [string, JsonObject, string][] = [
    [
      'refunded in full',
      { trade_status: 'TRADE_CLOSED', send_pay_date: '2026-11-22 10:00:00' },
      'reversed',
    ],
    ['closed', { trade_status: 'TRADE_CLOSED' }, 'closed'],
    ['paid', { trade_status: 'TRADE_SUCCESS', send_pay_date: '2026-11-22 10:00:00' }, 'unknown'],
    ['waiting', { trade_status: 'WAIT_BUYER_PAY' }, 'unknown'],
  ];
  for (const [name, fields, expected] of after) {
    test(`after a reversal, ${name} -> ${expected}`, () => {
      const report = queryReport(leg, answered({ ...paid, ...fields }), 'bar');
      const outcome = reversalOutcome(report, 'ask');
      // Refused for good: what is paid stays paid, and is refunded as any other payment.
      const late = reversalOutcome(report, 'too_late').outcome;
      expect(late).toBe(name === 'paid' ? 'paid' : expected);
      expect(outcome.outcome).toBe(expected);
      if (outcome.outcome !== 'reversed') return;
      expect(outcome.legs).toMatchObject([{ status: 'closed', amountFen: 10_000n }]);
    });
  }
});
