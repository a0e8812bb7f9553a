/** `{"object":"list","data":[],"has_more"}`, the one shape of every list. */
import type { Page } from '../flows/base/page.ts';

export function presentList<T>(
  page: Page<T>,
  presentOne: (one: T) => Record<string, unknown>,
): Record<string, unknown> {
  return { object: 'list', data: page.data.map(presentOne), has_more: page.hasMore };
}
