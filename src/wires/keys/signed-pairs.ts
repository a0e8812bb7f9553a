/**
 * Signatures over `a=1&b=2`, written without escaping: Alipay's v2 messages, UnionPay's ACP, WeChat
 * Pay's APIv2 and JD's forms. Such a text can be split in several ways, so that a value which
 * swallows its neighbor (`a` = `1&b=2`) has the same signature as the genuine message.
 *
 * Only one reading is ever accepted. The text is sorted by name; a genuine message therefore never
 * holds `&name=` inside a value where `name` sorts after the value's own. Nested fields are the one
 * exception, `{k=v&k=v}` at UnionPay: such a value, if it opens with a bracket, runs to its match.
 *
 * Proof that no text has two accepted readings: let two first differ in where the value of `f`
 * ends. The shorter one goes on with `&h=`, and its names are sorted, so `f < h`; the longer one
 * has that very `&h=` in the value of `f`, and is refused, unless `f` may be nested and the longer
 * value is one bracket to its match. Then the shorter one ends inside that bracket, and is refused.
 */
import { err, ok, type Result } from '../../kernel/result.ts';

export interface AmbiguousPair {
  readonly kind: 'name' | 'unbalanced' | 'hidden';
  /** The field whose name or value it is; cut, safe to log. */
  readonly name: string;
}

/** Whether the value of this field may be pairs in brackets. */
export type IsNested = (name: string) => boolean;

const NONE: IsNested = () => false;

export type Pairs = Iterable<readonly [name: string, value: string]>;

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const HIDDEN = /&([A-Za-z0-9_.-]{1,64})=/g;
const CLOSERS: Readonly<Record<string, string>> = { '{': '}', '[': ']' };
const DEPTH_MAX = 32;

/**
 * The known fields of a message whose signature covers exactly these pairs, or the ambiguous one.
 * Fields that the wallet does not document are signed, but never used.
 */
export function readSignedPairs(
  pairs: Pairs,
  known: ReadonlySet<string>,
  isNested: IsNested = NONE,
): Result<Map<string, string>, AmbiguousPair> {
  const ambiguous = findAmbiguous(pairs, isNested);
  if (ambiguous !== undefined) return err(ambiguous);
  return ok(new Map([...pairs].filter(([name]) => known.has(name))));
}

/** The first field, if any, at which the signed text could be split in another way. */
export function findAmbiguous(pairs: Pairs, isNested = NONE): AmbiguousPair | undefined {
  for (const [name, value] of pairs) {
    if (!NAME.test(name)) return { kind: 'name', name: name.slice(0, 64) };
    const kind = isNested(name) ? nestedAmbiguity(name, value) : flatAmbiguity(name, value);
    if (kind !== undefined) return { kind, name };
  }
  return undefined;
}

function nestedAmbiguity(name: string, value: string): AmbiguousPair['kind'] | undefined {
  const end = bracketsEnd(value, 0);
  if (end === undefined) return 'unbalanced';
  const isWhole = end > 0 && end === value.length;
  return isWhole ? undefined : flatAmbiguity(name, value);
}

function flatAmbiguity(name: string, value: string): AmbiguousPair['kind'] | undefined {
  if (!value.includes('&')) return undefined;
  for (const [, hidden = ''] of value.matchAll(HIDDEN)) if (hidden > name) return 'hidden';
  return undefined;
}

/**
 * Behind the bracket that closes the one at `start`; `start` itself where none opens there,
 * undefined where it is never closed.
 */
export function bracketsEnd(text: string, start: number): number | undefined {
  const open: string[] = [];
  for (let at = start; at < text.length; at += 1) {
    const char = text.charAt(at);
    const closer = CLOSERS[char];
    if (closer !== undefined) {
      if (open.length === DEPTH_MAX) return undefined;
      open.push(closer);
    } else if (char === open.at(-1)) open.pop();
    if (open.length === 0) return at === start && closer === undefined ? start : at + 1;
  }
  return start === text.length ? start : undefined;
}
