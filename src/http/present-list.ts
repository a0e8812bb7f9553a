/** `{"object":"list","data":[],"has_more"}`: the shape of every list. */
import type { Page } from '../flows/base/page.ts';

export function presentList<T, S>(
  page: Page<T>,
  presentOne: (one: T) => S,
): { readonly object: 'list'; readonly data: readonly S[]; readonly has_more: boolean } {
  return { object: 'list', data: page.data.map(presentOne), has_more: page.hasMore };
}
