/**
 * accSplitData: base64 of UTF-8 JSON naming who is paid what part of an order, at most five. The
 * order of its members is the published one; readers must not depend on it.
 */
import type { Fen } from '../../kernel/money.ts';

export const SPLIT_COUNT_MAX = 5;

export interface SplitPart {
  readonly merId: string;
  readonly amountFen: Fen;
}

export function writeSplit(parts: readonly SplitPart[]): string {
  const json = JSON.stringify({
    accSplitType: '1',
    accSplitMchts: parts.map(({ merId, amountFen }) => ({
      accSplitMerId: merId,
      accSplitAmt: amountFen.toString(),
    })),
  });
  return Buffer.from(json, 'utf8').toString('base64');
}

/** undefined = not a type 1 split of one to five parties, each with a positive amount. */
export function readSplit(base64: string): SplitPart[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isRecord(parsed) || parsed.accSplitType !== '1') return undefined;
  const listed = parsed.accSplitMchts;
  if (!Array.isArray(listed) || listed.length === 0 || listed.length > SPLIT_COUNT_MAX) {
    return undefined;
  }
  const parts = listed.map(readPart);
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

function readPart(value: unknown): SplitPart | undefined {
  if (!isRecord(value)) return undefined;
  const { accSplitMerId: merId, accSplitAmt: amount } = value;
  if (typeof merId !== 'string' || !/^[0-9A-Za-z]{15}$/.test(merId)) return undefined;
  if (typeof amount !== 'string' || !/^[1-9][0-9]{0,11}$/.test(amount)) return undefined;
  return { merId, amountFen: BigInt(amount) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
