/** Every aggregate, in the order in which batches take them. A new one is a line of this list. */

import type { Aggregate } from './batch/aggregate.ts';
import { IDEMPOTENCY_KEY } from './batch/idempotency.ts';
import { PAYMENT } from './payment/aggregate.ts';
import { DELIVERY } from './webhook/delivery.ts';

export const AGGREGATES: readonly Aggregate[] = [PAYMENT, IDEMPOTENCY_KEY, DELIVERY];
