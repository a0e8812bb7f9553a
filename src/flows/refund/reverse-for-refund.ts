/**
 * A payment code that turned out paid although it was being reversed: its refund is first of all
 * that reversal, asked for again until the wallet has said what became of it. Only where the wallet
 * can no longer reverse does an ordinary refund follow, so that the buyer is never paid back twice.
 */

import type { Payment, Refund } from '../../core/payment/model.ts';
import type { CloseOutcome, QueryOutcome, RefundReport } from '../../core/wallet/report.ts';
import { present } from '../../kernel/assert.ts';
import type { OpenedWallet } from '../base/directory.ts';
import type { Platform } from '../base/platform.ts';
import { callWallet } from '../base/wallet-call.ts';
import { attemptOf, attemptReference } from '../payment/attempt-order.ts';

/** undefined = not known yet. */
export type ReversalFate = RefundReport | 'refund_it' | undefined;

const GIVEN_BACK: RefundReport = {
  status: 'succeeded',
  walletRefundId: null,
  amountFen: null,
  walletError: null,
};

export async function reverseForRefund(
  platform: Platform,
  opened: OpenedWallet,
  { payment, refund }: { readonly payment: Payment; readonly refund: Refund },
): Promise<ReversalFate> {
  const leg = present(
    payment.legs.find((row) => row.id === refund.leg),
    'the leg of a refund',
  );
  const reference = attemptReference(payment, attemptOf(payment, leg.attempt));
  const closed = await callWallet<CloseOutcome>(
    platform,
    opened,
    'close',
    () => opened.wallet.closeAttempt(reference),
    (answer) => answer.outcome,
  );
  switch (closed?.outcome) {
    case 'reversed':
      return GIVEN_BACK;
    case 'paid':
      return 'refund_it';
    case 'closed':
    case 'unsupported': {
      // It cannot be paid, or reversed, any more: what became of the money the order itself says.
      const asked = await callWallet<QueryOutcome>(
        platform,
        opened,
        'query',
        () => opened.wallet.queryAttempt(reference),
        (answer) => answer.outcome,
      );
      return asked?.outcome === 'answered' ? fateOf(asked, leg.orderNo) : undefined;
    }
    default:
      return undefined;
  }
}

function fateOf(
  answer: Extract<QueryOutcome, { readonly outcome: 'answered' }>,
  orderNo: string,
): ReversalFate {
  const status = answer.legs.find((row) => row.orderNo === orderNo)?.status;
  if (status === 'succeeded') return 'refund_it';
  return status === 'closed' || status === 'failed' ? GIVEN_BACK : undefined;
}
