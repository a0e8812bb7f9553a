import { describe, expect, it } from 'vitest';
import { TEXTS, type Texts } from '../../src/cashier/texts.ts';

/** Every path of a dictionary with what stands there: a text, or a function and its arity. */
function shape(value: unknown, path = ''): string[] {
  if (typeof value === 'string') return [path];
  if (typeof value === 'function') return [`${path}/${value.length}`];
  return Object.entries(value as object).flatMap(([key, child]) => shape(child, `${path}.${key}`));
}

/** One product of each hint. */
const HINTED = ['native', 'page', 'jsapi', 'h5', 'codepay', 'nfc'] as const;

function plainTexts({ hint, ...others }: Texts): string[] {
  return [...HINTED.map((product) => hint(product, 'alipay')), ...plain(others)];
}

function plain(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'function') return [String(value('x', 'y', 'z'))];
  return Object.values(value as object).flatMap(plain);
}

describe('the two dictionaries', () => {
  it('have the same entries', () => {
    expect(shape(TEXTS.en).sort()).toEqual(shape(TEXTS.zh).sort());
  });

  it('leave nothing empty', () => {
    for (const text of [...plainTexts(TEXTS.zh), ...plainTexts(TEXTS.en)]) {
      expect(text.trim()).not.toBe('');
    }
  });

  it('never ask anybody to screenshot a code', () => {
    for (const text of [...plainTexts(TEXTS.zh), ...plainTexts(TEXTS.en)]) {
      expect(text).not.toMatch(/截屏|截图|screenshot/i);
    }
  });

  it('are in their own language', () => {
    const foreign = new Set([TEXTS.en.otherLanguage, TEXTS.en.poweredBy]);
    for (const text of plainTexts(TEXTS.en)) {
      if (!foreign.has(text)) expect(text).not.toMatch(/\p{Script=Han}/u);
    }
  });
});
