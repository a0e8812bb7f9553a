import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRfc3339 } from './rfc3339.ts';

describe('parseRfc3339', () => {
  it('reads back every time that JavaScript writes', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true }),
        (date) => {
          expect(parseRfc3339(date.toISOString())).toBe(date.getTime());
        },
      ),
    );
  });

  it('agrees with Date.parse on every offset', () => {
    const two = (value: number) => String(value).padStart(2, '0');
    fc.assert(
      fc.property(
        fc.constantFrom('+', '-'),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        (sign, hours, minutes) => {
          const text = `2026-03-01T23:59:59${sign}${two(hours)}:${two(minutes)}`;
          expect(parseRfc3339(text)).toBe(Date.parse(text));
        },
      ),
    );
  });

  it.each([
    '',
    '2026-12-01',
    '2026-12-01T00:00:00',
    '2026-12-01 00:00:00Z',
    '2026-12-01t00:00:00z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-12-01T24:00:00Z',
    '2026-12-01T00:60:00Z',
    '2026-12-01T23:59:60Z',
    '2026-12-01T00:00:00+24:00',
    '2026-12-01T00:00:00+0800',
    '2026-12-01T00:00:00.Z',
    '+002026-12-01T00:00:00Z',
    '0000-01-01T00:00:00Z',
    ' 2026-12-01T00:00:00Z',
    '１026-12-01T00:00:00Z',
  ])('refuses %j', (text) => {
    expect(parseRfc3339(text)).toBeUndefined();
  });
});
