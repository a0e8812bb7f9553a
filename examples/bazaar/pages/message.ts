/** A page that only says something: not found, refused, out of order. */
import type { TextKey } from '../texts.ts';
import { emptyState, page } from './layout.ts';
import { home, say, type View } from './view.ts';

export function messagePage(view: View, title: TextKey, more: TextKey): string {
  const body = emptyState(say(view, title), say(view, more), {
    href: home(view),
    label: say(view, 'back'),
  });
  return page(view, { title: say(view, title), body, tab: 'none' });
}
