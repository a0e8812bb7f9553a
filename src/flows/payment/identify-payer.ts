/**
 * Identifies the payer by the wallet's own redirect (snsapi_base, auth_base). The OAuth state is
 * bound to the pay_token, so that nobody can submit their own code to somebody else's payment. The
 * returned identity is used once and not stored.
 */

import type { Payment } from '../../core/payment/model.ts';
import type { PayerIdentity } from '../../core/wallet/order.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import { err, ok } from '../../kernel/result.ts';
import {
  PRODUCTS,
  type Product,
  WALLET_NAMES,
  type WalletName,
} from '../../kernel/wallet-names.ts';
import type { OpenedWallet } from '../base/directory.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { findCart } from '../base/read-payment.ts';
import { isSameSecret } from '../base/tokens.ts';
import { noteRefusal } from '../base/wallet-call.ts';
import { offerQuestion, walletForCart } from '../offer/list-offers.ts';
import { type CashierView, openCashier } from './open-cashier.ts';

/**
 * The letters for wallet and product in a state: one each, never reassigned, since states in use
 * outlive a deployment.
 */
const WALLET_LETTERS = {
  wechatpay: '0',
  alipay: '1',
  unionpay: '2',
  jdpay: '3',
} as const satisfies Record<WalletName, string>;
const PRODUCT_LETTERS = {
  ...{ native: '0', jsapi: '1', h5: '2', app: '3', page: '4', wap: '5', precreate: '6' },
  ...{ codepay: '7', bar: '8', nfc: '9', web: 'a', qr: 'b', pc: 'c' },
} as const satisfies Record<Product, string>;

/** Letters and digits only, as WeChat's `state` allows no others. */
function stateOf(
  platform: Platform,
  { intent }: Payment,
  payToken: string,
  chosen: { readonly wallet: WalletName; readonly product: Product },
): string {
  const letters = WALLET_LETTERS[chosen.wallet] + PRODUCT_LETTERS[chosen.product];
  const text = `${payToken}\n${letters}`;
  return `${letters}${platform.envelope.digest('payer_state', intent.tokenSeed, text)}`;
}

async function walletFor(
  platform: Platform,
  view: CashierView,
  wallet: WalletName,
): Outcome<OpenedWallet> {
  const entry = await findCart(platform, view.marketplace.id, view.merchants.keys());
  if (!entry.ok) return entry;
  // An openid belongs to one account's app: the account that this cart will be paid through.
  const question = offerQuestion(platform, entry.value, view.payment, null);
  const opened = walletForCart(entry.value, { ...question, ignoresHealth: true }, wallet);
  return opened === undefined
    ? err(hutongError('wallet_not_offered', `${wallet} is not offered for this cart`))
    : ok(opened);
}

export async function payerAuthorizeUrl(
  platform: Platform,
  payToken: string,
  wallet: WalletName,
  product: Product,
): Outcome<string> {
  const view = await openCashier(platform, payToken);
  if (!view.ok) return view;
  const opened = await walletFor(platform, view.value, wallet);
  if (!opened.ok) return opened;
  const redirectUri = `${platform.publicUrl}/pay/${payToken}/return`;
  const state = stateOf(platform, view.value.payment, payToken, { wallet, product });
  const authorization = opened.value.wallet.payerAuthorization;
  if (authorization === null) return err(noPayerAuthorization(wallet));
  return ok(authorization.authorizeUrl({ redirectUri, state }));
}

function noPayerAuthorization(wallet: WalletName): HutongError {
  return hutongError('wallet_not_offered', `${wallet} does not identify the payer by a redirect`);
}

export interface IdentifiedPayer {
  readonly wallet: WalletName;
  readonly product: Product;
  readonly payer: PayerIdentity;
}

export async function exchangePayerCode(
  platform: Platform,
  payToken: string,
  state: string,
  code: string,
): Outcome<IdentifiedPayer> {
  const wallet = WALLET_NAMES.find((name) => WALLET_LETTERS[name] === state[0]);
  const product = PRODUCTS.find((name) => PRODUCT_LETTERS[name] === state[1]);
  const foreign = err(
    hutongError('parameter_invalid', 'state does not belong to this payment', { param: 'state' }),
  );
  if (wallet === undefined || product === undefined) return foreign;
  const view = await openCashier(platform, payToken);
  if (!view.ok) return view;
  const expected = stateOf(platform, view.value.payment, payToken, { wallet, product });
  if (!isSameSecret(state, expected)) return foreign;
  const opened = await walletFor(platform, view.value, wallet);
  if (!opened.ok) return opened;
  const authorization = opened.value.wallet.payerAuthorization;
  if (authorization === null) return err(noPayerAuthorization(wallet));
  const payer = await authorization.exchangeCode(code);
  if (!payer.ok) {
    const { error: walletError } = payer;
    if (walletError.isMisconfigured)
      noteRefusal(platform, opened.value, 'identify_payer', walletError);
    return err(hutongError('wallet_declined', 'the wallet did not say who pays', { walletError }));
  }
  return ok({ wallet, product, payer: payer.value });
}
