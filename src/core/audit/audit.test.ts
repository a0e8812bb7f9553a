import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatId, packId } from '../../kernel/id.ts';
import { type AuditRow, auditHash, CHAIN_START, canonicalJson, followChain } from './audit.ts';

const idAt = (sequence: number) =>
  formatId(
    'audit_entry',
    packId({ unixMs: Date.UTC(2026, 0, 1) + sequence, shard: 0, process: 1, sequence: 0 }),
  );

function chain(count: number): AuditRow[] {
  const rows: AuditRow[] = [];
  let head = CHAIN_START;
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const row: AuditRow = {
      id: idAt(sequence),
      marketplace: null,
      atMs: 1_000 + sequence,
      actor: 'cli:root',
      action: 'api_key.created',
      object: `key_${sequence}`,
      before: null,
      after: { scopes: ['*'], hint: `sk_${sequence}` },
      sequence,
      previousSha256: head,
      sha256: null,
    };
    head = auditHash(row, sequence, head);
    rows.push({ ...row, sha256: head });
  }
  return rows;
}

describe('the chain of the audit log', () => {
  test('S8: holds as it was sealed, in one go or page by page', () => {
    const rows = chain(10);
    const whole = followChain(rows);
    expect(whole).toMatchObject({ rows: 10, head: rows[9]?.sha256, problem: null });
    expect(followChain(rows.slice(4), followChain(rows.slice(0, 4)))).toEqual(whole);
  });

  test('S8: any change of any member of any row shows, and where', () => {
    const forged = fc.record({
      at: fc.integer({ min: 0, max: 9 }),
      change: fc.constantFrom<Partial<AuditRow>>(
        { actor: 'system' },
        { action: 'api_key.revoked' },
        { object: 'key_x' },
        { atMs: 1 },
        { before: {} },
        { after: null },
        { after: { scopes: ['*'] } },
        { sha256: CHAIN_START },
        { previousSha256: null },
        { sequence: 77 },
      ),
    });
    fc.assert(
      fc.property(forged, ({ at, change }) => {
        const rows = chain(10).map((row, index) => (index === at ? { ...row, ...change } : row));
        expect(followChain(rows).problem?.sequence).toBe(at + 1);
      }),
    );
  });

  test('S8: a removed, added or moved row shows', () => {
    const rows = chain(5);
    const [a, b, c, d, e] = rows as [AuditRow, AuditRow, AuditRow, AuditRow, AuditRow];
    expect(followChain([a, c, d, e]).problem?.sequence).toBe(2);
    expect(followChain([a, b, b, c]).problem?.sequence).toBe(3);
    expect(followChain([b, a, c]).problem?.sequence).toBe(1);
    // What is cut off at the end shows only against a head that was kept elsewhere.
    expect(followChain([a, b, c]).head).not.toBe(followChain(rows).head);
  });

  test('equal values are equal texts', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: '分' })).toBe(
      '{"a":"分","b":[{"c":null,"d":1}]}',
    );
  });
});
