/**
 * The balance of a merchant's account at one wallet: what may be paid out, and what the merchant
 * owes for advances. It is the second root of the money: "is there enough?" is decided here only,
 * under the balance's own lock, and never by summing accounts.
 */
import { assert } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { type Currency, type Fen, minFen } from '../../kernel/money.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import { type DecideContext, type Decision, Draft, type DraftModel } from '../draft.ts';
import { advanceRecovered, settledToMerchant, transferApplied } from '../ledger/balance-posting.ts';
import { isCredit, type NewTransfer } from './transfer.ts';

export interface MerchantBalance {
  readonly id: Id<'wallet_account'>;
  /** The home shard of the merchant. */
  readonly shard: number;
  readonly marketplace: Id<'marketplace'>;
  readonly merchant: Id<'merchant'>;
  readonly wallet: WalletName;
  readonly currency: Currency;
  readonly version: number;
  /** May be paid out, or refunded from. */
  readonly availableFen: Fen;
  /** Advanced for refunds, and not recovered yet. */
  readonly owedFen: Fen;
}

/** What became of a movement, kept under its id: deciding it again gives the same answer. */
export interface AppliedMovement {
  /** A transfer, or a line of a bill. */
  readonly id: string;
  readonly outcome: 'applied' | 'refused';
  /** Signed: what it changed. */
  readonly availableFen: Fen;
  readonly owedFen: Fen;
  readonly atMs: number;
}

export interface BalanceState {
  readonly balance: MerchantBalance;
  /** Only those that the batch's commands ask for. */
  readonly applied: readonly AppliedMovement[];
}

export type BalanceDecision<A> = Decision<BalanceState, A>;

const MODEL: DraftModel<BalanceState, 'balance'> = {
  root: 'balance',
  // No event shows a balance yet.
  present: ({ balance }) => ({ wallet_account: balance.id }),
};

class BalanceDraft extends Draft<BalanceState, 'balance'> {
  constructor(state: BalanceState) {
    super(state, MODEL);
  }

  record(movement: AppliedMovement): void {
    const { availableFen, owedFen } = this.root;
    this.setRoot({
      availableFen: availableFen + movement.availableFen,
      owedFen: owedFen + movement.owedFen,
    });
    assert(this.root.availableFen >= 0n, 'rule 6: a balance is never overdrawn');
    assert(this.root.owedFen >= 0n, 'rule 6: no more is recovered than was advanced');
    this.add({ applied: [movement] });
  }
}

export function newBalance(
  account: Omit<MerchantBalance, 'version' | 'availableFen' | 'owedFen'>,
): BalanceState {
  return { balance: { ...account, version: 1, availableFen: 0n, owedFen: 0n }, applied: [] };
}

/** `waiting`: nothing was booked, and it may be asked again. */
export type TransferOutcome = 'applied' | 'refused' | 'waiting';

export function applyTransfer(
  state: BalanceState,
  transfer: NewTransfer,
  { nowMs }: DecideContext,
): BalanceDecision<TransferOutcome> {
  const draft = new BalanceDraft(state);
  const known = state.applied.find(({ id }) => id === transfer.id);
  if (known !== undefined) return draft.decided(() => known.outcome);
  assert(transfer.walletAccount === state.balance.id, 'a transfer is applied to its own balance');
  assert(transfer.currency === state.balance.currency, 'a balance has one currency');
  const outcome = isCredit(transfer)
    ? credit(draft, transfer, nowMs)
    : debit(draft, transfer, nowMs);
  return draft.decided(() => outcome);
}

/** What comes in first repays what was advanced: a merchant with a balance owes nothing. */
function credit(draft: BalanceDraft, transfer: NewTransfer, nowMs: number): TransferOutcome {
  const { id, amountFen } = transfer;
  const recoveredFen = minFen(amountFen, draft.root.owedFen);
  const availableFen = amountFen - recoveredFen;
  draft.record({ id, outcome: 'applied', availableFen, owedFen: -recoveredFen, atMs: nowMs });
  draft.post(transferApplied(bookingOf(transfer), { availableFen: amountFen, owedFen: 0n }));
  draft.post(advanceRecovered(bookingOf(transfer), recoveredFen));
  return 'applied';
}

function debit(draft: BalanceDraft, transfer: NewTransfer, nowMs: number): TransferOutcome {
  const { id, kind, amountFen, shortfall, after } = transfer;
  const availableFen = minFen(amountFen, draft.root.availableFen);
  const owedFen = amountFen - availableFen;
  const isShort = owedFen > 0n && kind === 'reserve';
  const isEarly = after !== null && !draft.state.applied.some((row) => row.id === after);
  if (isShort && (shortfall === 'wait' || (shortfall === 'refuse' && isEarly))) return 'waiting';
  if (isShort && shortfall === 'refuse') {
    draft.record({ id, outcome: 'refused', availableFen: 0n, owedFen: 0n, atMs: nowMs });
    return 'refused';
  }
  draft.record({ id, outcome: 'applied', availableFen: -availableFen, owedFen, atMs: nowMs });
  draft.post(transferApplied(bookingOf(transfer), { availableFen: -availableFen, owedFen }));
  return 'applied';
}

const bookingOf = ({ id: object, walletAccount, currency }: NewTransfer) => ({
  ...{ object, walletAccount, currency },
});

/** The wallet paid the merchant's own bank account, as its bill says. */
export interface DirectSettlement {
  /** The line of the bill: applied once. */
  readonly id: string;
  readonly config: Id<'wallet_config'>;
  readonly currency: Currency;
  readonly amountFen: Fen;
  readonly occurredAtMs: number;
}

/**
 * Where the wallet settles straight to the merchant (UnionPay, T+1), what was available has left.
 * It settles what it holds: more than is available here was advanced by it, and is owed.
 */
export function settleDirectly(
  state: BalanceState,
  settlement: DirectSettlement,
  { nowMs }: DecideContext,
): BalanceDecision<MerchantBalance> {
  const draft = new BalanceDraft(state);
  const { id, amountFen, config, occurredAtMs } = settlement;
  const { id: walletAccount, currency, wallet } = state.balance;
  assert(settlement.currency === currency, 'a balance has one currency');
  assert(amountFen > 0n, 'a settlement moves money');
  if (state.applied.some((row) => row.id === id)) return draft.decided(({ balance }) => balance);
  const availableFen = minFen(amountFen, draft.root.availableFen);
  const owedFen = amountFen - availableFen;
  draft.record({ id, outcome: 'applied', availableFen: -availableFen, owedFen, atMs: nowMs });
  const settled = { object: id, walletAccount, currency, wallet, config, occurredAtMs };
  draft.post(settledToMerchant(settled, { availableFen, owedFen }));
  return draft.decided(({ balance }) => balance);
}
