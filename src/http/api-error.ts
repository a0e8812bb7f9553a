/**
 * A coded error inside fastify, whose hooks report refusals only by exceptions. Use cases return
 * theirs as values; this class is for the HTTP layer's own.
 */
import { ERRORS, type ErrorCode, type HutongError, hutongError } from '../kernel/errors.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly hutong: HutongError;
  /** Error handlers of other scopes (the cashier's pages) use only the status. */
  readonly statusCode: number;

  constructor(error: HutongError) {
    super(error.message);
    this.hutong = error;
    this.statusCode = ERRORS[error.code].status;
  }
}

export function apiError(code: ErrorCode, message: string, param?: string): ApiError {
  return new ApiError(hutongError(code, message, param === undefined ? {} : { param }));
}
