/** Refusals as WeChat Pay sends them. Messages are free text there; codes and statuses are not. */
import { err, type Result } from '../../../src/kernel/result.ts';
import type { ErrorBody, ErrorDetail } from '../../../src/wires/wechatpay/error-body.ts';

export interface Refusal {
  readonly status: number;
  /** null = an empty body, as for unknown paths and wrong methods. */
  readonly body: ErrorBody | null;
  /** One family answers a missing signature without a Request-ID. */
  readonly withoutRequestId?: boolean;
}

export function refuse(
  status: number,
  code: string,
  message: string,
  detail?: ErrorDetail,
): Result<never, Refusal> {
  const body = detail === undefined ? { code, message } : { code, message, detail };
  return err({ status, body });
}

export function paramError(message: string, detail: ErrorDetail): Result<never, Refusal> {
  return refuse(400, 'PARAM_ERROR', message, detail);
}

export const NOT_FOUND: Result<never, Refusal> = err({ status: 404, body: null });
export const WRONG_METHOD: Result<never, Refusal> = err({ status: 405, body: null });
