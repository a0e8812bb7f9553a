/**
 * JSON in and out of the city's own calls (/phone, /control). A refusal always has the same shape:
 * `{error:{code,message,param}}`.
 */
import { err, ok, type Result } from '../../src/kernel/result.ts';
import type { WireRequest, WireResponse } from '../kit/kit.ts';

export interface InputError {
  readonly code: string;
  readonly message: string;
  /** The wrong member, dotted; null = the request as a whole. */
  readonly param: string | null;
}

export type JsonObject = Readonly<Record<string, unknown>>;

const HEADERS = Object.freeze({
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
});

export function jsonAnswer(status: number, value: unknown): WireResponse {
  return { status, headers: HEADERS, body: `${JSON.stringify(value)}\n` };
}

export function jsonError(
  status: number,
  code: string,
  message: string,
  param: string | null = null,
): WireResponse {
  return jsonAnswer(status, { error: { code, message, param } });
}

export function inputErrorAnswer(error: InputError, status = 400): WireResponse {
  return jsonError(status, error.code, error.message, error.param);
}

export function inputError(code: string, param: string | null, message: string): InputError {
  return { code, param, message };
}

export function methodNotAllowed(allowed: readonly string[]): WireResponse {
  const answer = jsonError(405, 'method_not_allowed', `use ${allowed.join(' or ')}`);
  return { ...answer, headers: { ...answer.headers, allow: allowed.join(', ') } };
}

/** The body as an object; an empty body is `{}`. */
export function readObject(request: WireRequest): Result<JsonObject, InputError> {
  const text = request.body.toString('utf8');
  if (text.trim() === '') return ok({});
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(inputError('invalid_json', null, 'the body is not JSON'));
  }
  if (!isObject(value)) return err(inputError('invalid_json', null, 'the body is a JSON object'));
  return ok(value);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first unknown member: a misspelt name must not be ignored in favor of a default. */
export function unknownMember(
  object: JsonObject,
  known: readonly string[],
  prefix = '',
): InputError | undefined {
  const name = Object.keys(object).find((key) => !known.includes(key));
  if (name === undefined) return undefined;
  const message = `${prefix}${name} is not known here; known: ${known.join(', ')}`;
  return inputError('unknown_parameter', `${prefix}${name}`, message);
}
