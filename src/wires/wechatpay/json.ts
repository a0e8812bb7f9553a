/**
 * Tolerant reading of foreign JSON: unknown fields are ignored, missing and null ones are
 * undefined, and no field is assumed to have a type.
 */
import { type Fen, fenFromJson } from '../../kernel/money.ts';

export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that `text` is; undefined for any other JSON and for no JSON at all. */
export function parseRecord(text: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An own, non-empty string. */
export function textOf(record: JsonRecord | undefined, name: string): string | undefined {
  const value = ownOf(record, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function fenOf(record: JsonRecord | undefined, name: string): Fen | undefined {
  return fenFromJson(ownOf(record, name));
}

export function recordOf(record: JsonRecord | undefined, name: string): JsonRecord | undefined {
  const value = ownOf(record, name);
  return isRecord(value) ? value : undefined;
}

/** The objects of an array; anything else in it is left out. */
export function recordsOf(record: JsonRecord | undefined, name: string): JsonRecord[] {
  const value = ownOf(record, name);
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function ownOf(record: JsonRecord | undefined, name: string): unknown {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
