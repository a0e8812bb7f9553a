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

/** What a parameter may not be. */
export function invalid(param: string, message: string): Result<never, InputError> {
  return err(inputError('parameter_invalid', param, message));
}

/** The body as an object of known members; an empty body is `{}`. */
export function readObject(
  request: WireRequest,
  known: readonly string[],
): Result<JsonObject, InputError> {
  const text = request.body.toString('utf8');
  if (text.trim() === '') return ok({});
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(inputError('invalid_json', null, 'the body is not JSON'));
  }
  if (!isObject(value)) return err(inputError('invalid_json', null, 'the body is a JSON object'));
  return knownMembers(value, known, '');
}

/** The same of an object inside the body. */
export function readMember(
  value: unknown,
  known: readonly string[],
  param: string,
): Result<JsonObject, InputError> {
  return isObject(value)
    ? knownMembers(value, known, `${param}.`)
    : invalid(param, `${param} is an object`);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An unknown member is refused: a misspelt name must not be ignored in favor of a default. */
function knownMembers(
  object: JsonObject,
  known: readonly string[],
  prefix: string,
): Result<JsonObject, InputError> {
  const name = Object.keys(object).find((key) => !known.includes(key));
  if (name === undefined) return ok(object);
  const message = `${prefix}${name} is not known here; known: ${known.join(', ')}`;
  return err(inputError('unknown_parameter', `${prefix}${name}`, message));
}

export function oneOf<T extends string>(
  param: string,
  value: unknown,
  known: readonly T[],
): Result<T, InputError> {
  const found = known.find((item) => item === value);
  return found === undefined
    ? invalid(param, `${param} is one of: ${known.join(', ')}`)
    : ok(found);
}
