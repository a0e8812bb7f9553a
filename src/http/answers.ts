/** What routes answer: what a use case gave, as the API shows it. */
import type { Outcome } from '../flows/base/outcome.ts';
import type { Page, PageRequest } from '../flows/base/page.ts';
import type { HutongError } from '../kernel/errors.ts';
import { ok, type Result } from '../kernel/result.ts';
import { type PageQuery, pageOf } from './parse.ts';

export function answerOf<T, S>(
  given: Result<T, HutongError>,
  presentOne: (one: T) => S,
  status = 200,
): Result<{ readonly status: number; readonly body: S }, HutongError> {
  return given.ok ? ok({ status, body: presentOne(given.value) }) : given;
}

/** `{"object":"list","data":[],"has_more"}`, the one shape of every list. */
export function presentList<T, S>(
  page: Page<T>,
  presentOne: (one: T) => S,
): { readonly object: 'list'; readonly data: readonly S[]; readonly has_more: boolean } {
  return { object: 'list', data: page.data.map(presentOne), has_more: page.hasMore };
}

/** The page of a list that was asked for. */
export async function pageAnswerOf<T, S>(
  query: PageQuery,
  presentOne: (one: T) => S,
  read: (page: PageRequest) => Outcome<Page<T>>,
) {
  const page = pageOf(query);
  if (!page.ok) return page;
  return answerOf(await read(page.value), (found) => presentList(found, presentOne));
}
