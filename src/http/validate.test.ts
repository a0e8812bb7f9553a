import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { closed } from '../core/shape.ts';
import { compileBody } from './validate.ts';

const check = compileBody(
  closed({
    description: Type.String(),
    note: Type.Optional(Type.String()),
    buyer: closed({ device: Type.String(), id: Type.Optional(Type.String()) }),
  }),
);
const BUYER = { device: 'desktop' };

describe('a field with another name', () => {
  it.each([
    [{ descripton: 'x', buyer: BUYER }, 'description is missing; descripton is not a field'],
    [{ description: 'x', buyer: { devise: 'y' } }, 'buyer.device is missing; buyer.devise is not'],
    [{ description: 'x', buyer: BUYER, nota: 'y' }, 'nota is not a field of this call'],
  ])('is named beside the one that is missing: %o', (body, message) => {
    expect(check(body)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining(message) },
    });
  });

  it('is not looked for in another object', () => {
    expect(check({ buyer: { ...BUYER, idd: 'y' } })).toMatchObject({
      ok: false,
      error: { message: 'description is missing', param: 'description' },
    });
  });
});
