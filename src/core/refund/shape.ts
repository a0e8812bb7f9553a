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
});

export type ShownRefund = Static<typeof RefundShape>;
