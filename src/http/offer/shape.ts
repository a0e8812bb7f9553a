/** The offer and interconnection objects that the API shows. */
import { type Static, Type } from 'typebox';
import { closed, idField, listOf, orNull, page, shape, time } from '../../core/shape.ts';
import { PRODUCTS, WALLET_NAMES } from '../../kernel/wallet-names.ts';

const wallet = Type.Enum([...WALLET_NAMES]);

export const OffersShape = shape('offers', {
  object: Type.Literal('offers'),
  payment_intent: idField('payment_intent', ''),
  offered: listOf(
    closed({
      wallet,
      product: Type.Enum([...PRODUCTS]),
      payer_wallet: Type.Enum([...WALLET_NAMES], {
        description: 'Whose app the buyer pays with; another than `wallet` by interconnection.',
      }),
      combined: Type.Boolean({ description: 'Pays several merchants in one go.' }),
      needs_payer: Type.Boolean({ description: '`payer` must say who pays.' }),
    }),
  ),
  withheld: listOf(
    closed({
      wallet,
      product: orNull(Type.Enum([...PRODUCTS])),
      reason: Type.String({ examples: ['merchant_not_consented', 'cart_not_combinable'] }),
      merchants: Type.Optional(
        listOf(idField('merchant', ''), {
          description: 'Whose lack it is, where the reason is a merchant’s.',
        }),
      ),
      reached_through: listOf(wallet, {
        description: 'Wallets by whose code the buyer can pay with this one nevertheless.',
      }),
    }),
  ),
});

export const InterconnectShape = shape('interconnect', {
  object: Type.Literal('interconnect'),
  payer_wallet: wallet,
  acceptor_wallet: wallet,
  status: Type.Enum(['active', 'paused']),
  changed_at: time,
});

export const InterconnectListShape = page(InterconnectShape);

export type ShownOffers = Static<typeof OffersShape>;
export type ShownInterconnect = Static<typeof InterconnectShape>;
