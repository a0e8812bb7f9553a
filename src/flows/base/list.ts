/** Lists for the edges: one page, newest first, cursors are ids. */

import { accountId, normalSide } from '../../core/ledger/chart.ts';
import type { Payment } from '../../core/payment/model.ts';
import { parseOrderNumber, parseRefundNumber } from '../../core/payment/order-number.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import { decodeBody, type Id, shardOfId } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import {
  type IdPage,
  type Listed,
  listEvents,
  listPayments,
  listTransactions,
  readBalances,
  readEvent,
  type StoredEventRow,
} from '../../store/queries.ts';
import type {
  IntentFilter,
  LedgerAccount,
  LedgerTransactionView,
  Page,
  PageRequest,
  StoredEvent,
} from '../use-cases.ts';
import type { Platform } from './platform.ts';
import { attemptRead } from './read-payment.ts';

type Answer<T> = Promise<Result<T, HutongError>>;

function idPage(page: PageRequest): Result<IdPage, HutongError> {
  const before = cursor(page.startingAfter, 'starting_after');
  const after = cursor(page.endingBefore, 'ending_before');
  if (!before.ok) return before;
  if (!after.ok) return after;
  return ok({ limit: page.limit, beforeId: before.value, afterId: after.value });
}

function cursor(text: string | null, param: string): Result<bigint | null, HutongError> {
  if (text === null) return ok(null);
  const value = decodeBody(text.slice(text.indexOf('_') + 1));
  return value === undefined
    ? err(hutongError('parameter_invalid', `${param} is not an id of this list`, { param }))
    : ok(value);
}

export async function listPage<R, T>(
  request: PageRequest,
  read: (page: IdPage) => Promise<Listed<R>>,
  show: (row: R) => T,
): Answer<Page<T>> {
  const ids = idPage(request);
  if (!ids.ok) return ids;
  const listed = await attemptRead(() => read(ids.value));
  return listed.ok
    ? ok({ data: listed.value.rows.map(show), hasMore: listed.value.hasMore })
    : listed;
}

export function listPaymentIntents(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  filter: IntentFilter,
  request: PageRequest,
): Answer<Page<Payment>> {
  const named = numberedPart(filter.orderNo);
  if (!named.ok) return Promise.resolve(named);
  const { intent, part } = named.value;
  return listPage(
    request,
    async (ids) => {
      const listed = await listPayments(platform.db, marketplace, { ...filter, intent }, ids);
      return {
        ...listed,
        rows: listed.rows.filter((payment) => part === null || has(payment, part)),
      };
    },
    (payment) => payment,
  );
}

interface NumberedPart {
  readonly intent: Id<'payment_intent'> | null;
  readonly part: Id<'payment_attempt'> | Id<'refund'> | null;
}

/** The numbers that wallets are given are made of ids: no index is needed to find them again. */
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

export function listLedgerTransactions(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  intent: Id<'payment_intent'> | null,
  request: PageRequest,
): Answer<Page<LedgerTransactionView>> {
  return listPage(
    request,
    (ids) => listTransactions(platform.db, marketplace, intent, ids),
    ({ intent: paymentIntent, ...row }) => ({ ...row, paymentIntent }),
  );
}

export async function listLedgerAccounts(
  platform: Platform,
  marketplace: Id<'marketplace'>,
): Answer<readonly LedgerAccount[]> {
  const balances = await attemptRead(() => readBalances(platform.db, marketplace));
  if (!balances.ok) return balances;
  return ok(
    balances.value.map(({ account: name, currency, debitFen, creditFen }) => {
      const normal = normalSide(name);
      const balanceFen = normal === 'debit' ? debitFen - creditFen : creditFen - debitFen;
      return { id: accountId(marketplace, name, currency), name, currency, balanceFen, normal };
    }),
  );
}

function shownEvent({ id, type, createdAtMs, objectVersion, object }: StoredEventRow): StoredEvent {
  return { id, type, createdAtMs, objectVersion, object };
}

export function listStoredEvents(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  type: string | null,
  request: PageRequest,
): Answer<Page<StoredEvent>> {
  return listPage(request, (ids) => listEvents(platform.db, marketplace, type, ids), shownEvent);
}

export async function getEvent(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'event'>,
): Answer<StoredEvent> {
  const event = await attemptRead(() => readEvent(platform.db, shardOfId(id), id));
  if (!event.ok) return event;
  if (event.value?.marketplace !== marketplace)
    return err(hutongError('not_found', 'no such event'));
  return ok(shownEvent(event.value));
}

/** A short reference list, cut into pages like the long ones; rows stand oldest first in `rows`. */
export function pageOf<T extends { readonly id: string }>(
  rows: readonly T[],
  request: PageRequest,
): Page<T> {
  const newest = [...rows].reverse();
  const start =
    request.startingAfter === null
      ? 0
      : newest.findIndex((row) => row.id === request.startingAfter) + 1;
  const end =
    request.endingBefore === null
      ? newest.length
      : newest.findIndex((row) => row.id === request.endingBefore);
  const window = newest.slice(start, end < 0 ? newest.length : end);
  const data =
    request.endingBefore === null ? window.slice(0, request.limit) : window.slice(-request.limit);
  return { data, hasMore: window.length > data.length };
}
