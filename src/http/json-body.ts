/**
 * Reads a JSON body: valid UTF-8, valid JSON, not nested too deep, and without the two kinds of
 * text that no database row can hold (NUL and lone surrogates). Fastify's own parser refuses
 * `__proto__` and `constructor.prototype`.
 */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { apiError } from './api-error.ts';

export const BODY_BYTES_MAX = 262_144;
const DEPTH_MAX = 12;
/** Escapes that may produce such text; most bodies have none and are not walked. */
const SUSPECT = /\\u(0000|[dD][89a-fA-F])/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Replaces fastify's parsers: JSON is the only type that `/v1` accepts. */
export function addJsonParser(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (request: FastifyRequest, bytes: Buffer, done) => {
      // An empty body counts as none; whether the call needs one is decided by its schema.
      if (bytes.length === 0) return done(null, undefined);
      if (!isUtf8(bytes)) return done(apiError('body_malformed', 'the body is not UTF-8'));
      const text = bytes.toString();
      parseJson(request, text, (error, value) => {
        if (error !== null) return done(apiError('body_malformed', 'the body is not valid JSON'));
        const fault = faultOf(value, text);
        done(fault === undefined ? null : fault, value);
      });
    },
  );
}

function faultOf(value: unknown, text: string): Error | undefined {
  const isSuspect = SUSPECT.test(text);
  const isDeep = depthOf(value, DEPTH_MAX) > DEPTH_MAX;
  if (isDeep) return apiError('body_malformed', `the body is nested deeper than ${DEPTH_MAX}`);
  if (isSuspect && holdsUnstorableText(value)) {
    return apiError('body_malformed', 'the body has a NUL or an unpaired surrogate in a string');
  }
  return undefined;
}

/** How deep a value is nested, not followed below `limit`. */
function depthOf(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit < 0) return 1;
  let deepest = 0;
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) {
      deepest = Math.max(deepest, depthOf(inner, limit - 1));
    }
  }
  return deepest + 1;
}

function holdsUnstorableText(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\u0000') || LONE_SURROGATE.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, inner]) => holdsUnstorableText(key) || holdsUnstorableText(inner),
  );
}
