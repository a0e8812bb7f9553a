/**
 * Form bodies: requests, notifications and what a browser submits. Percent-encoded in the charset
 * that the message's own `encoding` names, decoded exactly once (`+` is a blank). Bytes that are
 * invalid in it, or a repeated name, make the whole form unreadable.
 */
import { err, ok, type Result } from '../../kernel/result.ts';
import { bytesOf, type Encoding, encodingOf, textOf } from './canonical.ts';

export interface FormProblem {
  readonly kind: 'encoding' | 'duplicate';
  readonly name: string;
}

export interface ReadForm {
  readonly fields: Map<string, string>;
  readonly encoding: Encoding;
}

/** `fallback`: the charset of a form that names no encoding. */
export function parseForm(
  body: Buffer | string,
  fallback: Encoding = 'UTF-8',
): Result<ReadForm, FormProblem> {
  const pairs: (readonly [Buffer, Buffer])[] = [];
  const text = typeof body === 'string' ? body : body.toString('latin1');
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const name = decodePercent(at === -1 ? pair : pair.slice(0, at));
    const value = decodePercent(at === -1 ? '' : pair.slice(at + 1));
    if (name === undefined || value === undefined) return err({ kind: 'encoding', name: '' });
    pairs.push([name, value]);
  }
  const named = pairs.find(([name]) => name.toString('latin1') === 'encoding');
  const encoding = named === undefined ? fallback : encodingOf(named[1].toString('latin1'));
  if (encoding === undefined) return err({ kind: 'encoding', name: 'encoding' });
  const fields = new Map<string, string>();
  for (const [nameBytes, valueBytes] of pairs) {
    const name = textOf(nameBytes, encoding);
    const value = textOf(valueBytes, encoding);
    if (name === undefined || value === undefined) {
      return err({ kind: 'encoding', name: nameBytes.toString('latin1').slice(0, 32) });
    }
    if (fields.has(name)) return err({ kind: 'duplicate', name: name.slice(0, 32) });
    fields.set(name, value);
  }
  return ok({ fields, encoding });
}

function decodePercent(text: string): Buffer | undefined {
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    let byte = text.charCodeAt(at);
    if (byte > 0xff) return undefined;
    if (byte === 0x2b) byte = 0x20;
    else if (byte === 0x25) {
      const digits = text.slice(at + 1, at + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return undefined;
      byte = Number.parseInt(digits, 16);
      at += 2;
    }
    bytes[length] = byte;
    length += 1;
  }
  return bytes.subarray(0, length);
}

const UNRESERVED = /[0-9A-Za-z._~-]/;

export function encodeForm(
  fields: Iterable<readonly [string, string]>,
  encoding: Encoding,
): string {
  const pairs: string[] = [];
  for (const [name, value] of fields) {
    pairs.push(`${encodePercent(name, encoding)}=${encodePercent(value, encoding)}`);
  }
  return pairs.join('&');
}

function encodePercent(text: string, encoding: Encoding): string {
  let encoded = '';
  for (const byte of bytesOf(text, encoding)) {
    const char = String.fromCharCode(byte);
    encoded += UNRESERVED.test(char)
      ? char
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
