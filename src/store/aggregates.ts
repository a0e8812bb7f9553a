/**
 * Every aggregate, in the order in which batches process them: those that open first come first,
 * those that come last at the end. A new one is one more line.
 */

import { MERCHANT_BALANCE } from './balance/aggregate.ts';
import { TRANSFER } from './balance/transfers.ts';
import type { Aggregate } from './batch/aggregate.ts';
import { IDEMPOTENCY_KEY, KEY_END } from './batch/idempotency.ts';
import { PAYMENT } from './payment/aggregate.ts';
import { DELIVERY } from './webhook/delivery.ts';

export const AGGREGATES: readonly Aggregate[] = [
  IDEMPOTENCY_KEY,
  PAYMENT,
  MERCHANT_BALANCE,
  TRANSFER,
  DELIVERY,
  KEY_END,
];
