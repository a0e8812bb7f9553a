/** The wallets offered to this buyer, in order, and the reason for each withheld one. */

import { merchantsBeyond } from '../../core/escrow/splits.ts';
import { type Livemode, modeToPayIn } from '../../core/key/mode.ts';
import { configOf, type OfferQuestion, type Offers, offersFor } from '../../core/offer/offer.ts';
import type { Buyer, Payment } from '../../core/payment/model.ts';
import type { Id } from '../../kernel/id.ts';
import { ok } from '../../kernel/result.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import { WALLETS } from '../../wallets/registry.ts';
import type { CartEntry, OpenedWallet } from '../base/directory.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { findCart, readOwnPayment } from '../base/read-payment.ts';
import { merchantsOf } from '../payment/cart-merchants.ts';

export function offerQuestion(
  platform: Platform,
  entry: CartEntry,
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
  entry: CartEntry,
  question: OfferQuestion,
  wallet: WalletName,
): OpenedWallet | undefined {
  const config = configOf(question, wallet);
  return config === undefined ? undefined : entry.wallets.get(config);
}

export async function listOffers(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'payment_intent'>,
  device: Buyer['device'] | null,
): Outcome<Offers> {
  const payment = await readOwnPayment(platform, marketplace, id);
  if (!payment.ok) return payment;
  const entry = await findCart(platform, marketplace, merchantsOf(payment.value));
  if (!entry.ok) return entry;
  const onDevice = device ?? payment.value.intent.buyer.device;
  return ok(offersFor(offerQuestion(platform, entry.value, payment.value, onDevice)));
}
