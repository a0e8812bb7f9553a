import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyOf, placeOf, rowOf } from './rows-by-id.ts';

test('finds every row of a list, short or long, also those appended or replaced since', () => {
  fc.assert(
    fc.property(fc.nat({ max: 40 }), fc.nat({ max: 10 }), (length, appended) => {
      const rows = Array.from({ length }, (_, at) => ({ id: `r${at}`, value: 0 }));
      expect(rowOf(rows, 'r0')).toBe(rows[0]);
      expect(placeOf(rows, 'none')).toBe(-1);
      for (let at = length; at < length + appended; at += 1) rows.push({ id: `r${at}`, value: 1 });
      for (const [place, row] of [...rows].entries()) {
        rows[place] = { ...row, value: row.value + 2 };
        expect(placeOf(rows, row.id)).toBe(place);
        expect(rowOf(rows, row.id)).toBe(rows[place]);
      }
      expect(rowOf(rows, 'none')).toBeUndefined();
    }),
  );
});

test('finds in each of several copies what it has, whatever the others appended', () => {
  const ids = fc.array(fc.nat({ max: 12 }), { maxLength: 6 });
  fc.assert(
    fc.property(fc.nat({ max: 20 }), fc.array(ids, { maxLength: 4 }), (length, copies) => {
      const rows = Array.from({ length }, (_, at) => ({ id: `r${at}` }));
      placeOf(rows, 'r0');
      const all = [rows];
      for (const [at, appended] of copies.entries()) {
        const copy = copyOf(all[at % all.length]!);
        for (const number of new Set(appended)) {
          if (rowOf(copy, `x${number}`) === undefined) copy.push({ id: `x${number}` });
        }
        all.push(copy);
      }
      for (const list of all) {
        for (const id of [...list.map((row) => row.id), 'x0', 'x5', 'x12'])
          expect(placeOf(list, id)).toBe(list.findIndex((row) => row.id === id));
      }
    }),
  );
});
