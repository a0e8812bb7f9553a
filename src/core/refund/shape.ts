/** What the API shows of a refund. */
import { type Static, Type } from 'typebox';
import { FailureShape } from '../payment/shape.ts';
import { amount, idField, orNull, shape, time } from '../shape.ts';

export const RefundShape = shape('refund', {
  id: idField('refund', ''),
  object: Type.Literal('refund'),
  payment_intent: idField('payment_intent', ''),
  sub_order: orNull(idField('sub_order', '')),
  leg: idField('leg', ''),
  amount: amount('The refunded amount.'),
  currency: Type.Literal('cny'),
  reason: Type.String(),
  status: Type.Enum(['pending', 'succeeded', 'failed', 'requires_attention']),
  failure: orNull(FailureShape),
  refund_no: Type.String({ description: 'Its number at the wallet.' }),
  wallet_refund_id: orNull(Type.String()),
  created_at: time,
  settled_at: orNull(
    Type.String({
      format: 'date-time',
      description:
        'When its wallet paid it: by the wallet’s clock or, if it tells none, when we heard of it. ' +
        'null: it has not, or nobody kept when.',
    }),
  ),
});

export type ShownRefund = Static<typeof RefundShape>;
