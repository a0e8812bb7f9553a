/**
 * A coded error on its way through fastify, whose hooks know refusals only as exceptions. Use cases
 * return theirs as values; this is for the edge's own.
 */
import { ERRORS, type ErrorCode, type HutongError, hutongError } from '../kernel/errors.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly hutong: HutongError;
  /** Other scopes' error handlers (the cashier's pages) know an error by its status alone. */
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
