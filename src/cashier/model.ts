/**
 * Builds the content of a page from a payment and its offers: pure, and the only place that maps a
 * status to a screen. Pages render the model and decide nothing.
 *
 * The model never holds buyer data; a friend's model also lacks order number and return link, since
 * both belong to the buyer. The addresses that a page links to are checked here.
 */

import type { OfferedProduct, Offers } from '../core/offer/offer.ts';
import { isLive } from '../core/payment/intent-status.ts';
import type { Attempt, Payment, Refund } from '../core/payment/model.ts';
import { AUTOMATIC_REFUND_REASONS, type AutomaticRefundReason } from '../core/payment/model.ts';
import type { CashierView } from '../flows/payment/open-cashier.ts';
import { unreachable } from '../kernel/assert.ts';
import type { Id } from '../kernel/id.ts';
import { type Fen, sumFen } from '../kernel/money.ts';
import type { NextAction, Product, WalletName } from '../kernel/wallet-names.ts';
import type { BrowserDevice } from './device.ts';

export const NOTICES = [
  'wallet_not_offered',
  'payer_unknown',
  'not_payable',
  'declined',
  'busy',
  'invalid',
] as const;
export type Notice = (typeof NOTICES)[number];

/**
 * Reasons for withholding a wallet that a buyer sees; the others are the merchant's own business.
 */
const SHOWN_REASONS = ['cart_not_combinable', 'device_unsupported', 'wallet_unhealthy'] as const;
export type ShownReason = (typeof SHOWN_REASONS)[number];

export interface Choice {
  readonly wallet: WalletName;
  /** The wallet app that the buyer pays with; differs from `wallet` under interconnection. */
  readonly payerWallet: WalletName;
  readonly product: Product;
  readonly needsPayer: boolean;
  /** Chosen when the page is rendered: a double click sends the same id twice. */
  readonly attemptId: Id<'payment_attempt'>;
}

/** One row of the cashier: the payer's wallet, its best product, and its others below. */
export interface WalletRow {
  readonly wallet: WalletName;
  readonly first: Choice;
  readonly others: readonly Choice[];
}

export interface PayeeLine {
  readonly name: string;
  readonly amountFen: Fen;
}

export interface OpenAttempt {
  readonly id: Id<'payment_attempt'>;
  readonly wallet: WalletName;
  /** The wallet app that the buyer chose. */
  readonly payerWallet: WalletName;
  readonly product: Product;
  readonly action: NextAction;
  /** Started by this browser, so the page may open the wallet automatically, once. */
  readonly startedHere: boolean;
}

export interface ReturnedPayment {
  readonly wallet: WalletName;
  readonly amountFen: Fen;
  readonly reason: AutomaticRefundReason;
  readonly state: 'on_the_way' | 'done' | 'checking';
}

export interface RefundSummary {
  readonly state: 'none' | 'partial' | 'full';
  readonly doneFen: Fen;
  readonly pendingFen: Fen;
}

export interface FailedAttempt {
  readonly wallet: WalletName;
  /** The wallet's own message to the buyer. */
  readonly message: string | null;
  /** The wallet refuses the marketplace itself: a retry does not help the buyer. */
  readonly isUnusable: boolean;
}

export type Screen =
  | {
      readonly kind: 'choose';
      readonly failed: FailedAttempt | null;
    }
  | { readonly kind: 'waiting'; readonly attempt: OpenAttempt }
  /** An attempt is open in another browser or app; this one cannot continue it. */
  | { readonly kind: 'elsewhere'; readonly attempt: OpenAttempt }
  | { readonly kind: 'processing'; readonly wallet: WalletName | null }
  | { readonly kind: 'closing'; readonly reason: 'canceled' | 'expired' }
  | {
      readonly kind: 'succeeded';
      readonly wallet: WalletName | null;
      readonly orderNo: string | null;
      readonly paidAtMs: number | null;
      readonly refund: RefundSummary;
    }
  | { readonly kind: 'expired' | 'canceled' | 'conflicted' };

export interface CashierModel {
  readonly kind: CashierView['kind'];
  readonly device: BrowserDevice;
  readonly marketplaceName: string;
  readonly intent: Id<'payment_intent'>;
  readonly version: number;
  readonly amountFen: Fen;
  readonly description: string;
  readonly payees: readonly PayeeLine[];
  readonly expiresAtMs: number;
  readonly remainingMs: number;
  readonly screen: Screen;
  readonly rows: readonly WalletRow[];
  readonly withheld: readonly { readonly wallet: WalletName; readonly reason: ShownReason }[];
  readonly returned: readonly ReturnedPayment[];
  readonly returnUrl: string | null;
  /** The link for a friend to pay; only on a buyer's own page while it can be paid. */
  readonly friendUrl: string | null;
  readonly notice: Notice | null;
  /** In a wallet's own app: that wallet's choice, which the page may submit automatically, once. */
  readonly start: Choice | null;
  /** The status can still change: the page listens for it. */
  readonly live: boolean;
}

