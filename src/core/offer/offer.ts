/**
 * Which wallets a buyer is offered for a cart on a device, in which order, and why the others are
 * withheld. Implements rule 10: a wallet that any merchant in the cart has not consented to is
 * withheld, unless it can scan the code of one that all consented to (interconnection). The order
 * rotates among the wallets that a buyer may pay with, so that none is always first.
 */
import { hashOf } from '../../kernel/hash.ts';
import type { Id } from '../../kernel/id.ts';
import { type InterconnectTable, mayScan } from '../../kernel/interconnect.ts';
import {
  type Device,
  type Product,
  WALLET_NAMES,
  type WalletName,
} from '../../kernel/wallet-names.ts';
import type { Livemode } from '../key/mode.ts';
import { isCurrent, type WalletAccount } from '../merchant/merchant.ts';
import { type Capabilities, paysInOneLeg } from '../wallet/capabilities.ts';

/** One account of the marketplace at a wallet. */
export interface OfferableConfig {
  readonly id: Id<'wallet_config'>;
  /** New attempts may start at it. */
  readonly isActive: boolean;
  readonly hasCartContract: boolean;
  /** The marketplace has a merchant number of its own at this wallet. */
  readonly hasOwnMerchant: boolean;
  /** The marketplace accepts settlement to its merchants before the goods have arrived. */
  readonly acceptsDirectSettlement: boolean;
  readonly isHealthy: boolean;
  /** It moves real money. */
  readonly isLivemode: boolean;
}

export interface OfferQuestion {
  readonly intent: Id<'payment_intent'>;
  readonly merchants: readonly Id<'merchant'>[];
  /** Merchants whose splits exceed the cap of such a wallet. */
  readonly merchantsBeyond: (capBps: number) => readonly Id<'merchant'>[];
  readonly accounts: readonly WalletAccount[];
  readonly wallets: readonly (Pick<
    Capabilities,
    'wallet' | 'products' | 'cart' | 'custody' | 'splitCapBps'
  > & {
    /** The marketplace's own accounts at this wallet, retiring ones included. */
    readonly configs: readonly OfferableConfig[];
  })[];
  /** null = any device: the caller knows the buyer's device. */
  readonly device: Device | null;
  /** A wallet that was asked for by name is tried even while it is unhealthy. */
  readonly ignoresHealth: boolean;
  /** The marketplace's active interconnection pairs. */
  readonly interconnects: InterconnectTable;
  /** Only configurations of this mode; null = of either. */
  readonly isLivemode: Livemode;
}

export type WithheldReason =
  | 'wallet_not_configured'
  | 'key_mode_mismatch'
  | 'merchant_not_onboarded'
  | 'merchant_not_consented'
  | 'device_unsupported'
  | 'direct_settlement_not_accepted'
  | 'cart_not_combinable'
  | 'cart_too_large'
  | 'split_not_possible'
  | 'wallet_unhealthy';

export interface OfferedProduct {
  /** The acceptor: its order, its keys, its refund. */
  readonly wallet: WalletName;
  readonly product: Product;
  /** The wallet app that the buyer pays with; differs from `wallet` under interconnection. */
  readonly payerWallet: WalletName;
  readonly combined: boolean;
  /** The cashier must ask the wallet who pays before it can start. */
  readonly needsPayer: boolean;
}

export interface WithheldWallet {
  readonly wallet: WalletName;
  /** null = the whole wallet. */
  readonly product: Product | null;
  readonly reason: WithheldReason;
  /** The merchants that cause it; none where the cause is not a merchant's. */
  readonly merchants: readonly Id<'merchant'>[];
  /** The wallets whose code the buyer can pay with this wallet instead. */
  readonly reachedThrough: readonly WalletName[];
}

export interface Offers {
  /** In the order in which they are shown. */
  readonly offered: readonly OfferedProduct[];
  readonly withheld: readonly WithheldWallet[];
}

