/**
 * Schemas are compiled once; an invalid value becomes one coded error that names the field. Nothing
 * is coerced in bodies: `"100"` is no amount. Query strings carry only text, so integer fields are
 * parsed first, digits only: `1.5` is not 1.
 */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { READABLE } from '../core/shape.ts';
import { type HutongError, hutongError } from '../kernel/errors.ts';
import { err, ok, type Result } from '../kernel/result.ts';

export type Check = (value: unknown) => Result<unknown, HutongError>;

interface SchemaIssue {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

export function compileBody(schema: TSchema): Check {
  const compiled = Compile(schema);
  return (value) =>
    compiled.Check(value) ? ok(value) : err(explain(compiled.Errors(value), 'the body'));
}

export function compileQuery(schema: TSchema): Check {
  const compiled = Compile(schema);
  const integers = integerFields(schema);
  return (value) => {
    const read = integers.length === 0 ? value : withIntegers(value, integers);
    return compiled.Check(read) ? ok(read) : err(explain(compiled.Errors(read), 'the query'));
  };
}

const DIGITS = /^-?\d{1,15}$/;

function integerFields(schema: TSchema): string[] {
  if (!('properties' in schema)) return [];
  const { properties } = schema as { readonly properties: Readonly<Record<string, object>> };
  return Object.entries(properties)
    .filter(([, field]) => 'type' in field && field.type === 'integer')
    .map(([name]) => name);
}

function withIntegers(value: unknown, names: readonly string[]): unknown {
  const read: Record<string, unknown> = Object.assign({}, value);
  for (const name of names) {
    const text = read[name];
    if (typeof text === 'string' && DIGITS.test(text)) read[name] = Number(text);
  }
  return read;
}

function explain(issues: readonly SchemaIssue[], whole: string): HutongError {
  const [issue] = issues;
  if (issue === undefined) return hutongError('parameter_invalid', `${whole} does not fit`);
  const param = paramOf(issue.instancePath);
  // `additionalProperties: false` shows as a schema that nothing matches, at the field's own path.
  if (issue.keyword === 'boolean') {
    return hutongError('parameter_unknown', `${param} is not a field of this call`, { param });
  }
  if (issue.keyword === 'required') {
    const missing = [param, firstText(issue.params, 'requiredProperties')].filter(Boolean);
    const name = missing.join('.');
    const message = `${name} is missing${misspelt(issues, param)}`;
    return hutongError('parameter_invalid', message, { param: name });
  }
  return hutongError(
    'parameter_invalid',
    `${param === '' ? whole : param} ${messageOf(issue, issues)}`,
    param === '' ? {} : { param },
  );
}

/** A field beside the missing one that the call does not have: most likely what was meant. */
function misspelt(issues: readonly SchemaIssue[], parent: string): string {
  const prefix = parent === '' ? '' : `${parent}.`;
  const unknown = issues
    .filter(({ keyword }) => keyword === 'boolean')
    .map(({ instancePath }) => paramOf(instancePath))
    .find((field) => field.startsWith(prefix) && !field.slice(prefix.length).includes('.'));
  return unknown === undefined ? '' : `; ${unknown} is not a field of this call`;
}

/** typebox's message for a `const` mismatch. */
interface ConstParams {
  readonly allowedValue?: unknown;
}

function messageOf(issue: SchemaIssue, issues: readonly SchemaIssue[]): string {
  switch (issue.keyword) {
    case 'pattern':
      return hasPattern(issue.params, READABLE)
        ? 'is blank, or has control characters or marks that turn the direction of text'
        : 'has characters or a form that are not allowed';
    case 'enum':
      return `must be one of ${allTexts(issue.params, 'allowedValues').join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify((issue.params as ConstParams).allowedValue)}`;
    case 'propertyNames':
      return 'has a key that is not allowed';
    default:
      return issues.some(({ keyword }) => keyword === 'anyOf') ? 'does not fit' : issue.message;
  }
}

function hasPattern(params: { readonly pattern?: unknown }, pattern: string): boolean {
  return params.pattern === pattern;
}

/** `/sub_orders/0/amount` -> `sub_orders[0].amount`. */
function paramOf(instancePath: string): string {
  let param = '';
  for (const part of instancePath.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~').slice(0, 64);
    if (/^\d+$/.test(name)) param += `[${name}]`;
    else param += param === '' ? name : `.${name}`;
  }
  return param;
}

function allTexts(params: object, key: string): string[] {
  const value: unknown = Object.entries(params).find(([name]) => name === key)?.[1];
  return Array.isArray(value) ? value.map(String) : [];
}

function firstText(params: object, key: string): string {
  return allTexts(params, key)[0] ?? '';
}
