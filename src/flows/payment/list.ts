/** Finds payments by what a marketplace or an operator knows of them. */

import type { IntentStatus, Payment } from '../../core/payment/model.ts';
import { parseOrderNumber, parseRefundNumber } from '../../core/payment/order-number.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { listPayments } from '../../store/payment/queries.ts';
import type { Outcome } from '../base/outcome.ts';
import { listPage, type Page, type PageRequest } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';

export interface IntentFilter {
  readonly status: IntentStatus | null;
  readonly merchantOrderNo: string | null;
  readonly walletTransactionId: string | null;
  /** Our number at the wallet: of an order or of a refund. */
  readonly orderNo: string | null;
  readonly createdAfterMs: number | null;
  readonly createdBeforeMs: number | null;
}

export function listPaymentIntents(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  filter: IntentFilter,
  request: PageRequest,
): Outcome<Page<Payment>> {
  const named = numberedPart(filter.orderNo);
  if (!named.ok) return Promise.resolve(named);
  const { intent, part } = named.value;
  return listPage(request, async (ids) => {
    const listed = await listPayments(platform.cells, marketplace, { ...filter, intent }, ids);
    return {
      ...listed,
      rows: listed.rows.filter((payment) => part === null || has(payment, part)),
    };
  });
}

interface NumberedPart {
  readonly intent: Id<'payment_intent'> | null;
  readonly part: Id<'payment_attempt'> | Id<'refund'> | null;
}

/** Wallet order numbers are built from ids: finding them again needs no index. */
function numberedPart(orderNo: string | null): Result<NumberedPart, HutongError> {
  if (orderNo === null) return ok({ intent: null, part: null });
  const order = parseOrderNumber(orderNo);
  if (order !== undefined) return ok({ intent: order.intent, part: order.attempt });
  const refund = parseRefundNumber(orderNo);
  if (refund !== undefined) return ok({ intent: refund.intent, part: refund.refund });
  const message = 'order_no is the order_no of a leg or the refund_no of a refund, 28 characters';
  return err(hutongError('parameter_invalid', message, { param: 'order_no' }));
}

function has({ attempts, refunds }: Payment, part: string): boolean {
  return attempts.some(({ id }) => id === part) || refunds.some(({ id }) => id === part);
}
