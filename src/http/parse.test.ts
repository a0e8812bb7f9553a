import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { returnUrlOf } from './parse.ts';

describe('return_url', () => {
  it.each([
    ['https:evil.example', 'https://evil.example/'],
    ['https://a\\@b', 'https://a/@b'],
    ['https:/\\shop.example\\x', 'https://shop.example/x'],
    ['HTTPS://Shop.Example:443/a/../b?x=1#y', 'https://shop.example/b?x=1#y'],
    ['http://127.0.0.1:4200/back', 'http://127.0.0.1:4200/back'],
  ])('S15: %s is kept as it was read: %s', (text, href) => {
    expect(returnUrlOf(text)).toEqual({ ok: true, value: href });
  });

  it.each(['http://shop.example/back', 'javascript:alert(1)', 'https://u:p@shop.example', '/back'])(
    'S15: %s is refused',
    (text) => {
      expect(returnUrlOf(text)).toMatchObject({ ok: false, error: { param: 'return_url' } });
    },
  );

  it('S15: what is kept is read in one way by whoever reads it next', () => {
    fc.assert(
      fc.property(fc.constantFrom('https:', 'https:/', 'https://'), fc.string(), (start, rest) => {
        const kept = returnUrlOf(start + rest);
        if (!kept.ok || kept.value === null) return;
        expect(new URL(kept.value).href).toBe(kept.value);
        expect(kept.value).toMatch(/^https:\/\/[^/\\@]+\//);
      }),
      { numRuns: 2_000 },
    );
  });
});
