/**
 * Name resolution as a seam. Answers are kept for a short while, so that hundreds of deliveries a
 * second to one host ask once; whoever checks an address must then connect to that very address.
 */
import { lookup } from 'node:dns/promises';
import { err, ok, type Result } from '../core/result.ts';
import type { Clock } from './clock.ts';

export interface ResolvedAddress {
  readonly ip: string;
  readonly family: 4 | 6;
}

export interface Resolver {
  /** Every address of the name, in the system's order; an error text when there is none. */
  readonly resolve: (host: string) => Promise<Result<readonly ResolvedAddress[], string>>;
}

const HOSTS_KEPT_MAX = 1_000;

export function createResolver(options: {
  readonly wall: Clock;
  readonly keepMs?: number;
  readonly lookupAll?: (host: string) => Promise<readonly { address: string; family: number }[]>;
}): Resolver {
  const keepMs = options.keepMs ?? 30_000;
  const lookupAll = options.lookupAll ?? ((host) => lookup(host, { all: true, verbatim: true }));
  const kept = new Map<string, { untilMs: number; answer: ReturnType<Resolver['resolve']> }>();
  return {
    resolve: (host) => {
      const nowMs = options.wall.nowMs();
      const known = kept.get(host);
      if (known !== undefined && nowMs < known.untilMs) return known.answer;
      const answer = ask(lookupAll, host);
      kept.delete(host);
      if (kept.size >= HOSTS_KEPT_MAX) {
        const [oldest] = kept.keys();
        if (oldest !== undefined) kept.delete(oldest);
      }
      kept.set(host, { untilMs: nowMs + keepMs, answer });
      return answer;
    },
  };
}

async function ask(
  lookupAll: (host: string) => Promise<readonly { address: string; family: number }[]>,
  host: string,
): ReturnType<Resolver['resolve']> {
  try {
    const found = await lookupAll(host);
    if (found.length === 0) return err('the name has no address');
    return ok(found.map(({ address, family }) => ({ ip: address, family: family === 6 ? 6 : 4 })));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed';
    return err(`the name does not resolve (${code})`);
  }
}
