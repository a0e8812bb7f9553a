/**
 * A payment code that turned out paid while it was being reversed: its refund is that reversal
 * first, repeated until the wallet has reported its outcome. An ordinary refund follows only if the
 * wallet can no longer reverse, so that the buyer is never refunded twice.
 */

import type { Payment, Refund } from '../../core/payment/model.ts';
import { type QueryOutcome, type RefundReport, silentRefund } from '../../core/wallet/report.ts';
import { must, unreachable } from '../../kernel/assert.ts';
import type { OpenedWallet } from '../base/directory.ts';
import type { Platform } from '../base/platform.ts';
import { callWallet } from '../base/wallet-call.ts';
import { attemptOf, attemptReference } from '../payment/attempt-order.ts';

/** `refund_it`: the wallet can no longer reverse it. */
export type ReversalFate = RefundReport | 'refund_it';

export async function reverseForRefund(
  platform: Platform,
  opened: OpenedWallet,
  { payment, refund }: { readonly payment: Payment; readonly refund: Refund },
): Promise<ReversalFate> {
  const leg = must(
    payment.legs.find((row) => row.id === refund.leg),
    'the leg of a refund',
  );
  const reference = attemptReference(payment, attemptOf(payment, leg.attempt));
  const closed = await callWallet.close(platform, opened, reference);
  switch (closed.outcome) {
    case 'reversed':
      return silentRefund('succeeded');
    case 'paid':
      return 'refund_it';
    case 'closed':
    case 'unsupported':
      // It can no longer be paid or reversed: the order itself says what became of the money.
      return fateOf(await callWallet.query(platform, opened, reference), leg.orderNo);
    case 'not_found':
    case 'unknown':
      return silentRefund('unknown');
    default:
      return unreachable(closed);
  }
}

function fateOf(answer: QueryOutcome, orderNo: string): ReversalFate {
  if (answer.outcome === 'unknown') return silentRefund('unknown');
  const status = answer.legs.find((row) => row.orderNo === orderNo)?.status;
  if (status === 'succeeded') return 'refund_it';
  return silentRefund(status === 'closed' || status === 'failed' ? 'succeeded' : 'unknown');
}
