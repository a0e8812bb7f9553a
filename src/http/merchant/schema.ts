/** Parameters of the calls on merchants and their accounts. */
import { Type } from 'typebox';
import { closed } from '../../core/shape.ts';
import { paged, text } from '../fields.ts';

export const MerchantCreate = closed(
  {
    name: text(128, 'The shop’s name, as buyers know it.', 'Kettle & Co'),
    external_id: Type.Optional(text(64, 'The marketplace’s own number of this seller.')),
  },
  { examples: [{ name: 'Kettle & Co', external_id: 'shop-42' }] },
);
export const MerchantList = paged('merchant', {});
export const WalletAccountList = paged('wallet_account', {});
