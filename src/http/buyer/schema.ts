/** Parameters of the buyer erasure calls. */
import { closed } from '../../core/shape.ts';
import { text } from '../fields.ts';

export const BuyerErase = closed(
  { buyer: text(64, 'The marketplace’s own number of the buyer, as in `buyer.id`.', 'buyer-1') },
  { examples: [{ buyer: 'buyer-1' }] },
);
