/** PHP as a judge of the sandbox: frozen vectors everywhere, live calls where PHP is installed. */
import { HAS_PHP, PHP_CASES } from './php/cases.ts';

interface Row {
  readonly case: string;
  readonly client: string;
  readonly ok: boolean;
  readonly detail: string;
}

export async function runPhpConformance(
  report: (row: Row) => void,
  skip: (name: string, why: string) => void,
): Promise<void> {
  for (const { name, client, needsPhp, check } of PHP_CASES) {
    if (needsPhp && !HAS_PHP) {
      skip(name, "no php with the openssl extension (Debian's php-cli)");
      continue;
    }
    try {
      report({ case: name, client, ok: true, detail: await check() });
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      report({ case: name, client, ok: false, detail });
    }
  }
}
