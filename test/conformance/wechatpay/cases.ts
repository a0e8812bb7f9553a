/** A case is what must hold, who judges it, and the check: it throws or gives a detail to show. */
import type { Stage } from './stage.ts';

export interface Case {
  readonly name: string;
  readonly client: string;
  readonly check: (stage: Stage) => Promise<string>;
}

export function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

export function same(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a} is not ${b}`);
}

let counter = 0;
export function nextNo(prefix: string): string {
  counter += 1;
  return `${prefix}${String(Date.now()).slice(-8)}${String(counter).padStart(4, '0')}`;
}

/** The code that a refused call of an SDK ends with. */
export async function refused(
  call: Promise<unknown>,
  codeOf: (error: unknown) => string,
): Promise<string> {
  try {
    await call;
  } catch (error) {
    return codeOf(error);
  }
  return 'accepted';
}
