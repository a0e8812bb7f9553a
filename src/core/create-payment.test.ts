/** What a payment_intent may ask for: refused when it is made, with the field that is wrong. */
import { expect, it } from 'vitest';
import { merchantId, numberedIds } from '../../test/helpers/payments.ts';
import { AMOUNT_MAX } from '../http/schemas/fields.ts';
import { type NewPayment, newPayment } from './create-payment.ts';
import { formatId } from './id.ts';
import { AMOUNT_FEN_MAX } from './money.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const newId = numberedIds();

function wanted(amountFen: bigint, splits: readonly unknown[] | null = null): NewPayment {
  return {
    ...{ id: newId('payment_intent'), shard: 0, marketplace: formatId('marketplace', 1n) },
    ...{ merchantOrderNo: 'T1', amountFen, description: 'd', tokenSeed: '00' },
    subOrders: [
      {
        ...{ id: newId('sub_order'), merchant: merchantId(1), amountFen, description: 'd' },
        ...{ merchantSubOrderNo: null, items: null, splits },
      },
    ],
    buyer: { id: 'b', device: 'desktop', ip: null },
    ...{ expiresAtMs: null, returnUrl: null, metadata: {}, nowMs: NOW_MS },
  };
}

it('L3: one limit of an amount, in the schema, in core and in what it says', () => {
  expect(BigInt(AMOUNT_MAX)).toBe(AMOUNT_FEN_MAX);
  expect(newPayment(wanted(AMOUNT_FEN_MAX)).ok).toBe(true);
  for (const amountFen of [AMOUNT_FEN_MAX + 1n, 0n, -1n]) {
    expect(newPayment(wanted(amountFen))).toMatchObject({
      ok: false,
      error: { message: 'amount is 1 to 10000000000 fen', param: 'amount' },
    });
  }
});