export interface ViewInput {
  readonly view: CashierView;
  readonly device: BrowserDevice;
  readonly nowMs: number;
  readonly offers: Offers | null;
  /** One new id for each of `offers.offered`, in its order. */
  readonly attemptIds: readonly Id<'payment_attempt'>[];
  /** The attempt that this browser says it started. */
  readonly startedHere: string | null;
  readonly friendUrl: string | null;
  readonly notice: Notice | null;
}

/** Only then are offers needed, and only then is an impression recorded. */
export function canChoose(payment: Payment, nowMs: number): boolean {
  const { intent } = payment;
  if (intent.closingAtMs !== null || nowMs >= intent.expiresAtMs) return false;
  return ['requires_wallet', 'requires_action', 'processing'].includes(intent.status);
}

export function cashierModel(input: ViewInput): CashierModel {
  const { view } = input;
  const { intent } = view.payment;
  const screen = screenOf(input);
  const isOpen = canChoose(view.payment, input.nowMs);
  const rows = isOpen ? rowsOf(input, screen) : [];
  return Object.freeze({
    kind: view.kind,
    device: input.device,
    marketplaceName: readable(view.marketplace.displayName),
    intent: intent.id,
    version: intent.version,
    amountFen: intent.amountFen,
    description: readable(intent.description),
    payees: payeesOf(view),
    expiresAtMs: intent.expiresAtMs,
    remainingMs: Math.max(0, intent.expiresAtMs - input.nowMs),
    screen,
    rows,
    withheld: isOpen ? withheldOf(input.offers) : [],
    returned: returnedOf(view.payment),
    returnUrl: view.kind === 'buyer' ? webUrl(intent.returnUrl) : null,
    friendUrl: view.kind === 'buyer' && isOpen ? input.friendUrl : null,
    notice: noticeOf(input.notice, screen),
    start: startOf(input, rows),
    live: !['succeeded', 'canceled', 'expired'].includes(intent.status),
  });
}

/** A refusal that the screen already shows needs no second notice. */
function noticeOf(notice: Notice | null, screen: Screen): Notice | null {
  const failed = screen.kind === 'choose' ? screen.failed : null;
  const isOnScreen = notice === (failed?.isUnusable ? 'wallet_not_offered' : 'declined');
  return failed !== null && isOnScreen ? null : notice;
}

function screenOf(input: ViewInput): Screen {
  const { payment } = input.view;
  const { intent } = payment;
  switch (intent.status) {
    case 'succeeded':
      return succeededScreen(input.view);
    case 'expired':
    case 'canceled':
    case 'conflicted':
      return { kind: intent.status };
    case 'requires_wallet':
    case 'requires_action':
    case 'processing':
      if (intent.closingAtMs !== null) {
        return { kind: 'closing', reason: intent.closingReason ?? 'canceled' };
      }
      if (input.nowMs >= intent.expiresAtMs) return { kind: 'closing', reason: 'expired' };
      return openScreen(input);
    default:
      return unreachable(intent.status);
  }
}

function openScreen(input: ViewInput): Screen {
  const { payment } = input.view;
  const { status } = payment.intent;
  const latest = latestAttempt(payment);
  if (status === 'requires_wallet') return { kind: 'choose', failed: failureOf(latest) };
  const attempt = openAttempt(input);
  if (status === 'processing' || attempt === null) {
    return { kind: 'processing', wallet: latest?.wallet ?? null };
  }
  return { kind: canCarryOn(attempt, input.device) ? 'waiting' : 'elsewhere', attempt };
}

/** The open attempt whose action the page performs for the buyer, if any. */
export function openAttempt(input: Pick<ViewInput, 'view' | 'startedHere'>): OpenAttempt | null {
  const attempt = latestAttempt(input.view.payment);
  if (attempt === null || attempt.closingAtMs !== null || !isLive(attempt)) return null;
  const action = safeAction(attempt.nextAction);
  if (action === null) return null;
  const { id, wallet, product, payerWalletChosen: payerWallet } = attempt;
  const startedHere = input.startedHere === id;
  return { id, wallet, payerWallet, product, action, startedHere };
}

