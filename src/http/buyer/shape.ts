/** The buyer erasure object that the API shows. */
import { type Static, Type } from 'typebox';
import { idField, orNull, shape, time } from '../../core/shape.ts';

export const BuyerErasureShape = shape('buyer_erasure', {
  id: idField('buyer_erasure', ''),
  object: Type.Literal('buyer_erasure'),
  status: Type.Enum(['running', 'done']),
  payment_intents: Type.Integer({
    minimum: 0,
    description: 'From how many it was erased so far.',
  }),
  created_at: time,
  finished_at: orNull(time),
});

export type ShownBuyerErasure = Static<typeof BuyerErasureShape>;
