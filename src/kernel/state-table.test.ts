import { describe, expect, it } from 'vitest';
import { ATTEMPT_STATES, INTENT_STATES, REFUND_STATES } from '../core/payment/model.ts';
import { type StateTable, stateTable, transition } from './state-table.ts';

/** The tables, spelt out once more. */
const DOCUMENTED: readonly [StateTable<never>, readonly string[]][] = [
  [
    INTENT_STATES as unknown as StateTable<never>,
    [
      'requires_wallet -> requires_action processing canceled expired',
      'requires_action -> requires_wallet processing succeeded conflicted canceled expired',
      'processing -> requires_wallet succeeded conflicted canceled expired',
      'conflicted -> succeeded canceled',
    ],
  ],
  [
    ATTEMPT_STATES as unknown as StateTable<never>,
    [
      'created -> pending unknown succeeded failed closed',
      'pending -> unknown succeeded superseded conflicted failed closed',
      'unknown -> pending succeeded superseded conflicted failed closed',
      'failed -> succeeded superseded conflicted',
      'closed -> succeeded superseded conflicted',
      'conflicted -> succeeded superseded',
    ],
  ],
  [
    REFUND_STATES as unknown as StateTable<never>,
    [
      'created -> submitted unknown',
      'submitted -> processing',
      'unknown -> processing',
      'processing -> succeeded abnormal failed',
      'abnormal -> processing succeeded failed',
    ],
  ],
];

describe.each(DOCUMENTED)('$name', (table, rows) => {
  it.each(rows)('%s', (row) => {
    const [from = '', to = ''] = row.split(' -> ');
    for (const target of to.split(' '))
      expect([target, table.allows(from as never, target as never)]).toEqual([target, true]);
  });

  it('never goes back to its first state, nor on from a last one', () => {
    for (const state of table.states as readonly string[]) {
      if (table.name !== 'payment_intent')
        expect(table.allows(state as never, table.initial)).toBe(false);
      expect(table.allows(state as never, state as never)).toBe(false);
    }
  });
});

describe('the ends', () => {
  it('are these and no others', () => {
    const ends = (table: StateTable<string>) => table.states.filter(table.isTerminal);
    expect(ends(INTENT_STATES as unknown as StateTable<string>)).toEqual([
      'succeeded',
      'canceled',
      'expired',
    ]);
    expect(ends(ATTEMPT_STATES as unknown as StateTable<string>)).toEqual([
      'succeeded',
      'superseded',
    ]);
    expect(ends(REFUND_STATES as unknown as StateTable<string>)).toEqual(['succeeded']);
  });
});

describe('a table', () => {
  it('is refused with a state that nothing leads to, or a target that is none', () => {
    expect(() => stateTable<'a' | 'b'>('t', 'a', { a: [], b: ['a'] })).toThrow(
      't: unreachable states b',
    );
    const wrong = { a: ['c'] } as unknown as Record<'a', readonly 'a'[]>;
    expect(() => stateTable('t', 'a', wrong)).toThrow('t: a leads to an unknown state c');
  });

  it('is the only way on', () => {
    expect(transition(REFUND_STATES, 'abnormal', 'succeeded')).toBe('succeeded');
    expect(() => transition(REFUND_STATES, 'succeeded', 'failed')).toThrow(
      'refund: succeeded -> failed is not a step',
    );
  });
});