/** A phone cannot scan a code on its own screen, and nobody is asked to screenshot one. */
function canCarryOn(attempt: OpenAttempt, device: BrowserDevice): boolean {
  const { action } = attempt;
  switch (action.type) {
    case 'qr_code':
      return device === 'desktop';
    case 'form':
      return device === 'desktop' || attempt.startedHere;
    case 'redirect':
      return device === deviceOfRedirect(attempt.product) || attempt.startedHere;
    case 'invoke':
      // The wallet bound it to one payer: the one who started it.
      return attempt.startedHere && deviceOfBridge(attempt.wallet) === device;
    default:
      return unreachable(action);
  }
}

/** JD's pc is the only product that opens another page on a desktop by its address alone. */
function deviceOfRedirect(product: Product): BrowserDevice {
  return product === 'pc' ? 'desktop' : 'mobile';
}

function deviceOfBridge(wallet: WalletName): BrowserDevice | null {
  switch (wallet) {
    case 'wechatpay':
      return 'wechat';
    case 'alipay':
      return 'alipay';
    case 'unionpay':
    case 'jdpay':
      return null;
    default:
      return unreachable(wallet);
  }
}

function latestAttempt(payment: Payment): Attempt | null {
  const { latestAttempt: id } = payment.intent;
  return payment.attempts.find((attempt) => attempt.id === id) ?? null;
}

function failureOf(attempt: Attempt | null): FailedAttempt | null {
  if (attempt === null || attempt.status !== 'failed') return null;
  const { wallet } = attempt;
  const walletError = attempt.failure?.walletError;
  // Messages about the marketplace's keys are for the operator, not for the buyer.
  if (walletError?.isMisconfigured) return { wallet, message: null, isUnusable: true };
  const message = readable(walletError?.message ?? '').slice(0, 200);
  return { wallet, message: message === '' ? null : message, isUnusable: false };
}

function succeededScreen(view: CashierView): Screen {
  const { intent, attempts, legs } = view.payment;
  const attempt = attempts.find(({ id }) => id === intent.succeededAttempt) ?? null;
  const paidLegs = legs.filter((leg) => leg.attempt === attempt?.id);
  const paidAtMs = paidLegs.map((leg) => leg.paidAtMs ?? 0).reduce((a, b) => Math.max(a, b), 0);
  return {
    kind: 'succeeded',
    wallet: attempt?.wallet ?? null,
    orderNo: view.kind === 'buyer' ? intent.merchantOrderNo : null,
    paidAtMs: paidAtMs === 0 ? null : paidAtMs,
    refund: refundSummary(view.payment),
  };
}

function refundSummary(payment: Payment): RefundSummary {
  const { intent, legs, refunds } = payment;
  const paidLegs = legs.filter((leg) => leg.attempt === intent.succeededAttempt);
  const ids = new Set(paidLegs.map((leg) => leg.id));
  const own = refunds.filter((refund) => ids.has(refund.leg));
  const doneFen = sumFen(own.filter(isDone).map((refund) => refund.amountFen));
  const pendingFen = sumFen(own.filter(isPending).map((refund) => refund.amountFen));
  const state = doneFen + pendingFen === 0n ? 'none' : stateOf(doneFen, intent.amountFen);
  return { state, doneFen, pendingFen };
}

function stateOf(doneFen: Fen, amountFen: Fen): 'partial' | 'full' {
  return doneFen >= amountFen ? 'full' : 'partial';
}

function isDone(refund: Refund): boolean {
  return refund.status === 'succeeded';
}

function isPending(refund: Refund): boolean {
  return refund.status !== 'succeeded' && refund.status !== 'failed';
}

/** Payments that do not count and are refunded automatically (rule 1). */
function returnedOf(payment: Payment): ReturnedPayment[] {
  return payment.attempts.flatMap((attempt) => {
    if (attempt.id === payment.intent.succeededAttempt) return [];
    const legs = payment.legs.filter((leg) => leg.attempt === attempt.id);
    const ids = new Set(legs.map((leg) => leg.id));
    const refunds = payment.refunds.filter(
      (refund) => ids.has(refund.leg) && automaticReason(refund.reason) !== null,
    );
    if (attempt.status !== 'superseded' && refunds.length === 0) return [];
    const refundedFen = sumFen(refunds.map((refund) => refund.amountFen));
    return [
      {
        wallet: attempt.wallet,
        amountFen: refunds.length > 0 ? refundedFen : sumFen(legs.map((leg) => leg.amountFen)),
        reason: automaticReason(refunds[0]?.reason ?? null) ?? unbookedReason(payment),
        state: returnedState(refunds),
      },
    ];
  });
}

