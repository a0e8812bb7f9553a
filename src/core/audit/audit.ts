/**
 * The audit log's rows and their hash chain. A row says who changed what, when, and the values
 * before and after; it never holds a secret. Each row's hash covers the hash of the previous row of
 * its chain, so a row edited, removed or inserted later is detected.
 *
 * One chain per marketplace, and one for changes of no marketplace (null), such as the key ring.
 */
import { createHash } from 'node:crypto';
import type { Id } from '../../kernel/id.ts';
import { compareTexts } from '../../kernel/order.ts';

/** The previous hash of a chain's first row. */
export const CHAIN_START = '0'.repeat(64);

export type AuditValue = Readonly<Record<string, unknown>>;

/** What the code that makes a change records about it. */
export interface AuditFact {
  readonly marketplace: Id<'marketplace'> | null;
  /** Who did it: an API key's id, `cli:<user of the machine>`, or `system`. */
  readonly actor: string;
  /** `noun.verb`, such as `api_key.created`. */
  readonly action: string;
  /** The changed object's id, or its natural name. */
  readonly object: string;
  readonly before: AuditValue | null;
  readonly after: AuditValue | null;
}

export interface AuditRow extends AuditFact {
  readonly id: Id<'audit_entry'>;
  readonly atMs: number;
  /** Position in the chain, from 1; null until the row is sealed, and so are the hashes. */
  readonly sequence: number | null;
  readonly previousSha256: string | null;
  readonly sha256: string | null;
}

/** The hash of a row at its position: over one line of JSON with its members in a fixed order. */
export function auditHash(row: AuditRow, sequence: number, previousSha256: string): string {
  const line = JSON.stringify([
    previousSha256,
    sequence,
    row.id,
    row.marketplace,
    row.atMs,
    row.actor,
    row.action,
    row.object,
    row.before === null ? null : canonicalJson(row.before),
    row.after === null ? null : canonicalJson(row.after),
  ]);
  return createHash('sha256').update(line).digest('hex');
}

/** JSON with the members of every object sorted, so that equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    const entries = Object.entries(member).sort(([a], [b]) => compareTexts(a, b));
    return Object.fromEntries(entries);
  });
}

export interface ChainProblem {
  readonly sequence: number;
  readonly id: Id<'audit_entry'>;
  readonly what: string;
}

export interface ChainVerdict {
  readonly rows: number;
  readonly head: string;
  /** The first row that differs from what was sealed; null = none does. */
  readonly problem: ChainProblem | null;
}

/** Verifies sealed rows of one chain, in order, starting where `from` ended. */
export function followChain(
  rows: Iterable<AuditRow>,
  from: ChainVerdict = { rows: 0, head: CHAIN_START, problem: null },
): ChainVerdict {
  let { head, rows: count } = from;
  if (from.problem !== null) return from;
  for (const row of rows) {
    const sequence = count + 1;
    const what = problemOf(row, sequence, head);
    if (what !== null) return { rows: count, head, problem: { sequence, id: row.id, what } };
    head = row.sha256 ?? head;
    count = sequence;
  }
  return { rows: count, head, problem: null };
}

function problemOf(row: AuditRow, sequence: number, head: string): string | null {
  if (row.sequence !== sequence)
    return `row ${sequence} of the chain is missing: the next is ${row.sequence ?? 'not sealed'}`;
  if (row.previousSha256 !== head) return 'it does not follow the row before it';
  if (row.sha256 !== auditHash(row, sequence, head)) return 'its content is not what was sealed';
  return null;
}
