import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeOf, rowOf } from './rows-by-id.ts';

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
