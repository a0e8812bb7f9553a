/** What a payment_intent may ask for: refused when it is made, with the field that is wrong. */
import { expect, it } from 'vitest';
import { merchantId, numberedIds } from '../../../test/helpers/payments.ts';
import { formatId } from '../../kernel/id.ts';
import { AMOUNT_FEN_MAX } from '../../kernel/money.ts';
import { merchantsBeyond } from '../escrow/splits.ts';
import { AMOUNT_MAX } from '../shape.ts';
import { type NewPayment, newPayment } from './create.ts';

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

const COMMISSION = { type: 'commission', description: 'd' };
const AFFILIATE = { type: 'affiliate', party: 'p', description: 'd' };

/** What was taken before, and refused since; and the nearest that is taken still. */
const SPLITS: readonly {
  readonly id: string;
  readonly what: string;
  readonly splits: readonly unknown[];
  readonly param: string;
  readonly taken: readonly unknown[];
}[] = [
  {
    ...{ id: 'D12', what: 'more than the sub_order', param: 'sub_orders[0].splits' },
    splits: [{ ...COMMISSION, amount: 999_999 }],
    taken: [{ ...COMMISSION, amount: 1_000 }],
  },
  {
    ...{ id: 'D12', what: '180 %', param: 'sub_orders[0].splits' },
    splits: [
      { ...COMMISSION, bps: 9_000 },
      { ...AFFILIATE, bps: 9_000 },
    ],
    taken: [
      { ...COMMISSION, bps: 9_000 },
      { ...AFFILIATE, bps: 1_000 },
    ],
  },
  {
    ...{ id: 'D12', what: 'an amount and a share that together are more' },
    ...{ param: 'sub_orders[0].splits' },
    splits: [
      { ...COMMISSION, amount: 501 },
      { ...AFFILIATE, bps: 5_000 },
    ],
    taken: [
      { ...COMMISSION, amount: 500 },
      { ...AFFILIATE, bps: 5_000 },
    ],
  },
  {
    ...{ id: 'D12', what: 'neither amount nor bps', param: 'sub_orders[0].splits[1].amount' },
    splits: [{ ...COMMISSION, bps: 100 }, COMMISSION],
    taken: [{ ...COMMISSION, bps: 100 }],
  },
  {
    ...{ id: 'D12', what: 'amount and bps at once', param: 'sub_orders[0].splits[0].amount' },
    splits: [{ ...COMMISSION, amount: 1, bps: 100 }],
    taken: [{ ...COMMISSION, amount: 1 }],
  },
  {
    ...{ id: 'D12', what: 'an affiliate that is nobody', param: 'sub_orders[0].splits[0].party' },
    splits: [{ type: 'affiliate', bps: 100, description: 'd' }],
    taken: [{ ...AFFILIATE, bps: 100 }],
  },
];

for (const { id, what, splits, param, taken } of SPLITS) {
  it(`${id}: splits of ${what} are refused when the payment is made`, () => {
    expect(newPayment(wanted(1_000n, splits))).toMatchObject({
      ok: false,
      error: { code: 'parameter_invalid', param },
    });
    expect(newPayment(wanted(1_000n, taken))).toMatchObject({ ok: true });
  });
}

it('D12: what a wallet does not split is found by its cap, over all of a merchant’s order', () => {
  const order = (amountFen: bigint, ...splits: unknown[]) => ({
    ...{ merchant: merchantId(1), amountFen, splits },
  });
  const cart = [order(1_000n, { ...COMMISSION, bps: 3_000 }), order(1_000n)];
  expect(merchantsBeyond(cart, 3_000)).toEqual([]);
  expect(merchantsBeyond(cart, 1_499)).toEqual([merchantId(1)]);
  expect(merchantsBeyond(cart, 0)).toEqual([merchantId(1)]);
  expect(merchantsBeyond([order(1_000n)], 0)).toEqual([]);
  const more = [...cart, order(1_000n, { ...AFFILIATE, amount: 601 })];
  expect(merchantsBeyond(more, 3_000)).toEqual([merchantId(1)]);
});