export function offersFor(question: OfferQuestion): Offers {
  const direct: OfferedProduct[] = [];
  const withheld: Omit<WithheldWallet, 'reachedThrough'>[] = [];
  const merchants = [...new Set(question.merchants)];
  for (const wallet of question.wallets) {
    const { wallet: name } = wallet;
    const route = routeOf(question, wallet, merchants);
    if (route.config === null) {
      withheld.push({ wallet: name, product: null, ...route.refusal });
      continue;
    }
    for (const product of wallet.products) {
      const reason = productRefusal(question, wallet, product, {
        config: route.config,
        merchantCount: merchants.length,
      });
      if (reason !== undefined) {
        withheld.push({ wallet: name, product: product.product, reason, merchants: [] });
        continue;
      }
      direct.push({
        wallet: name,
        product: product.product,
        payerWallet: name,
        combined: merchants.length > 1,
        needsPayer: product.payerField !== null,
      });
    }
  }
  const across = offersAcross(question, direct);
  return {
    offered: inOrder([...direct, ...across], question),
    withheld: withheld.map((row) => ({ ...row, reachedThrough: acceptorsFor(across, row.wallet) })),
  };
}

/** A wallet without an offer of its own can pay the codes of the wallets that have one. */
function offersAcross(
  question: OfferQuestion,
  direct: readonly OfferedProduct[],
): OfferedProduct[] {
  return WALLET_NAMES.filter((payer) => direct.every((offer) => offer.wallet !== payer)).flatMap(
    (payer) =>
      direct
        .filter((offer) => canPayAcross(question, { ...offer, payerWallet: payer }))
        .map((offer) => ({ ...offer, payerWallet: payer })),
  );
}

/** May this offered product's code be paid with another wallet's app? */
export function canPayAcross(
  question: Pick<OfferQuestion, 'wallets' | 'interconnects'>,
  offer: Pick<OfferedProduct, 'wallet' | 'product' | 'payerWallet'>,
): boolean {
  const isScanned = question.wallets
    .find((row) => row.wallet === offer.wallet)
    ?.products.some((row) => row.product === offer.product && row.isScanned === true);
  const pair = { payer: offer.payerWallet, acceptor: offer.wallet };
  return isScanned === true && mayScan(question.interconnects, pair);
}

function acceptorsFor(across: readonly OfferedProduct[], payer: WalletName): WalletName[] {
  const own = across.filter((offer) => offer.payerWallet === payer);
  return [...new Set(own.map((offer) => offer.wallet))];
}

type AskedWallet = OfferQuestion['wallets'][number];

interface Refusal {
  readonly reason: WithheldReason;
  readonly merchants: readonly Id<'merchant'>[];
}

type Route =
  | { readonly config: OfferableConfig; readonly refusal: null }
  | { readonly config: null; readonly refusal: Refusal };

/** The configuration that this cart is paid through at a wallet; undefined = not payable there. */
export function configOf(
  question: OfferQuestion,
  name: WalletName,
): Id<'wallet_config'> | undefined {
  const wallet = question.wallets.find((row) => row.wallet === name);
  if (wallet === undefined) return undefined;
  return routeOf(question, wallet, [...new Set(question.merchants)]).config?.id;
}

