import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatId } from '../../kernel/id.ts';
import { orderNumber, parseOrderNumber, parseRefundNumber, refundNumber } from './order-number.ts';

const value = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

describe('order numbers', () => {
  it('lead back to their payment, and suit every wallet', () => {
    fc.assert(
      fc.property(value, value, fc.integer({ min: 0, max: 99 }), (one, two, leg) => {
        const intent = formatId('payment_intent', one);
        const attempt = formatId('payment_attempt', two);
        const number = orderNumber(intent, attempt, leg);
        expect(number).toMatch(/^[0-9A-Z]{28}$/);
        expect(parseOrderNumber(number)).toEqual({ intent, attempt });
        expect(parseRefundNumber(number)).toBeUndefined();
      }),
    );
  });

  it('of refunds lead back too, and are never taken for an order', () => {
    fc.assert(
      fc.property(value, value, fc.integer({ min: 1, max: 323 }), (one, two, ordinal) => {
        const intent = formatId('payment_intent', one);
        const refund = formatId('refund', two);
        const number = refundNumber(intent, refund, ordinal);
        expect(number).toMatch(/^[0-9A-Z]{28}$/);
        expect(parseRefundNumber(number)).toEqual({ intent, refund, ordinal });
        expect(parseOrderNumber(number)).toBeUndefined();
      }),
    );
  });

  it('of others are not ours', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const found = parseOrderNumber(text);
        if (found !== undefined) expect(text.startsWith(found.intent.slice(3))).toBe(true);
        parseRefundNumber(text);
      }),
    );
    expect(parseOrderNumber('ZZZZZZZZZZZZZ000000000000001')).toBeUndefined();
    expect(parseOrderNumber('1')).toBeUndefined();
  });

  it('have two digits for the leg', () => {
    const intent = formatId('payment_intent', 1n);
    const attempt = formatId('payment_attempt', 2n);
    expect(() => orderNumber(intent, attempt, 100)).toThrow();
    expect(() => orderNumber(intent, attempt, 1.5)).toThrow();
  });
});
