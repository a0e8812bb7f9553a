/**
 * Refunds: reserved and committed first, then told to the wallet under the number that was
 * committed, then settled by its word. The janitor finishes what is left. A number that has been on
 * its way before is asked about before it is sent again, whatever stopped us then: the wallet may
 * have taken it, and its refusal of a second call would hide that.
 */

import { paymentModeRefusal } from '../../core/key/mode.ts';
import { claimRefund } from '../../core/payment/close.ts';
import { type Attempt, isOpenRefund, type Payment, type Refund } from '../../core/payment/model.ts';
import { isAutomatic, type RefundLimits, reserveRefund } from '../../core/refund/refund.ts';
import { applyRefundReport, noteUnasked } from '../../core/refund/report.ts';
import { refundWindowMsOf } from '../../core/wallet/capabilities.ts';
import type { RefundReport } from '../../core/wallet/report.ts';
import { claimed, type Work } from '../../engine/due.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import { formatId, type Id, shardOfId } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { PAYMENT } from '../../store/payment/aggregate.ts';
import type { DueChild } from '../../store/payment/due.ts';
import { findRefundIntent } from '../../store/refund/queries.ts';
import { walletModule } from '../../wallets/registry.ts';
import { modesOf, type OpenedWallet } from '../base/directory.ts';
import type { Platform } from '../base/platform.ts';
import { attemptRead, readOwnPayment } from '../base/read-payment.ts';
import { callWallet } from '../base/wallet-call.ts';
import { attemptOf, refundOrder, rootOf } from '../payment/attempt-order.ts';
import { reverseForRefund } from './reverse-for-refund.ts';

export interface RefundInput {
  readonly marketplace: Id<'marketplace'>;
  readonly intent: Id<'payment_intent'>;
  readonly id: Id<'refund'>;
  readonly subOrder: Id<'sub_order'>;
  readonly amountFen: Fen;
  readonly reason: string;
  readonly isLivemode: boolean;
}

export interface RefundState {
  readonly payment: Payment;
  readonly refund: Refund;
}

export async function createRefund(
  platform: Platform,
  input: RefundInput,
): Promise<Result<RefundState & { readonly created: boolean }, HutongError>> {
  const { id, subOrder, amountFen, reason } = input;
  const modeOf = modesOf(await platform.directory.marketplace(input.marketplace));
  const reserved = await platform.engine.submit({
    aggregate: PAYMENT,
    name: 'reserve_refund',
    ...rootOf(input.intent),
    marketplace: input.marketplace,
    decide: (payment, context) => {
      const refusal = paymentModeRefusal(payment, input.isLivemode, modeOf);
      if (refusal !== undefined) return err(refusal);
      const paid = payment.attempts.find(
        (attempt) => attempt.id === payment.intent.succeededAttempt,
      );
      const limits = limitsOf(paid);
      return reserveRefund(payment, { id, subOrder, amountFen, reason, ...limits }, context);
    },
  });
  if (!reserved.ok) return reserved;
  // Only a resumed request carries an id that is there already: its caller made it (rule 12).
  if (!reserved.value.created) return ok({ ...reserved.value, created: true });
  // Between two refunds of one order the wallet wants a pause: then the janitor sends it.
  if (reserved.value.refund.sentAtMs === null) return reserved;
  const opened = await walletOf(platform, reserved.value);
  const told =
    opened === undefined
      ? await leaveUnasked(platform, reserved.value, true)
      : await tellWallet(platform, opened, reserved.value, 'first');
  return told.ok ? ok({ ...told.value, created: true }) : told;
}

/** What its wallet takes of the product that was paid with; what is unpaid never gets that far. */
function limitsOf(paid: Attempt | undefined): RefundLimits {
  const capabilities = paid && walletModule(paid.wallet)?.capabilities;
  if (paid === undefined || capabilities === undefined) {
    return { refundCountMax: 0, refundSpacingMs: 0, refundWindowMs: 0 };
  }
  const { refundCountMax, refundSpacingMs } = capabilities;
  const refundWindowMs = refundWindowMsOf(capabilities, paid.product);
  return { refundCountMax, refundSpacingMs, refundWindowMs };
}

