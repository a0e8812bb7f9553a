import { describe, test } from 'vitest';
import { HAS_PHP, PHP_CASES } from './php/cases.ts';

describe('PHP', () => {
  for (const { name, client, needsPhp, check } of PHP_CASES) {
    test.skipIf(needsPhp && !HAS_PHP)(`${name} [${client}]`, { timeout: 60_000 }, async () => {
      await check();
    });
  }
});
