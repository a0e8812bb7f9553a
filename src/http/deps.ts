/** What the HTTP layer gets from the composition at start. */

import type { FastifyPluginAsync } from 'fastify';
import type { Refusals } from '../flows/key/refusals.ts';
import type { UseCases } from '../flows/verbs.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { Random } from '../runtime/random.ts';
import type { TrustedProxies } from './address.ts';

export interface ServerConfig {
  /** Our public base URL for buyers and browsers, without a trailing slash. */
  readonly publicUrl: string;
  /** Per API key; null = none. Default 1,000 requests in 10 s. */
  readonly rateLimit?: { readonly max: number; readonly windowMs: number } | null;
  /** The proxies whose X-Forwarded-For is trusted; default: none. */
  readonly trustedProxies?: TrustedProxies;
  /** Maximum connections; deadlines for a request's headers and for all of it. */
  readonly connections?: {
    readonly max?: number;
    readonly headersTimeoutMs?: number;
    readonly requestTimeoutMs?: number;
  };
  /** /metrics, /docs and /openapi.json are served elsewhere (`buildPrivateServer`). */
  readonly hasPrivateServer?: boolean;
  /** The reference under /docs; default on. */
  readonly docs?: boolean;
}

export interface ServerDeps {
  readonly useCases: UseCases;
  readonly config: ServerConfig;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly refusals: Refusals;
  /** Wall time, for latencies. */
  readonly wall: Clock;
  readonly random?: Random;
  /** Routes of other folders, such as the cashier's; each in a scope of its own. */
  readonly plugins?: readonly FastifyPluginAsync[];
}
