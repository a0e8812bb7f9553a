/**
 * Every failure is answered in one shape, `{"error": {...}}`, with the status of its code.
 * Exceptions of fastify and the parsers are mapped to codes here; any other is `internal`: logged
 * with its stack, answered without it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { presentWalletError } from '../core/payment/present-attempt.ts';
import { ERRORS, type ErrorCode, type HutongError, hutongError } from '../kernel/errors.ts';
import { ApiError } from './api-error.ts';
import type { ShownError } from './error-shape.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Fastify's own errors, by their code. */
const FASTIFY_CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['content_type_unsupported', 'send application/json'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'the body is larger than 256 kB'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'body_malformed',
    'the body is not as long as Content-Length says',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['body_malformed', 'the body is empty'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['body_malformed', 'the body is not valid JSON'],
  FST_ERR_BAD_URL: ['route_unknown', 'the path is not a valid URL'],
  FST_ERR_ASYNC_CONSTRAINT: ['route_unknown', 'no such path'],
  FST_ERR_NOT_FOUND: ['route_unknown', 'no such path'],
};

export function toHutongError(error: unknown): HutongError {
  if (error instanceof ApiError) return error.hutong;
  const { code, statusCode } = fieldsOf(error);
  const known = FASTIFY_CODES[code];
  if (known !== undefined) return hutongError(known[0], known[1]);
  // An id longer than any path parameter may be: 414 for fastify, an unknown path for us.
  if (statusCode === 404 || statusCode === 414) return hutongError('route_unknown', 'no such path');
  if (statusCode === 429) return hutongError('rate_limited', 'too many requests with this key');
  if (statusCode >= 400 && statusCode < 500) {
    return hutongError('parameter_invalid', 'the request could not be read');
  }
  return hutongError('internal', 'something went wrong on our side');
}

function fieldsOf(error: unknown): { code: string; statusCode: number } {
  if (typeof error !== 'object' || error === null) return { code: '', statusCode: 500 };
  const code = 'code' in error ? String(error.code) : '';
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  return { code, statusCode: Number.isInteger(status) ? status : 500 };
}

export function presentError(
  error: HutongError,
  context: { readonly requestId: string; readonly docsUrl: string },
): ShownError {
  const { type, retryable } = ERRORS[error.code];
  return {
    error: {
      type,
      code: error.code,
      message: error.message,
      param: error.param,
      doc_url: `${context.docsUrl}#${error.code}`,
      request_id: context.requestId,
      retryable,
      ...(error.existing === undefined ? {} : { existing: error.existing }),
      wallet_error: error.walletError === null ? null : presentWalletError(error.walletError),
    },
  };
}

export function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  error: HutongError,
  docsUrl: string,
): FastifyReply {
  const { status, retryable } = ERRORS[error.code];
  // Refusals before routing (a malformed URL) pass no hook that would set the request id.
  reply.header('request-id', request.id);
  reply.code(status).header('hutong-should-retry', retryable ? 'true' : 'false');
  if (retryable && !reply.hasHeader('retry-after')) reply.header('retry-after', '1');
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="hutong"');
  const body = presentError(error, { requestId: request.id, docsUrl });
  return reply.header('content-type', JSON_TYPE).send(JSON.stringify(body));
}
