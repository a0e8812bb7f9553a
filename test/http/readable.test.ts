/**
 * Names and free text, by the schema alone: what a buyer will read must be readable, and must read
 * as it is. The characters are named here once more, by Unicode's own properties where it has them.
 */
import fc from 'fast-check';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { closed, READABLE } from '../../src/core/shape.ts';
import { text } from '../../src/http/fields.ts';
import { compileBody } from '../../src/http/validate.ts';

const check = compileBody(closed({ name: text(500, 'a name'), note: Type.Optional(text(9, '')) }));
const isTaken = (name: string) => check({ name }).ok;

describe('free text', () => {
  it.each([
    ['Chinese', '老街茶铺 · 三号店'],
    ['Arabic', 'متجر القهوة'],
    ['Hebrew', 'חנות'],
    ['Persian with a non-joiner', 'می\u200cخواهم'],
    ['an emoji family', '👨\u200d👩\u200d👧\u200d👦'],
    ['an emoji with a variation selector', '❤\ufe0f'],
    ['a flag and a skin tone', '🇨🇳👍🏽'],
    ['blanks around it', '  Kettle  '],
    ['an ideographic space within', '茶\u3000铺'],
    ['Devanagari', 'चाय'],
    ['combining marks', 'cafe\u0301'],
  ])('takes %s', (_what, name) => {
    expect(isTaken(name)).toBe(true);
  });

  it.each([
    ...['\u200e', '\u200f', '\u061c', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e'],
    ...['\u2066', '\u2067', '\u2068', '\u2069', '\u0000', '\n', '\u007f', '\u0085', '\u2028'],
  ])('refuses %j wherever it stands, and names the field', (mark) => {
    for (const name of [mark, `${mark}茶铺`, `茶${mark}铺`, `茶铺${mark}`]) {
      const answer = check({ name });
      expect(answer).toMatchObject({
        ok: false,
        error: { code: 'parameter_invalid', param: 'name' },
      });
      expect(JSON.stringify(answer)).toContain('is blank, or has control characters or marks');
    }
  });

  it.each(['', ' ', '   ', '\u3000\u3000', '\u00a0', '\u200b', '\u200d\ufe0f', '\u2800', '\u3164'])(
    'refuses %j, which leaves nothing to read',
    (name) => {
      expect(check({ name })).toMatchObject({
        ok: false,
        error: { code: 'parameter_invalid', param: 'name' },
      });
    },
  );

  it('holds over any text', () => {
    const deceives = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('\u202e', '\u2067', '\u200f', ' ', '\u3000', '\u200b', '茶', '\u0007'),
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), (pieces) => {
        const name = pieces.join('');
        if (name === '' || name.length > 500) return;
        if (deceives.test(name)) expect(isTaken(name)).toBe(false);
        else if (
          /[\p{L}\p{N}\p{P}\p{S}]/u.test(name.replace(/[\u2800\u3164\uffa0\u115f\u1160]/g, ''))
        )
          expect(isTaken(name)).toBe(true);
        else if (
          /^[\p{Zs}\p{Cf}]*$/u.test(
            name.replace(/[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2]/g, ''),
          )
        )
          expect(isTaken(name)).toBe(/[^\p{Zs}\p{Default_Ignorable_Code_Point}]/u.test(name));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is judged in a moment, however long', () => {
    const pattern = new RegExp(READABLE);
    const long = [
      ' '.repeat(250_000),
      `${' '.repeat(125_000)}${'x'.repeat(125_000)}\n`,
      'x '.repeat(125_000),
    ];
    const before = process.cpuUsage();
    expect(long.map((name) => pattern.test(name))).toEqual([false, false, true]);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(500);
  });
});
