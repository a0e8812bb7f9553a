/**
 * Which wallets a buyer is offered for a cart, on a device, in which order, and why the others are
 * not. Rule 10 lives here: a wallet that any merchant in the cart has not agreed to is withheld.
 * The order rotates between rival wallets, so that none is first by habit.
 */
import { hashOf } from './hash.ts';
import type { Id } from './id.ts';
import type { WalletAccount } from './merchant.ts';
import type { Device, Product, WalletName } from './wallet.ts';

/** What core must know of a wallet; `wallets/wallet.ts` Capabilities satisfies it. */
export interface OfferableWallet {
  readonly wallet: WalletName;
  readonly products: readonly {
    readonly product: Product;
    readonly devices: readonly Device[];
    readonly combines: boolean;
    readonly payerField: string | null;
  }[];
  readonly cart: { readonly legCountMax: number; readonly needsContract: boolean };
}

export interface OfferQuestion {
  readonly intent: Id<'payment_intent'>;
  readonly merchants: readonly Id<'merchant'>[];
  readonly accounts: readonly WalletAccount[];
  readonly wallets: readonly (OfferableWallet & {
    /** The marketplace has a configuration for it that is active. */
    readonly isConfigured: boolean;
    readonly hasCartContract: boolean;
    readonly isHealthy: boolean;
  })[];
  /** null = any device: the caller knows where the buyer stands. */
  readonly device: Device | null;
  /** Asked for by name, a wallet that is not answering well is still tried. */
  readonly ignoresHealth: boolean;
}

export type WithheldReason =
  | 'wallet_not_configured'
  | 'merchant_not_onboarded'
  | 'merchant_not_consented'
  | 'device_unsupported'
  | 'cart_not_combinable'
  | 'cart_too_large'
  | 'wallet_unhealthy';

export interface OfferedProduct {
  readonly wallet: WalletName;
  readonly product: Product;
  readonly combined: boolean;
  readonly needsPayer: boolean;
}

export interface WithheldWallet {
  readonly wallet: WalletName;
  /** null = the whole wallet. */
  readonly product: Product | null;
  readonly reason: WithheldReason;
}

export function offersFor(question: OfferQuestion): {
  readonly offered: readonly OfferedProduct[];
  readonly withheld: readonly WithheldWallet[];
} {
  const offered: OfferedProduct[] = [];
  const withheld: WithheldWallet[] = [];
  const merchants = [...new Set(question.merchants)];
  for (const wallet of rotated(question.wallets, question.intent)) {
    const reason = walletRefusal(question, wallet, merchants);
    if (reason !== undefined) {
      withheld.push({ wallet: wallet.wallet, product: null, reason });
      continue;
    }
    for (const product of wallet.products) {
      const why = productRefusal(question, wallet, product, merchants.length);
      const { wallet: name } = wallet;
      if (why !== undefined) withheld.push({ wallet: name, product: product.product, reason: why });
      else {
        offered.push({
          wallet: name,
          product: product.product,
          combined: merchants.length > 1,
          needsPayer: product.payerField !== null,
        });
      }
    }
  }
  return { offered: bestFirst(offered, question), withheld };
}

type AskedWallet = OfferQuestion['wallets'][number];

function walletRefusal(
  question: OfferQuestion,
  wallet: AskedWallet,
  merchants: readonly Id<'merchant'>[],
): WithheldReason | undefined {
  if (!wallet.isConfigured) return 'wallet_not_configured';
  for (const merchant of merchants) {
    const account = question.accounts.find(
      (row) => row.merchant === merchant && row.wallet === wallet.wallet,
    );
    if (account === undefined || account.status !== 'active') return 'merchant_not_onboarded';
    if (account.consentedAtMs === null) return 'merchant_not_consented';
  }
  if (merchants.length > wallet.cart.legCountMax) return 'cart_too_large';
  return wallet.isHealthy || question.ignoresHealth ? undefined : 'wallet_unhealthy';
}

function productRefusal(
  question: OfferQuestion,
  wallet: AskedWallet,
  product: AskedWallet['products'][number],
  merchantCount: number,
): WithheldReason | undefined {
  if (question.device !== null && !product.devices.includes(question.device))
    return 'device_unsupported';
  if (merchantCount === 1) return undefined;
  const canCombine = product.combines && (!wallet.cart.needsContract || wallet.hasCartContract);
  return canCombine ? undefined : 'cart_not_combinable';
}

/** Turns the list by the intent's hash: over many buyers, every wallet is first equally often. */
function rotated<T>(wallets: readonly T[], intent: Id<'payment_intent'>): readonly T[] {
  if (wallets.length === 0) return wallets;
  const start = hashOf(intent) % wallets.length;
  return [...wallets.slice(start), ...wallets.slice(0, start)];
}

/** Within one wallet, the product that suits the device best comes first. */
function bestFirst(offered: readonly OfferedProduct[], question: OfferQuestion): OfferedProduct[] {
  const { device } = question;
  if (device === null) return [...offered];
  const place = (offer: OfferedProduct): number => {
    const wallet = question.wallets.find((row) => row.wallet === offer.wallet);
    const product = wallet?.products.find((row) => row.product === offer.product);
    return product?.devices.indexOf(device) ?? 0;
  };
  const walletOrder = [...new Set(offered.map((offer) => offer.wallet))];
  return [...offered].sort(
    (a, b) => walletOrder.indexOf(a.wallet) - walletOrder.indexOf(b.wallet) || place(a) - place(b),
  );
}
