/** The routes of `/v1`: the only list, for the server, for openapi.json and for the tests. */

import { AUDIT_LOG_ROUTES } from './audit/routes.ts';
import { BUYER_ERASURE_ROUTES } from './buyer/routes.ts';
import { LEDGER_ROUTES } from './ledger/routes.ts';
import { COUNTER_ROUTES } from './merchant/counter-routes.ts';
import { MERCHANT_ROUTES } from './merchant/routes.ts';
import { INTERCONNECT_ROUTES } from './offer/routes.ts';
import { PAYMENT_ATTEMPT_ROUTES } from './payment/attempt-routes.ts';
import { PAYMENT_CODE_ROUTES } from './payment/code-routes.ts';
import { PAYMENT_INTENT_ROUTES } from './payment/intent-routes.ts';
import { REFUND_ROUTES } from './refund/routes.ts';
import type { AnyRoute } from './route.ts';
import { WEBHOOK_ENDPOINT_ROUTES } from './webhook/endpoint-routes.ts';
import { EVENT_ROUTES } from './webhook/event-routes.ts';

export const ROUTES: readonly AnyRoute[] = [
  ...PAYMENT_INTENT_ROUTES,
  ...PAYMENT_CODE_ROUTES,
  ...PAYMENT_ATTEMPT_ROUTES,
  ...REFUND_ROUTES,
  ...MERCHANT_ROUTES,
  ...INTERCONNECT_ROUTES,
  ...COUNTER_ROUTES,
  ...LEDGER_ROUTES,
  ...EVENT_ROUTES,
  ...WEBHOOK_ENDPOINT_ROUTES,
  ...AUDIT_LOG_ROUTES,
  ...BUYER_ERASURE_ROUTES,
];
