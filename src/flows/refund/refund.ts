/**
 * Refunds: reserved and committed first, then sent to the wallet under the committed number, then
 * settled by its report. The janitor finishes what is left. A number that was sent before is
 * queried before it is sent again, whatever interrupted us then: the wallet may have accepted it,
 * and its refusal of a second call would hide that.
 */

import type { NewTransfer, Shortfall } from '../../core/balance/transfer.ts';
import { paymentModeRefusal } from '../../core/key/mode.ts';
import { isOpenRefund, type Payment, type Refund } from '../../core/payment/model.ts';
import { claimRefund } from '../../core/refund/claim.ts';
import { isAutomatic, type RefundAnswer, reserveRefund } from '../../core/refund/refund.ts';
import { applyRefundReport, noteUnsent } from '../../core/refund/report.ts';
import { BALANCE_SHORT } from '../../core/refund/reservation.ts';
import type { RefundReport } from '../../core/wallet/report.ts';
import { claimed, type Work } from '../../engine/due.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import { formatId, type Id } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { DueChild } from '../../store/payment/due.ts';
import { findRefundIntent } from '../../store/refund/queries.ts';
import { CAPABILITIES } from '../../wallets/registry.ts';
import { carryAhead, carryTransfer } from '../balance/transfers.ts';
import { modesOf, type OpenedWallet } from '../base/directory.ts';
import { lastSender, type RequestKey } from '../base/key-claim.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind, readOwnPayment } from '../base/read-payment.ts';
import { callWallet } from '../base/wallet-call.ts';
import { attemptOf, refundOrder } from '../payment/attempt-order.ts';
import { decideOn } from '../payment/decide-on.ts';
import { reverseForRefund } from './reverse-for-refund.ts';

export interface RefundInput {
  readonly marketplace: Id<'marketplace'>;
  readonly intent: Id<'payment_intent'>;
  readonly id: Id<'refund'>;
  readonly subOrder: Id<'sub_order'>;
  readonly amountFen: Fen;
  readonly reason: string;
  readonly shortfall: Shortfall;
  readonly isLivemode: boolean;
  /** The key of the request; left out = it has none. */
  readonly requestKey?: RequestKey<CreatedRefund>;
}

export interface RefundState {
  readonly payment: Payment;
  readonly refund: Refund;
}

export interface CreatedRefund extends RefundState {
  readonly created: boolean;
}

export async function createRefund(platform: Platform, input: RefundInput): Outcome<CreatedRefund> {
  const { id, subOrder, amountFen, reason, shortfall, requestKey } = input;
  const modeOf = modesOf(await platform.directory.marketplace(input.marketplace));
  const own = { id: input.intent, marketplace: input.marketplace };
  const root = requestKey === undefined ? own : { ...own, sender: requestKey.claim };
  const wanted = { id, subOrder, amountFen, reason, shortfall, capabilities: CAPABILITIES };
  const reserved = await decideOn(platform, root, 'reserve_refund', (payment, context) => {
    const refusal = paymentModeRefusal(payment, input.isLivemode, modeOf);
    return refusal === undefined ? reserveRefund(payment, wanted, context) : err(refusal);
  });
  if (!reserved.ok) return reserved;
  // Only a resumed request carries an existing id: its caller created the refund (rule 12).
  if (!reserved.value.created)
    return refusedByBalance(reserved.value) ?? ok({ ...reserved.value, created: true });
  const { transfer } = reserved.value;
  if (transfer !== undefined && transfer !== null)
    return reserveAtBalance(platform, input, reserved.value, transfer);
  // The wallet demands a pause between two refunds of one order: then the janitor sends it.
  if (reserved.value.refund.sentAtMs === null) return reserved;
  const sent = await sendFirst(platform, reserved.value, requestKey);
  return sent.ok ? ok({ ...sent.value, created: true }) : sent;
}

/** What was released is asked back of its merchant's balance before anything is sent. */
async function reserveAtBalance(
  platform: Platform,
  { marketplace, intent, requestKey }: RefundInput,
  state: RefundState,
  transfer: NewTransfer,
): Outcome<CreatedRefund> {
  const asked = { ...transfer, marketplace, intent };
  let carried = await carryTransfer(platform, asked, true);
  if (carried.ok && carried.value.outcome === 'waiting' && transfer.after !== null) {
    await carryAhead(platform, transfer.after);
    carried = await carryTransfer(platform, asked, true);
  }
  // The sweeps carry it on.
  if (!carried.ok || carried.value.reserved === null) return ok({ ...state, created: true });
  const { payment, refund, isToSend } = carried.value.reserved;
  const reserved = { payment, refund };
  const refusal = refusedByBalance(reserved);
  if (refusal !== undefined) return refusal;
  const sent = isToSend ? await sendFirst(platform, reserved, requestKey) : ok(reserved);
  return sent.ok ? ok({ ...sent.value, created: true }) : sent;
}

function refusedByBalance({ refund }: RefundState): Result<never, HutongError> | undefined {
  if (refund.status !== 'failed' || refund.failure?.code !== BALANCE_SHORT) return undefined;
  const message = 'the merchant’s balance cannot pay the part that was released';
  return err(hutongError('merchant_balance_short', message, { param: 'amount' }));
}

