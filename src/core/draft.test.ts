import { describe, expect, test } from 'vitest';
import { formatId } from '../kernel/id.ts';
import type { AuditFact } from './audit/audit.ts';
import { Draft, plainly } from './draft.ts';
import { clearing, refundDue } from './ledger/chart.ts';
import { posting } from './ledger/posting.ts';

interface Shelf {
  readonly root: { readonly id: string; readonly version: number; readonly label: string };
  readonly books: readonly { readonly id: string; readonly title: string }[];
  readonly lamps: readonly { readonly id: string; readonly isLit: boolean }[];
}

type ShelfEvent = 'shelf.changed';

const SHELF: Shelf = {
  root: { id: 's1', version: 3, label: 'novels' },
  books: [
    { id: 'b1', title: 'Water Margin' },
    { id: 'b2', title: 'Camel Xiangzi' },
  ],
  lamps: [{ id: 'l1', isLit: false }],
};

const draft = () =>
  new Draft<Shelf, 'root', ShelfEvent>(SHELF, {
    root: 'root',
    present: ({ root, books }, id) => ({ id, label: root.label, count: books.length }),
  });

const value = <T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false }): T => {
  if (!result.ok) throw new Error('it was decided');
  return result.value;
};

describe('a draft', () => {
  test('changes nothing of what it was given, and keeps what did not change', () => {
    const own = draft();
    const frozen = structuredClone(SHELF);
    own.setRoot({ label: 'classics' });
    own.set('books', 'b1', { title: 'Outlaws of the Marsh' });
    own.add({ books: [{ id: 'b3', title: 'Teahouse' }], lamps: [] });
    const { state } = value(own.decided(() => null));
    expect(SHELF).toEqual(frozen);
    expect(state.root).toEqual({ id: 's1', version: 4, label: 'classics' });
    expect(state.books.map(({ title }) => title)).toEqual([
      'Outlaws of the Marsh',
      'Camel Xiangzi',
      'Teahouse',
    ]);
    expect(state.books[1]).toBe(SHELF.books[1]);
    expect(state.lamps).toEqual(SHELF.lamps);
  });

  test('returns the current row, and asserts that it exists', () => {
    const own = draft();
    own.set('lamps', 'l1', { isLit: true });
    expect(own.get('lamps', 'l1')).toEqual({ id: 'l1', isLit: true });
    expect(() => own.get('books', 'b9')).toThrow('b9 of the books is missing');
  });

  test('grows by one version however much it changed, and events carry the state after it', () => {
    const own = draft();
    own.emit('shelf.changed', 's1');
    own.set('books', 'b1', { title: 'a' });
    own.set('books', 'b2', { title: 'b' });
    own.add({ books: [{ id: 'b3', title: 'c' }] });
    const { state, events, answer } = value(own.decided((after) => after.root.version));
    expect([state.root.version, answer]).toEqual([4, 4]);
    expect(events).toEqual([
      {
        type: 'shelf.changed',
        objectId: 's1',
        objectVersion: 4,
        object: { id: 's1', label: 'novels', count: 3 },
      },
    ]);
  });

  test('that changed nothing is the very same state', () => {
    const { state, postings, events, audit } = value(draft().decided(() => null));
    expect(state).toBe(SHELF);
    expect([postings, events, audit]).toEqual([[], [], undefined]);
    expect(value(plainly(SHELF, 'done'))).toMatchObject({ state: SHELF, answer: 'done' });
  });

  test('posts what has entries, and says whose deed it was', () => {
    const own = draft();
    const config = formatId('wallet_config', 1n);
    const booked = { object: 's1', currency: 'cny', occurredAtMs: null } as const;
    own.post(posting('paid', booked, []));
    const moved = posting('paid_superseded', booked, [
      { account: clearing('alipay'), debitFen: 5n, creditFen: 0n, config },
      { account: refundDue, debitFen: 0n, creditFen: 5n, config },
    ]);
    own.post(moved);
    const fact: AuditFact = {
      marketplace: null,
      actor: 'system',
      action: 'shelf.moved',
      object: 's1',
      before: null,
      after: null,
    };
    own.audit(fact);
    expect(value(own.decided(() => null))).toMatchObject({ postings: [moved], audit: [fact] });
  });
});