function automaticReason(reason: string | null): AutomaticRefundReason | null {
  return AUTOMATIC_REFUND_REASONS.find((known) => known === reason) ?? null;
}

/** A superseded payment whose refund is not booked yet. */
function unbookedReason(payment: Payment): AutomaticRefundReason {
  return payment.intent.succeededAttempt === null ? 'late' : 'duplicate';
}

function returnedState(refunds: readonly Refund[]): ReturnedPayment['state'] {
  if (refunds.some(({ status }) => status === 'abnormal' || status === 'failed')) return 'checking';
  return refunds.length > 0 && refunds.every(isDone) ? 'done' : 'on_the_way';
}

function payeesOf(view: CashierView): PayeeLine[] {
  const amounts = new Map<Id<'merchant'>, Fen>();
  for (const { merchant, amountFen } of view.payment.subOrders) {
    amounts.set(merchant, (amounts.get(merchant) ?? 0n) + amountFen);
  }
  return [...amounts].map(([id, amountFen]) => ({
    name: readable(view.merchants.get(id)?.name ?? view.marketplace.displayName),
    amountFen,
  }));
}

/**
 * Offers in their order, one row per wallet; an attempt already on this screen is not offered
 * again.
 */
function rowsOf(input: ViewInput, screen: Screen): WalletRow[] {
  const shown = screen.kind === 'waiting' ? screen.attempt : null;
  const byWallet = new Map<WalletName, Choice[]>();
  for (const [index, offer] of (input.offers?.offered ?? []).entries()) {
    const attemptId = input.attemptIds[index];
    if (attemptId === undefined || isShown(offer, shown)) continue;
    const { wallet, payerWallet, product, needsPayer } = offer;
    const choices = byWallet.get(payerWallet) ?? [];
    choices.push({ wallet, payerWallet, product, needsPayer, attemptId });
    byWallet.set(payerWallet, choices);
  }
  return [...byWallet].flatMap(([wallet, [first, ...others]]) =>
    first === undefined ? [] : [{ wallet, first, others }],
  );
}

/** The wallet app that a browser belongs to. */
const APP_WALLETS: Readonly<Partial<Record<BrowserDevice, WalletName>>> = {
  wechat: 'wechatpay',
  alipay: 'alipay',
  unionpay: 'unionpay',
  jdpay: 'jdpay',
};

/**
 * A buyer who scanned a new payment with a wallet has chosen that wallet. Not if an attempt exists,
 * since a choice would close it, nor for a friend, who must first read who asks.
 */
function startOf(input: ViewInput, rows: readonly WalletRow[]): Choice | null {
  const { view, device, notice } = input;
  const isFresh = view.kind === 'buyer' && view.payment.attempts.length === 0;
  if (!isFresh || notice !== null) return null;
  return rows.find((row) => row.wallet === APP_WALLETS[device])?.first ?? null;
}

function isShown(offer: OfferedProduct, shown: OpenAttempt | null): boolean {
  return (
    shown !== null &&
    offer.wallet === shown.wallet &&
    offer.payerWallet === shown.payerWallet &&
    offer.product === shown.product
  );
}

function withheldOf(offers: Offers | null): { wallet: WalletName; reason: ShownReason }[] {
  const reasons = new Map<WalletName, ShownReason>();
  for (const { wallet, reason } of offers?.withheld ?? []) {
    const known = SHOWN_REASONS.find((candidate) => candidate === reason);
    const isOffered = offers?.offered.some((offer) => offer.payerWallet === wallet) ?? false;
    if (known !== undefined && !isOffered && !reasons.has(wallet)) reasons.set(wallet, known);
  }
  return [...reasons].map(([wallet, reason]) => ({ wallet, reason }));
}

/** Control characters and overrides of the reading direction, which disguise names and amounts. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text from others, made safe to show. */
export function readable(text: string): string {
  return text.replace(UNSEEN, ' ').trim();
}

/** An action whose addresses a browser may be sent to; a `javascript:` address never is. */
function safeAction(action: NextAction | null): NextAction | null {
  if (action === null) return null;
  switch (action.type) {
    case 'qr_code':
    case 'invoke':
      return action;
    case 'redirect':
      return isUrl(action.url, ['https:', 'http:', 'weixin:', 'alipays:', 'alipay:'])
        ? action
        : null;
    case 'form':
      return webUrl(action.action) === null ? null : action;
    default:
      return unreachable(action);
  }
}

function webUrl(url: string | null): string | null {
  return url !== null && isUrl(url, ['https:', 'http:']) ? url : null;
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}