/** Its number is committed as sent just now. */
async function sendFirst(
  platform: Platform,
  state: RefundState,
  requestKey?: RequestKey<CreatedRefund>,
): Outcome<RefundState> {
  const opened = await walletOf(platform, state);
  return opened === undefined
    ? leaveUnasked(platform, state, true)
    : sendToWallet(platform, opened, state, 'first', requestKey);
}

export async function getRefund(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'refund'>,
): Outcome<RefundState> {
  const unknown = hutongError('not_found', 'no such refund');
  const root = await attemptFind(() => findRefundIntent(platform.cells, id), unknown);
  if (!root.ok) return root;
  const payment = await readOwnPayment(
    platform,
    marketplace,
    formatId('payment_intent', root.value),
  );
  if (!payment.ok) return err(hutongError(payment.error.code, 'no such refund'));
  const refund = payment.value.refunds.find((row) => row.id === id);
  return refund === undefined ? err(unknown) : ok({ payment: payment.value, refund });
}

async function walletOf(
  platform: Platform,
  { payment, refund }: RefundState,
): Promise<OpenedWallet | undefined> {
  const leg = payment.legs.find((row) => row.id === refund.leg);
  return leg === undefined
    ? undefined
    : platform.directory.wallet(attemptOf(payment, leg.attempt).config);
}

/** `repeat`: this number has been sent before. */
type Call = 'first' | 'repeat';

async function sendToWallet(
  platform: Platform,
  opened: OpenedWallet,
  state: RefundState,
  which: Call,
  requestKey?: RequestKey<CreatedRefund>,
): Outcome<RefundState> {
  if (state.refund.reason === 'reversed' && isAutomatic(state.refund)) {
    const fate = await reverseForRefund(platform, opened, state);
    if (fate !== 'refund_it') return commit(platform, state, fate);
  }
  const order = refundOrder(state.payment, state.refund, opened, platform.publicUrl);
  const report = await callWallet.refund(platform, opened, order);
  return commit(platform, state, report, which, requestKey);
}

async function queryWallet(
  platform: Platform,
  opened: OpenedWallet,
  state: RefundState,
): Outcome<RefundState> {
  const order = refundOrder(state.payment, state.refund, opened, platform.publicUrl);
  const report = await callWallet.queryRefund(platform, opened, order);
  // The wallet never received it: the same number is sent again, unless the refund failed.
  if (report.status === 'not_found' && isOpenRefund(state.refund))
    return sendToWallet(platform, opened, state, 'repeat');
  return commit(platform, state, report);
}

async function commit(
  platform: Platform,
  state: RefundState,
  report: RefundReport,
  which?: Call,
  requestKey?: RequestKey<CreatedRefund>,
): Outcome<RefundState> {
  const { id: refund, refundNo, tries } = state.refund;
  const call = which === undefined ? {} : { call: { isRepeat: which === 'repeat', tries } };
  const reported = { refund, refundNo, report, ...call };
  const { id, marketplace } = state.payment.intent;
  const sender = lastSender(platform, requestKey, (applied: RefundAnswer) =>
    ok({ ...applied, created: true }),
  );
  return decideOn<RefundAnswer>(
    platform,
    { id, marketplace, sender },
    'apply_refund_report',
    (payment, context) => applyRefundReport(payment, reported, context),
  );
}

/** Its wallet's configuration cannot be read: it stays due, is logged, and eventually alerts. */
async function leaveUnasked(
  platform: Platform,
  state: RefundState,
  isFirstCall: boolean,
): Outcome<RefundState> {
  const { payment, refund } = state;
  const attempt = payment.attempts.find((row) =>
    payment.legs.some((leg) => leg.id === refund.leg && leg.attempt === row.id),
  );
  platform.log.error(
    { wallet: attempt?.wallet, wallet_config: attempt?.config, refund: refund.id },
    'a refund is due and its wallet configuration cannot be read; it is tried again',
  );
  const input = { refund: refund.id, isFirstCall, tries: refund.tries };
  return decideOn(platform, payment.intent, 'note_unasked_refund', (stored, context) =>
    noteUnsent(stored, input, context),
  );
}

/** One step of the janitor: claim the next poll, then send or query. */
export async function claimDueRefund(platform: Platform, due: DueChild<'refund'>): Promise<Work> {
  const root = { id: due.intent, marketplace: null };
  const claim = await decideOn(platform, root, 'claim_refund', (payment, context) =>
    claimRefund(payment, due.id, context),
  );
  const { payment, refund, isFirstCall } = claimed(claim);
  if (refund === null) return null;
  const state = { payment, refund };
  return async () => {
    if (isFirstCall) await sendFirst(platform, state);
    else await askAgain(platform, state);
  };
}

async function askAgain(platform: Platform, state: RefundState): Promise<void> {
  const opened = await walletOf(platform, state);
  if (opened === undefined) await leaveUnasked(platform, state, false);
  else await queryWallet(platform, opened, state);
}
