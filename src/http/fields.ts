/** Fields that several calls share. Every string and list is bounded, every object is closed. */
import { type TObject, type TProperties, Type } from 'typebox';
import { closed, idField, READABLE } from '../core/shape.ts';
import type { IdKind } from '../kernel/id.ts';

export function text(lengthMax: number, description: string, example?: string) {
  return Type.String({
    minLength: 1,
    maxLength: lengthMax,
    pattern: READABLE,
    description,
    ...(example === undefined ? {} : { examples: [example] }),
  });
}

export function time(description: string) {
  return Type.String({
    maxLength: 40,
    format: 'date-time',
    description,
    examples: ['2026-12-01T12:00:00+08:00'],
  });
}

export function paged<P extends TProperties>(kind: IdKind, filters: P) {
  return closed({
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, default: 10, description: 'How many to answer.' }),
    ),
    starting_after: Type.Optional(idField(kind, 'The last id of the page before.')),
    ending_before: Type.Optional(idField(kind, 'The first id of the page after.')),
    ...filters,
  });
}

export const NoQuery: TObject = closed({});
export const NoBody: TObject = closed({});
