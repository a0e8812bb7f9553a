/**
 * Urlencoded parameters as Alipay signs them: decoded exactly once, by name.
 *
 * A repeated parameter, or bytes that are not UTF-8, make the whole text unreadable: two readers
 * could otherwise see two messages under one signature. Nothing here ever guesses.
 */
import { err, ok, type Result } from '../../kernel/result.ts';

export type Parameters = ReadonlyMap<string, string>;

export interface ParameterProblem {
  readonly kind: 'encoding' | 'duplicate';
  readonly name: string;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One urldecode: `+` is a blank, `%xx` a byte, the bytes UTF-8; undefined when they are not. */
export function decodeComponent(text: string): string | undefined {
  if (!/[%+]/.test(text) && /^[\x20-\x7e]*$/.test(text)) return text;
  const source = Buffer.from(text, 'utf8');
  const bytes = Buffer.alloc(source.length);
  let length = 0;
  for (let index = 0; index < source.length; index += 1) {
    let byte = source[index] ?? 0;
    if (byte === 0x2b) byte = 0x20;
    else if (byte === 0x25) {
      const digits = source.toString('latin1', index + 1, index + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return undefined;
      byte = Number.parseInt(digits, 16);
      index += 2;
    }
    bytes[length] = byte;
    length += 1;
  }
  try {
    return strictUtf8.decode(bytes.subarray(0, length));
  } catch {
    return undefined;
  }
}

/** One text, in which no name occurs twice. */
export function parseParameters(text: string): Result<Map<string, string>, ParameterProblem> {
  const parameters = new Map<string, string>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const name = decodeComponent(at === -1 ? pair : pair.slice(0, at));
    const value = decodeComponent(at === -1 ? '' : pair.slice(at + 1));
    if (name === undefined || value === undefined) {
      return err({ kind: 'encoding', name: name ?? '' });
    }
    if (parameters.has(name)) return err({ kind: 'duplicate', name });
    parameters.set(name, value);
  }
  return ok(parameters);
}

/**
 * How Alipay's gateway reads a request: a name that occurs once in the query and once in the body
 * with the same value is one parameter, since both readers see one message (official clients send
 * `charset` so). Never use this for notifications: they have a body only.
 */
export function parseRequest(
  queryText: string,
  bodyText: string,
): Result<Map<string, string>, ParameterProblem> {
  const query = parseParameters(queryText);
  if (!query.ok) return query;
  const body = parseParameters(bodyText);
  return body.ok ? mergeParameters(query.value, body.value) : body;
}

export function mergeParameters(
  query: Parameters,
  body: Iterable<readonly [string, string]>,
): Result<Map<string, string>, ParameterProblem> {
  const parameters = new Map(query);
  for (const [name, value] of body) {
    if ((query.get(name) ?? value) !== value) return err({ kind: 'duplicate', name });
    parameters.set(name, value);
  }
  return ok(parameters);
}

export function encodeParameters(parameters: Iterable<readonly [string, string]>): string {
  const pairs: string[] = [];
  for (const [name, value] of parameters) {
    pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  }
  return pairs.join('&');
}
