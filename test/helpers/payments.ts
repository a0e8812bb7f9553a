/**
 * Payments as core makes them, for tests below the flows: each is complete and consistent, so that
 * a test names only what it is about.
 */

import type { DecideContext, Decided } from '../../src/core/draft.ts';
import { type NewPayment, newPayment } from '../../src/core/payment/create.ts';
import type { Leg, Payment } from '../../src/core/payment/model.ts';
import type { NewAttempt } from '../../src/core/payment/start.ts';
import type { Capabilities, ReportCapabilities } from '../../src/core/wallet/capabilities.ts';
import type { AttemptReport, LegReport } from '../../src/core/wallet/report.ts';
import { formatId, type Id, type IdKind, idValue } from '../../src/kernel/id.ts';
import { sumFen } from '../../src/kernel/money.ts';
import { WALLET_NAMES, type WalletName } from '../../src/kernel/wallet-names.ts';

export type NewId = DecideContext['newId'];

/** Ids in the order they were asked for, from 2. */
export function numberedIds(): NewId {
  let next = 1n;
  return <K extends IdKind>(kind: K): Id<K> => {
    next += 1n;
    return formatId(kind, next);
  };
}

export const merchantId = (number: number): Id<'merchant'> => formatId('merchant', BigInt(number));

export interface Bought {
  readonly merchant: number;
  readonly amountFen: bigint;
}

export function orderedPayment(
  newId: NewId,
  bought: readonly Bought[],
  said: Partial<Omit<NewPayment, 'amountFen' | 'subOrders'>> & Pick<NewPayment, 'nowMs'>,
): Payment {
  const made = newPayment({
    id: newId('payment_intent'),
    shard: 0,
    marketplace: formatId('marketplace', 1n),
    merchantOrderNo: 'T1',
    amountFen: sumFen(bought.map(({ amountFen }) => amountFen)),
    description: 'cloth shoes',
    subOrders: bought.map(({ merchant, amountFen }) => ({
      id: newId('sub_order'),
      merchant: merchantId(merchant),
      amountFen,
      description: 'one pair',
      merchantSubOrderNo: null,
      items: null,
      splits: null,
    })),
    buyer: { id: 'b', device: 'desktop', ip: null },
    expiresAtMs: null,
    returnUrl: null,
    metadata: {},
    tokenSeed: '00',
    ...said,
  });
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

/** By WeChat Pay's code, at 0.6 %, one leg a merchant, unless another way is named. */
export function newAttempt(
  payment: Payment,
  said: Partial<NewAttempt> & Pick<NewAttempt, 'id'>,
): NewAttempt {
  return {
    wallet: 'wechatpay',
    product: 'native',
    config: formatId('wallet_config', 1n),
    expiresAtMs: payment.intent.expiresAtMs,
    accounts: accountsOf(payment, () => ({ walletMerchant: 'm', feeBps: 60 })),
    oneLegMerchant: null,
    firstPollMs: 5_000,
    ...said,
  };
}

type Account = NewAttempt['accounts'] extends ReadonlyMap<unknown, infer A> ? A : never;

/** Of every merchant one account, by the merchant's own number, unless another is named. */
export function accountsOf(
  payment: Payment,
  accountOf: (
    merchant: Id<'merchant'>,
  ) => Omit<Account, 'walletAccount'> & Partial<Pick<Account, 'walletAccount'>>,
): NewAttempt['accounts'] {
  return new Map(
    payment.subOrders.map(({ merchant }) => {
      const account = { walletAccount: walletAccountOf(merchant), ...accountOf(merchant) };
      return [merchant, account];
    }),
  );
}

export const walletAccountOf = (merchant: Id<'merchant'>): Id<'wallet_account'> =>
  formatId('wallet_account', idValue(merchant));

/** A wallet as core sees it: it holds the money, and is paid a cart in full or not at all. */
export const CAPABLE: ReportCapabilities &
  Pick<
    Capabilities,
    'pollDelaysMs' | 'products' | 'refundCountMax' | 'refundSpacingMs' | 'refundWindowMs'
  > = {
  cart: { atomic: true },
  custody: 'wallet_holds',
  notFoundIsFinalAfterMs: 600_000,
  pollDelaysMs: [60_000],
  products: [],
  refundCountMax: 50,
  refundSpacingMs: 0,
  refundWindowMs: 30 * 86_400_000,
};

export function everyWallet<T>(capabilities: T): ReadonlyMap<WalletName, T> {
  return new Map(WALLET_NAMES.map((name) => [name, capabilities]));
}

/** What a query or a notification says: these orders, and nothing else. */
export function answered(
  legs: readonly LegReport[],
): Extract<AttemptReport, { readonly outcome: 'answered' }> {
  return { outcome: 'answered', legs };
}

/** The wallet's report that this leg is paid, as it was ordered. */
export function paidReport(leg: Leg, said: Partial<LegReport> = {}): LegReport {
  return {
    orderNo: leg.orderNo,
    status: 'succeeded',
    walletTransactionId: '4200',
    amountFen: leg.amountFen,
    currency: 'cny',
    payee: leg.walletMerchant,
    payerAmountFen: leg.amountFen,
    receiptAmountFen: leg.amountFen,
    paidAtMs: 1_800_000_000_000,
    payerWalletReported: null,
    ...said,
  };
}

/** The ledger of everything that was decided about a payment: debits less credits. */
export function bookPostings(
  balances: Map<string, bigint>,
  postings: Decided<Payment, unknown>['postings'],
): void {
  for (const { account, debitFen, creditFen } of postings.flatMap(({ entries }) => entries))
    balances.set(account, (balances.get(account) ?? 0n) + debitFen - creditFen);
}
