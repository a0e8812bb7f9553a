/** Counters held in memory, for the page behind a printed code. */

import type { Counter } from '../../src/core/merchant/counter.ts';
import type {
  CounterCases,
  CounterPayment,
  CounterView,
} from '../../src/flows/merchant/counters.ts';
import type { CashierView } from '../../src/flows/payment/open-cashier.ts';
import { hutongError } from '../../src/kernel/errors.ts';
import { err, ok } from '../../src/kernel/result.ts';
import { idOf, LAMP_SHOP, NOW_MS } from './fixtures.ts';

export const COUNTER_TOKEN = 'a1b2c3d4e5f6a7b8c9d0';
export const CLOSED_TOKEN = 'ffffffffffffffffffff';
export const VISIT = '0123456789abcdef0123';

export interface MemoryCounters extends CounterCases {
  readonly paid: CounterPayment[];
  /** The next order is refused so. */
  refusal: 'busy' | 'merchant_order_no_conflict' | null;
}

export function memoryCounters(view: CashierView): MemoryCounters {
  const missing = err(hutongError('not_found', 'no such counter'));
  const counterOf = (token: string, status: Counter['status']): CounterView => ({
    counter: {
      id: idOf('counter', 1),
      marketplace: view.marketplace.id,
      merchant: LAMP_SHOP.id,
      name: '一号柜台',
      token,
      status,
      createdAtMs: NOW_MS,
      isLivemode: false,
    },
    marketplace: view.marketplace,
    merchant: LAMP_SHOP,
    code: { url: `https://pay.hutong.example/c/${token}`, emv: null },
    ndef: '',
  });
  const counters: MemoryCounters = {
    paid: [],
    refusal: null,
    create: async () => missing,
    get: async () => missing,
    list: async () => missing,
    change: async () => missing,
    open: async (token) => {
      if (token === COUNTER_TOKEN) return ok(counterOf(token, 'enabled'));
      return token === CLOSED_TOKEN ? ok(counterOf(token, 'disabled')) : missing;
    },
    newVisit: () => VISIT,
    pay: async (_view, payment) => {
      counters.paid.push(payment);
      const { refusal } = counters;
      return refusal === null ? ok(view.payment) : err(hutongError(refusal, 'refused'));
    },
  };
  return counters;
}
