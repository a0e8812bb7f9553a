import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OpenJournal, openJournal } from '../../sandbox/kit/journal.ts';
import { decodeJournalJson, encodeJournalJson } from '../../sandbox/kit/journal-json.ts';
import { temporaryDir } from './support.ts';

function open(dir: string, notices: string[] = []): OpenJournal {
  return openJournal({ dir, notice: (line) => notices.push(line) });
}

describe('journal', () => {
  it('gives everything back after a restart, bigint included', () => {
    const dir = temporaryDir();
    const first = open(dir);
    const orders = first.collection<{ amountFen: bigint; name: string }>('orders');
    orders.put('a', { amountFen: 12_345n, name: '茶叶\n店' });
    orders.put('b', { amountFen: 1n, name: 'b' });
    orders.put('a', { amountFen: 2n ** 70n, name: '茶叶\n店' });
    orders.delete('b');
    orders.delete('never there');
    expect(first.collection('orders')).toBe(orders);
    first.close();

    const second = open(dir);
    const again = second.collection<{ amountFen: bigint; name: string }>('orders');
    expect([...again.values()]).toEqual([{ amountFen: 2n ** 70n, name: '茶叶\n店' }]);
    expect(again.size()).toBe(1);
    second.close();
  });

  it('holds what was flushed when the process is killed', () => {
    const dir = temporaryDir();
    const journal = open(dir);
    journal.collection('orders').put('a', 1);
    journal.flush();
    expect(readFileSync(join(dir, 'journal.jsonl'), 'utf8')).toBe('["orders","a",1]\n');
    journal.close();
  });

  it('drops a torn last line with a notice, and goes on behind it', () => {
    const dir = temporaryDir();
    const first = open(dir);
    first.collection('orders').put('a', 1);
    first.close();
    appendFileSync(join(dir, 'journal.jsonl'), '["orders","b",{"amou');
    const notices: string[] = [];
    const second = open(dir, notices);
    expect(notices).toEqual([expect.stringContaining('torn')]);
    expect(second.collection('orders').get('b')).toBeUndefined();
    second.collection('orders').put('c', 3);
    second.close();
    const third = open(dir);
    expect([...third.collection('orders').values()]).toEqual([1, 3]);
    third.close();
  });

  it('refuses damage in the middle, naming file and line', () => {
    const dir = temporaryDir();
    const path = join(dir, 'journal.jsonl');
    open(dir).close();
    writeFileSync(path, '["orders","a",1]\nnot json\n["orders","b",1]\n');
    expect(() => open(dir)).toThrow(/journal\.jsonl is damaged at line 2/);
    // The refused start left no lock behind.
    writeFileSync(path, '["orders","a",1]\n');
    open(dir).close();
  });

  it('is rewritten at start without dead lines', () => {
    const dir = temporaryDir();
    const first = open(dir);
    for (let value = 0; value < 500; value += 1) first.collection('clock').put('now', value);
    first.close();
    open(dir).close();
    expect(readFileSync(join(dir, 'journal.jsonl'), 'utf8')).toBe('["clock","now",499]\n');
  });

  it('has one owner', () => {
    const dir = temporaryDir();
    const journal = open(dir);
    expect(() => open(dir)).toThrow(/already open/);
    journal.close();
    // The parent of this process lives: its lock is respected. A dead one is taken over.
    writeFileSync(join(dir, 'lock'), String(process.ppid));
    expect(() => open(dir)).toThrow(new RegExp(`belongs to process ${process.ppid}`));
    writeFileSync(join(dir, 'lock'), '4194999');
    open(dir).close();
  });

  it('reads lines across chunk borders', () => {
    const dir = temporaryDir();
    const first = open(dir);
    const long = '支'.repeat(700_001);
    first.collection('texts').put('a', long);
    first.collection('texts').put('b', 'short');
    first.close();
    const second = open(dir);
    expect(second.collection('texts').get('a')).toBe(long);
    expect(second.collection('texts').get('b')).toBe('short');
    second.close();
  });

  it('property: JSON with bigints reads back as it was written', () => {
    const key = fc.constantFrom('$bigint', '$$bigint', '$$$bigint', 'bigint', 'a');
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.bigInt(),
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(tree, (value) => {
        expect(decodeJournalJson(encodeJournalJson(value))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });
});
