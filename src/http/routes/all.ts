/** The routes of `/v1`: the only list, for the server, for openapi.json and for the tests. */
import type { AnyRoute } from '../route.ts';
import { AUDIT_LOG_ROUTES } from './audit-log.ts';
import { BUYER_ERASURE_ROUTES } from './buyer-erasures.ts';
import { COUNTER_ROUTES } from './counters.ts';
import { EVENT_ROUTES } from './events.ts';
import { INTERCONNECT_ROUTES } from './interconnects.ts';
import { LEDGER_ROUTES } from './ledger.ts';
import { MERCHANT_ROUTES } from './merchants.ts';
import { PAYMENT_ATTEMPT_ROUTES } from './payment-attempts.ts';
import { PAYMENT_CODE_ROUTES } from './payment-codes.ts';
import { PAYMENT_INTENT_ROUTES } from './payment-intents.ts';
import { REFUND_ROUTES } from './refunds.ts';
import { WEBHOOK_ENDPOINT_ROUTES } from './webhook-endpoints.ts';

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
