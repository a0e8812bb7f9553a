/**
 * Name resolution as a seam, for names that customers choose. It queries DNS itself, over its own
 * sockets: Node's default look-up shares a few threads with every connection to a wallet, and a
 * name with silent servers would block them. So a query has two seconds and one try, each caller
 * has a few in flight, and time in the queue counts. Only names that the operator allows by name,
 * and `localhost`, are looked up in the hosts file first.
 *
 * Answers are cached briefly, so that hundreds of deliveries a second to one host ask once; whoever
 * checks an address must then connect to that very address.
 */
import { Resolver as DnsResolver } from 'node:dns/promises';
import { err, ok, type Result } from '../kernel/result.ts';
import type { Clock } from './clock.ts';
import { createGate } from './gate.ts';
import { HOSTS_FILE, lookUpInHostsFile } from './hosts-file.ts';

export interface ResolvedAddress {
  readonly ip: string;
  readonly family: 4 | 6;
}

/** The caller, and how long it can wait. */
export interface Asker {
  readonly name: string;
  readonly withinMs: number;
}

type Resolved = Result<readonly ResolvedAddress[], string>;

export interface Resolver {
  /** Every address of the name, IPv4 first; an error text when there is none. */
  readonly resolve: (host: string, asker: Asker) => Promise<Resolved>;
}

const HOSTS_KEPT_MAX = 1_000;
const QUERY_MS = 2_000;
const UNDER_WAY_MAX = 8;
const KEEP_MS = 30_000;
/** Failures expire sooner: a server that was away for a moment must not cost half a minute. */
const KEEP_FAILURE_MS = 5_000;

export interface ResolverOptions {
  readonly wall: Clock;
  /** Servers to ask, `192.0.2.53` or `[2001:db8::53]:5353`; default the system's. */
  readonly servers?: readonly string[];
  /** Names that may be answered from the hosts file. */
  readonly localNames?: ReadonlySet<string>;
  readonly hostsFile?: string;
  readonly keepMs?: number;
}

interface Kept {
  untilMs: number;
  readonly answer: Promise<Resolved>;
}

export function createResolver(options: ResolverOptions): Resolver {
  const { wall } = options;
  const kept = new Map<string, Kept>();
  const gate = createGate({ insideMax: UNDER_WAY_MAX });
  const question = createQuestion(options);
  const askAndKeep = (host: string): Promise<Resolved> => {
    const entry: Kept = { untilMs: Number.POSITIVE_INFINITY, answer: question(host) };
    kept.delete(host);
    if (kept.size >= HOSTS_KEPT_MAX) {
      const [oldest] = kept.keys();
      if (oldest !== undefined) kept.delete(oldest);
    }
    kept.set(host, entry);
    void entry.answer.then(({ ok: isFound }) => {
      const keepMs = options.keepMs ?? (isFound ? KEEP_MS : KEEP_FAILURE_MS);
      entry.untilMs = wall.nowMs() + keepMs;
    });
    return entry.answer;
  };
  const knownAnswer = (host: string): Promise<Resolved> | undefined => {
    const known = kept.get(host);
    return known !== undefined && wall.nowMs() < known.untilMs ? known.answer : undefined;
  };
  return {
    resolve: async (host, asker) => {
      const known = knownAnswer(host);
      if (known !== undefined) return inTime(known, asker.withinMs);
      const begunMs = performance.now();
      const leave = await gate.enter(asker.name, asker.withinMs);
      if (leave === undefined) return err('too many names of this marketplace are being resolved');
      try {
        const leftMs = asker.withinMs - (performance.now() - begunMs);
        return await inTime(knownAnswer(host) ?? askAndKeep(host), leftMs);
      } finally {
        leave();
      }
    },
  };
}

/** Never rejects, and ends within `QUERY_MS` and a little. */
function createQuestion(options: ResolverOptions): (host: string) => Promise<Resolved> {
  const dns = new DnsResolver({ timeout: QUERY_MS, tries: 1 });
  if (options.servers !== undefined) dns.setServers(options.servers);
  const localNames = options.localNames ?? new Set<string>();
  return async (host) => {
    if (host === 'localhost' || localNames.has(host)) {
      const local = await lookUpInHostsFile(options.hostsFile ?? HOSTS_FILE, host);
      if (local.length > 0) return ok(local.map(addressOf));
      // RFC 6761: this name is never sent to DNS.
      if (host === 'localhost') return ok(['127.0.0.1', '::1'].map(addressOf));
    }
    const both = Promise.allSettled([dns.resolve4(host), dns.resolve6(host)]).then(answerOf);
    return inTime(both, QUERY_MS + 200);
  };
}

function answerOf([v4, v6]: readonly PromiseSettledResult<string[]>[]): Resolved {
  const found = [v4, v6].flatMap((one) => (one?.status === 'fulfilled' ? one.value : []));
  if (found.length > 0) return ok(found.map(addressOf));
  const reason: unknown = v4?.status === 'rejected' ? v4.reason : undefined;
  const code = reason instanceof Error && 'code' in reason ? String(reason.code) : 'ENODATA';
  return err(`the name does not resolve (${code})`);
}

function addressOf(ip: string): ResolvedAddress {
  return { ip, family: ip.includes(':') ? 6 : 4 };
}

/** The answer, or a timeout; the query itself continues for later callers. */
function inTime(answer: Promise<Resolved>, withinMs: number): Promise<Resolved> {
  return new Promise((resolve, reject) => {
    const late = (): void => resolve(err('the name does not resolve (no answer in time)'));
    const timer = setTimeout(late, Math.max(0, withinMs));
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
