/** Parameters of the calls on refunds. */
import { amount, closed, idField } from '../../core/shape.ts';
import { text } from '../fields.ts';

export const RefundCreate = closed(
  {
    payment_intent: idField('payment_intent', 'The paid intent.'),
    sub_order: idField('sub_order', 'The part that is refunded.'),
    amount: amount('In fen; at most what is left of the sub_order.'),
    reason: text(80, 'Shown to the buyer by the wallet.', 'Returned within seven days'),
  },
  {
    examples: [
      {
        payment_intent: 'pi_01K0Z3V7X9Q2A',
        sub_order: 'so_01K0Z3V7X9Q2B',
        amount: 1999,
        reason: 'Returned within seven days',
      },
    ],
  },
);
