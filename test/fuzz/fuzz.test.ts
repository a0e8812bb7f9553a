/** A taste of `npm run fuzz` in every run of the tests, and that the runner sees what it is for. */
import { describe, expect, test } from 'vitest';
import type { FuzzParser } from './parser.ts';
import { PARSERS } from './parsers.ts';
import { runParser } from './run-parser.ts';

describe('survives mutated inputs:', () => {
  for (const parser of PARSERS) {
    test(parser.name, async () => {
      const report = await runParser(parser, { count: 2_000, seed: 7 });
      expect(report.problem).toBeNull();
      expect(report.refused).toBeGreaterThan(0);
    });
  }
});

describe('the runner sees', () => {
  const seeds = [Buffer.from('abc')];
  const problemOf = async (parser: Omit<FuzzParser, 'name' | 'seeds'>) =>
    (await runParser({ name: 'x', seeds, ...parser }, { count: 500, seed: 1 })).problem;
  const isSeed = (input: Buffer) => input.toString() === 'abc';
  const spin = (ms: number) => {
    const before = process.cpuUsage();
    while (process.cpuUsage(before).user < ms * 1000);
  };

  test('a crash', async () => {
    const parse = (input: Buffer) => {
      if (!isSeed(input)) throw new TypeError('boom');
      return { ok: true, value: 1 } as const;
    };
    expect(await problemOf({ parse })).toContain('it crashed with TypeError: boom');
  });

  test('a refusal without a code, and a refused seed', async () => {
    const refuse = { ok: false, error: { code: '' } } as const;
    const accept = { ok: true, value: 1 } as const;
    expect(await problemOf({ parse: (input) => (isSeed(input) ? accept : refuse) })).toContain(
      'its refusal has no code',
    );
    expect(await problemOf({ parse: () => refuse })).toContain('a seed is refused');
  });

  test('a forgery', async () => {
    const parse = () => ({ ok: true, value: 1 }) as const;
    expect(await problemOf({ parse, isForgery: () => true })).toContain('accepted a forgery');
    expect(await problemOf({ parse, isForgery: () => false })).toBeNull();
  });

  test('slowness', async () => {
    const parse = (input: Buffer) => {
      if (!isSeed(input)) spin(80);
      return { ok: true, value: 1 } as const;
    };
    expect(await problemOf({ parse })).toContain('ms of CPU');
  });
});
