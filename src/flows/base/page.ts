/** One page of a list for HTTP and CLI: newest first, cursors are ids. */

import { type HutongError, hutongError } from '../../kernel/errors.ts';
import { decodeBody } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { IdPage, Listed } from '../../store/page.ts';
import type { Outcome } from './outcome.ts';
import { attemptRead } from './read-payment.ts';

export interface PageRequest {
  readonly limit: number;
  readonly startingAfter: string | null;
  readonly endingBefore: string | null;
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly hasMore: boolean;
}

export async function listPage<T>(
  request: PageRequest,
  read: (page: IdPage) => Promise<Listed<T>>,
): Outcome<Page<T>> {
  const ids = idPage(request);
  if (!ids.ok) return ids;
  const listed = await attemptRead(() => read(ids.value));
  return listed.ok ? ok({ data: listed.value.rows, hasMore: listed.value.hasMore }) : listed;
}

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

/** Pages of a short reference list, as of the long ones; `rows` is sorted oldest first. */
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
