/** The counter as the API shows it, with the code that its stand carries. */

import type { CounterView } from '../../flows/merchant/counters.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import type { ShownCounter } from './counter-schema.ts';

export function presentCounter({ counter, code, ndef }: CounterView): ShownCounter {
  return {
    id: counter.id,
    object: 'counter',
    merchant: counter.merchant,
    name: counter.name,
    url: code.url,
    emv: code.emv,
    ndef,
    status: counter.status,
    created_at: rfc3339(counter.createdAtMs),
  };
}
