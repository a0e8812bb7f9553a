/** The exports of `@hutong/sdk`. */
export { API_VERSION, Hutong, type HutongOptions } from './client.ts';
export {
  HutongApiError,
  HutongAuthenticationError,
  HutongConflictError,
  HutongConnectionError,
  HutongError,
  HutongIdempotencyError,
  HutongInvalidRequestError,
  HutongNotFoundError,
  HutongPermissionError,
  HutongRateLimitError,
  HutongWalletDeclinedError,
} from './errors.ts';
export * from './event.ts';
export type { Page, PageList } from './pages.ts';
export type { Platform } from './platform.ts';
export type * from './resources.generated.ts';
export type { CallOptions, ResponseMeta, WithResponse } from './transport.ts';
export type * from './types.ts';
export {
  HutongWebhookSecretError,
  HutongWebhookVerificationError,
  signWebhook,
  type VerifyWebhookOptions,
  verifyWebhook,
  type WebhookFailure,
  type WebhookHeaders,
} from './webhook.ts';
