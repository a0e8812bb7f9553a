/** The 500 yuan a day of static codes, at its edges and over midnight in Beijing. */
import { describe, expect, it } from 'vitest';
import type { Collection, Journal } from '../../sandbox/kit/kit.ts';
import { openStaticCodeLimit } from '../../sandbox/phone/static-code-limit.ts';

const MIDNIGHT_MS = Date.parse('2026-12-01T16:00:00Z');

function memoryJournal(): Journal {
  const rows = new Map<string, unknown>();
  const collection = <T>(): Collection<T> => ({
    get: (key) => rows.get(key) as T | undefined,
    put: (key, value) => void rows.set(key, value),
    delete: (key) => void rows.delete(key),
    values: () => rows.values() as IterableIterator<T>,
    size: () => rows.size,
  });
  return { collection };
}

describe('static codes', () => {
  it.each([
    [499_99n, true],
    [500_00n, true],
    [500_01n, false],
  ])('%d fen at once: %s', (amountFen, isTaken) => {
    const limit = openStaticCodeLimit(memoryJournal(), { nowMs: () => MIDNIGHT_MS });
    expect(limit.take('alipay', amountFen) !== undefined).toBe(isTaken);
  });

  it('add up, by wallet, and start again at midnight', () => {
    let nowMs = MIDNIGHT_MS - 1;
    const journal = memoryJournal();
    const limit = openStaticCodeLimit(journal, { nowMs: () => nowMs });
    expect(limit.take('alipay', 499_99n)).toBeDefined();
    expect(limit.take('alipay', 2n)).toBeUndefined();
    expect(limit.take('alipay', 1n)).toBeDefined();
    expect(limit.take('alipay', 1n)).toBeUndefined();
    expect(limit.take('unionpay', 500_00n)).toBeDefined();
    // Another process on the same journal knows it too.
    expect(openStaticCodeLimit(journal, { nowMs: () => nowMs }).take('alipay', 1n)).toBeUndefined();
    nowMs = MIDNIGHT_MS;
    expect(limit.take('alipay', 500_00n)).toBeDefined();
    expect(limit.take('alipay', 1n)).toBeUndefined();
  });

  it('what was not paid counts for nothing, and never for another day', () => {
    let nowMs = MIDNIGHT_MS - 1;
    const limit = openStaticCodeLimit(memoryJournal(), { nowMs: () => nowMs });
    const first = limit.take('wechatpay', 400_00n);
    expect(limit.take('wechatpay', 100_01n)).toBeUndefined();
    first?.release();
    const second = limit.take('wechatpay', 500_00n);
    nowMs = MIDNIGHT_MS;
    expect(limit.take('wechatpay', 300_00n)).toBeDefined();
    second?.release();
    expect(limit.take('wechatpay', 200_01n)).toBeUndefined();
    expect(limit.take('wechatpay', 200_00n)).toBeDefined();
  });
});