/** One order belongs to one account: all merchants of the cart must be paid through the same. */
function routeOf(
  question: OfferQuestion,
  wallet: AskedWallet,
  merchants: readonly Id<'merchant'>[],
): Route {
  const offered = wallet.configs.filter(({ isActive }) => isActive);
  if (offered.length === 0) return refused('wallet_not_configured');
  const { isLivemode } = question;
  const active = offered.filter(
    (config) => (isLivemode ?? config.isLivemode) === config.isLivemode,
  );
  if (active.length === 0) return refused('key_mode_mismatch');
  if (active.every((config) => settlesUnasked(wallet, config)))
    return refused('direct_settlement_not_accepted');
  const accounts = merchants.map((merchant) => ({
    merchant,
    account: question.accounts.find(
      (row) => row.merchant === merchant && row.wallet === wallet.wallet && isCurrent(row),
    ),
  }));
  const lacks = accounts.flatMap(({ merchant, account }) => {
    const reason = merchantLack(active, account);
    return reason === undefined ? [] : [{ merchant, reason }];
  });
  const [first] = lacks;
  if (first !== undefined) {
    const own = lacks.filter(({ reason }) => reason === first.reason);
    return refused(
      first.reason,
      own.map(({ merchant }) => merchant),
    );
  }
  const [config, other] = active.filter(({ id }) =>
    accounts.some(({ account }) => account?.config === id),
  );
  if (config === undefined || other !== undefined) return refused('cart_not_combinable', merchants);
  if (settlesUnasked(wallet, config)) return refused('direct_settlement_not_accepted');
  if (merchants.length > wallet.cart.legCountMax) return refused('cart_too_large');
  const beyond = question.merchantsBeyond(wallet.splitCapBps);
  if (beyond.length > 0) return refused('split_not_possible', beyond);
  if (!config.isHealthy && !question.ignoresHealth) return refused('wallet_unhealthy');
  return { config, refusal: null };
}

function refused(reason: WithheldReason, merchants: Refusal['merchants'] = []): Route {
  return { config: null, refusal: { reason, merchants } };
}

function settlesUnasked({ custody }: AskedWallet, config: OfferableConfig): boolean {
  return custody === 'settles_directly' && !config.acceptsDirectSettlement;
}

/** Rule 10; an account whose configuration is no longer in use takes no new payments either. */
function merchantLack(
  active: readonly OfferableConfig[],
  account: WalletAccount | undefined,
): WithheldReason | undefined {
  const isOnboarded =
    account?.status === 'active' && active.some(({ id }) => id === account.config);
  if (account === undefined || !isOnboarded) return 'merchant_not_onboarded';
  return account.consentedAtMs === null ? 'merchant_not_consented' : undefined;
}

function productRefusal(
  question: OfferQuestion,
  wallet: AskedWallet,
  product: AskedWallet['products'][number],
  cart: { readonly config: OfferableConfig; readonly merchantCount: number },
): WithheldReason | undefined {
  if (question.device !== null && !product.devices.includes(question.device))
    return 'device_unsupported';
  if (cart.merchantCount === 1) return undefined;
  const { kind, needsContract } = wallet.cart;
  const canCombine =
    product.combines &&
    (!needsContract || cart.config.hasCartContract) &&
    (!paysInOneLeg(kind) || cart.config.hasOwnMerchant);
  return canCombine ? undefined : 'cart_not_combinable';
}

/**
 * Sorted by the wallet that the buyer pays with, rotated per intent; under interconnection by the
 * acceptor, rotated too; within one wallet, the product best suited to the device comes first.
 */
function inOrder(offered: readonly OfferedProduct[], question: OfferQuestion): OfferedProduct[] {
  const payers = rotated([...new Set(offered.map((offer) => offer.payerWallet))], question.intent);
  const acceptors = rotated([...new Set(offered.map((offer) => offer.wallet))], question.intent);
  return [...offered].sort(
    (a, b) =>
      payers.indexOf(a.payerWallet) - payers.indexOf(b.payerWallet) ||
      acceptors.indexOf(a.wallet) - acceptors.indexOf(b.wallet) ||
      devicePlace(question, a) - devicePlace(question, b),
  );
}

/** Over many buyers, every wallet is first equally often. */
function rotated<T>(wallets: readonly T[], intent: Id<'payment_intent'>): readonly T[] {
  if (wallets.length === 0) return wallets;
  const start = hashOf(intent) % wallets.length;
  return [...wallets.slice(start), ...wallets.slice(0, start)];
}

function devicePlace({ device, wallets }: OfferQuestion, offer: OfferedProduct): number {
  if (device === null) return 0;
  const wallet = wallets.find((row) => row.wallet === offer.wallet);
  const product = wallet?.products.find((row) => row.product === offer.product);
  return product?.devices.indexOf(device) ?? 0;
}
