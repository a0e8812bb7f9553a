/** The wallets offered to this buyer, in order, and the reason for each withheld one. */

import { merchantsBeyond } from '../../core/escrow/splits.ts';
import { type Livemode, modeToPayIn } from '../../core/key/mode.ts';
import { configOf, type OfferQuestion, offersFor } from '../../core/offer/offer.ts';
import type { Buyer, Payment } from '../../core/payment/model.ts';
import type { HutongError } from '../../kernel/errors.ts';
import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { Product, WalletName } from '../../kernel/wallet-names.ts';
import { WALLETS } from '../../wallets/registry.ts';
import type { MarketplaceEntry, OpenedWallet } from '../base/directory.ts';
import type { Platform } from '../base/platform.ts';
import { readOwnPayment } from '../base/read-payment.ts';

export interface Offer {
  readonly wallet: WalletName;
  readonly product: Product;
  /** The wallet app that the buyer pays with; differs from `wallet` under interconnection. */
  readonly payerWallet: WalletName;
  readonly combined: boolean;
  /** The cashier must ask the wallet who pays before it can start. */
  readonly needsPayer: boolean;
}

export interface Withheld {
  readonly wallet: WalletName;
  readonly product: Product | null;
  /** e.g. `merchant_not_consented`, `cart_not_combinable`, `device_unsupported`, `wallet_unhealthy`. */
  readonly reason: string;
  /** The merchants that cause it, where the reason is a merchant's. */
  readonly merchants?: readonly Id<'merchant'>[];
  /** The wallets whose code the buyer can pay with this wallet instead. */
  readonly reachedThrough?: readonly WalletName[];
}

export interface Offers {
  readonly offered: readonly Offer[];
  readonly withheld: readonly Withheld[];
}

export function offerQuestion(
  platform: Platform,
  entry: MarketplaceEntry,
  payment: Payment,
  device: Buyer['device'] | null,
  key: Livemode = null,
): OfferQuestion {
  return {
    isLivemode: modeToPayIn(payment.intent, key),
    intent: payment.intent.id,
    merchants: payment.subOrders.map((sub) => sub.merchant),
    merchantsBeyond: (capBps) => merchantsBeyond(payment.subOrders, capBps),
    accounts: entry.accounts,
    device,
    ignoresHealth: false,
    interconnects: entry.interconnects,
    wallets: [...WALLETS.values()].map(({ name, capabilities }) => ({
      ...capabilities,
      configs: [...entry.wallets.values()]
        .filter((opened) => opened.name === name)
        .map((opened) => ({
          id: opened.config,
          isActive: opened.isActive,
          hasCartContract: opened.wallet.hasCartContract,
          hasOwnMerchant: opened.wallet.ownMerchant !== undefined,
          acceptsDirectSettlement: opened.acceptsDirectSettlement,
          isLivemode: opened.isLivemode,
          isHealthy: platform.health.isHealthy(opened.config),
        })),
    })),
  };
}

/** The configuration that this cart is paid through at a wallet, if it can be. */
export function walletForCart(
  entry: MarketplaceEntry | undefined,
  question: OfferQuestion,
  wallet: WalletName,
): OpenedWallet | undefined {
  const config = configOf(question, wallet);
  return config === undefined ? undefined : entry?.wallets.get(config);
}

export async function listOffers(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'payment_intent'>,
  device: Buyer['device'] | null,
): Promise<Result<Offers, HutongError>> {
  const payment = await readOwnPayment(platform, marketplace, id);
  if (!payment.ok) return payment;
  const entry = await platform.directory.marketplace(marketplace);
  if (entry === undefined) return err(hutongError('not_found', 'no such marketplace'));
  return ok(
    offersFor(
      offerQuestion(platform, entry, payment.value, device ?? payment.value.intent.buyer.device),
    ),
  );
}
