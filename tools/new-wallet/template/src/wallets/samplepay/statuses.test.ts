/** Every status in the documents, and that any other is unknown. */
import { expect, test } from 'vitest';
import { endsRefund, endsStart, legStatusOf, refundStatusOf } from './statuses.ts';

test('each documented status of an order', () => {
  const words = ['WAITING', 'CONFIRMING', 'PAID', 'FAILED', 'CLOSED', 'REVERSED'];
  expect(words.map(legStatusOf)).toEqual([
    ...['pending', 'pending', 'succeeded', 'failed', 'closed', 'closed'],
  ]);
});

test('each documented status of a refund', () => {
  const words = ['PROCESSING', 'SUCCEEDED', 'FAILED'];
  expect(words.map(refundStatusOf)).toEqual(['processing', 'succeeded', 'failed']);
});

test('any other status is unknown, and no other code ends anything', () => {
  for (const word of [undefined, '', 'paid', 'SUCCESS', 'toString', '__proto__']) {
    expect(legStatusOf(word)).toBe('unknown');
    expect(refundStatusOf(word)).toBe('unknown');
  }
  for (const code of ['', 'SYSTEM_ERROR', 'NUMBER_USED', 'ORDER_PAID', 'RATE_LIMITED']) {
    expect(endsStart(code), code).toBe(false);
    expect(endsRefund(code), code).toBe(false);
  }
});
