/**
 * What a phone can be given to scan: the text of a QR code, a URL, an app's order string, or a
 * `next_action` (whole, its params, or its form) as an object or its JSON. It is normalized to what
 * a gateway takes: a text or an object.
 */
import { err, ok, type Result } from '../../src/kernel/result.ts';
import { type InputError, inputError, invalid, isObject, type JsonObject } from '../http/json.ts';

const CHARS_MAX = 65_536;

export type PhoneCode = string | JsonObject;

export function readCode(value: unknown): Result<PhoneCode, InputError> {
  if (isObject(value)) return ok(unwrapAction(value));
  if (typeof value !== 'string' || value.trim() === '') {
    return err(inputError('parameter_missing', 'code', 'code is a text or an object'));
  }
  const text = value.trim();
  if (text.length > CHARS_MAX) {
    return invalid('code', `code has at most ${CHARS_MAX} characters`);
  }
  if (!text.startsWith('{')) return ok(text);
  try {
    const parsed: unknown = JSON.parse(text);
    return ok(isObject(parsed) ? unwrapAction(parsed) : text);
  } catch {
    return invalid('code', 'code begins like JSON, but is none');
  }
}

/** The part of a `next_action` that a wallet sees; anything else is unchanged. */
export function unwrapAction(value: JsonObject): PhoneCode {
  switch (value.type) {
    case 'qr_code':
      return typeof value.code === 'string' ? value.code : value;
    case 'redirect':
      return typeof value.url === 'string' ? value.url : value;
    case 'invoke':
      return isObject(value.params) ? value.params : value;
    case 'form':
      return { action: value.action, fields: value.fields };
    default:
      return value;
  }
}