export async function getRefund(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'refund'>,
): Promise<Result<RefundState, HutongError>> {
  const root = await attemptRead(() => findRefundIntent(platform.db, shardOfId(id), id));
  if (!root.ok) return root;
  if (root.value === undefined) return err(hutongError('not_found', 'no such refund'));
  const payment = await readOwnPayment(
    platform,
    marketplace,
    formatId('payment_intent', root.value),
  );
  if (!payment.ok) return err(hutongError(payment.error.code, 'no such refund'));
  const refund = payment.value.refunds.find((row) => row.id === id);
  return refund === undefined
    ? err(hutongError('not_found', 'no such refund'))
    : ok({ payment: payment.value, refund });
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

/** `repeat`: this number has been on its way before. */
type Call = 'first' | 'repeat';

async function tellWallet(
  platform: Platform,
  opened: OpenedWallet,
  state: RefundState,
  which: Call,
): Promise<Result<RefundState, HutongError>> {
  if (state.refund.reason === 'reversed' && isAutomatic(state.refund)) {
    const fate = await reverseForRefund(platform, opened, state);
    if (fate !== 'refund_it') return commit(platform, state, fate);
  }
  const order = refundOrder(state.payment, state.refund, opened, platform.publicUrl);
  const report = await callWallet(
    platform,
    opened,
    'refund',
    () => opened.wallet.refund(order),
    (answer) => answer.status,
  );
  return commit(platform, state, report, which);
}

async function askWallet(
  platform: Platform,
  opened: OpenedWallet,
  state: RefundState,
): Promise<Result<RefundState, HutongError>> {
  const order = refundOrder(state.payment, state.refund, opened, platform.publicUrl);
  const report = await callWallet(
    platform,
    opened,
    'query_refund',
    () => opened.wallet.queryRefund(order),
    (answer) => answer.status,
  );
  // The wallet never heard of it: the same number is sent again, but for one that failed.
  if (report?.status === 'not_found' && isOpenRefund(state.refund))
    return tellWallet(platform, opened, state, 'repeat');
  return commit(platform, state, report);
}

async function commit(
  platform: Platform,
  state: RefundState,
  report: RefundReport | undefined,
  which: Call = 'first',
): Promise<Result<RefundState, HutongError>> {
  const word: RefundReport = report ?? {
    status: 'unknown',
    walletRefundId: null,
    amountFen: null,
    walletError: null,
  };
  return platform.engine.submit({
    aggregate: PAYMENT,
    name: 'apply_refund_report',
    ...rootOf(state.payment.intent.id),
    marketplace: state.payment.intent.marketplace,
    decide: (payment, context) => {
      const { id, refundNo } = state.refund;
      const isRepeat = which === 'repeat';
      return applyRefundReport(payment, { refund: id, refundNo, word, isRepeat }, context);
    },
  });
}

/** Its wallet's configuration cannot be read: it stays due, the log hears, in the end a person. */
async function leaveUnasked(
  platform: Platform,
  state: RefundState,
  isFirstCall: boolean,
): Promise<Result<RefundState, HutongError>> {
  const { payment, refund } = state;
  const attempt = payment.attempts.find((row) =>
    payment.legs.some((leg) => leg.id === refund.leg && leg.attempt === row.id),
  );
  platform.log.error(
    { wallet: attempt?.wallet, wallet_config: attempt?.config, refund: refund.id },
    'a refund is due and its wallet configuration cannot be read; it is tried again',
  );
  return platform.engine.submit({
    aggregate: PAYMENT,
    name: 'note_unasked_refund',
    ...rootOf(payment.intent.id),
    marketplace: payment.intent.marketplace,
    decide: (stored, context) =>
      noteUnasked(stored, { refund: refund.id, isFirstCall, tries: refund.tries }, context),
  });
}

const POLL_DELAYS_MS = [15_000, 30_000, 60_000, 300_000, 900_000, 3_600_000];

function nextPollMs(refund: Refund, nowMs: number): number {
  return nowMs + (POLL_DELAYS_MS[Math.min(refund.tries, POLL_DELAYS_MS.length - 1)] ?? 3_600_000);
}

/** One turn of the janitor: claim the next look, then send or ask. */
export async function claimDueRefund(platform: Platform, due: DueChild<'refund'>): Promise<Work> {
  const nowMs = platform.clock.nowMs();
  const claim = await platform.engine.submit({
    aggregate: PAYMENT,
    name: 'claim_refund',
    ...rootOf(due.intent),
    marketplace: null,
    decide: (payment, context) =>
      claimRefund(
        payment,
        {
          refund: due.id,
          nextDueMs: (refund) => nextPollMs(refund, Math.max(nowMs, context.nowMs)),
        },
        context,
      ),
  });
  const { payment, refund, isFirstCall } = claimed(claim);
  if (refund === null) return null;
  const state = { payment, refund };
  return async () => {
    const opened = await walletOf(platform, state);
    if (opened === undefined) await leaveUnasked(platform, state, isFirstCall);
    else if (isFirstCall) await tellWallet(platform, opened, state, 'first');
    else await askWallet(platform, opened, state);
  };
}
