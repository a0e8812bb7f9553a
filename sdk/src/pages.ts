/**
 * Lists: await one for its first page, or `for await` over it for every object on all pages.
 *
 * Walking backwards (`ending_before`) yields each page's objects in reverse, so the order of the
 * walk is the order of the ids. A server that answers `has_more` with an empty page ends the walk.
 */
import type { List, PageParams } from './types.ts';

export type Page<T> = List<T>;

/** A promise of the first page that is also an iterator over all objects. */
export type PageList<T> = Promise<Page<T>> & AsyncIterable<T>;

export function pageList<T extends { id: string }, Params extends PageParams>(
  params: Params,
  fetchPage: (params: Params) => Promise<Page<T>>,
): PageList<T> {
  const first = fetchPage(params);
  return Object.assign(first, {
    [Symbol.asyncIterator]: () => walk(params, first, fetchPage),
  });
}

async function* walk<T extends { id: string }, Params extends PageParams>(
  params: Params,
  first: Promise<Page<T>>,
  fetchPage: (params: Params) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  const backwards = params.ending_before !== undefined;
  let cursor = backwards ? params.ending_before : params.starting_after;
  for (let page = await first; ; ) {
    yield* backwards ? page.data.toReversed() : page.data;
    const next = (backwards ? page.data.at(0) : page.data.at(-1))?.id;
    if (!page.has_more || next === undefined || next === cursor) return;
    cursor = next;
    page = await fetchPage({
      ...params,
      [backwards ? 'ending_before' : 'starting_after']: next,
    });
  }
}
