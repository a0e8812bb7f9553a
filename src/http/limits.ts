/**
 * Rate limits. A valid key is counted by itself, an unauthenticated caller by address
 * (`addressKey`), both by this process alone. Refusals (unknown keys, unknown paths) have a limit
 * per address of their own, shared by all processes, so that guessing is slow and no valid key is
 * ever refused for what others at its address did.
 */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS, type ErrorCode, type HutongError } from '../kernel/errors.ts';
import { addressKey } from './address.ts';
import { ApiError, apiError } from './api-error.ts';
import type { ServerDeps } from './deps.ts';

const RATE_DEFAULT = { max: 1_000, windowMs: 10_000 };

export interface Limits {
  /** Has this address had so many keys refused that its next unknown one may be delayed? */
  readonly isSuspect: (request: FastifyRequest) => boolean;
  /** Counts a refusal and returns the answer: the refusal, or that there were too many. */
  readonly refusal: (request: FastifyRequest, reply: FastifyReply, error: HutongError) => ApiError;
}

const NO_LIMITS: Limits = {
  isSuspect: () => false,
  refusal: (_request, _reply, error) => new ApiError(error),
};

export async function limitRate(app: FastifyInstance, deps: ServerDeps): Promise<Limits> {
  const limit = deps.config.rateLimit === undefined ? RATE_DEFAULT : deps.config.rateLimit;
  if (limit === null) return NO_LIMITS;
  await app.register(rateLimit, {
    max: limit.max,
    timeWindow: limit.windowMs,
    // A route's own hook comes first, so that it counts by key; unauthenticated callers count by
    // address.
    hook: 'onRequest',
    keyGenerator: (request) => request.principal?.keyId ?? addressKey(request.ip),
    errorResponseBuilder: (request) =>
      apiError(
        'rate_limited',
        `too many requests ${request.principal === null ? 'from this address' : 'with this key'}`,
      ),
  });
  const limits = refusalLimits(deps);
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const { refusal } = limits;
    const error = refusal(request, reply, apiError('route_unknown', 'no such path').hutong);
    done(error.hutong.code === 'rate_limited' ? error : undefined);
  });
  return limits;
}

/** For one route, per marketplace: a second key gets no second budget. */
export function marketplaceLimit(limit: { readonly max: number; readonly windowMs: number }): {
  readonly max: number;
  readonly timeWindow: number;
  readonly keyGenerator: (request: FastifyRequest) => string;
} {
  return {
    max: limit.max,
    timeWindow: limit.windowMs,
    keyGenerator: ({ principal, ip }) => principal?.marketplace ?? addressKey(ip),
  };
}

/** An unknown key or an unknown path. */
function isGuess(code: ErrorCode): boolean {
  const { status } = ERRORS[code];
  return status === 401 || status === 404 || code === 'address_not_allowed';
}

function refusalLimits({ refusals }: ServerDeps): Limits {
  return {
    isSuspect: (request) => refusals.secondsLeft(addressKey(request.ip)) > 0,
    refusal: (request, reply, error) => {
      if (!isGuess(error.code)) return new ApiError(error);
      const seconds = refusals.note(addressKey(request.ip));
      if (seconds === 0) return new ApiError(error);
      reply.header('retry-after', String(seconds));
      return apiError('rate_limited', 'too many requests from this address were refused');
    },
  };
}
