/** Converts validated input to what a use case takes; each refusal names its field. */

import { isIP } from 'node:net';
import type { PageRequest } from '../flows/base/page.ts';
import { type HutongError, hutongError } from '../kernel/errors.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { webAddressProblem } from '../runtime/web-address.ts';
import { parseRfc3339 } from './rfc3339.ts';

const LIMIT_DEFAULT = 10;

function invalid(param: string, message: string): Result<never, HutongError> {
  return err(hutongError('parameter_invalid', `${param} ${message}`, { param }));
}

export interface PageQuery {
  readonly limit?: number;
  readonly starting_after?: string;
  readonly ending_before?: string;
}

export function pageOf(query: PageQuery): Result<PageRequest, HutongError> {
  if (query.starting_after !== undefined && query.ending_before !== undefined) {
    return invalid('ending_before', 'and starting_after exclude each other');
  }
  return ok({
    limit: query.limit ?? LIMIT_DEFAULT,
    startingAfter: query.starting_after ?? null,
    endingBefore: query.ending_before ?? null,
  });
}

export function timeOf(
  param: string,
  value: string | undefined,
): Result<number | null, HutongError> {
  if (value === undefined) return ok(null);
  const ms = parseRfc3339(value);
  return ms === undefined ? invalid(param, 'is not an RFC 3339 time with an offset') : ok(ms);
}

export function returnUrlOf(value: string | undefined): Result<string | null, HutongError> {
  if (value === undefined) return ok(null);
  const unsafe = webAddressProblem(value);
  if (unsafe !== null) return invalid('return_url', unsafe);
  const url = new URL(value);
  if (url.username !== '' || url.password !== '') {
    return invalid('return_url', 'may not carry a user name or password');
  }
  // Normalized by the parser: another parser might see another host in the original text.
  return ok(url.href);
}

export function ipOf(param: string, value: string | undefined): Result<string | null, HutongError> {
  if (value === undefined) return ok(null);
  if (isIP(value) === 0 || value.includes('%')) return invalid(param, 'is not an IP address');
  return ok(value);
}

/** All the values, or the first refusal. */
export function allOk<T extends Readonly<Record<string, Result<unknown, HutongError>>>>(
  results: T,
): Result<{ readonly [K in keyof T]: ValueOf<T[K]> }, HutongError> {
  const values: Record<string, unknown> = {};
  for (const [name, result] of Object.entries(results)) {
    if (!result.ok) return result;
    values[name] = result.value;
  }
  return ok(values as { readonly [K in keyof T]: ValueOf<T[K]> });
}

type ValueOf<R> = R extends { readonly ok: true; readonly value: infer V } ? V : never;
