/**
 * A reply of the gateway: `k=v&k=v`, not percent-encoded, sometimes wrapped in `{}`. Base64 `+` and
 * `=` are literal, so no form decoder may be used. A value that opens with a bracket extends to its
 * matching one, whatever `&` is inside (`customerInfo={a=1&b=2}`, `[…]`).
 *
 * A repeated name makes the whole text unreadable: two readers could otherwise see two messages
 * under one signature.
 */
import { err, ok, type Result } from '../../kernel/result.ts';
import { bracketsEnd } from '../keys/signed-pairs.ts';

export interface ReplyProblem {
  readonly kind: 'not_pairs' | 'duplicate' | 'unbalanced' | 'too_large';
  readonly name: string;
}

const REPLY_CHARS_MAX = 8 << 20;

export function parseReply(text: string): Result<Map<string, string>, ReplyProblem> {
  if (text.length > REPLY_CHARS_MAX) return err({ kind: 'too_large', name: '' });
  const inner = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  const fields = new Map<string, string>();
  let at = 0;
  while (at < inner.length) {
    const equals = inner.indexOf('=', at);
    const nextPair = inner.indexOf('&', at);
    if (equals <= at || (nextPair !== -1 && nextPair < equals)) {
      return err({ kind: 'not_pairs', name: inner.slice(at, at + 32) });
    }
    const name = inner.slice(at, equals);
    const end = valueEnd(inner, equals + 1);
    if (end === undefined) return err({ kind: 'unbalanced', name: name.slice(0, 32) });
    if (fields.has(name)) return err({ kind: 'duplicate', name: name.slice(0, 32) });
    fields.set(name, inner.slice(equals + 1, end));
    at = end + 1;
  }
  return fields.size === 0 ? err({ kind: 'not_pairs', name: '' }) : ok(fields);
}

/** Where the value that begins at `start` ends: at `&` or at the end of the text. */
function valueEnd(text: string, start: number): number | undefined {
  const nestedEnd = bracketsEnd(text, start);
  if (nestedEnd === undefined) return undefined;
  const end = text.indexOf('&', nestedEnd);
  return end === -1 ? text.length : end;
}

/** As the gateway writes it: in the order given, nothing encoded. */
export function writeReply(fields: Iterable<readonly [string, string]>): string {
  return [...fields].map(([name, value]) => `${name}=${value}`).join('&');
}

/** `{k=v&k=v}`: the shape of reserved, customerInfo, cardTransData and their kind. */
export function writeNested(fields: Iterable<readonly [string, string]>): string {
  return `{${writeReply(fields)}}`;
}
