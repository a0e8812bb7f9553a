/** Every aggregate, in the order in which batches process them. A new one is one more line. */

import { MERCHANT_BALANCE } from './balance/aggregate.ts';
import { TRANSFER } from './balance/transfers.ts';
import type { Aggregate } from './batch/aggregate.ts';
import { IDEMPOTENCY_KEY, KEY_END } from './batch/idempotency.ts';
import { PAYMENT } from './payment/aggregate.ts';
import { DELIVERY } from './webhook/delivery.ts';

export const AGGREGATES: readonly Aggregate[] = [
  PAYMENT,
  MERCHANT_BALANCE,
  TRANSFER,
  IDEMPOTENCY_KEY,
  KEY_END,
  DELIVERY,
];
