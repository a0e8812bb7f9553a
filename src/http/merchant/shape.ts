/** The merchant and wallet account objects that the API shows. */
import { type Static, Type } from 'typebox';
import { WALLET_ACCOUNT_STATUSES } from '../../core/merchant/merchant.ts';
import { closed, idField, listOf, orNull, page, shape, time } from '../../core/shape.ts';
import { WALLET_NAMES } from '../../kernel/wallet-names.ts';

const wallet = Type.Enum([...WALLET_NAMES]);

export const MerchantShape = shape('merchant', {
  id: idField('merchant', ''),
  object: Type.Literal('merchant'),
  name: Type.String(),
  external_id: orNull(Type.String()),
  wallet_accounts: listOf(
    closed({
      id: idField('wallet_account', ''),
      wallet,
      wallet_merchant: Type.String({ description: 'sub_mchid or smid.' }),
      status: Type.Enum(['active', 'restricted', 'paused']),
      consented_at: orNull(time),
    }),
  ),
});

export const MerchantListShape = page(MerchantShape);

const WalletAccountShape = shape('wallet_account', {
  id: idField('wallet_account', ''),
  object: Type.Literal('wallet_account'),
  wallet,
  wallet_merchant: Type.String({ description: 'sub_mchid, smid, merId or merchantNo.' }),
  config: orNull(
    Type.String({ description: 'The marketplace’s own account it is paid through, `wc_…`.' }),
  ),
  status: Type.Enum([...WALLET_ACCOUNT_STATUSES], {
    description:
      'One is current (`active`, `restricted`, `paused`); a number before it is `retiring`.',
  }),
  consented_at: orNull(time),
  fee_bps: Type.Integer({ description: 'The expected fee, in basis points (60 = 0.60 %).' }),
});

export const WalletAccountListShape = page(WalletAccountShape);

export type ShownMerchant = Static<typeof MerchantShape>;
export type ShownWalletAccount = Static<typeof WalletAccountShape>;
