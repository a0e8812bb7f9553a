/**
 * A message: a flat JSON object of texts, and four headers about it. What is verified is the raw
 * body, and what is read afterwards is that very body; nothing of it is believed before.
 */
import type { KeyObject } from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';
import { signedBytes } from './canonical.ts';
import { signBytes, verifyBytes } from './signature.ts';

export const HEADERS = {
  merchant: 'samplepay-merchant',
  timestamp: 'samplepay-timestamp',
  nonce: 'samplepay-nonce',
  signature: 'samplepay-signature',
} as const;

export const MESSAGE_BYTES_MAX = 16_384;
/** A signature of another time is refused, in both directions. */
const SKEW_MS_MAX = 300_000;

export type Fields = Readonly<Record<string, string>>;
export type MessageFlaw = 'too_long' | 'unsigned' | 'stale' | 'bad_signature' | 'not_fields';

export function fieldOf(fields: Fields, name: string): string | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

export function writeFields(fields: Fields): Buffer {
  return Buffer.from(JSON.stringify(fields), 'utf8');
}

/** undefined = not a flat object of texts. */
export function readFields(body: Buffer): Fields | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const pairs = Object.entries(value);
  if (!pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string'))
    return undefined;
  return Object.fromEntries(pairs);
}

interface Outgoing {
  readonly what: string;
  readonly merchant: string;
  readonly body: Buffer;
  readonly nowMs: number;
  readonly nonce: string;
}

export function signedHeaders(key: KeyObject, message: Outgoing): Fields {
  const { what, merchant, body, nowMs, nonce } = message;
  const timestamp = String(Math.floor(nowMs / 1_000));
  return {
    'content-type': 'application/json; charset=utf-8',
    [HEADERS.merchant]: merchant,
    [HEADERS.timestamp]: timestamp,
    [HEADERS.nonce]: nonce,
    [HEADERS.signature]: signBytes(key, signedBytes({ what, timestamp, nonce, body })),
  };
}

export interface Incoming {
  readonly what: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly nowMs: number;
}

export function openMessage(key: KeyObject, message: Incoming): Result<Fields, MessageFlaw> {
  const { what, headers, body, nowMs } = message;
  if (body.length > MESSAGE_BYTES_MAX) return err('too_long');
  const timestamp = headers[HEADERS.timestamp] ?? '';
  const nonce = headers[HEADERS.nonce] ?? '';
  const signature = headers[HEADERS.signature] ?? '';
  if (!/^\d{10}$/.test(timestamp) || !/^[0-9a-zA-Z]{8,64}$/.test(nonce) || signature === '')
    return err('unsigned');
  if (Math.abs(nowMs - Number(timestamp) * 1_000) > SKEW_MS_MAX) return err('stale');
  if (!verifyBytes(key, signedBytes({ what, timestamp, nonce, body }), signature))
    return err('bad_signature');
  const fields = readFields(body);
  return fields === undefined ? err('not_fields') : ok(fields);
}
