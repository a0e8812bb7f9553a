/**
 * The statements of one table, or of one kind of work, as one list: each is named after the list
 * and its own key (`payment_intents.by_order_no`), so that no two texts have one name.
 */
import type { Statement } from './db.ts';

export function statements<K extends string>(
  of: string,
  texts: Readonly<Record<K, string>>,
): Readonly<Record<K, Statement>> {
  const named = Object.entries<string>(texts).map(([key, text]) => {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return [key, { name: `${of}.${name}`, text }];
  });
  return Object.fromEntries(named) as Readonly<Record<K, Statement>>;
}
